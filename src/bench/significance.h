// Could chance alone have made this difference? Each test gives a two-sided p-value: how often two series from one and
// the same source would look at least as different.
//
// Tests of ranks need no assumption on the noise and are not misled by a few wild samples, but few samples give them
// few ranks: five against five are never rarer than 1 in 126. Where so few samples cannot reach the level that is
// asked for, Student's t-test on logarithms takes their place; it can, and heavy tails make it cautious, not rash.
// Which test runs depends only on the counts, never on the values.
#pragma once

#include <cstdint>
#include <span>

#include "bench/statistics.h"

namespace ingot::core {

// Do pairs lean to one side? Of up to 19 pairs Wilcoxon's signed ranks, exact, without pairs that are equal; of more
// the middle mean, against what it is when each pair changes sides by chance. level: what the p-value will be held
// against.
double paired_p_value(std::span<const double> log_ratios, double level);
// Is one series shifted against the other? Mann and Whitney's ranks, exact up to 50 samples together; Welch's t-test
// on logarithms for few. Samples are positive.
double shift_p_value(std::span<const double> baseline, std::span<const double> current, double level);

// Does this one statistic differ? Permutation test: the samples are dealt anew many times and the ratio of the
// statistic is taken each time. Stops early once it is plain that chance does as well (Besag and Clifford, 1991).
double statistic_p_value(std::span<const double> baseline, std::span<const double> current, Statistic statistic,
                         double level);
// The same for series taken in turn: only the two of a pair may change places.
double paired_statistic_p_value(std::span<const double> baseline, std::span<const double> current, Statistic statistic,
                                double level);

// The lowest p-value that the permutation tests of a statistic can give with so many samples. The statistics of the
// tail hang on the highest samples alone, and few of those prove nothing.
double lowest_p_value(int64_t n_baseline, int64_t n_current);
double lowest_paired_p_value(int64_t n_pairs);

}  // namespace ingot::core
