// Where a grammar can be after some text: a set of configurations, each a state and a stack of states to return to.
//
// Stacks are linked lists that share their lower parts, and equal stacks have equal numbers: a configuration is two
// numbers, and a set of them has no duplicates. A grammar that is ambiguous has several at once.
#pragma once

#include <cstdint>
#include <vector>

#include "sampling/grammar/automaton.h"

namespace ingot::core {

using StackId = uint32_t;
inline constexpr StackId kBottom = 0;  // the empty stack

struct Configuration {
  uint32_t state = 0;
  StackId stack = kBottom;
  friend bool operator==(const Configuration&, const Configuration&) = default;
};

struct ConfigurationSet {
  // States with bytes to go on with. No duplicates.
  std::vector<Configuration> items;
  // The end was reached with an empty stack: of the whole text, or of what the caller walks.
  bool at_bottom = false;

  bool is_dead() const { return items.empty() && !at_bottom; }
};

class StackPool {
 public:
  static constexpr uint32_t kMaxDepth = 2000;

  StackPool() { clear(); }
  void clear();

  // Precondition: depth(parent) < kMaxDepth.
  StackId push(uint32_t return_state, StackId parent);
  uint32_t return_state(StackId stack) const { return nodes_[stack].return_state; }
  StackId parent(StackId stack) const { return nodes_[stack].parent; }
  uint32_t depth(StackId stack) const { return nodes_[stack].depth; }
  size_t n_nodes() const { return nodes_.size(); }

  // Forgets every stack that was made after n_nodes() had this value.
  void rewind(size_t n_nodes);

 private:
  struct Node {
    uint32_t return_state = 0;
    StackId parent = kBottom;
    uint32_t depth = 0;
  };
  size_t slot_of(uint32_t return_state, StackId parent) const;
  void grow();

  std::vector<Node> nodes_;
  std::vector<StackId> slots_;  // a hash table with open addressing; kBottom: free
};

// Moves configurations. Not for several threads at once.
class Walker {
 public:
  // More configurations at once than this are an error, and so is more work than this until reset_work().
  static constexpr size_t kMaxConfigurations = 1000;
  static constexpr size_t kMaxWork = 60'000'000;

  explicit Walker(const Automaton& automaton) : automaton_(&automaton) {}

  const Automaton& automaton() const { return *automaton_; }
  StackPool& stacks() { return stacks_; }
  const StackPool& stacks() const { return stacks_; }

  // Adds configuration and all that it leads to without a byte. Stacks deeper than StackPool::kMaxDepth are left out.
  void enter(Configuration configuration, ConfigurationSet& out_set);
  // What follows byte, in place of what out_set had. A set that is dead stays so.
  void step(const ConfigurationSet& set, uint8_t byte, ConfigurationSet& out_set);

  // True once a limit was passed: sets made since reset_work() are void.
  bool exhausted() const { return exhausted_; }
  void reset_work();

 private:
  bool seen(Configuration configuration);
  void start_round();

  const Automaton* automaton_;
  StackPool stacks_;
  std::vector<Configuration> open_;
  // The configurations that this round has met, in a hash table that is emptied by counting round_ up.
  std::vector<Configuration> met_ = std::vector<Configuration>(8192);
  std::vector<uint32_t> met_round_ = std::vector<uint32_t>(8192);
  uint32_t round_ = 0;
  size_t n_met_ = 0;
  size_t work_ = 0;
  bool exhausted_ = false;
};

}  // namespace ingot::core
