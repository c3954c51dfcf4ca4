// Which tokens a state of the automaton allows, remembered.
//
// As in XGrammar (Dong et al. 2024, arXiv:2411.15100) the tokens of a state are of three kinds. Most are decided by the
// state alone, whatever the stack below it holds: their bytes stay within the rule that the state belongs to, or die in
// it. Those that run over the end of the rule depend on where it was called from. The first kind is kept with the
// state; of the others the places in the vocabulary's tree where the rule ends are kept, and only what lies below those
// is walked with the stack at hand, from the state that it returns to.
#pragma once

#include <array>
#include <cstdint>
#include <list>
#include <memory>
#include <mutex>
#include <span>
#include <unordered_map>
#include <vector>

#include "base/result.h"
#include "sampling/grammar/configurations.h"
#include "sampling/grammar/text_steps.h"
#include "sampling/grammar/vocabulary_trie.h"

namespace ingot::core {

struct StateTokens {
  // Allowed whatever the stack: as a mask, or where they are few as a list.
  TokenMask mask = {};
  std::vector<int32_t> tokens = {};
  // Nodes of tree after whose bytes the rule ends, with tokens below them that the state alone does not allow.
  std::vector<uint32_t> rule_ends = {};
  const TokenTree* tree = nullptr;  // that was walked: all tokens, or the rest

  size_t n_bytes() const { return mask.size() * 8 + tokens.size() * 4 + rule_ends.size() * 4; }
};

// Walks the tokens below a node of the tree from a set of configurations. Tokens whose bytes lead somewhere go to
// out_mask; nodes after which the bottom of the stack was reached to out_ends, if that is given.
class TrieWalk {
 public:
  explicit TrieWalk(uint32_t max_depth) : levels_(max_depth + 1), sets_(max_depth + 1) {}

  void run(Walker& walker, const TokenTree& tree, uint32_t node, const ConfigurationSet& start,
           std::span<uint64_t> out_mask, std::vector<uint32_t>* out_ends);

 private:
  // After each byte of the path: nearly always one configuration, in a state whose only ways on are bytes. Then it
  // stands here, and a byte is one look into a table; else state is kNoState, and it is a set.
  struct Level {
    uint32_t state = kNoState;
    StackId stack = kBottom;
  };
  // The next states of a state, by byte.
  struct Row {
    uint32_t state = kNoState;
    std::array<uint32_t, 256> next;
  };
  static constexpr size_t kRows = 64;

  const Row& row_of(const Automaton& automaton, uint32_t state);
  // Fills levels_[depth] from the one above. False if nothing goes on.
  bool step(Walker& walker, size_t depth, uint8_t byte);

  std::vector<Level> levels_;
  std::vector<ConfigurationSet> sets_;
  std::vector<Row> rows_ = std::vector<Row>(kRows);  // of the states met last, each in its place
};

// Of one automaton and one vocabulary; any number of threads may ask at once.
class TokenMasks {
 public:
  // States that were not asked for lately are forgotten beyond this.
  static constexpr size_t kMaxBytes = 64 << 20;

  TokenMasks(std::shared_ptr<const Automaton> automaton, std::shared_ptr<const VocabularyTrie> trie);

  const Automaton& automaton() const { return *automaton_; }
  const VocabularyTrie& trie() const { return *trie_; }

  // Errors: the walk took more than Walker::kMaxWork.
  Result<std::shared_ptr<const StateTokens>> of_state(uint32_t state);

 private:
  struct Entry {
    std::shared_ptr<const StateTokens> tokens;
    std::list<uint32_t>::iterator place;
  };

  Result<std::shared_ptr<const StateTokens>> walk(uint32_t state);

  std::shared_ptr<const Automaton> automaton_;
  std::shared_ptr<const VocabularyTrie> trie_;
  std::mutex mutex_;
  Walker walker_;
  TrieWalk trie_walk_;
  TextSteps text_steps_;
  std::unordered_map<uint32_t, Entry> entries_;
  std::list<uint32_t> order_;  // states, latest first
  size_t n_bytes_ = 0;
};

}  // namespace ingot::core
