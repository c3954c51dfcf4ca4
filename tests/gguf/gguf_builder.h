// Writes the bytes of a GGUF file for a test: a correct one by default, and wrong in one place where the test says so.
// It shares no code with the reader. Text and bytes are std::string, numbers lie little-endian.
//
//   GgufBuilder builder;
//   builder.text("general.architecture", "llama").number<uint32_t>("llama.block_count", 1);
//   builder.tensor({.name = "token_embd.weight", .dims = {32, 4}, .type = kF32, .data = std::string(512, '\0')});
//   std::string bytes = builder.build();
#pragma once

#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace ingot::core::test {

// Type ids as the format numbers them.
inline constexpr uint32_t kWireUint8 = 0;
inline constexpr uint32_t kWireInt8 = 1;
inline constexpr uint32_t kWireUint16 = 2;
inline constexpr uint32_t kWireInt16 = 3;
inline constexpr uint32_t kWireUint32 = 4;
inline constexpr uint32_t kWireInt32 = 5;
inline constexpr uint32_t kWireFloat32 = 6;
inline constexpr uint32_t kWireBool = 7;
inline constexpr uint32_t kWireString = 8;
inline constexpr uint32_t kWireArray = 9;
inline constexpr uint32_t kWireUint64 = 10;
inline constexpr uint32_t kWireInt64 = 11;
inline constexpr uint32_t kWireFloat64 = 12;

template <typename T>
std::string le_bytes(T value) {
  static_assert(std::is_arithmetic_v<T>);
  std::string bytes(sizeof(T), '\0');
  std::memcpy(bytes.data(), &value, sizeof(T));
  return bytes;
}

inline std::string le_string(std::string_view text) {
  return le_bytes<uint64_t>(text.size()).append(text);
}

template <typename T>
constexpr uint32_t wire_type() {
  if constexpr (std::is_same_v<T, bool>) return kWireBool;
  if constexpr (std::is_same_v<T, uint8_t>) return kWireUint8;
  if constexpr (std::is_same_v<T, int8_t>) return kWireInt8;
  if constexpr (std::is_same_v<T, uint16_t>) return kWireUint16;
  if constexpr (std::is_same_v<T, int16_t>) return kWireInt16;
  if constexpr (std::is_same_v<T, uint32_t>) return kWireUint32;
  if constexpr (std::is_same_v<T, int32_t>) return kWireInt32;
  if constexpr (std::is_same_v<T, uint64_t>) return kWireUint64;
  if constexpr (std::is_same_v<T, int64_t>) return kWireInt64;
  if constexpr (std::is_same_v<T, float>) return kWireFloat32;
  if constexpr (std::is_same_v<T, double>) return kWireFloat64;
}

struct TensorEntry {
  std::string name;
  std::vector<int64_t> dims;  // GGUF's order: the contiguous one first
  uint32_t type = 0;          // F32
  std::string data;
  std::optional<uint64_t> offset = std::nullopt;  // instead of the place where data will lie
  std::optional<uint32_t> n_dims = std::nullopt;  // instead of dims.size()
};

class GgufBuilder {
 public:
  std::string magic = "GGUF";
  uint32_t version = 3;
  uint64_t alignment = 32;           // of the layout; general.alignment is written only by a call of number()
  std::optional<int64_t> n_tensors;  // instead of the true counts
  std::optional<int64_t> n_pairs;

  // A pair of any type and any bytes; the key as it is, or any bytes in place of a key with its length.
  GgufBuilder& pair(std::string_view key, uint32_t type, std::string_view payload) {
    return raw_pair(le_string(key) + le_bytes(type) + std::string(payload));
  }
  GgufBuilder& raw_pair(std::string bytes) {
    pairs_.push_back(std::move(bytes));
    return *this;
  }
  template <typename T>
  GgufBuilder& number(std::string_view key, std::type_identity_t<T> value) {
    return pair(key, wire_type<T>(), le_bytes<T>(value));
  }
  GgufBuilder& text(std::string_view key, std::string_view value) { return pair(key, kWireString, le_string(value)); }
  // An array whose count and elements need not agree.
  GgufBuilder& array(std::string_view key, uint32_t element_type, uint64_t n_elements, std::string_view elements) {
    return pair(key, kWireArray, le_bytes(element_type) + le_bytes(n_elements) + std::string(elements));
  }
  template <typename T>
  GgufBuilder& numbers(std::string_view key, const std::vector<T>& values) {
    std::string elements;
    for (const T value : values) elements += le_bytes<T>(value);
    return array(key, wire_type<T>(), values.size(), elements);
  }
  GgufBuilder& texts(std::string_view key, const std::vector<std::string>& values) {
    std::string elements;
    for (const std::string& value : values) elements += le_string(value);
    return array(key, kWireString, values.size(), elements);
  }
  GgufBuilder& tensor(TensorEntry entry) {
    tensors_.push_back(std::move(entry));
    return *this;
  }

  std::string build() const {
    std::string bytes = magic + le_bytes(version) +
                        le_bytes(n_tensors.value_or(static_cast<int64_t>(tensors_.size()))) +
                        le_bytes(n_pairs.value_or(static_cast<int64_t>(pairs_.size())));
    for (const std::string& pair : pairs_) bytes += pair;
    std::string data;
    for (const TensorEntry& entry : tensors_) {
      pad(data);
      bytes += le_string(entry.name) + le_bytes(entry.n_dims.value_or(static_cast<uint32_t>(entry.dims.size())));
      for (const int64_t dim : entry.dims) bytes += le_bytes(dim);
      bytes += le_bytes(entry.type) + le_bytes(entry.offset.value_or(data.size()));
      data += entry.data;
    }
    if (tensors_.empty()) return bytes;
    pad(bytes);
    return bytes + data;  // the last tensor without padding: its end is the end of the file
  }

 private:
  void pad(std::string& in_out_bytes) const {
    in_out_bytes.resize((in_out_bytes.size() + alignment - 1) / alignment * alignment, '\0');
  }

  std::vector<std::string> pairs_;
  std::vector<TensorEntry> tensors_;
};

}  // namespace ingot::core::test
