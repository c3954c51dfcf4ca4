// RWKV-7's recurrence, as the equations at TimeMixArgs say it: in double, the state rounded to float after each row.
#include <algorithm>
#include <array>
#include <cmath>

#include "kernels/reference/reference.h"

namespace ingot::core::reference {

void token_shift(const float* x, const float* previous, const float* mix, int64_t n, float* out) {
  for (int64_t col = 0; col < n; ++col) {
    const double now = x[col];
    out[col] = static_cast<float>(now + (previous[col] - now) * mix[col]);
  }
}

size_t time_mix_scratch_bytes(int64_t) {
  return 0;
}

void time_mix(const TimeMixArgs& args, std::byte*) {
  using Values = std::array<double, kMostHeadSize>;
  const int64_t size = args.head_size;
  const auto sigmoid_of = [](double x) { return nonlinearity(Nonlinearity::kSigmoid, x); };
  const double decay_rate = -std::exp(-0.5);
  for (int64_t row = 0; row < args.n_rows; ++row) {
    const float* r = args.r.row(row);
    Values w, a, v, k, kk, u, y;
    double squares = 0.0;
    double bonus = 0.0;
    for (int64_t col = 0; col < size; ++col) {
      const double raw_k = args.k.row(row)[col];
      w[col] = std::exp(decay_rate * sigmoid_of(args.w.row(row)[col]));
      a[col] = sigmoid_of(args.a.row(row)[col]);
      v[col] = args.v.row(row)[col];
      if (args.value_mix.data != nullptr) {
        v[col] += (args.first_v.row(row)[col] - v[col]) * sigmoid_of(args.value_mix.row(row)[col]);
      }
      kk[col] = raw_k * args.k_k[col];
      squares += kk[col] * kk[col];
      k[col] = raw_k * (1.0 + (a[col] - 1.0) * args.k_a[col]);
      bonus += r[col] * k[col] * args.r_k[col];
    }
    const double length = std::max(std::sqrt(squares), 1e-12);
    for (int64_t col = 0; col < size; ++col) kk[col] /= length;

    for (int64_t value = 0; value < size; ++value) u[value] = y[value] = 0.0;
    for (int64_t key = 0; key < size; ++key) {
      for (int64_t value = 0; value < size; ++value) u[value] -= args.state[key * size + value] * kk[key];
    }
    for (int64_t key = 0; key < size; ++key) {
      for (int64_t value = 0; value < size; ++value) {
        float& s = args.state[key * size + value];
        s = static_cast<float>(s * w[key] + u[value] * kk[key] * a[key] + v[value] * k[key]);
        y[value] += static_cast<double>(s) * r[key];
      }
    }

    double mean = 0.0;
    double factor = 1.0;
    if (args.norm_weight != nullptr) {
      double variance = 0.0;
      for (int64_t value = 0; value < size; ++value) mean += y[value] / static_cast<double>(size);
      for (int64_t value = 0; value < size; ++value) variance += (y[value] - mean) * (y[value] - mean);
      factor = 1.0 / std::sqrt(variance / static_cast<double>(size) + args.norm_epsilon);
    }
    float* out = args.out + row * args.out_stride;
    for (int64_t value = 0; value < size; ++value) {
      double result = (y[value] - mean) * factor;
      if (args.norm_weight != nullptr) result = result * args.norm_weight[value] + args.norm_bias[value];
      result += bonus * v[value];
      if (args.g.data != nullptr) result *= args.g.row(row)[value];
      out[value] = static_cast<float>(result);
    }
  }
}

}  // namespace ingot::core::reference
