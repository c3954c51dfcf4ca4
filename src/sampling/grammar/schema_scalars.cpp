// Numbers and strings of a schema: regular languages, intersected.
#include <algorithm>
#include <utility>

#include "base/utf8.h"
#include "sampling/grammar/decimal.h"
#include "sampling/grammar/nfa.h"
#include "sampling/grammar/regex_parser.h"
#include "sampling/grammar/schema_compiler.h"
#include "sampling/grammar/string_formats.h"

namespace ingot::core {
namespace {

// Longer strings are counted in blocks of this many characters, the states of which are the same for all blocks and
// all strings.
constexpr uint32_t kBlock = 512;
constexpr uint32_t kMaxLength = 1'000'000;

}  // namespace

Result<std::optional<Dfa>> SchemaCompiler::number_language(const Conjunction& conjunction, bool integers) {
  constexpr std::array<std::pair<std::string_view, Bound>, 4> kBounds = {{{"minimum", Bound::kAtLeast},
                                                                          {"exclusiveMinimum", Bound::kAbove},
                                                                          {"maximum", Bound::kAtMost},
                                                                          {"exclusiveMaximum", Bound::kBelow}}};
  std::optional<Dfa> language;
  const auto restrict = [&](NodeId place, Dfa next) -> Status {
    if (!language) {
      language = std::move(next);
      return {};
    }
    auto both = intersection(*language, next, budget_);
    if (!both) return refused(document_, place, both.error().message);
    language = std::move(*both);
    return {};
  };
  const std::vector<NodeId> divisors = all(conjunction, "multipleOf");
  for (const NodeId place : divisors) {
    const std::optional<uint32_t> divisor = small_divisor(*Decimal::parse(document_.node(place).text));
    if (!divisor) {
      return refused(document_, place,
                     fmt::format("\"multipleOf\" is supported for integers from 1 to {}", kMaxDivisor));
    }
    INGOT_TRY(restrict(place, multiples_of(*divisor)));
  }
  for (const auto& [keyword, bound] : kBounds) {
    for (const NodeId place : all(conjunction, keyword)) {
      const Decimal limit = *Decimal::parse(document_.node(place).text);
      INGOT_TRY(restrict(place, numbers_within(limit, bound, integers || !divisors.empty())));
    }
  }
  return language;
}

Result<Expression> SchemaCompiler::number_of(const Conjunction& conjunction, bool integers) {
  INGOT_ASSIGN(std::optional<Dfa> language, number_language(conjunction, integers));
  if (language) return syntax_.dfa(std::move(*language));
  return integers ? json_.free_integer() : json_.free_number();
}

Result<std::shared_ptr<const Dfa>> SchemaCompiler::pattern_language(NodeId place, const std::string& pattern) {
  if (const auto known = patterns_.find(pattern); known != patterns_.end()) return known->second;
  const auto body = parse_regex(pattern, syntax_, json_);
  if (!body) return tl::unexpected(body.error().context(document_.pointer(place)));
  auto dfa = make_dfa(syntax_, *body, budget_);
  if (!dfa) return refused(document_, place, dfa.error().message);
  auto shared = std::make_shared<const Dfa>(std::move(*dfa));
  patterns_.emplace(pattern, shared);
  return shared;
}

Result<std::optional<Dfa>> SchemaCompiler::string_language(const Conjunction& conjunction) {
  std::optional<Dfa> language;
  const auto restrict = [&](NodeId place, const Dfa& next) -> Status {
    if (!language) {
      language = next;
      return {};
    }
    auto both = intersection(*language, next, budget_);
    if (!both) return refused(document_, place, both.error().message);
    language = std::move(*both);
    return {};
  };
  for (const NodeId place : all(conjunction, "pattern")) {
    INGOT_ASSIGN(const auto pattern, pattern_language(place, document_.node(place).text));
    INGOT_TRY(restrict(place, *pattern));
  }
  for (const NodeId place : all(conjunction, "format")) {
    const std::string& format = document_.node(place).text;
    const std::string_view pattern = format_pattern(format);
    if (pattern.empty()) {
      return refused(document_, place,
                     fmt::format("the format \"{}\" is not supported, only {}", printable(format), known_formats()));
    }
    INGOT_ASSIGN(const auto exact, pattern_language(place, fmt::format("^(?:{})$", pattern)));
    INGOT_TRY(restrict(place, *exact));
  }
  const Counts length = counts_of(conjunction, "minLength", "maxLength");
  if (length.min == 0 && length.max == kUnbounded) return language;
  const NodeId place =
      length.max == kUnbounded ? all(conjunction, "minLength").front() : all(conjunction, "maxLength").front();
  if (length.max < length.min) return std::optional<Dfa>(Dfa{.states = {{}}});
  auto lengths = make_dfa(syntax_, syntax_.repeat(json_.any_character(), length.min, length.max), budget_);
  if (!lengths) return refused(document_, place, lengths.error().message);
  INGOT_TRY(restrict(place, *lengths));
  return language;
}

Expression SchemaCompiler::characters_between(const Counts& counts) {
  if (!block_rule_) {
    block_rule_ = syntax_.add_rule(fmt::format("{} characters", kBlock));
    syntax_.set_body(*block_rule_, syntax_.repeat(json_.free_character(), kBlock, kBlock));
    tail_rule_ = syntax_.add_rule(fmt::format("fewer than {} characters", kBlock));
    syntax_.set_body(*tail_rule_, syntax_.repeat(json_.free_character(), 0, kBlock - 1));
  }
  const Expression block = syntax_.rule(*block_rule_);
  const uint32_t n_needed = counts.min / kBlock;
  const uint32_t min = counts.min % kBlock;
  const Expression needed = syntax_.repeat(block, n_needed, n_needed);
  if (counts.max == kUnbounded) {
    return syntax_.sequence({needed, syntax_.repeat(json_.free_character(), min, kUnbounded)});
  }
  const uint32_t max = counts.max - n_needed * kBlock;
  const uint32_t n_blocks = max / kBlock;
  if (n_blocks == 0) return syntax_.sequence({needed, syntax_.repeat(json_.free_character(), min, max)});
  // Node n: so many blocks; then what is left, and out by the last node.
  SyntaxGraph graph;
  graph.n_nodes = n_blocks + 2;
  const uint32_t out = n_blocks + 1;
  for (uint32_t n = 0; n < n_blocks; ++n) graph.edges.push_back({n, n + 1, block});
  graph.edges.push_back({0, out, syntax_.repeat(json_.free_character(), min, kBlock - 1)});
  for (uint32_t n = 1; n < n_blocks; ++n) graph.edges.push_back({n, out, syntax_.rule(*tail_rule_)});
  graph.edges.push_back({n_blocks, out, syntax_.repeat(json_.free_character(), 0, max % kBlock)});
  graph.last_nodes = {out};
  return syntax_.sequence({needed, syntax_.graph(std::move(graph))});
}

Result<Expression> SchemaCompiler::string_of(const Conjunction& conjunction) {
  const Counts length = counts_of(conjunction, "minLength", "maxLength");
  const bool only_length = all(conjunction, "pattern").empty() && all(conjunction, "format").empty();
  if (length.max < length.min) return syntax_.never();
  if (only_length && (length.min > 0 || length.max != kUnbounded)) {
    const uint32_t largest = length.max == kUnbounded ? length.min : length.max;
    if (largest > kMaxLength) {
      const std::vector<NodeId> places = all(conjunction, length.max == kUnbounded ? "minLength" : "maxLength");
      return refused(document_, places.front(), fmt::format("lengths above {} are not supported", kMaxLength));
    }
    return json_.quoted(characters_between(length));
  }
  INGOT_ASSIGN(std::optional<Dfa> language, string_language(conjunction));
  if (language) return json_.quoted(syntax_.dfa(std::move(*language)));
  if (!string_rule_) {
    string_rule_ = syntax_.add_rule("strings");
    syntax_.set_body(*string_rule_, json_.free_string());
  }
  return syntax_.rule(*string_rule_);
}

}  // namespace ingot::core
