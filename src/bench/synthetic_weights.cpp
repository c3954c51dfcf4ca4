#include "bench/synthetic_weights.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <random>
#include <vector>

#include "base/fp16.h"
#include "tensor/quant_traits.h"

namespace ingot::core {
namespace {

constexpr float kLargest = 100.0f;
constexpr int kMostTries = 4096;

bool usable(const QuantTraits& traits, const std::byte* block, std::vector<float>& values) {
  traits.dequantize_row(block, values.data(), traits.block_values);
  return std::ranges::all_of(values, [](float value) { return std::isfinite(value) && std::abs(value) < kLargest; });
}

template <typename T>
void put(T value, std::byte* out) {
  std::memcpy(out, &value, sizeof(value));
}

// Random bits give NaN and infinity to plain floats far too often to wait for better ones.
bool fill_plain(DType type, float value, std::byte* out) {
  switch (type) {
    case DType::kF32:
      return put(value, out), true;
    case DType::kF64:
      return put(static_cast<double>(value), out), true;
    case DType::kF16:
      return put(float_to_fp16(value), out), true;
    case DType::kBF16:
      return put(float_to_bf16(value), out), true;
    default:
      return false;
  }
}

}  // namespace

Result<HostTensor> make_synthetic_weights(DType type, int64_t rows, int64_t cols, uint64_t seed) {
  constexpr int64_t kDifferentBlocks = 4099;  // a prime: rows do not repeat each other
  const QuantTraits& traits = quant_traits(type);
  if (traits.dequantize_row == nullptr) {
    return fail(ErrorKind::kUnsupported, "type {}: {}", traits.name, traits.refusal);
  }
  if (cols % traits.block_values != 0) {
    return invalid("{} columns are no whole blocks of {} values of {}", cols, traits.block_values, traits.name);
  }
  const int64_t n_blocks = rows * (cols / traits.block_values);
  const auto block_bytes = static_cast<size_t>(traits.block_bytes);
  INGOT_ASSIGN(AlignedBuffer allocated, AlignedBuffer::allocate(static_cast<size_t>(n_blocks) * block_bytes));
  auto buffer = std::make_shared<AlignedBuffer>(std::move(allocated));

  std::mt19937_64 random(seed);
  std::normal_distribution<float> normal;
  std::vector<float> values(traits.block_values);
  const int64_t n_different = std::min(n_blocks, kDifferentBlocks);
  for (int64_t index = 0; index < n_different; ++index) {
    std::byte* block = buffer->data() + static_cast<size_t>(index) * block_bytes;
    if (fill_plain(type, normal(random), block)) continue;
    for (int attempt = 0; attempt == 0 || !usable(traits, block, values); ++attempt) {
      if (attempt == kMostTries) return invalid("no finite blocks of {} were found", traits.name);
      for (size_t byte = 0; byte < block_bytes; ++byte) block[byte] = static_cast<std::byte>(random());
    }
  }
  for (int64_t index = n_different; index < n_blocks; ++index) {
    std::memcpy(buffer->data() + static_cast<size_t>(index) * block_bytes,
                buffer->data() + static_cast<size_t>(index % n_different) * block_bytes, block_bytes);
  }
  HostTensor tensor;
  tensor.data = buffer->data();
  tensor.type = type;
  tensor.rows = rows;
  tensor.cols = cols;
  tensor.owner = std::move(buffer);
  return tensor;
}

Result<AlignedBuffer> make_random_floats(int64_t n, uint64_t seed) {
  INGOT_ASSIGN(AlignedBuffer buffer, AlignedBuffer::allocate(static_cast<size_t>(n) * sizeof(float)));
  std::mt19937_64 random(seed);
  std::normal_distribution<float> normal;
  for (float& value : buffer.as<float>()) value = normal(random);
  return buffer;
}

}  // namespace ingot::core
