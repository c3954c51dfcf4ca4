// What a model computes, layer by layer, in words.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "model/model_spec.h"
#include "model/weights.h"

namespace ingot::core {

// Layers that are alike and follow each other share a line. Which norms and biases there are, only the weights say:
// without them (weights empty) the plan is silent about that. weights: (n_layers) or empty.
std::vector<std::string> describe_plan(const ModelSpec& spec, std::span<const LayerWeights> weights);

}  // namespace ingot::core
