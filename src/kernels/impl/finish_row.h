// What follows a product: bias, scale, nonlinearity, residual.
// Included by table.cpp after rows.h, inside its region and namespace.

struct Biased {
  F32 value(F32 x, F32 bias) const { return add(x, bias); }
};

// One row of outputs [first, first + n): sums -> out.
inline void finish_row(const LinearOutput& args, int64_t x_row, int64_t first, int64_t n, float* sums) {
  float* out = args.out + x_row * args.out_stride + first - args.first_out;
  if (args.bias != nullptr) map(Biased{}, sums, args.bias + first, n, sums);
  if (args.scale != 1.0f) map(Scaled{broadcast(args.scale)}, sums, nullptr, n, sums);
  if (args.nonlinearity != Nonlinearity::kNone) activate(args.nonlinearity, sums, nullptr, n, sums);
  if (args.residual != nullptr) {
    map(Sum{}, sums, args.residual + x_row * args.residual_stride + first, n, out);
  } else {
    std::memcpy(out, sums, static_cast<size_t>(n) * sizeof(float));
  }
}
