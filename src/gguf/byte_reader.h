// A position in the bytes of a file that may be damaged: nothing is read, and nothing allocated, beyond what is there.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>
#include <type_traits>

#include "base/result.h"

namespace ingot::core {

// What metadata and tensor table of one model may take in memory. Decoded values are larger than their bytes in the
// file (a uint8 of an array becomes an int64), so that the size of the file alone is no bound. The largest
// vocabularies in use decode to 30 MB.
inline constexpr uint64_t kMaxDecodedBytes = 256u << 20;

class MemoryBudget {
 public:
  // Precondition: bytes_each is not 0. The product may exceed 64 bits.
  Status take(uint64_t n, uint64_t bytes_each) {
    if (n > left_ / bytes_each) {
      return invalid("metadata and tensor table would take more than {} MiB of memory", kMaxDecodedBytes >> 20);
    }
    left_ -= n * bytes_each;
    return {};
  }

 private:
  uint64_t left_ = kMaxDecodedBytes;
};

class ByteReader {
 public:
  explicit ByteReader(std::span<const std::byte> bytes) : bytes_(bytes) {}

  size_t position() const { return position_; }
  size_t remaining() const { return bytes_.size() - position_; }

  // what names the field in the error.
  template <typename T>
  Result<T> read(std::string_view what) {
    static_assert(std::is_arithmetic_v<T>);
    if (remaining() < sizeof(T)) return truncated(what);
    T value;
    std::memcpy(&value, bytes_.data() + position_, sizeof(T));
    position_ += sizeof(T);
    return value;
  }

  Result<std::span<const std::byte>> read_bytes(uint64_t n_bytes, std::string_view what) {
    if (n_bytes > remaining()) return truncated(what);
    const auto taken = bytes_.subspan(position_, static_cast<size_t>(n_bytes));
    position_ += taken.size();
    return taken;
  }

  // A length of 8 bytes and as many bytes of text, which stay where they are.
  Result<std::string_view> read_string(std::string_view what) {
    INGOT_ASSIGN(const uint64_t n_bytes, read<uint64_t>(what));
    if (n_bytes > remaining()) {
      return invalid("{} claims {} bytes, but only {} are left in the file", what, n_bytes, remaining());
    }
    const char* text = reinterpret_cast<const char*>(bytes_.data() + position_);
    position_ += static_cast<size_t>(n_bytes);
    return std::string_view(text, static_cast<size_t>(n_bytes));
  }

 private:
  tl::unexpected<Error> truncated(std::string_view what) const {
    return invalid("the file ends after {} bytes, inside {}", bytes_.size(), what);
  }

  std::span<const std::byte> bytes_;
  size_t position_ = 0;
};

}  // namespace ingot::core
