// Embeddings of texts: what a model makes of them, without asking for a next token.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>

#include "ingot/types.h"

namespace ingot {

// Which of a text's rows, each the hidden state after the final norm, become its embedding.
enum class Pooling : uint8_t {
  kLast,   // of the last token, which has seen all others
  kMean,   // the mean of all
  kFirst,  // of the first token: "cls"; in a causal model it has seen nothing else
  kNone,   // all of them, row after row
};

// As the command line spells it: "last", "mean", "cls", "none".
const char* pooling_name(Pooling pooling);

struct EmbedOptions {
  std::optional<Pooling> pooling = {};  // absent: ModelInfo::pooling
  bool normalize = false;               // each row to length 1; a row of zeros stays
  // Rows of all sequences computed together at most, but that an encoder reads each text at once; never changes the
  // numbers.
  int64_t batch_rows = 512;
  CancelToken cancel = {};
  std::function<void(int64_t n_done, int64_t n_total)> on_progress = {};  // tokens; it must not use the model
};

}  // namespace ingot
