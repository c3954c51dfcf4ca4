#include "sampling/grammar/constraint.h"

#include <algorithm>
#include <utility>

#include "base/utf8.h"

namespace ingot::core {
namespace {

// Whole masks kept: 32 KB each with a vocabulary of 262,144.
constexpr size_t kMaxKnown = 256;
// Below this many, stacks that are no longer in use do not matter.
constexpr size_t kMinStacks = 50'000;

}  // namespace

Constraint::Constraint(std::shared_ptr<TokenMasks> masks, EndTokens end_tokens)
    : masks_(std::move(masks)),
      end_tokens_(end_tokens),
      walker_(masks_->automaton()),
      trie_walk_(masks_->trie().max_depth()),
      max_stacks_(kMinStacks) {
  walker_.enter({masks_->automaton().start(), kBottom}, here_);
}

Result<std::span<const uint64_t>> Constraint::allowed() {
  Key key;
  key.reserve(here_.items.size() + 1);
  for (const Configuration& item : here_.items) key.push_back((uint64_t{item.state} << 32) | item.stack);
  std::sort(key.begin(), key.end());
  if (here_.at_bottom) key.push_back(~uint64_t{0});
  const auto known = known_.find(key);
  if (known != known_.end()) return std::span<const uint64_t>(known->second);
  INGOT_ASSIGN(TokenMask mask, compute());
  if (known_.size() >= kMaxKnown) known_.clear();
  return std::span<const uint64_t>(known_.insert_or_assign(std::move(key), std::move(mask)).first->second);
}

Result<TokenMask> Constraint::compute() {
  const VocabularyTrie& trie = masks_->trie();
  TokenMask mask(trie.n_words());
  walker_.reset_work();
  const size_t n_stacks = walker_.stacks().n_nodes();
  Status status;
  for (const Configuration& item : here_.items) {
    status = add_tokens_of(item, mask);
    if (!status) break;
  }
  walker_.stacks().rewind(n_stacks);
  INGOT_TRY(status);
  // An end token whose bytes the grammar would read is an end token all the same.
  for (const int32_t token : trie.end_tokens()) {
    mask[static_cast<size_t>(token) / 64] &= ~(uint64_t{1} << (static_cast<size_t>(token) % 64));
    if (here_.at_bottom && end_tokens_ == EndTokens::kAtTheEnd) allow(token, mask);
  }
  if (std::all_of(mask.begin(), mask.end(), [](uint64_t word) { return word == 0; })) {
    return fail(ErrorKind::kUnsupported,
                "no token of the model's vocabulary can continue the text as the grammar wants it");
  }
  return mask;
}

Status Constraint::add_tokens_of(const Configuration& configuration, std::span<uint64_t> out_mask) {
  INGOT_ASSIGN(const std::shared_ptr<const StateTokens> tokens, masks_->of_state(configuration.state));
  for (size_t word = 0; word < tokens->mask.size(); ++word) out_mask[word] |= tokens->mask[word];
  for (const int32_t token : tokens->tokens) allow(token, out_mask);
  if (tokens->rule_ends.empty() || configuration.stack == kBottom) return {};

  ConfigurationSet returned;
  StackPool& stacks = walker_.stacks();
  walker_.enter({stacks.return_state(configuration.stack), stacks.parent(configuration.stack)}, returned);
  for (const uint32_t node : tokens->rule_ends)
    trie_walk_.run(walker_, *tokens->tree, node, returned, out_mask, nullptr);
  if (walker_.exhausted()) {
    return fail(ErrorKind::kUnsupported, "the grammar is too ambiguous: more than {} ways to read the text at once",
                Walker::kMaxConfigurations);
  }
  return {};
}

Status Constraint::accept(int32_t token) {
  const VocabularyTrie& trie = masks_->trie();
  if (token < 0 || token >= trie.n_tokens()) return invalid("token {} is outside the vocabulary", token);
  const std::string& bytes = trie.token_bytes(token);
  if (bytes.empty()) return invalid("token {} is no text, and the grammar allows nothing else", token);
  return accept_bytes(bytes);
}

Status Constraint::accept_bytes(std::string_view bytes) {
  walker_.reset_work();
  ConfigurationSet now = here_;
  for (const char byte : bytes) {
    walker_.step(now, static_cast<uint8_t>(byte), next_);
    if (walker_.exhausted()) {
      return fail(ErrorKind::kUnsupported, "the grammar is too ambiguous: more than {} ways to read the text at once",
                  Walker::kMaxConfigurations);
    }
    std::swap(now, next_);
    if (now.is_dead()) return invalid("the grammar does not allow \"{}\" here", printable(bytes));
  }
  here_ = std::move(now);
  if (walker_.stacks().n_nodes() > max_stacks_) renumber_stacks();
  return {};
}

void Constraint::renumber_stacks() {
  const StackPool old = walker_.stacks();
  StackPool& stacks = walker_.stacks();
  stacks.clear();
  known_.clear();
  for (Configuration& item : here_.items) {
    std::vector<uint32_t> return_states;  // top first
    for (StackId stack = item.stack; stack != kBottom; stack = old.parent(stack)) {
      return_states.push_back(old.return_state(stack));
    }
    item.stack = kBottom;
    for (auto state = return_states.rbegin(); state != return_states.rend(); ++state) {
      item.stack = stacks.push(*state, item.stack);
    }
  }
  max_stacks_ = std::max(kMinStacks, 2 * stacks.n_nodes());
}

}  // namespace ingot::core
