// A loaded model: its architecture as data, its weights, its vocabulary. Immutable, shared by all sequences.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "cache/sequence_state.h"
#include "gguf/reader.h"
#include "model/model_spec.h"
#include "model/vocabulary.h"
#include "model/weights.h"
#include "ops/ops.h"
#include "tokenizer/vocabulary.h"

namespace ingot::core {

struct LoadOptions {
  bool check_tensors = false;    // a NaN or infinite weight is an error
  DType kv_dtype = DType::kF16;  // kF16 or kF32
  // Positions that sequences will have room for, 0 = all that the model was trained on. Long-rope has one set of
  // frequencies for contexts up to the model's original one and another beyond; nothing else depends on it.
  int64_t n_context = 0;
  std::function<void(double fraction)> progress = {};  // called from the loading thread, 0 to 1; may be empty
};

class Model {
 public:
  // Checks every tensor's type and shape against the architecture. Errors name what is missing or wrong; a surplus
  // tensor is a warning in the log. A vocabulary-only file is an error here.
  static Result<std::shared_ptr<const Model>> load(const GgufFile& file, Ops& ops, const LoadOptions& options);

  const ModelSpec& spec() const { return spec_; }
  const Weights& weights() const { return weights_; }
  std::shared_ptr<const Vocabulary> vocabulary() const { return vocabulary_; }
  std::shared_ptr<const StateShape> state_shape() const { return state_shape_; }
  // Names of the file's tensors that the architecture has no use for.
  const std::vector<std::string>& unused_tensors() const { return unused_tensors_; }
  // True once a page of the mapped file could not be read; results since then are void.
  bool damaged() const;

 private:
  ModelSpec spec_;
  Weights weights_;
  std::vector<std::string> unused_tensors_;
  std::shared_ptr<const Vocabulary> vocabulary_;
  std::shared_ptr<const StateShape> state_shape_;
  std::vector<std::shared_ptr<const MappedFile>> files_;
};

// The architecture of a file, from its metadata (and, for the vocabulary's size, its tensors), without its weights.
// Errors: an unknown architecture, with the list of known ones; a key that is missing, of the wrong type or out of
// range.
Result<ModelSpec> read_model_spec(const GgufFile& file);

// What each layer of a model keeps of a sequence whatever its length; empty where no layer does.
std::vector<RecurrentLayerShape> recurrent_layers(const ModelSpec& spec);
// Of all layers together.
int64_t recurrent_floats(const ModelSpec& spec);
// StateShape::recurrent_grid of this model with these operations.
int64_t recurrent_grid(const ModelSpec& spec, const Ops& ops);

}  // namespace ingot::core
