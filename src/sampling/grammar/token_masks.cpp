#include "sampling/grammar/token_masks.h"

#include <bit>
#include <utility>

namespace ingot::core {

const TrieWalk::Row& TrieWalk::row_of(const Automaton& automaton, uint32_t state) {
  Row& row = rows_[state % kRows];
  if (row.state == state) return row;
  row.state = state;
  row.next.fill(kNoState);
  for (const Dfa::Edge& edge : automaton.edges(state)) {
    for (uint32_t byte = edge.first; byte <= edge.last; ++byte) row.next[byte] = edge.target;
  }
  return row;
}

bool TrieWalk::step(Walker& walker, size_t depth, uint8_t byte) {
  const Level& above = levels_[depth - 1];
  Level& level = levels_[depth];
  ConfigurationSet& set = sets_[depth];
  if (above.state == kNoState) {
    level.state = kNoState;
    walker.step(sets_[depth - 1], byte, set);
    return !set.is_dead();
  }
  const uint32_t target = row_of(walker.automaton(), above.state).next[byte];
  if (target == kNoState) return false;
  if (walker.automaton().is_plain(target)) {
    level = {target, above.stack};
    return true;
  }
  level.state = kNoState;
  set.items.clear();
  set.at_bottom = false;
  walker.enter({target, above.stack}, set);
  return !set.is_dead();
}

void TrieWalk::run(Walker& walker, const TokenTree& tree, uint32_t node, const ConfigurationSet& start,
                   std::span<uint64_t> out_mask, std::vector<uint32_t>* out_ends) {
  const std::span<const TokenTree::Node> nodes = tree.nodes();
  const size_t root_depth = nodes[node].depth;
  const bool is_single = start.items.size() == 1 && !start.at_bottom;
  levels_[root_depth] = is_single ? Level{start.items[0].state, start.items[0].stack} : Level{};
  if (!is_single) sets_[root_depth] = start;
  const uint32_t end = nodes[node].end;
  for (uint32_t here = node + 1; here < end && !walker.exhausted();) {
    const TokenTree::Node& now = nodes[here];
    if (!step(walker, now.depth, now.byte)) {
      here = now.end;
      continue;
    }
    for (const int32_t token : tree.tokens_at(here)) allow(token, out_mask);
    if (levels_[now.depth].state != kNoState) {
      ++here;
      continue;
    }
    const ConfigurationSet& set = sets_[now.depth];
    if (set.at_bottom && out_ends != nullptr && now.end > here + 1) out_ends->push_back(here);
    // Nothing goes on from here: what is below may still follow the end of the rule, but not in this walk.
    here = set.items.empty() ? now.end : here + 1;
  }
}

TokenMasks::TokenMasks(std::shared_ptr<const Automaton> automaton, std::shared_ptr<const VocabularyTrie> trie)
    : automaton_(std::move(automaton)),
      trie_(std::move(trie)),
      walker_(*automaton_),
      trie_walk_(trie_->max_depth()),
      text_steps_(*automaton_) {}

Result<std::shared_ptr<const StateTokens>> TokenMasks::walk(uint32_t state) {
  walker_.stacks().clear();
  walker_.reset_work();
  auto found = std::make_shared<StateTokens>();
  found->mask.resize(trie_->n_words());
  // The state itself, not what it leads to without a byte: a set of configurations holds that beside it.
  ConfigurationSet start;
  start.items.push_back({state, kBottom});
  // Tokens of plain text need no walk where it does not matter which text it is.
  const std::optional<uint32_t> n_plain = text_steps_.plain_characters(state, VocabularyTrie::kMaxPlainCharacters);
  if (n_plain) found->mask = trie_->plain(*n_plain);
  found->tree = n_plain ? &trie_->rest() : &trie_->all();
  trie_walk_.run(walker_, *found->tree, 0, start, found->mask, &found->rule_ends);
  if (walker_.exhausted()) {
    return fail(ErrorKind::kUnsupported, "the grammar is too ambiguous: more than {} ways to read the text at once",
                Walker::kMaxConfigurations);
  }
  size_t n_allowed = 0;
  for (const uint64_t word : found->mask) n_allowed += static_cast<size_t>(std::popcount(word));
  if (n_allowed < found->mask.size()) {
    for (size_t index = 0; index < found->mask.size(); ++index) {
      for (uint64_t word = found->mask[index]; word != 0; word &= word - 1) {
        found->tokens.push_back(static_cast<int32_t>(index * 64) + std::countr_zero(word));
      }
    }
    found->mask = {};
  }
  return found;
}

Result<std::shared_ptr<const StateTokens>> TokenMasks::of_state(uint32_t state) {
  const std::lock_guard lock(mutex_);
  if (const auto known = entries_.find(state); known != entries_.end()) {
    order_.splice(order_.begin(), order_, known->second.place);
    return known->second.tokens;
  }
  INGOT_ASSIGN(std::shared_ptr<const StateTokens> tokens, walk(state));
  order_.push_front(state);
  entries_[state] = {tokens, order_.begin()};
  n_bytes_ += tokens->n_bytes();
  while (n_bytes_ > kMaxBytes && order_.size() > 1) {
    const auto oldest = entries_.find(order_.back());
    n_bytes_ -= oldest->second.tokens->n_bytes();
    entries_.erase(oldest);
    order_.pop_back();
  }
  return tokens;
}

}  // namespace ingot::core
