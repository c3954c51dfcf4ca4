#include "sampling/grammar/nfa.h"

#include <algorithm>
#include <map>
#include <utility>

namespace ingot::core {
namespace {

constexpr size_t kMaxNfaStates = 400'000;

struct Nfa {
  struct State {
    std::vector<uint32_t> empty;  // ways on without a byte
    std::vector<Dfa::Edge> edges;
    std::vector<Dfa::Call> calls;
    // Empty ways that hold only at the start, or only at the end, of the text.
    std::vector<uint32_t> at_begin;
    std::vector<uint32_t> at_end;
  };
  std::vector<State> states;
  uint32_t start = 0;
  uint32_t end = 0;
};

// Recursion goes as deep as expressions nest, which their makers bound.
class Thompson {
 public:
  Thompson(const Syntax& syntax, const std::vector<bool>& inlined) : syntax_(syntax), inlined_(inlined) {}

  Result<Nfa> run(Expression body) {
    nfa_.start = add_state();
    nfa_.end = add_state();
    connect(body, nfa_.start, nfa_.end);
    if (full_) return fail(ErrorKind::kUnsupported, "it needs more than {} states", kMaxNfaStates);
    return std::move(nfa_);
  }

 private:
  uint32_t add_state() {
    if (nfa_.states.size() >= kMaxNfaStates) {
      full_ = true;
      return 0;
    }
    nfa_.states.emplace_back();
    return static_cast<uint32_t>(nfa_.states.size() - 1);
  }
  void add_empty(uint32_t from, uint32_t to) { nfa_.states[from].empty.push_back(to); }

  // Adds all ways from one state to another that spell expression.
  void connect(Expression expression, uint32_t from, uint32_t to) {
    if (full_) return;
    const SyntaxNode& node = syntax_.node(expression);
    switch (node.kind) {
      case SyntaxKind::kBytes:
        for (const ByteRange& range : node.ranges) nfa_.states[from].edges.push_back({range.first, range.last, to});
        return;
      case SyntaxKind::kSequence:
        return connect_sequence(node.children, from, to);
      case SyntaxKind::kChoice:
        for (const Expression child : node.children) connect(child, from, to);
        return;
      case SyntaxKind::kRepeat:
        return connect_repeat(node, from, to);
      case SyntaxKind::kRule:
        if (node.rule < inlined_.size() && inlined_[node.rule]) {
          return connect(syntax_.rules()[node.rule].body, from, to);
        }
        nfa_.states[from].calls.push_back({node.rule, to});
        return;
      case SyntaxKind::kDfa:
        return connect_dfa(*node.dfa, from, to);
      case SyntaxKind::kGraph:
        return connect_graph(*node.graph, from, to);
      case SyntaxKind::kTextBegin:
        nfa_.states[from].at_begin.push_back(to);
        return;
      case SyntaxKind::kTextEnd:
        nfa_.states[from].at_end.push_back(to);
        return;
    }
  }

  void connect_sequence(const std::vector<Expression>& children, uint32_t from, uint32_t to) {
    for (const Expression child : children) {
      const uint32_t after = add_state();
      connect(child, from, after);
      if (full_) return;
      from = after;
    }
    add_empty(from, to);
  }

  void connect_repeat(const SyntaxNode& node, uint32_t from, uint32_t to) {
    const Expression child = node.children.front();
    // States of their own: what is connected to from or to may not enter the loop by the back door.
    for (uint32_t count = 0; count < node.min && !full_; ++count) {
      const uint32_t after = add_state();
      connect(child, from, after);
      from = after;
    }
    if (node.max == kUnbounded) {
      const uint32_t loop = add_state();
      if (full_) return;
      add_empty(from, loop);
      const uint32_t after = add_state();
      connect(child, loop, after);
      add_empty(after, loop);
      add_empty(loop, to);
      return;
    }
    for (uint32_t count = node.min; count < node.max && !full_; ++count) {
      add_empty(from, to);
      const uint32_t after = add_state();
      connect(child, from, after);
      from = after;
    }
    if (!full_) add_empty(from, to);
  }

  void connect_dfa(const Dfa& dfa, uint32_t from, uint32_t to) {
    const auto base = static_cast<uint32_t>(nfa_.states.size());
    for (size_t index = 0; index < dfa.states.size(); ++index) add_state();
    if (full_) return;
    add_empty(from, base);
    for (uint32_t index = 0; index < dfa.states.size(); ++index) {
      for (Dfa::Edge edge : dfa.states[index].edges) {
        edge.target += base;
        nfa_.states[base + index].edges.push_back(edge);
      }
      if (dfa.states[index].final) add_empty(base + index, to);
    }
  }

  void connect_graph(const SyntaxGraph& graph, uint32_t from, uint32_t to) {
    const auto base = static_cast<uint32_t>(nfa_.states.size());
    for (uint32_t index = 0; index < graph.n_nodes; ++index) add_state();
    if (full_) return;
    add_empty(from, base);
    for (const SyntaxGraph::Edge& edge : graph.edges) connect(edge.label, base + edge.from, base + edge.to);
    for (const uint32_t last : graph.last_nodes) add_empty(base + last, to);
  }

  const Syntax& syntax_;
  const std::vector<bool>& inlined_;
  Nfa nfa_;
  bool full_ = false;
};

using StateSet = std::vector<uint32_t>;  // sorted

class Subsets {
 public:
  Subsets(const Nfa& nfa, DfaBudget& budget) : nfa_(nfa), budget_(budget), stamp_(nfa.states.size()) {}

  Result<Dfa> run() {
    // The start has a state of its own, to which nothing leads back: only there does a text begin.
    sets_.push_back(closure({nfa_.start}, /*at_begin=*/true, /*at_end=*/false));
    dfa_.states.emplace_back();
    for (size_t index = 0; index < sets_.size(); ++index) {
      if (sets_.size() > kMaxDfaStates || !budget_.spend(std::exchange(work_, 0) + 1)) {
        return fail(ErrorKind::kUnsupported, "it is too complex: more than {} states, or too many ways to read it",
                    kMaxDfaStates);
      }
      const StateSet set = sets_[index];
      const StateSet ended = closure(set, /*at_begin=*/index == 0, /*at_end=*/true);
      dfa_.states[index].final = std::binary_search(ended.begin(), ended.end(), nfa_.end);
      add_edges(set, index);
      add_calls(set, index);
    }
    return reduced(trimmed(dfa_));
  }

 private:
  StateSet closure(const StateSet& open, bool at_begin, bool at_end) {
    ++round_;
    StateSet set;
    const auto visit = [&](uint32_t target) {
      if (stamp_[target] == round_) return;
      stamp_[target] = round_;
      set.push_back(target);
    };
    for (const uint32_t state : open) visit(state);
    for (size_t index = 0; index < set.size(); ++index) {
      const Nfa::State& state = nfa_.states[set[index]];
      work_ += 1 + state.empty.size();
      for (const uint32_t target : state.empty) visit(target);
      if (at_begin) std::for_each(state.at_begin.begin(), state.at_begin.end(), visit);
      if (at_end) std::for_each(state.at_end.begin(), state.at_end.end(), visit);
    }
    std::sort(set.begin(), set.end());
    return set;
  }

  uint32_t id_of(const StateSet& targets) {
    StateSet set = closure(targets, /*at_begin=*/false, /*at_end=*/false);
    const auto [found, is_new] = ids_.try_emplace(std::move(set), static_cast<uint32_t>(sets_.size()));
    if (is_new) {
      sets_.push_back(found->first);
      dfa_.states.emplace_back();
    }
    return found->second;
  }

  void add_edges(const StateSet& set, size_t index) {
    // Bytes at which the set of edges that apply changes.
    std::vector<Dfa::Edge> edges;
    std::vector<bool> is_border(257);
    for (const uint32_t state : set) {
      for (const Dfa::Edge& edge : nfa_.states[state].edges) {
        edges.push_back(edge);
        is_border[edge.first] = true;
        is_border[size_t{edge.last} + 1] = true;
      }
    }
    if (edges.empty()) return;
    StateSet targets;
    for (uint32_t first = 0; first < 256;) {
      uint32_t last = first;
      while (last < 255 && !is_border[last + 1]) ++last;
      targets.clear();
      for (const Dfa::Edge& edge : edges) {
        if (edge.first <= first && last <= edge.last) targets.push_back(edge.target);
      }
      work_ += edges.size();
      if (!targets.empty()) {
        const uint32_t target = id_of(targets);
        dfa_.states[index].edges.push_back({static_cast<uint8_t>(first), static_cast<uint8_t>(last), target});
      }
      first = last + 1;
    }
  }

  void add_calls(const StateSet& set, size_t index) {
    std::map<uint32_t, StateSet> targets;
    for (const uint32_t state : set) {
      for (const Dfa::Call& call : nfa_.states[state].calls) targets[call.rule].push_back(call.target);
    }
    for (const auto& [rule, after] : targets) {
      const uint32_t target = id_of(after);
      dfa_.states[index].calls.push_back({rule, target});
    }
  }

  const Nfa& nfa_;
  DfaBudget& budget_;
  std::vector<uint32_t> stamp_;
  uint32_t round_ = 0;
  size_t work_ = 0;
  std::map<StateSet, uint32_t> ids_;
  std::vector<StateSet> sets_;
  Dfa dfa_;
};

}  // namespace

Result<Dfa> make_dfa(const Syntax& syntax, Expression body, DfaBudget& budget, const std::vector<bool>& inlined) {
  INGOT_ASSIGN(const Nfa nfa, Thompson(syntax, inlined).run(body));
  budget.spend(nfa.states.size());
  return Subsets(nfa, budget).run();
}

}  // namespace ingot::core
