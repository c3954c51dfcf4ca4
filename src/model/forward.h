// One step of a model over any number of sequences: from token ids to hidden states and logits.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "base/aligned_buffer.h"
#include "base/result.h"
#include "cache/sequence_state.h"
#include "model/model.h"
#include "ops/ops.h"

namespace ingot::core {

// What one sequence brings to a step. Either tokens or embeddings, which continue the state at its length; to a model
// that is not causal all of a text, from the beginning.
struct SequenceSlice {
  SequenceState* state = nullptr;
  std::span<const int32_t> tokens;  // ids inside the vocabulary: checked by the caller
  TensorView embeddings;            // (n, dim) instead of tokens, as token_embeddings() gives them
  bool generated = false;           // these are generated tokens, not prompt; such slices come last
  bool all_rows = false;            // outputs for every row of the slice; else for its last row only
  int64_t n_repeated = 0;           // of its rows, the first: they repeat earlier ones and have no outputs;
                                    // a recurrent state goes back to a grid position at most
  int64_t n_rows() const { return tokens.empty() ? embeddings.rows : static_cast<int64_t>(tokens.size()); }
};

struct ForwardOutputs {
  TensorView logits;  // (output rows of all slices in order, n_vocab), or data == nullptr: not wanted, head skipped
  TensorView hidden;  // (output rows, dim): after the final norm; or data == nullptr
};

// Memory of a step, kept from one step to the next. Not thread-safe; serves any model, but one step at a time.
class ForwardScratch {
 public:
  // Room for views of n_floats floats in all; earlier views are void. Errors: kOutOfMemory.
  Status reset(Ops& ops, int64_t n_floats);
  // The next (rows, cols) of it. Precondition: reset() made room.
  TensorView take(int64_t rows, int64_t cols);
  int64_t n_bytes() const;

  std::vector<int32_t> positions;     // (rows) of the step
  std::vector<int32_t> expert_ids;    // (rows, n_used)
  std::vector<float> expert_weights;  // (rows, n_used)
  std::vector<int32_t> token_types;   // (rows)
  std::vector<RecurrentRows> sequences;
  std::vector<KvRows> kv_rows;

 private:
  AlignedBuffer buffer_;
  int64_t n_taken_ = 0;
};

// Runs the slices and advances their states. On an error (memory, cancelled, damaged file) every state is as before.
// cancel may be null; it is looked at between layers. Without a scratch the step allocates its own.
Status forward(const Model& model, Ops& ops, std::span<const SequenceSlice> slices, const ForwardOutputs& outputs,
               const std::atomic<bool>* cancel, ForwardScratch* scratch = nullptr);

// The same for one sequence, with all of its rows through one layer before the next layer, n_chunk rows at a time or up
// to the next multiple of the recurrence's grid: the weights of a layer are read from memory once for the whole slice,
// at the price of holding its residual stream. The numbers are those of forward(). on_layer is told the number of
// layers that are done, and may be empty.
Status forward_by_layer(const Model& model, Ops& ops, const SequenceSlice& slice, int64_t n_chunk,
                        const ForwardOutputs& outputs, const std::atomic<bool>* cancel,
                        ForwardScratch* scratch = nullptr, const std::function<void(int64_t n_done)>& on_layer = {});

// What the first layer would see for these tokens: (tokens, dim), with the model's scaling, without positions.
void token_embeddings(const Model& model, Ops& ops, std::span<const int32_t> tokens, TensorView out);

}  // namespace ingot::core
