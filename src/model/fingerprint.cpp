#include "model/fingerprint.h"

#include <xxhash.h>

#include <algorithm>
#include <string_view>
#include <type_traits>
#include <vector>

namespace ingot::core {
namespace {

// Feeds values with their lengths, so that no two different sequences of values give the same bytes.
class Hash {
 public:
  Hash() : state_(XXH3_createState()) { XXH3_64bits_reset(state_); }
  ~Hash() { XXH3_freeState(state_); }
  Hash(const Hash&) = delete;
  Hash& operator=(const Hash&) = delete;

  void bytes(const void* data, size_t n_bytes) { XXH3_64bits_update(state_, data, n_bytes); }
  template <typename T>
  requires std::is_arithmetic_v<T>
  void add(T value) { bytes(&value, sizeof(value)); }
  void add(std::string_view text) {
    add(text.size());
    bytes(text.data(), text.size());
  }
  void add(const std::string& text) { add(std::string_view(text)); }
  template <typename T>
  void add(const std::vector<T>& values) {
    add(values.size());
    for (const T& value : values) add(value);
  }
  uint64_t digest() const { return XXH3_64bits_digest(state_); }

 private:
  XXH3_state_t* state_;
};

void add_sample(Hash& hash, std::span<const std::byte> data) {
  constexpr size_t kSampleBytes = 1024;
  const size_t n = std::min(kSampleBytes, data.size());
  for (const size_t offset : {size_t{0}, (data.size() - n) / 2, data.size() - n}) hash.bytes(data.data() + offset, n);
}

}  // namespace

uint64_t model_fingerprint(const GgufFile& file) {
  Hash hash;
  for (const auto& [key, entry] : file.metadata().entries()) {  // in the order of the keys
    hash.add(key);
    hash.add(entry.value.index());
    std::visit([&](const auto& value) { hash.add(value); }, entry.value);
  }
  for (const GgufTensor& tensor : file.tensors()) {
    hash.add(tensor.name);
    hash.add(static_cast<uint32_t>(tensor.traits->type));
    for (const int64_t n : tensor.dims) hash.add(n);
    add_sample(hash, tensor.data);
  }
  return hash.digest();
}

}  // namespace ingot::core
