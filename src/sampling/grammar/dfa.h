// Deterministic automata over bytes. A state has at most one way on for each byte; in the automaton of a rule it may
// also have calls: the text of another rule, and the state after it. Automata without calls are the regular languages,
// and only those can be intersected and subtracted.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace ingot::core {

struct Dfa {
  struct Edge {
    uint8_t first = 0;
    uint8_t last = 0;  // included
    uint32_t target = 0;
  };
  struct Call {
    uint32_t rule = 0;
    uint32_t target = 0;  // where it goes on after the rule's text
  };
  struct State {
    std::vector<Edge> edges;  // sorted, apart from each other
    std::vector<Call> calls;  // at most one a rule, sorted by it
    bool final = false;
  };
  std::vector<State> states;  // the first is where it starts; never empty
};

// More states than this in one automaton are refused.
inline constexpr size_t kMaxDfaStates = 60'000;

// What making all automata of one grammar may cost together; counted down.
struct DfaBudget {
  size_t work = 12'000'000;

  // False once nothing is left.
  bool spend(size_t amount) {
    work -= amount < work ? amount : work;
    return work > 0;
  }
};

// The state after byte, or nothing.
inline constexpr uint32_t kNoState = 0xFFFFFFFF;
uint32_t next_state(const Dfa::State& state, uint8_t byte);

bool accepts(const Dfa& dfa, std::string_view text);
// No text at all. Precondition: no calls.
bool is_empty(const Dfa& dfa);

// States that cannot be reached, or from which no text can be completed, are dropped. Calls count as completable.
Dfa trimmed(const Dfa& dfa);
// The same language with fewer states: those that do the same are one. Not the fewest, since few rounds are made.
Dfa reduced(Dfa dfa);

// Texts of a that are also (not) texts of b. Precondition: no calls. Errors: too many states, or no budget left.
Result<Dfa> intersection(const Dfa& a, const Dfa& b, DfaBudget& budget);
Result<Dfa> difference(const Dfa& a, const Dfa& b, DfaBudget& budget);

}  // namespace ingot::core
