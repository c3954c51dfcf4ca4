#include "sampling/grammar/automaton.h"

#include <algorithm>
#include <set>
#include <utility>

#include "sampling/grammar/nfa.h"

namespace ingot::core {
namespace {

// Rules without calls of at most this weight stand where they are used: spaces, digits, words. A call costs time at
// every token, and tokens that run over its end cost more.
constexpr size_t kMaxInlinedWeight = 64;

// The rules that an expression calls, and how many states it would have, roughly. Shared parts count each time.
class Survey {
 public:
  Survey(const Syntax& syntax, size_t max_weight) : syntax_(syntax), max_weight_(max_weight) {}

  void add(Expression expression, size_t times) {
    const SyntaxNode& node = syntax_.node(expression);
    weight_ += times;
    if (weight_ > max_weight_) return;
    if (node.kind == SyntaxKind::kRule) has_calls_ = true;
    if (node.kind == SyntaxKind::kDfa) weight_ += node.dfa->states.size();
    if (node.kind == SyntaxKind::kGraph) weight_ = max_weight_ + 1;
    if (node.kind == SyntaxKind::kRepeat) {
      const size_t count = node.max == kUnbounded ? size_t{node.min} + 1 : std::max<size_t>(1, node.max);
      times = std::min(times * count, max_weight_ + 1);
    }
    for (const Expression child : node.children) {
      if (weight_ <= max_weight_) add(child, times);
    }
  }
  bool is_small_leaf() const { return !has_calls_ && weight_ <= max_weight_; }

 private:
  const Syntax& syntax_;
  size_t max_weight_;
  size_t weight_ = 0;
  bool has_calls_ = false;
};

}  // namespace

class AutomatonCompiler {
 public:
  AutomatonCompiler(const Syntax& syntax, RuleId root) : syntax_(syntax), root_(root) {}

  Result<std::shared_ptr<const Automaton>> run() {
    if (syntax_.too_large()) {
      return fail(ErrorKind::kUnsupported, "the grammar has more than {} rules or {} parts", Syntax::kMaxRules,
                  Syntax::kMaxNodes);
    }
    INGOT_TRY(make_rules());
    drop_endless();
    if (!productive_[root_]) return invalid("{} matches no finite text", syntax_.rules()[root_].name);
    find_nullable();
    INGOT_TRY(refuse_left_recursion());
    return join();
  }

 private:
  Status make_rules() {
    const size_t n_rules = syntax_.rules().size();
    std::vector<bool> inlined(n_rules);
    for (size_t rule = 0; rule < n_rules; ++rule) {
      if (rule == root_) continue;
      Survey survey(syntax_, kMaxInlinedWeight);
      survey.add(syntax_.rules()[rule].body, 1);
      inlined[rule] = survey.is_small_leaf();
    }
    dfas_.resize(n_rules);
    std::vector<bool> queued(n_rules);
    std::vector<RuleId> open = {root_};
    queued[root_] = true;
    DfaBudget budget;
    size_t n_states = 0;
    while (!open.empty()) {
      const RuleId rule = open.back();
      open.pop_back();
      used_.push_back(rule);
      auto dfa = make_dfa(syntax_, syntax_.rules()[rule].body, budget, inlined);
      if (!dfa) return tl::unexpected(dfa.error().context(syntax_.rules()[rule].name));
      n_states += dfa->states.size();
      if (n_states > Automaton::kMaxStates) {
        return fail(ErrorKind::kUnsupported, "the grammar needs more than {} states", Automaton::kMaxStates);
      }
      for (const Dfa::State& state : dfa->states) {
        for (const Dfa::Call& call : state.calls) {
          if (!queued[call.rule]) open.push_back(call.rule);
          queued[call.rule] = true;
        }
      }
      dfas_[rule] = std::move(*dfa);
    }
    std::sort(used_.begin(), used_.end());
    return {};
  }

  // Whether a state marked in good leads anywhere: to a final state over bytes and calls of rules marked in good_rules.
  // Marks spread backwards from what is final; a rule whose start is reached wakes the states that call it.
  void drop_endless() {
    productive_.assign(dfas_.size(), false);
    struct Place {
      RuleId rule;
      uint32_t state;
    };
    std::vector<std::vector<std::vector<std::pair<uint32_t, uint32_t>>>> before(dfas_.size());  // (source, rule + 1)
    std::vector<std::vector<bool>> good(dfas_.size());
    std::vector<std::vector<std::pair<Place, uint32_t>>> callers(dfas_.size());  // the calling state, its target
    std::vector<Place> open;
    for (const RuleId rule : used_) {
      const auto& states = dfas_[rule].states;
      before[rule].resize(states.size());
      good[rule].resize(states.size());
      for (uint32_t index = 0; index < states.size(); ++index) {
        for (const Dfa::Edge& edge : states[index].edges) before[rule][edge.target].emplace_back(index, 0);
        for (const Dfa::Call& call : states[index].calls) {
          before[rule][call.target].emplace_back(index, call.rule + 1);
          callers[call.rule].push_back({{rule, index}, call.target});
        }
        if (states[index].final) {
          good[rule][index] = true;
          open.push_back({rule, index});
        }
      }
    }
    const auto mark = [&](RuleId rule, uint32_t state) {
      if (good[rule][state]) return;
      good[rule][state] = true;
      open.push_back({rule, state});
    };
    while (!open.empty()) {
      const Place place = open.back();
      open.pop_back();
      for (const auto& [source, called] : before[place.rule][place.state]) {
        if (called == 0 || productive_[called - 1]) mark(place.rule, source);
      }
      if (place.state != 0 || productive_[place.rule]) continue;
      productive_[place.rule] = true;
      for (const auto& [caller, target] : callers[place.rule]) {
        if (good[caller.rule][target]) mark(caller.rule, caller.state);
      }
    }
    for (const RuleId rule : used_) {
      for (Dfa::State& state : dfas_[rule].states) {
        std::erase_if(state.edges, [&](const Dfa::Edge& edge) { return !good[rule][edge.target]; });
        std::erase_if(state.calls,
                      [&](const Dfa::Call& call) { return !productive_[call.rule] || !good[rule][call.target]; });
      }
    }
  }

  // A rule that has become nullable may make those that call it so: only they are looked at again.
  void find_nullable() {
    nullable_.assign(dfas_.size(), false);
    std::vector<std::vector<RuleId>> callers(dfas_.size());
    for (const RuleId rule : used_) {
      for (const Dfa::State& state : dfas_[rule].states) {
        for (const Dfa::Call& call : state.calls) {
          if (callers[call.rule].empty() || callers[call.rule].back() != rule) callers[call.rule].push_back(rule);
        }
      }
    }
    std::vector<RuleId> open = used_;
    while (!open.empty()) {
      const RuleId rule = open.back();
      open.pop_back();
      if (nullable_[rule]) continue;
      const std::vector<uint32_t> states = left_states(rule);
      const bool ends =
          std::any_of(states.begin(), states.end(), [&](uint32_t state) { return dfas_[rule].states[state].final; });
      if (!ends) continue;
      nullable_[rule] = true;
      open.insert(open.end(), callers[rule].begin(), callers[rule].end());
    }
  }

  // The states that a rule can be in before its first byte.
  std::vector<uint32_t> left_states(RuleId rule) const {
    std::vector<uint32_t> states = {0};
    std::set<uint32_t> seen = {0};
    for (size_t index = 0; index < states.size(); ++index) {
      for (const Dfa::Call& call : dfas_[rule].states[states[index]].calls) {
        if (nullable_[call.rule] && seen.insert(call.target).second) states.push_back(call.target);
      }
    }
    return states;
  }

  Status refuse_left_recursion() const {
    enum : uint8_t { kNew, kOpen, kDone };
    std::vector<uint8_t> mark(dfas_.size(), kNew);
    struct Frame {
      RuleId rule;
      std::vector<RuleId> called;
      size_t next = 0;
    };
    const auto frame_of = [this](RuleId rule) {
      Frame frame{rule, {}};
      for (const uint32_t state : left_states(rule)) {
        for (const Dfa::Call& call : dfas_[rule].states[state].calls) frame.called.push_back(call.rule);
      }
      return frame;
    };
    for (const RuleId first : used_) {
      if (mark[first] != kNew) continue;
      std::vector<Frame> path;
      path.push_back(frame_of(first));
      mark[first] = kOpen;
      while (!path.empty()) {
        Frame& top = path.back();
        if (top.next == top.called.size()) {
          mark[top.rule] = kDone;
          path.pop_back();
          continue;
        }
        const RuleId called = top.called[top.next++];
        if (mark[called] == kOpen) {
          return invalid("{} refers to itself at its left end (left recursion), which would never read a byte",
                         syntax_.rules()[called].name);
        }
        if (mark[called] == kDone) continue;
        mark[called] = kOpen;
        path.push_back(frame_of(called));
      }
    }
    return {};
  }

  std::shared_ptr<const Automaton> join() const {
    std::vector<uint32_t> base(dfas_.size());
    uint32_t n_states = 0;
    for (const RuleId rule : used_) {
      base[rule] = n_states;
      n_states += static_cast<uint32_t>(dfas_[rule].states.size());
    }
    auto automaton = std::make_shared<Automaton>();
    automaton->start_ = base[root_];
    for (const RuleId rule : used_) {
      for (const Dfa::State& state : dfas_[rule].states) {
        automaton->first_edge_.push_back(static_cast<uint32_t>(automaton->edges_.size()));
        automaton->first_call_.push_back(static_cast<uint32_t>(automaton->calls_.size()));
        for (const Dfa::Edge& edge : state.edges) {
          automaton->edges_.push_back({edge.first, edge.last, base[rule] + edge.target});
        }
        for (const Dfa::Call& call : state.calls) {
          automaton->calls_.push_back({base[call.rule], base[rule] + call.target});
        }
        automaton->flags_.push_back(static_cast<uint8_t>((state.final ? Automaton::kFinal : 0) |
                                                         (state.calls.empty() ? 0 : Automaton::kCalls) |
                                                         (state.edges.empty() ? 0 : Automaton::kEdges)));
      }
    }
    automaton->first_edge_.push_back(static_cast<uint32_t>(automaton->edges_.size()));
    automaton->first_call_.push_back(static_cast<uint32_t>(automaton->calls_.size()));
    return automaton;
  }

  const Syntax& syntax_;
  RuleId root_;
  std::vector<Dfa> dfas_;     // one a rule; empty for rules that are not used
  std::vector<RuleId> used_;  // sorted
  std::vector<bool> productive_;
  std::vector<bool> nullable_;
};

Result<std::shared_ptr<const Automaton>> Automaton::compile(const Syntax& syntax, RuleId root) {
  return AutomatonCompiler(syntax, root).run();
}

}  // namespace ingot::core
