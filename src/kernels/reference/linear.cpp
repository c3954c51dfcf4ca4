// Products of a matrix with rows of activations.
//
// kTile weight rows at a time are decoded and laid down column by column, (cols, kTile), so that the inner loop runs
// over outputs side by side; each output is still one plain sum over the columns in their order.
#include <cstring>

#include "base/isa_region.h"
#include "kernels/reference/reference.h"
#include "tensor/quant_traits.h"

namespace ingot::core::reference {
namespace {

constexpr int64_t kTile = 8;

// Weight rows [first, first + n_rows) -> tile (cols, kTile); what is beyond n_rows is zero.
void decode_tile(const LinearArgs& args, int64_t first, int64_t n_rows, float* row_values, float* tile) {
  const QuantTraits& traits = quant_traits(args.type);
  for (int64_t row = 0; row < kTile; ++row) {
    if (row < n_rows) {
      traits.dequantize_row(args.weights + (first + row) * args.row_bytes, row_values, args.cols);
    }
    for (int64_t col = 0; col < args.cols; ++col) tile[col * kTile + row] = row < n_rows ? row_values[col] : 0.0f;
  }
}

// Two and two outputs side by side, which the baseline instructions of any processor can add as doubles.
typedef float FloatPair __attribute__((vector_size(8)));
typedef double DoublePair __attribute__((vector_size(16)));

void dot_tile(const float* tile, const float* x, int64_t cols, double* out_sums) {
  constexpr int64_t kPairs = kTile / 2;
  DoublePair sums[kPairs] = {};
  for (int64_t col = 0; col < cols; ++col) {
    const FloatPair value = {x[col], x[col]};
    INGOT_UNROLL
    for (int64_t pair = 0; pair < kPairs; ++pair) {
      FloatPair weights;
      std::memcpy(&weights, tile + col * kTile + 2 * pair, sizeof(weights));
      sums[pair] += __builtin_convertvector(weights * value, DoublePair);
    }
  }
  std::memcpy(out_sums, sums, sizeof(sums));
}

}  // namespace

size_t linear_scratch_bytes(const LinearArgs& args) {
  return static_cast<size_t>(args.cols * (kTile + 1)) * sizeof(float);
}

void linear(const LinearArgs& args, int64_t first, int64_t end, std::byte* scratch) {
  float* tile = reinterpret_cast<float*>(scratch);
  float* row_values = tile + args.cols * kTile;
  for (int64_t row = first; row < end; row += kTile) {
    const int64_t n_rows = end - row < kTile ? end - row : kTile;
    decode_tile(args, row, n_rows, row_values, tile);
    for (int64_t x_row = 0; x_row < args.n_x; ++x_row) {
      double sums[kTile];
      dot_tile(tile, args.x + x_row * args.x_stride, args.cols, sums);
      for (int64_t lane = 0; lane < n_rows; ++lane) {
        double value = sums[lane];
        if (args.bias != nullptr) value += args.bias[row + lane];
        value = nonlinearity(args.nonlinearity, value * args.scale);
        if (args.residual != nullptr) value += args.residual[x_row * args.residual_stride + row + lane];
        args.out[x_row * args.out_stride + row + lane] = static_cast<float>(value);
      }
    }
  }
}

}  // namespace ingot::core::reference
