// A grammar ready to run: one deterministic automaton a rule, all states numbered through, calls between them. With a
// stack of states to return to it is a pushdown automaton; configurations.h moves it.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "base/result.h"
#include "sampling/grammar/dfa.h"
#include "sampling/grammar/syntax.h"

namespace ingot::core {

class Automaton {
 public:
  static constexpr size_t kMaxStates = 400'000;

  struct Call {
    uint32_t start = 0;   // of the rule called
    uint32_t target = 0;  // the state to return to
  };

  // Every state it holds can be completed to a text of the grammar: what cannot is left out.
  // Errors: a rule that refers to itself at its left end, a root without any finite text, or sizes out of bounds, with
  // the rule's name.
  static Result<std::shared_ptr<const Automaton>> compile(const Syntax& syntax, RuleId root);

  uint32_t start() const { return start_; }
  uint32_t n_states() const { return static_cast<uint32_t>(flags_.size()); }
  std::span<const Dfa::Edge> edges(uint32_t state) const {
    return std::span(edges_).subspan(first_edge_[state], first_edge_[state + 1] - first_edge_[state]);
  }
  std::span<const Call> calls(uint32_t state) const {
    return std::span(calls_).subspan(first_call_[state], first_call_[state + 1] - first_call_[state]);
  }
  // kNoState where there is no way on.
  uint32_t next(uint32_t state, uint8_t byte) const {
    for (uint32_t edge = first_edge_[state]; edge < first_edge_[state + 1]; ++edge) {
      if (byte <= edges_[edge].last) return byte >= edges_[edge].first ? edges_[edge].target : kNoState;
    }
    return kNoState;
  }
  bool is_final(uint32_t state) const { return (flags_[state] & kFinal) != 0; }
  // Bytes are the only way on: neither the end of its rule nor a call.
  bool is_plain(uint32_t state) const { return (flags_[state] & (kFinal | kCalls)) == 0; }
  // The end of its rule is the only way on: nothing need be remembered to come back here.
  bool is_tail(uint32_t state) const { return (flags_[state] & (kFinal | kCalls | kEdges)) == kFinal; }

 private:
  friend class AutomatonCompiler;
  static constexpr uint8_t kFinal = 1, kCalls = 2, kEdges = 4;

  uint32_t start_ = 0;
  std::vector<uint8_t> flags_;        // (n_states)
  std::vector<uint32_t> first_edge_;  // (n_states + 1)
  std::vector<uint32_t> first_call_;  // (n_states + 1)
  std::vector<Dfa::Edge> edges_;
  std::vector<Call> calls_;
};

}  // namespace ingot::core
