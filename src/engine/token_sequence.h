// One sequence of tokens over an engine: feeds the model in chunks and keeps the tokens beside the state.
//
// A generated token is not computed before something follows it, since nobody may ask: tokens() then has one more
// entry than the state has positions. That token is computed first by the next call that continues the sequence.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "base/result.h"
#include "cache/sequence_state.h"
#include "engine/engine.h"
#include "ingot/sequence.h"

namespace ingot::core {

// How the last prompt was read, for profiles.
struct PrefillRecord {
  struct Chunk {
    int64_t n_tokens = 0;
    int64_t n_repeated = 0;
    int64_t n_cached = 0;     // positions that its last token sees
    double estimated_ms = 0;  // from what was measured before it; 0: nothing was
    double ms = 0;
  };
  PrefillPlan plan;
  PrefillMemory measured;     // of the scratch: all that the operations hold
  std::vector<Chunk> chunks;  // while the engine has a recorder
};

class TokenSequence {
 public:
  explicit TokenSequence(std::shared_ptr<Engine> engine);
  TokenSequence(TokenSequence&&) noexcept = default;
  TokenSequence& operator=(TokenSequence&&) noexcept = default;

  Engine& engine() const { return *engine_; }
  const std::vector<int32_t>& tokens() const { return tokens_; }
  const SequenceState& state() const { return state_; }
  int64_t length() const { return static_cast<int64_t>(tokens_.size()); }

  // Either tokens or embeddings, (n, dim). See ingot::Sequence::feed.
  Result<FeedResult> feed(std::span<const int32_t> tokens, TensorView embeddings, const FeedOptions& options);

  // See ingot::Sequence::plan; outputs as the options say.
  Result<PrefillPlan> plan(int64_t n_tokens, const FeedOptions& options) const;
  const PrefillRecord& last_prefill() const { return last_prefill_; }

  // The logits after the last token, (n_vocab); empty if there are none: nothing fed yet, or forgotten since.
  std::span<const float> last_logits() const { return last_logits_; }
  // Appends a generated token without computing it. Precondition: length() < context.
  Status append_generated(int32_t token, const std::atomic<bool>* cancel);
  // Computes the token that was appended last, if it is not yet: last_logits() are then there.
  Status compute_pending(bool want_logits, const std::atomic<bool>* cancel);

  Status check_fits(int64_t n_tokens) const;
  Status truncate(int64_t n_tokens);
  TokenSequence fork() const;
  Result<std::vector<std::byte>> save() const;
  Status restore(std::span<const std::byte> bytes);
  Status save_file(const std::string& path) const;
  Status restore_file(const std::string& path);

 private:
  TokenSequence(std::shared_ptr<Engine> engine, SequenceState state)
      : engine_(std::move(engine)), state_(std::move(state)) {}

  struct Input;
  struct Chunk;
  struct Reading;
  struct RepeatedRows;
  // Rows [first, first + n_rows) in chunks; outputs, where wanted, for all of these rows or for the last one.
  Status feed_rows(const Input& input, int64_t first, int64_t n_rows, FeedResult& out, const FeedOptions& options);
  // The plan, a look at the memory, and room for the outputs.
  Status prepare(int64_t n_rows, FeedResult& out, const FeedOptions& options);
  // One chunk of these rows or, layer by layer, all of them; with a measurement.
  Status feed_timed(const Input& input, const Chunk& chunk, const ForwardOutputs& outputs, const FeedOptions& options,
                    Reading& reading, std::span<const ChunkSample> samples);
  Status feed_chunk(const Input& input, const Chunk& chunk, const ForwardOutputs& outputs, const FeedOptions& options,
                    Reading& reading);
  // Where the recurrence has a grid: what a chunk repeats, or where it ends, so that its numbers are those of any other
  // cut into chunks.
  void put_on_grid(Chunk& chunk, const FeedOptions& options) const;
  // Puts so many earlier rows in front of a slice's own, as tokens or, where some are known as such only, as
  // embeddings.
  Status repeat_rows(int64_t n_repeated, SequenceSlice& slice, RepeatedRows& rows);
  // A slice that begins with the rows since the last grid position. Where the step fails, the state is as before.
  Status feed_from_grid(SequenceSlice slice, const ForwardOutputs& outputs, const FeedOptions& options,
                        Reading& reading);
  // Whether rows of a prompt that come now can begin with those since the last grid position.
  bool can_repeat_from_grid() const;
  // The row of embedded_ for a position; null where it is not there.
  const float* embedded_row(int64_t position) const;
  void keep_embedded(TensorView rows);
  PrefillTask prefill_task(int64_t n_tokens, const FeedOptions& options) const;
  PrefillSetting prefill_setting(std::span<const ChunkSample> samples) const;

  std::shared_ptr<Engine> engine_;
  SequenceState state_;
  std::vector<int32_t> tokens_;  // -1 where an embedding was fed
  // The last rows that were fed as embeddings, (n, dim), and the position after them: what a chunk may have to repeat.
  std::vector<float> embedded_;
  int64_t embedded_end_ = 0;
  std::vector<float> last_logits_;  // (n_vocab) or empty
  PrefillRecord last_prefill_;
};

}  // namespace ingot::core
