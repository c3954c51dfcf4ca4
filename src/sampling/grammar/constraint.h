// A grammar at work on one generation: before each token it says which ones may come, after it it moves on.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "sampling/grammar/configurations.h"
#include "sampling/grammar/token_masks.h"

namespace ingot::core {

enum class EndTokens : uint8_t { kAtTheEnd, kNever };

// One thread at a time. masks may be shared by many.
class Constraint {
 public:
  explicit Constraint(std::shared_ptr<TokenMasks> masks, EndTokens end_tokens = EndTokens::kAtTheEnd);

  // The tokens that may come now; valid until the next call. End tokens are among them exactly where the text may end.
  // Errors: no token of the vocabulary can go on, and the text may not end here; or the grammar is too ambiguous.
  Result<std::span<const uint64_t>> allowed();
  // Errors: the token is not allowed here; then nothing has changed.
  Status accept(int32_t token);
  // The same for bytes, whatever tokens they are of.
  Status accept_bytes(std::string_view bytes);

  bool may_end() const { return here_.at_bottom; }
  // The text is complete, and nothing can be added to it.
  bool is_complete() const { return here_.at_bottom && here_.items.empty(); }

 private:
  using Key = std::vector<uint64_t>;  // states and stacks of all configurations, sorted

  Result<TokenMask> compute();
  Status add_tokens_of(const Configuration& configuration, std::span<uint64_t> out_mask);
  void renumber_stacks();

  std::shared_ptr<TokenMasks> masks_;
  EndTokens end_tokens_;
  Walker walker_;
  TrieWalk trie_walk_;
  ConfigurationSet here_;
  ConfigurationSet next_;
  size_t max_stacks_;               // more of them are looked through for those in use
  std::map<Key, TokenMask> known_;  // whole masks, by all of the configurations: fields come back to the same ones
};

}  // namespace ingot::core
