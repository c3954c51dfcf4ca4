// A model file, opened: weights, vocabulary and the threads that compute.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "ingot/chat.h"
#include "ingot/embedding.h"
#include "ingot/expected.h"
#include "ingot/perplexity.h"
#include "ingot/prefill.h"
#include "ingot/sequence.h"
#include "ingot/tokenizer.h"
#include "ingot/types.h"

namespace ingot {

struct ModelOptions {
  int threads = 0;  // 0: one per physical core
  int64_t context =
      0;  // most tokens of one sequence; 0: the smaller of the model's and what half of the free memory holds
  Mode mode = Mode::kExact;
  std::string isa =
      {};  // the kernel set to use: "portable", "avx2", ...; empty: INGOT_ISA or else the best of this machine
  KvType kv_type = KvType::kF16;
  Chunking chunk = 512;  // how prompts will be read, for open()'s look at the memory; each call says it for itself
  bool check_tensors = false;                             // look at every weight; a NaN or infinite one is an error
  std::function<void(double fraction)> on_progress = {};  // while loading, 0 to 1, on the calling thread
};

struct ModelInfo {
  std::string architecture;
  std::string name;           // as the file calls itself; may be empty
  std::string tokenizer;      // the kind of vocabulary: "llama", "gpt2", "t5", "bert", "rwkv"
  std::string chat_template;  // its source; empty where the file has none
  int64_t n_parameters = 0;
  int64_t file_bytes = 0;  // of all files of a split
  int64_t train_context = 0;
  int64_t context = 0;  // that sequences of this model have here
  int64_t n_layers = 0;
  int64_t dim = 0;
  int64_t n_heads = 0;
  int64_t n_kv_heads = 0;
  int64_t vocab_size = 0;            // rows of logits have this length
  bool causal = true;                // false: an encoder (BERT), good for embeddings alone
  Pooling pooling = Pooling::kLast;  // of embeddings: what the file says, or the last token
  int64_t weights_bytes = 0;
  int64_t kv_bytes_per_token = 0;
  int64_t state_bytes = 0;       // of a sequence in a recurrent model, whatever its length
  int64_t activation_bytes = 0;  // scratch of one step
  int threads = 0;
  Mode mode = Mode::kExact;
  std::string kernels;  // what computes: "avx512", "avx2", "portable", "reference"
  double load_ms = 0;
};

// A cheap handle; copies share one model. Any number of threads may use one Model at once; steps of sequences of one
// Model take turns, since each step uses all threads of the model.
class Model {
 public:
  // Checks the file, and that weights, context and scratch fit the memory, before anything is computed.
  static Expected<Model> open(const std::string& path, const ModelOptions& options = {});

  const ModelInfo& info() const;
  const Tokenizer& tokenizer() const;
  // The template of the file, as ChatTemplate::open() gives it.
  Expected<ChatTemplate> chat_template() const;

  // An empty sequence. It keeps the model alive.
  Sequence new_sequence() const;

  // What the first layer sees for these tokens, without positions: (tokens, dim), row after row.
  Expected<std::vector<float>> token_embeddings(std::span<const Token> tokens) const;

  // The embedding of one token sequence, (dim), or with Pooling::kNone (tokens, dim); the head is not computed.
  // Errors: no tokens; one outside the vocabulary; more than the context holds; memory.
  Expected<std::vector<float>> embed(std::span<const Token> tokens, const EmbedOptions& options = {}) const;
  // Of many at once, in their order: sequences of any lengths are computed together, without padding, with the numbers
  // that each has alone. Errors as embed(), naming the sequence by its index.
  Expected<std::vector<std::vector<float>>> embed_batch(std::span<const std::vector<Token>> sequences,
                                                        const EmbedOptions& options = {}) const;

  Expected<PerplexityResult> perplexity(std::string_view text, const PerplexityOptions& options = {}) const;

 private:
  friend class Conversation;
  struct Impl;
  explicit Model(std::shared_ptr<const Impl> impl) : impl_(std::move(impl)) {}
  std::shared_ptr<const Impl> impl_;
};

}  // namespace ingot
