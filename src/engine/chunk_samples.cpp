#include "engine/chunk_samples.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <optional>

#include "ingot/prefill.h"

namespace ingot::core {
namespace {

constexpr int64_t kFirstAuto = Chunking::kDefaultSize;
constexpr double kWorthwhile = 1.02;  // a larger chunk must be faster by so much to be worth its memory
constexpr size_t kRecentSamples = 5;  // of one size: the fastest of these stands for it

// Rung r is 64 * 2^r tokens: the nearest, in ratio, to the size of a sample.
constexpr size_t kRungs = 7;
static_assert(kSmallestAuto << (kRungs - 1) == kLargestAuto, "rungs up to the largest chunk");

size_t rung_of(int64_t n_rows) {
  const double ratio = static_cast<double>(std::max<int64_t>(n_rows, 1)) / static_cast<double>(kSmallestAuto);
  return static_cast<size_t>(std::clamp(std::round(std::log2(ratio)), 0.0, static_cast<double>(kRungs - 1)));
}

// Whether a sample tells something of its rung: a few rows are no small chunk but another kind of work.
bool counts(const ChunkSample& sample) {
  return !sample.cold && sample.seconds > 0 && sample.flops.total() > 0 && 4 * sample.n_rows >= 3 * kSmallestAuto;
}

}  // namespace

int64_t next_size(std::span<const ChunkSample> samples, int64_t largest) {
  if (largest <= kSmallestAuto) return largest;
  const auto size_of = [](size_t rung) { return kSmallestAuto << rung; };
  // A size that is no power of two, because the memory ends there, is not tried for itself.
  const auto top =
      static_cast<size_t>(std::bit_width(static_cast<uint64_t>(std::min(largest, kLargestAuto) / kSmallestAuto)) - 1);

  const double weight = attention_weight(samples);
  std::array<double, kRungs> rates{};  // weighted operations a second
  std::array<size_t, kRungs> n_seen{};
  for (auto sample = samples.rbegin(); sample != samples.rend(); ++sample) {
    const size_t rung = rung_of(sample->n_rows);
    if (!counts(*sample) || rung > top || n_seen[rung] == kRecentSamples) continue;
    ++n_seen[rung];
    rates[rung] = std::max(rates[rung], sample->flops.weighted(weight) / sample->seconds);
  }
  std::optional<size_t> best;
  for (size_t rung = 0; rung <= top; ++rung) {
    if (n_seen[rung] > 0 && (!best || rates[rung] > rates[*best] * kWorthwhile)) best = rung;
  }
  if (!best) return size_of(std::min(top, rung_of(kFirstAuto)));
  if (*best < top && n_seen[*best + 1] == 0) return size_of(*best + 1);
  if (*best > 0 && n_seen[*best - 1] == 0) return size_of(*best - 1);
  return size_of(*best);
}

double attention_weight(std::span<const ChunkSample> samples) {
  // Relative variance, within samples of a size, of seconds for one weighted operation.
  const auto disagreement = [&](double weight) {
    std::array<double, kRungs> n{}, sum{}, squares{};
    for (const ChunkSample& sample : samples) {
      if (!counts(sample)) continue;
      const size_t rung = rung_of(sample.n_rows);
      const double cost = sample.seconds / sample.flops.weighted(weight);
      n[rung] += 1;
      sum[rung] += cost;
      squares[rung] += cost * cost;
    }
    double total = 0;
    for (size_t rung = 0; rung < kRungs; ++rung) {
      if (n[rung] >= 2) total += squares[rung] * n[rung] / (sum[rung] * sum[rung]) - 1;
    }
    return total;
  };
  constexpr double kStep = 1.25;
  constexpr int kMostSteps = 16;    // up to 1.25^16 = 36, and down to its inverse
  constexpr double kClearly = 0.9;  // noise alone prefers some weight, too
  double best = 1;
  double least = kClearly * disagreement(1);
  for (int step = -kMostSteps; step <= kMostSteps; ++step) {
    const double weight = std::pow(kStep, step);
    const double found = disagreement(weight);
    if (found < least) {
      least = found;
      best = weight;
    }
  }
  return best;
}

double estimate_seconds(std::span<const ChunkSample> samples, int64_t n_rows, const PrefillFlops& flops) {
  const auto distance = [n_rows](const ChunkSample& sample) {
    return std::abs(std::log2(static_cast<double>(sample.n_rows) / static_cast<double>(n_rows)));
  };
  // Warm samples first, then the nearest size; of the nearest, the latest.
  const ChunkSample* nearest = nullptr;
  for (const ChunkSample& sample : samples) {
    if (sample.flops.total() <= 0 || sample.n_rows <= 0) continue;
    const bool better = nearest == nullptr || (nearest->cold && !sample.cold) ||
                        (nearest->cold == sample.cold && distance(sample) <= distance(*nearest));
    if (better) nearest = &sample;
  }
  if (nearest == nullptr) return 0;
  const double weight = attention_weight(samples);
  return nearest->seconds * flops.weighted(weight) / nearest->flops.weighted(weight);
}

}  // namespace ingot::core
