// How a prompt is read: which tokens are computed together, and what memory and time that takes. The numbers that come
// out never depend on it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "ingot/expected.h"

namespace ingot {

struct Chunking {
  enum class Strategy : uint8_t {
    kFixed,         // size tokens at a time
    kNone,          // the whole prompt at once: the most memory
    kAuto,          // as many as memory_bytes hold, and of these as many as measure fastest while it runs
    kIncremental,   // size tokens at first, fewer as those before them become many: chunks that take equally long
    kLayerByLayer,  // all chunks through one layer before the next: each layer's weights are streamed once a prompt
    kMinimal,       // the smallest working set: one token at a time, or as few as take the least; the most work
  };
  static constexpr int kDefaultSize = 512;
  static constexpr int kSmallestIncremental = 64;  // no chunk of kIncremental is smaller, unless the prompt is

  Chunking() = default;
  Chunking(int n_tokens) : size(n_tokens) {}  // NOLINT(google-explicit-constructor): options say `.chunk = 128`
  static Chunking none() { return Chunking(Strategy::kNone); }
  // memory_bytes: of activations and scratch; 0: half of what is free.
  static Chunking automatic(int64_t memory_bytes = 0) {
    Chunking chunking(Strategy::kAuto);
    chunking.memory_bytes = memory_bytes;
    return chunking;
  }
  static Chunking incremental(int base = kDefaultSize) {
    Chunking chunking(Strategy::kIncremental);
    chunking.size = base;
    return chunking;
  }
  static Chunking layer_by_layer() { return Chunking(Strategy::kLayerByLayer); }
  static Chunking minimal() { return Chunking(Strategy::kMinimal); }
  // The same with each chunk after the first computing so many tokens before it once more.
  Chunking with_overlap(int n_tokens) const {
    Chunking chunking = *this;
    chunking.overlap = n_tokens;
    return chunking;
  }
  bool operator==(const Chunking&) const = default;

  Strategy strategy = Strategy::kFixed;
  int size = kDefaultSize;
  int64_t memory_bytes = 0;
  // At most size, for kFixed and kIncremental; at most 64 for kAuto; the others have no chunks that could overlap.
  int overlap = 0;

 private:
  explicit Chunking(Strategy kind) : strategy(kind) {}
};

// "512", "none", "auto", "auto:256M", "incremental", "incremental:1024", "layer-by-layer", "minimal". K, M, G and T are
// powers of 1024. The error names what was expected.
Expected<Chunking> parse_chunking(std::string_view text);
// The same back, with ", overlap 32" behind it where there is one.
std::string chunking_name(const Chunking& chunking);

// Bytes that reading a prompt takes at most at any time, beside the model and what the sequence has already.
struct PrefillMemory {
  int64_t activations = 0;        // of the tokens that are computed together
  int64_t attention_scratch = 0;  // of the operations, which keep it for the next prompt
  int64_t kernel_scratch = 0;
  int64_t kv = 0;       // that keys and values grow by
  int64_t outputs = 0;  // logits and hidden states that were asked for
  int64_t total() const { return activations + attention_scratch + kernel_scratch + kv + outputs; }
};

struct PrefillPlan {
  struct Run {
    int64_t n_chunks = 0;
    int64_t n_tokens = 0;  // new ones, of each chunk
  };
  Chunking chunking;  // as it was asked for; of kMinimal, size is the one that was found
  int64_t n_tokens = 0;
  int64_t n_before = 0;       // positions that the sequence has already
  std::vector<Run> runs;      // equal chunks that follow each other; for kAuto what the measurements so far would give
  int64_t largest_chunk = 0;  // tokens that are computed together at most, repeated ones included
  PrefillMemory memory;       // exact; for kAuto: of largest_chunk, which it may not reach
  double estimated_ms = 0;    // from the prompts read before; 0: there were none
  std::string reason;         // one sentence: why these chunks
};

}  // namespace ingot
