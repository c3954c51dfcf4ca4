// Numbers without blocks: F32, F16, BF16, F64 and the integers, little-endian and unaligned.
#include <bit>
#include <cstring>

#include "base/fp16.h"
#include "tensor/dequantize.h"

namespace ingot::core {
namespace {

static_assert(std::endian::native == std::endian::little, "plain numbers are read as they lie in the file");

template <typename Number>
Number read_number(const std::byte* values, int64_t index) {
  Number number;
  std::memcpy(&number, values + index * static_cast<int64_t>(sizeof(Number)), sizeof(Number));
  return number;
}

template <typename Number>
void convert_row(const std::byte* values, float* out_values, int64_t n_values) {
  for (int64_t i = 0; i < n_values; ++i) out_values[i] = static_cast<float>(read_number<Number>(values, i));
}

}  // namespace

void dequantize_row_f32(const std::byte* values, float* out_values, int64_t n_values) {
  std::memcpy(out_values, values, static_cast<size_t>(n_values) * sizeof(float));
}
void dequantize_row_f16(const std::byte* values, float* out_values, int64_t n_values) {
  for (int64_t i = 0; i < n_values; ++i) out_values[i] = fp16_to_float(read_number<uint16_t>(values, i));
}
void dequantize_row_bf16(const std::byte* values, float* out_values, int64_t n_values) {
  for (int64_t i = 0; i < n_values; ++i) out_values[i] = bf16_to_float(read_number<uint16_t>(values, i));
}
void dequantize_row_f64(const std::byte* values, float* out_values, int64_t n_values) {
  convert_row<double>(values, out_values, n_values);
}
void dequantize_row_i8(const std::byte* values, float* out_values, int64_t n_values) {
  convert_row<int8_t>(values, out_values, n_values);
}
void dequantize_row_i16(const std::byte* values, float* out_values, int64_t n_values) {
  convert_row<int16_t>(values, out_values, n_values);
}
void dequantize_row_i32(const std::byte* values, float* out_values, int64_t n_values) {
  convert_row<int32_t>(values, out_values, n_values);
}
void dequantize_row_i64(const std::byte* values, float* out_values, int64_t n_values) {
  convert_row<int64_t>(values, out_values, n_values);
}

}  // namespace ingot::core
