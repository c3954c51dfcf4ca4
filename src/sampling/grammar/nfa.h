// From an expression to a deterministic automaton: Thompson's construction, then the subset construction, in which a
// call of another rule is a letter of its own.
#pragma once

#include <vector>

#include "base/result.h"
#include "sampling/grammar/dfa.h"
#include "sampling/grammar/syntax.h"

namespace ingot::core {

// Rules that inlined marks stand in the automaton themselves instead of being called; they must not contain
// themselves. It may be shorter than the list of rules.
// Errors: the automaton would be larger than kMaxDfaStates, or no budget is left.
Result<Dfa> make_dfa(const Syntax& syntax, Expression body, DfaBudget& budget, const std::vector<bool>& inlined = {});

}  // namespace ingot::core
