// What follows a product: bias, scale, nonlinearity, residual.
// Included by table.cpp after rows.h, inside its region and namespace.

struct Biased {
  F32 value(F32 x, F32 bias) const { return add(x, bias); }
};

// Asks for the cache lines that finish_row() will write in rows [x_row, x_row + n_rows), to own them: another core may
// have computed them last, and read them since, so that a store would wait for its answer. Rows also lie too far apart
// for the processor to foresee. With this a prompt of SmolLM2 spends 1.5 % of its time in finish_row(), not 4.6 %; with
// requests that only read it stays at 4.6 %.
inline void prefetch_rows(const LinearOutput& args, int64_t x_row, int64_t n_rows, int64_t first, int64_t n) {
  constexpr int64_t kLineFloats = 16;
  for (int64_t row = x_row; row < x_row + n_rows; ++row) {
    const float* out = args.out + row * args.out_stride + first - args.first_out;
    for (int64_t col = 0; col < n; col += kLineFloats) {
#if defined(__x86_64__)
      // Older processors take it for no operation; the builtin would read where the region does not name PRFCHW.
      asm volatile("prefetchw %0" : : "m"(out[col]));
#else
      __builtin_prefetch(out + col, /*rw=*/1);
#endif
    }
  }
}

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
