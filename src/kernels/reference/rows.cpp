// Operations on single rows.
#include <cmath>

#include "base/fp16.h"
#include "kernels/reference/reference.h"

namespace ingot::core::reference {

double nonlinearity(Nonlinearity kind, double x) {
  switch (kind) {
    case Nonlinearity::kNone:
      return x;
    case Nonlinearity::kSilu:
      return x / (1.0 + std::exp(-x));
    case Nonlinearity::kGelu:
      return 0.5 * x * (1.0 + std::erf(x * 0.70710678118654752440));
    case Nonlinearity::kGeluTanh:
      return 0.5 * x * (1.0 + std::tanh(0.79788456080286535588 * (x + 0.044715 * x * x * x)));
    case Nonlinearity::kRelu:
      return x > 0.0 || std::isnan(x) ? x : 0.0;
    case Nonlinearity::kReluSquared:
      return x > 0.0 || std::isnan(x) ? x * x : 0.0;
    case Nonlinearity::kTanh:
      return std::tanh(x);
    case Nonlinearity::kSigmoid:
      return 1.0 / (1.0 + std::exp(-x));
  }
  return x;
}

void norm(const NormArgs& args, const float* x, int64_t n, float* out) {
  double mean = 0.0;
  if (args.subtract_mean) {
    for (int64_t col = 0; col < n; ++col) mean += x[col];
    mean /= static_cast<double>(n);
  }
  double sum_of_squares = 0.0;
  for (int64_t col = 0; col < n; ++col) sum_of_squares += (x[col] - mean) * (x[col] - mean);
  const double factor = 1.0 / std::sqrt(sum_of_squares / static_cast<double>(n) + args.epsilon);
  for (int64_t col = 0; col < n; ++col) {
    double value = (x[col] - mean) * factor;
    if (args.weight != nullptr) value *= args.weight[col];
    if (args.bias != nullptr) value += args.bias[col];
    out[col] = static_cast<float>(value);
  }
}

void rope(const RopeArgs& args, int64_t n_heads, float* x) {
  const int64_t n_pairs = args.rotary_dim / 2;
  for (int64_t head = 0; head < n_heads; ++head, x += args.head_dim) {
    for (int64_t pair = 0; pair < n_pairs; ++pair) {
      const int64_t a = args.interleaved ? 2 * pair : pair;
      const int64_t b = args.interleaved ? 2 * pair + 1 : pair + n_pairs;
      const double xa = x[a];
      const double xb = x[b];
      x[a] = static_cast<float>(xa * args.cosines[a] + xb * args.signed_sines[a]);
      x[b] = static_cast<float>(xb * args.cosines[b] + xa * args.signed_sines[b]);
    }
  }
}

void activate(Nonlinearity kind, const float* gate, const float* up, int64_t n, float* out) {
  for (int64_t col = 0; col < n; ++col) {
    const double activated = nonlinearity(kind, gate[col]);
    out[col] = static_cast<float>(up == nullptr ? activated : activated * up[col]);
  }
}

void add(const float* a, const float* b, float scale, int64_t n, float* out) {
  for (int64_t col = 0; col < n; ++col) {
    out[col] = static_cast<float>(a[col] + static_cast<double>(scale) * b[col]);
  }
}

void scale_in_place(float factor, int64_t n, float* x) {
  for (int64_t col = 0; col < n; ++col) x[col] *= factor;
}

void softcap(float cap, int64_t n, float* x) {
  for (int64_t col = 0; col < n; ++col) {
    x[col] = static_cast<float>(static_cast<double>(cap) * std::tanh(static_cast<double>(x[col]) / cap));
  }
}

float sigmoid(float x) {
  return static_cast<float>(1.0 / (1.0 + std::exp(-static_cast<double>(x))));
}

void encode_f16(const float* x, int64_t n, uint16_t* out) {
  for (int64_t col = 0; col < n; ++col) out[col] = float_to_fp16(x[col]);
}

}  // namespace ingot::core::reference
