// A sequence: the tokens that a model has read so far and what it remembers of them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "ingot/expected.h"
#include "ingot/grammar.h"
#include "ingot/prefill.h"
#include "ingot/sampling.h"
#include "ingot/types.h"

namespace ingot {

// Which rows of an output a call gives.
enum class Rows : uint8_t { kNone, kLast, kAll };

struct FeedOptions {
  Rows logits = Rows::kLast;
  Rows hidden = Rows::kNone;
  Chunking chunk = 512;    // tokens computed together: a number, or a strategy; never changes the numbers
  bool generated = false;  // the model made these tokens: computed as generate() does it
  CancelToken cancel = {};
  // After each chunk; layer by layer: after each layer, as many tokens as would be as much work.
  // It must not use the model.
  std::function<void(int64_t n_done, int64_t n_total)> on_progress = {};
};

struct FeedResult {
  std::vector<float> logits;  // (rows asked for, vocab_size)
  std::vector<float> hidden;  // (rows asked for, dim): after the final norm
};

struct GenerateOptions {
  int64_t max_tokens = -1;  // -1: until the model ends or the context is full
  int64_t min_tokens = 0;   // the model's end tokens are forbidden until then; stop texts end the text all the same
  SamplingOptions sampling = {};
  int n_probs = -1;  // fill GenerateResult::probs, with so many of the best tokens beside the drawn one; -1 = off
  std::vector<std::string> stop = {};  // the text ends before the first of these that it would contain
  bool spell_control = false;          // control tokens are in the text as the vocabulary spells them, end tokens not
  bool ignore_end = false;             // end tokens are tokens like others; with a grammar they do not come
  // The text obeys this, byte for byte; control tokens do not come. It ends when the grammar is complete. Cut short
  // by max_tokens, the context or a stop text it is the beginning of such a text.
  std::optional<Grammar> grammar = {};
  Chunking chunk = 512;  // see FeedOptions
  CancelToken cancel = {};
  // Text as soon as it is certain: whole characters, nothing that could become a stop text. False: stop here.
  std::function<bool(std::string_view text)> on_text = {};
  // With n_probs: after each token, before its text.
  std::function<void(const TokenProbs&)> on_probs = {};
  std::function<void(int64_t n_done, int64_t n_total)> on_prompt_progress = {};
};

enum class Finish : uint8_t {
  kStop,         // an end token, a stop text, or the end of the grammar
  kLength,       // max_tokens
  kContext,      // the context is full
  kInterrupted,  // the CancelToken or on_text
};
const char* finish_name(Finish finish);  // "stop", "length", "context", "interrupted"

struct GenerateResult {
  std::string text;               // without the stop text
  std::vector<Token> tokens;      // that were generated, without the end token
  std::vector<TokenProbs> probs;  // with n_probs: one for each of tokens
  Finish finish = Finish::kStop;
  int64_t n_prompt_tokens = 0;
  int64_t n_cached_tokens = 0;  // of the prompt, that did not have to be computed
  uint64_t seed = 0;
  double prefill_ms = 0;
  double first_token_ms = 0;  // from the call to the first token
  double decode_ms = 0;       // from the first token to the end
};

// How alike the recurrent states of two sequences are: a likeness of the texts that were read into them.
struct StateSimilarity {
  double similarity = 0;       // the mean cosine of the heads' matrices, -1 to 1
  double distance = 0;         // Euclidean, between all matrices together
  std::vector<double> layers;  // the mean cosine of each layer
};

// One thread at a time may use a Sequence; different sequences may be used by different threads at once, forks of one
// too. Movable, not copyable: fork() is the copy. After an error the sequence is as it was before the call, unless the
// call says otherwise.
class Sequence {
 public:
  Sequence(Sequence&&) noexcept;
  Sequence& operator=(Sequence&&) noexcept;
  ~Sequence();

  int64_t length() const;
  // What was fed and generated so far; -1 stands for an embedding.
  std::span<const Token> tokens() const;

  // Continues the sequence. Errors, before anything is computed: a token outside the vocabulary; tokens that do not fit
  // the context (both numbers); memory that does not suffice (need, supply, and chunks that would fit).
  // When cancelled, the chunks that were complete stay (layer by layer: none).
  Expected<FeedResult> feed(std::span<const Token> tokens, const FeedOptions& options = {});
  // The same with embeddings instead of tokens: (n, dim), as Model::token_embeddings gives them.
  Expected<FeedResult> feed_embeddings(std::span<const float> embeddings, const FeedOptions& options = {});

  // What feeding so many tokens would take, with the logits of the last one. Nothing is computed. Errors: a chunking
  // that makes no sense; tokens that do not fit the context.
  Expected<PrefillPlan> plan(int64_t n_tokens, const Chunking& chunk = {}) const;

  // Reads prompt and continues it. An empty prompt continues right after feed() or generate().
  // When the prompt does not fit the context, nothing is computed. Cancelling is a result, not an error.
  Expected<GenerateResult> generate(std::span<const Token> prompt, const GenerateOptions& options = {});

  // Forgets everything from n_tokens on. A recurrent model (RWKV) can only forget everything: to come back to a place,
  // fork() or save() there.
  Status truncate(int64_t n_tokens);
  // A second sequence with the same contents, which shares memory with this one until they differ.
  Sequence fork() const;
  // All of it as bytes, with a checksum. Good for the same model in the same kv_type only.
  Expected<std::vector<std::byte>> save() const;
  // Errors name what does not fit: another model, another version, altered or cut bytes.
  Status restore(std::span<const std::byte> bytes);
  // The same in a file, which is written whole or not at all and, if new, readable by its owner alone: it tells what
  // was read. Errors: the system's, with the path; and those of restore().
  Status save_file(const std::string& path) const;
  Status restore_file(const std::string& path);

  // The state of a recurrent model (RWKV), layer after layer: for each its last inputs of token shifts, (shifts, dim),
  // then (heads, head size keys, head size values). Not a copy: valid until the sequence is used again. Empty before
  // the first token and in models without such a state.
  std::span<const float> recurrent_state() const;
  // Errors: sequences of different models, or of one without a recurrent state.
  Expected<StateSimilarity> compare(const Sequence& other) const;

 private:
  friend class Model;
  struct Impl;
  explicit Sequence(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace ingot
