// How alike two recurrent states are: a likeness of what was read into them.
#pragma once

#include <vector>

#include "base/result.h"
#include "cache/sequence_state.h"

namespace ingot::core {

struct StateSimilarity {
  double similarity = 0;       // the mean of all heads' cosines, -1 to 1
  double distance = 0;         // Euclidean, between all matrices together
  std::vector<double> layers;  // the mean cosine of each recurrent layer's heads
};

// Compares the matrices of the heads; what token shifts keep, the last token alone, is left out. Two matrices of zeros
// are alike (1), one of them and another are not (0).
// Errors: states of different models, or without recurrent layers.
Result<StateSimilarity> compare_states(const SequenceState& a, const SequenceState& b);

}  // namespace ingot::core
