#include "sampling/grammar/configurations.h"

#include <algorithm>

namespace ingot::core {
namespace {

// SplitMix64's mixing of two numbers.
uint64_t mixed(uint32_t high, uint32_t low) {
  uint64_t value = ((uint64_t{high} << 32) | low) + 0x9E3779B97F4A7C15u;
  value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9u;
  value = (value ^ (value >> 27)) * 0x94D049BB133111EBu;
  return value ^ (value >> 31);
}

constexpr size_t kFirstSlots = 256;

}  // namespace

void StackPool::clear() {
  nodes_.assign(1, Node{});
  slots_.assign(kFirstSlots, kBottom);
}

size_t StackPool::slot_of(uint32_t return_state, StackId parent) const {
  const size_t mask = slots_.size() - 1;
  size_t slot = mixed(return_state, parent) & mask;
  while (slots_[slot] != kBottom) {
    const Node& node = nodes_[slots_[slot]];
    if (node.return_state == return_state && node.parent == parent) break;
    slot = (slot + 1) & mask;
  }
  return slot;
}

void StackPool::grow() {
  slots_.assign(slots_.size() * 2, kBottom);
  // In the order of their making, so that rewind() can free slots in the opposite one.
  for (StackId id = 1; id < nodes_.size(); ++id) slots_[slot_of(nodes_[id].return_state, nodes_[id].parent)] = id;
}

StackId StackPool::push(uint32_t return_state, StackId parent) {
  size_t slot = slot_of(return_state, parent);
  if (slots_[slot] != kBottom) return slots_[slot];
  if (nodes_.size() * 2 > slots_.size()) {
    grow();
    slot = slot_of(return_state, parent);
  }
  const auto id = static_cast<StackId>(nodes_.size());
  nodes_.push_back({return_state, parent, nodes_[parent].depth + 1});
  slots_[slot] = id;
  return id;
}

void StackPool::rewind(size_t n_nodes) {
  // The last one that was put in has nothing behind it that was pushed on by it: its slot is simply free again.
  while (nodes_.size() > n_nodes) {
    slots_[slot_of(nodes_.back().return_state, nodes_.back().parent)] = kBottom;
    nodes_.pop_back();
  }
}

void Walker::reset_work() {
  work_ = 0;
  exhausted_ = false;
}

void Walker::start_round() {
  n_met_ = 0;
  if (++round_ == 0) {
    std::fill(met_round_.begin(), met_round_.end(), 0);
    round_ = 1;
  }
}

bool Walker::seen(Configuration configuration) {
  const size_t mask = met_.size() - 1;
  size_t slot = mixed(configuration.state, configuration.stack) & mask;
  while (met_round_[slot] == round_) {
    if (met_[slot] == configuration) return true;
    slot = (slot + 1) & mask;
  }
  if (++n_met_ > met_.size() / 2) {
    exhausted_ = true;
    return true;
  }
  met_[slot] = configuration;
  met_round_[slot] = round_;
  return false;
}

void Walker::enter(Configuration configuration, ConfigurationSet& out_set) {
  // A caller that adds several to one set finds those of the set itself: rounds end with the set.
  if (out_set.items.empty() && !out_set.at_bottom) start_round();
  open_.assign(1, configuration);
  while (!open_.empty() && !exhausted_) {
    const Configuration here = open_.back();
    open_.pop_back();
    if (seen(here)) continue;
    ++work_;
    if (!automaton_->edges(here.state).empty()) out_set.items.push_back(here);
    for (const Automaton::Call& call : automaton_->calls(here.state)) {
      if (automaton_->is_tail(call.target)) {
        open_.push_back({call.start, here.stack});
      } else if (stacks_.depth(here.stack) < StackPool::kMaxDepth) {
        open_.push_back({call.start, stacks_.push(call.target, here.stack)});
      }
    }
    if (!automaton_->is_final(here.state)) continue;
    if (here.stack == kBottom) {
      out_set.at_bottom = true;
    } else {
      open_.push_back({stacks_.return_state(here.stack), stacks_.parent(here.stack)});
    }
  }
  if (out_set.items.size() > kMaxConfigurations || work_ > kMaxWork) exhausted_ = true;
}

void Walker::step(const ConfigurationSet& set, uint8_t byte, ConfigurationSet& out_set) {
  out_set.items.clear();
  out_set.at_bottom = false;
  start_round();
  work_ += set.items.size();
  for (const Configuration& here : set.items) {
    const uint32_t target = automaton_->next(here.state, byte);
    if (target == kNoState) continue;
    // One configuration is by far the commonest, and needs no look for others like it.
    if (set.items.size() == 1 && automaton_->is_plain(target)) {
      out_set.items.push_back({target, here.stack});
      ++work_;
    } else {
      enter({target, here.stack}, out_set);
    }
  }
  if (work_ > kMaxWork) exhausted_ = true;
}

}  // namespace ingot::core
