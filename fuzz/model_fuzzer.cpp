// Any bytes as a model: either they are refused with a message, or the model can be loaded, and run over a few tokens
// whose state can be saved and restored.
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "base/check.h"
#include "model/forward.h"
#include "ops/cpu_ops.h"

namespace {

using namespace ingot::core;

void run(const Model& model, Ops& ops) {
  const int64_t n_vocab = model.spec().n_vocab;
  const std::vector<int32_t> tokens{0, static_cast<int32_t>(n_vocab - 1), static_cast<int32_t>(n_vocab / 2)};
  // An encoder has no logits.
  const bool causal = model.spec().causal;
  const int64_t width = causal ? n_vocab : model.spec().dim;
  std::vector<float> values(static_cast<size_t>(width));
  SequenceState state(model.state_shape());
  SequenceSlice slice;
  slice.state = &state;
  slice.tokens = tokens;
  const auto out = TensorView::matrix(values.data(), 1, width);
  const ForwardOutputs outputs = causal ? ForwardOutputs{.logits = out, .hidden = {}} : ForwardOutputs{{}, out};
  if (!forward(model, ops, {&slice, 1}, outputs, nullptr)) return;
  SequenceState restored(model.state_shape());
  INGOT_CHECK(restored.restore(state.snapshot()).has_value(), "a state restores what it saved");
  INGOT_CHECK(restored.length() == 3, "all tokens are in the state");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t n_bytes) {
  static const auto ops = CpuOps::create({.n_threads = 1});
  const auto file = GgufFile::parse(std::as_bytes(std::span(data, n_bytes)), "fuzz.gguf");
  if (!file) return 0;
  LoadOptions options;
  options.check_tensors = (n_bytes & 1) != 0;
  const auto model = Model::load(*file, **ops, options);
  if (!model) {
    INGOT_CHECK(!model.error().message.empty(), "a refusal says why");
    return 0;
  }
  run(**model, **ops);
  return 0;
}
