// Ways to reach beyond the context a model was trained on, all of which change the frequencies only:
//
//   linear     f / factor                                      Chen et al. 2023, "position interpolation"
//   YaRN       slow pairs as linear, fast ones kept, a ramp between; cos and sin times 0.1 ln(factor) + 1
//              Peng et al. 2023, sections 3.2 and 3.4
//   divisors   f / divisor, one for each pair, from the file   Llama 3.1; long-rope, Ding et al. 2024
#include "model/rope.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "base/check.h"

namespace ingot::core {
namespace {

// The pair, as a real number, that turns n_rotations times within the original context.
double pair_with_rotations(const RopeSpec& spec, double n_rotations) {
  const double positions_per_radian =
      static_cast<double>(spec.original_context) / (n_rotations * 2.0 * std::numbers::pi);
  return static_cast<double>(spec.rotary_dim) * std::log(positions_per_radian) / (2.0 * std::log(spec.base));
}

struct YarnRamp {
  double first = 0.0;  // pairs up to here keep their frequency
  double last = 0.0;   // pairs from here on are interpolated
  double kept_share(int64_t pair) const {
    const double progress = (static_cast<double>(pair) - first) / std::max(0.001, last - first);
    return 1.0 - std::clamp(progress, 0.0, 1.0);
  }
};

YarnRamp yarn_ramp(const RopeSpec& spec) {
  return {.first = std::max(0.0, std::floor(pair_with_rotations(spec, spec.yarn_beta_fast))),
          .last = std::min(static_cast<double>(spec.rotary_dim - 1),
                           std::ceil(pair_with_rotations(spec, spec.yarn_beta_slow)))};
}

double yarn_magnitude(const RopeSpec& spec) {
  if (spec.yarn_magnitude > 0.0) return spec.yarn_magnitude;
  return spec.factor <= 1.0 ? 1.0 : 0.1 * std::log(spec.factor) + 1.0;
}

}  // namespace

RopeTable make_rope_table(const RopeSpec& spec, std::span<const float> divisors) {
  const int64_t n_pairs = spec.rotary_dim / 2;
  INGOT_CHECK(divisors.empty() || static_cast<int64_t>(divisors.size()) == n_pairs, "one divisor for each pair");
  const bool yarn = spec.scaling == RopeScaling::kYarn;
  const double interpolation = yarn || spec.scaling == RopeScaling::kLinear ? 1.0 / spec.factor : 1.0;
  const YarnRamp ramp = yarn ? yarn_ramp(spec) : YarnRamp{};

  RopeTable table;
  table.frequencies.resize(static_cast<size_t>(n_pairs));
  for (int64_t pair = 0; pair < n_pairs; ++pair) {
    const double exponent = -2.0 * static_cast<double>(pair) / static_cast<double>(spec.rotary_dim);
    double frequency = std::pow(spec.base, exponent);
    if (!divisors.empty()) frequency /= static_cast<double>(divisors[static_cast<size_t>(pair)]);
    const double kept = yarn ? ramp.kept_share(pair) * spec.yarn_extrapolation : 0.0;
    frequency *= interpolation * (1.0 - kept) + kept;
    table.frequencies[static_cast<size_t>(pair)] = static_cast<float>(frequency);
  }
  table.magnitude = static_cast<float>(spec.attention_factor * (yarn ? yarn_magnitude(spec) : 1.0));
  return table;
}

}  // namespace ingot::core
