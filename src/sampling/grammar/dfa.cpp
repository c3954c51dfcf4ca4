#include "sampling/grammar/dfa.h"

#include <algorithm>
#include <map>
#include <unordered_map>
#include <utility>

namespace ingot::core {
namespace {

// What is worth merging, the last bytes of characters, is found in a few rounds.
constexpr int kMaxReductions = 8;

std::vector<bool> reachable(const Dfa& dfa) {
  std::vector<bool> seen(dfa.states.size());
  std::vector<uint32_t> open = {0};
  seen[0] = true;
  const auto visit = [&](uint32_t target) {
    if (!seen[target]) open.push_back(target);
    seen[target] = true;
  };
  while (!open.empty()) {
    const uint32_t index = open.back();
    open.pop_back();
    for (const Dfa::Edge& edge : dfa.states[index].edges) visit(edge.target);
    for (const Dfa::Call& call : dfa.states[index].calls) visit(call.target);
  }
  return seen;
}

std::vector<bool> completable(const Dfa& dfa) {
  std::vector<std::vector<uint32_t>> sources(dfa.states.size());
  std::vector<bool> seen(dfa.states.size());
  std::vector<uint32_t> open;
  for (uint32_t index = 0; index < dfa.states.size(); ++index) {
    const Dfa::State& state = dfa.states[index];
    for (const Dfa::Edge& edge : state.edges) sources[edge.target].push_back(index);
    for (const Dfa::Call& call : state.calls) sources[call.target].push_back(index);
    if (state.final) open.push_back(index);
    seen[index] = state.final;
  }
  while (!open.empty()) {
    const uint32_t index = open.back();
    open.pop_back();
    for (const uint32_t source : sources[index]) {
      if (!seen[source]) open.push_back(source);
      seen[source] = true;
    }
  }
  return seen;
}

void append_edge(Dfa::State& state, uint8_t first, uint8_t last, uint32_t target) {
  if (!state.edges.empty()) {
    Dfa::Edge& before = state.edges.back();
    if (before.target == target && before.last + 1 == first) {
      before.last = last;
      return;
    }
  }
  state.edges.push_back({first, last, target});
}

// Of the pair of states at once. subtract: b's texts are taken away, and b may have lost its way (kNoState).
class Product {
 public:
  Product(const Dfa& a, const Dfa& b, bool subtract, DfaBudget& budget)
      : a_(a), b_(b), subtract_(subtract), budget_(budget) {}

  Result<Dfa> run() {
    id_of(0, 0);
    for (size_t index = 0; index < pairs_.size(); ++index) {
      if (pairs_.size() > kMaxDfaStates || !budget_.spend(8)) {
        return fail(ErrorKind::kUnsupported, "it is too complex: more than {} states, or too much work", kMaxDfaStates);
      }
      add_state(index);
    }
    return reduced(trimmed(product_));
  }

 private:
  uint32_t id_of(uint32_t a, uint32_t b) {
    const auto [found, is_new] = ids_.try_emplace((uint64_t{a} << 32) | b, static_cast<uint32_t>(pairs_.size()));
    if (is_new) {
      pairs_.emplace_back(a, b);
      product_.states.emplace_back();
    }
    return found->second;
  }

  void add_state(size_t index) {
    const auto [a, b] = pairs_[index];
    const bool b_final = b != kNoState && b_.states[b].final;
    product_.states[index].final = a_.states[a].final && (subtract_ ? !b_final : b_final);
    static const std::vector<Dfa::Edge> kNone;
    const std::vector<Dfa::Edge>& others = b == kNoState ? kNone : b_.states[b].edges;
    auto other = others.begin();
    for (const Dfa::Edge& edge : a_.states[a].edges) {
      int byte = edge.first;
      while (byte <= edge.last) {
        while (other != others.end() && other->last < byte) ++other;
        const bool inside = other != others.end() && other->first <= byte;
        int end = edge.last;
        if (inside) end = std::min<int>(end, other->last);
        if (!inside && other != others.end()) end = std::min<int>(end, other->first - 1);
        if (inside || subtract_) {
          const uint32_t target = id_of(edge.target, inside ? other->target : kNoState);
          append_edge(product_.states[index], static_cast<uint8_t>(byte), static_cast<uint8_t>(end), target);
        }
        byte = end + 1;
      }
    }
  }

  const Dfa& a_;
  const Dfa& b_;
  bool subtract_;
  DfaBudget& budget_;
  std::unordered_map<uint64_t, uint32_t> ids_;
  std::vector<std::pair<uint32_t, uint32_t>> pairs_;
  Dfa product_;
};

// All that a state does.
std::vector<uint32_t> signature(const Dfa::State& state) {
  std::vector<uint32_t> words = {state.final ? 1u : 0u, static_cast<uint32_t>(state.edges.size())};
  for (const Dfa::Edge& edge : state.edges) {
    words.push_back((uint32_t{edge.first} << 8) | edge.last);
    words.push_back(edge.target);
  }
  for (const Dfa::Call& call : state.calls) {
    words.push_back(call.rule);
    words.push_back(call.target);
  }
  return words;
}

// States numbered by kind, start first, edges through the kinds.
Dfa merged(const Dfa& dfa, const std::vector<uint32_t>& kind_of, uint32_t n_kinds) {
  std::vector<uint32_t> number(n_kinds, kNoState);
  uint32_t next = 0;
  for (const uint32_t kind : kind_of) {
    if (number[kind] == kNoState) number[kind] = next++;
  }
  Dfa result;
  result.states.resize(n_kinds);
  std::vector<bool> done(n_kinds);
  for (size_t index = 0; index < dfa.states.size(); ++index) {
    if (done[kind_of[index]]) continue;
    done[kind_of[index]] = true;
    Dfa::State& state = result.states[number[kind_of[index]]];
    state.final = dfa.states[index].final;
    for (const Dfa::Edge& edge : dfa.states[index].edges) {
      append_edge(state, edge.first, edge.last, number[kind_of[edge.target]]);
    }
    for (const Dfa::Call& call : dfa.states[index].calls) {
      state.calls.push_back({call.rule, number[kind_of[call.target]]});
    }
  }
  return result;
}

}  // namespace

uint32_t next_state(const Dfa::State& state, uint8_t byte) {
  const auto edge = std::lower_bound(state.edges.begin(), state.edges.end(), byte,
                                     [](const Dfa::Edge& candidate, uint8_t value) { return candidate.last < value; });
  return edge != state.edges.end() && edge->first <= byte ? edge->target : kNoState;
}

bool accepts(const Dfa& dfa, std::string_view text) {
  uint32_t state = 0;
  for (const char byte : text) {
    state = next_state(dfa.states[state], static_cast<uint8_t>(byte));
    if (state == kNoState) return false;
  }
  return dfa.states[state].final;
}

bool is_empty(const Dfa& dfa) {
  return !completable(dfa)[0];
}

Dfa trimmed(const Dfa& dfa) {
  const std::vector<bool> is_reachable = reachable(dfa);
  const std::vector<bool> is_completable = completable(dfa);
  std::vector<uint32_t> number(dfa.states.size(), kNoState);
  uint32_t n_kept = 0;
  for (size_t index = 0; index < dfa.states.size(); ++index) {
    if (index == 0 || (is_reachable[index] && is_completable[index])) number[index] = n_kept++;
  }
  Dfa result;
  result.states.resize(n_kept);
  for (size_t index = 0; index < dfa.states.size(); ++index) {
    if (number[index] == kNoState) continue;
    Dfa::State& state = result.states[number[index]];
    state.final = dfa.states[index].final;
    for (const Dfa::Edge& edge : dfa.states[index].edges) {
      if (!is_completable[edge.target]) continue;
      append_edge(state, edge.first, edge.last, number[edge.target]);
    }
    for (const Dfa::Call& call : dfa.states[index].calls) {
      if (is_completable[call.target]) state.calls.push_back({call.rule, number[call.target]});
    }
  }
  return result;
}

Dfa reduced(Dfa dfa) {
  for (int round = 0; round < kMaxReductions; ++round) {
    std::map<std::vector<uint32_t>, uint32_t> kinds;
    std::vector<uint32_t> kind_of(dfa.states.size());
    for (size_t index = 0; index < dfa.states.size(); ++index) {
      kind_of[index] =
          kinds.try_emplace(signature(dfa.states[index]), static_cast<uint32_t>(kinds.size())).first->second;
    }
    if (kinds.size() == dfa.states.size()) break;
    dfa = merged(dfa, kind_of, static_cast<uint32_t>(kinds.size()));
  }
  return dfa;
}

Result<Dfa> intersection(const Dfa& a, const Dfa& b, DfaBudget& budget) {
  return Product(a, b, /*subtract=*/false, budget).run();
}

Result<Dfa> difference(const Dfa& a, const Dfa& b, DfaBudget& budget) {
  return Product(a, b, /*subtract=*/true, budget).run();
}

}  // namespace ingot::core
