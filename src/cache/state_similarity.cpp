#include "cache/state_similarity.h"

#include <cmath>

namespace ingot::core {
namespace {

struct Products {
  double aa = 0.0;
  double bb = 0.0;
  double ab = 0.0;
  double cosine() const {
    if (aa == 0.0 && bb == 0.0) return 1.0;
    return aa == 0.0 || bb == 0.0 ? 0.0 : ab / (std::sqrt(aa) * std::sqrt(bb));
  }
};

// A state that has seen nothing has zeros.
float value_at(std::span<const float> values, size_t idx) {
  return values.empty() ? 0.0f : values[idx];
}

}  // namespace

Result<StateSimilarity> compare_states(const SequenceState& a, const SequenceState& b) {
  if (a.shape().model_fingerprint != b.shape().model_fingerprint)
    return invalid("the two states are of different models");
  if (a.shape().recurrent_floats() == 0) {
    return fail(ErrorKind::kUnsupported, "the model has no recurrent state that could be compared");
  }
  const std::span<const float> a_values = a.recurrent_values();
  const std::span<const float> b_values = b.recurrent_values();
  StateSimilarity result;
  double squares = 0.0;
  double cosines = 0.0;
  int64_t n_heads = 0;
  size_t at = 0;
  for (const RecurrentLayerShape& layer : a.shape().recurrent) {
    at += static_cast<size_t>(layer.n_shifts * layer.dim);
    double layer_cosines = 0.0;
    for (int64_t head = 0; head < layer.n_heads; ++head) {
      Products products;
      for (int64_t n = 0; n < layer.head_size * layer.head_size; ++n, ++at) {
        const double x = value_at(a_values, at);
        const double y = value_at(b_values, at);
        products.aa += x * x;
        products.bb += y * y;
        products.ab += x * y;
        squares += (x - y) * (x - y);
      }
      layer_cosines += products.cosine();
    }
    if (layer.n_heads == 0) continue;
    result.layers.push_back(layer_cosines / static_cast<double>(layer.n_heads));
    cosines += layer_cosines;
    n_heads += layer.n_heads;
  }
  result.similarity = cosines / static_cast<double>(n_heads);
  result.distance = std::sqrt(squares);
  return result;
}

}  // namespace ingot::core
