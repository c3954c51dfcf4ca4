// Times as a shared machine gives them: noise around a true value with heavy tails (Student's t with three degrees of
// freedom), now and then a sample that a neighbour made up to three times longer, and a slow drift of the whole
// machine.
#pragma once

#include <algorithm>
#include <cmath>
#include <random>
#include <vector>

namespace ingot::core::test {

class NoisyMachine {
 public:
  // noise: standard deviation of the undisturbed part, 0.05 is five per cent.
  NoisyMachine(uint64_t seed, double noise) : engine_(seed), noise_(noise) {}

  double sample(double true_value) {
    drift_ += 0.002 * normal_(engine_);
    const double three =
        std::sqrt((square(normal_(engine_)) + square(normal_(engine_)) + square(normal_(engine_))) / 3);
    const double heavy = normal_(engine_) / std::max(three, 1e-3) / std::sqrt(3.0);
    const double disturbed = uniform_(engine_) < 0.05 ? 1 + 2 * uniform_(engine_) : 1;
    return true_value * std::exp(noise_ * heavy + drift_) * disturbed;
  }
  // Forgets the drift, as between two runs on a calm machine.
  void settle() { drift_ = 0; }

  struct Pairs {
    std::vector<double> baseline, current;
  };
  // In turn, the one that goes first changing from pair to pair.
  Pairs in_turn(int n_pairs, double slowdown) {
    Pairs pairs;
    for (int pair = 0; pair < n_pairs; ++pair) {
      double before = 0;
      if (pair % 2 == 0) before = sample(1e6);
      const double after = sample(1e6 * slowdown);
      if (pair % 2 == 1) before = sample(1e6);
      pairs.baseline.push_back(before);
      pairs.current.push_back(after);
    }
    return pairs;
  }
  std::vector<double> series(int n_samples, double true_value) {
    std::vector<double> samples;
    for (int n = 0; n < n_samples; ++n) samples.push_back(sample(true_value));
    return samples;
  }

 private:
  static double square(double value) { return value * value; }
  std::mt19937_64 engine_;
  std::normal_distribution<double> normal_;
  std::uniform_real_distribution<double> uniform_;
  double noise_;
  double drift_ = 0;
};

}  // namespace ingot::core::test
