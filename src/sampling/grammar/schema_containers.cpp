// Arrays and objects of a schema, as graphs: a node is what was written so far, an edge writes one more.
#include <algorithm>
#include <utility>

#include "sampling/grammar/nfa.h"
#include "sampling/grammar/schema_compiler.h"

namespace ingot::core {
namespace {

// Nodes of a graph, and the count that is kept of items or properties.
constexpr size_t kMaxGraph = 100'000;
// Names are told apart by every subset of the patterns that they match.
constexpr size_t kMaxNamePatterns = 5;

}  // namespace

std::vector<Member> SchemaCompiler::item_values(const Conjunction& conjunction, size_t index) const {
  std::vector<Member> values;
  for (const Member& member : conjunction) {
    const auto prefix = find(member.schema, "prefixItems");
    const auto items = find(member.schema, "items");
    if (prefix && index < document_.node(*prefix).children.size()) {
      values.push_back({document_.node(*prefix).children[index]});
    } else if (items) {
      values.push_back({*items});
    }
  }
  return values;
}

Result<Expression> SchemaCompiler::array_of(const Conjunction& conjunction) {
  const Counts counts = counts_of(conjunction, "minItems", "maxItems");
  for (const NodeId unique : all(conjunction, "uniqueItems")) {
    if (document_.is(unique, JsonKind::kTrue) && counts.max > 1) {
      return refused(document_, unique, "\"uniqueItems\" is supported only with \"maxItems\" of 0 or 1");
    }
  }
  if (counts.max < counts.min) return syntax_.never();
  size_t n_prefix = 0;
  for (const NodeId prefix : all(conjunction, "prefixItems")) {
    n_prefix = std::max(n_prefix, document_.node(prefix).children.size());
  }
  const bool bounded = counts.max != kUnbounded;
  // From this many items on they are alike.
  const size_t n_counted = bounded ? counts.max : std::max<size_t>({n_prefix, counts.min, 1});
  if (n_counted > kMaxGraph) {
    const auto places = all(conjunction, bounded ? "maxItems" : "minItems");
    return refused(document_, places.front(), fmt::format("more than {} items are not supported", kMaxGraph));
  }
  SyntaxGraph graph;
  graph.n_nodes = static_cast<uint32_t>(n_counted) + 1;
  const Expression comma = syntax_.sequence({syntax_.literal(","), json_.line_break()});
  Expression item = syntax_.empty();
  for (uint32_t count = 0; count < n_counted; ++count) {
    // Behind the prefix all items are alike.
    if (count <= n_prefix) {
      INGOT_ASSIGN(item, value_of(item_values(conjunction, count)));
    }
    graph.edges.push_back({count, count + 1, count == 0 ? item : syntax_.sequence({comma, item})});
  }
  if (!bounded) {
    INGOT_ASSIGN(item, value_of(item_values(conjunction, n_counted)));
    graph.edges.push_back({graph.n_nodes - 1, graph.n_nodes - 1, syntax_.sequence({comma, item})});
  }
  for (uint32_t count = std::max(counts.min, 1u); count <= n_counted; ++count) graph.last_nodes.push_back(count);
  std::vector<Expression> forms;
  if (counts.min == 0) forms.push_back(syntax_.literal("[]"));
  if (n_counted > 0) {
    forms.push_back(syntax_.sequence({syntax_.literal("["), json_.line_break(), syntax_.graph(std::move(graph)),
                                      json_.line_break(), syntax_.literal("]")}));
  }
  return syntax_.choice(std::move(forms));
}

std::vector<std::string> SchemaCompiler::declared_names(const Conjunction& conjunction) const {
  std::vector<std::string> names;
  std::set<std::string> seen;
  const auto add = [&](const std::string& name) {
    if (seen.insert(name).second) names.push_back(name);
  };
  for (const NodeId properties : all(conjunction, "properties")) {
    for (const std::string& name : document_.node(properties).keys) add(name);
  }
  for (const NodeId required : all(conjunction, "required")) {
    for (const NodeId name : document_.node(required).children) add(document_.node(name).text);
  }
  return names;
}

Result<std::vector<Member>> SchemaCompiler::property_values(const Conjunction& conjunction, const std::string& name) {
  std::vector<Member> values;
  for (const Member& member : conjunction) {
    bool known = false;
    if (const auto properties = find(member.schema, "properties")) {
      if (const auto value = document_.find(*properties, name)) {
        values.push_back({*value});
        known = true;
      }
    }
    if (const auto patterns = find(member.schema, "patternProperties")) {
      const JsonNode& node = document_.node(*patterns);
      for (size_t index = 0; index < node.keys.size(); ++index) {
        INGOT_ASSIGN(const auto language, pattern_language(node.children[index], node.keys[index]));
        if (!accepts(*language, JsonText::escaped(name))) continue;
        values.push_back({node.children[index]});
        known = true;
      }
    }
    const auto additional = find(member.schema, "additionalProperties");
    if (!known && additional) values.push_back({*additional});
  }
  return values;
}

Result<std::optional<Dfa>> SchemaCompiler::allowed_names(const Conjunction& conjunction) {
  std::vector<Member> rules;
  for (const NodeId names : all(conjunction, "propertyNames")) rules.push_back({names});
  if (rules.empty()) return std::optional<Dfa>();
  INGOT_ASSIGN(const std::optional<Conjunction> expanded, expand(rules));
  if (!expanded) return std::optional<Dfa>(Dfa{.states = {{}}});
  INGOT_ASSIGN(const uint32_t types, types_of_all(*expanded));
  if ((types & json_type::kString) == 0) return std::optional<Dfa>(Dfa{.states = {{}}});
  for (const std::string_view keyword : {"anyOf", "oneOf"}) {
    for (const NodeId place : all(*expanded, keyword)) {
      return refused(document_, place, fmt::format("\"{}\" in \"propertyNames\" is not supported", keyword));
    }
  }
  INGOT_ASSIGN(std::optional<Dfa> language, string_language(*expanded));
  std::vector<Expression> texts;
  const std::vector<NodeId> constants = all(*expanded, "const");
  const std::vector<NodeId> lists = all(*expanded, "enum");
  if (constants.empty() && lists.empty()) return language;
  for (const NodeId value :
       constants.empty() ? document_.node(lists.front()).children : std::vector{constants.front()}) {
    bool accepted = document_.is(value, JsonKind::kString);
    for (const Member& member : *expanded) {
      if (!accepted) break;
      INGOT_ASSIGN(accepted, accepts_value(member, value, 0));
    }
    if (accepted) texts.push_back(syntax_.literal(JsonText::escaped(document_.node(value).text)));
  }
  INGOT_ASSIGN(Dfa names, make_dfa(syntax_, syntax_.choice(std::move(texts)), budget_));
  return std::optional<Dfa>(std::move(names));
}

Result<std::vector<SchemaCompiler::NameClass>> SchemaCompiler::additional_names(
    const Conjunction& conjunction, const std::vector<std::string>& declared) {
  struct Pattern {
    NodeId place;
    std::string text;
  };
  std::vector<Pattern> patterns;
  for (const NodeId list : all(conjunction, "patternProperties")) {
    const JsonNode& node = document_.node(list);
    for (size_t index = 0; index < node.keys.size(); ++index) {
      const bool known = std::any_of(patterns.begin(), patterns.end(),
                                     [&](const Pattern& pattern) { return pattern.text == node.keys[index]; });
      if (!known) patterns.push_back({node.children[index], node.keys[index]});
    }
    if (patterns.size() > kMaxNamePatterns) {
      return refused(document_, list,
                     fmt::format("more than {} patterns of names are not supported", kMaxNamePatterns));
    }
  }
  INGOT_ASSIGN(const std::optional<Dfa> allowed, allowed_names(conjunction));
  std::vector<Expression> taken;
  taken.reserve(declared.size());
  for (const std::string& name : declared) taken.push_back(syntax_.literal(JsonText::escaped(name)));
  INGOT_ASSIGN(const Dfa taken_names, make_dfa(syntax_, syntax_.choice(std::move(taken)), budget_));
  INGOT_ASSIGN(const Dfa any_name, make_dfa(syntax_, syntax_.repeat(json_.any_character(), 0, kUnbounded), budget_));
  INGOT_ASSIGN(const Dfa free_names, difference(allowed ? *allowed : any_name, taken_names, budget_));

  std::vector<NameClass> classes;
  for (uint32_t subset = 0; subset < (1u << patterns.size()); ++subset) {
    NameClass names{.names = free_names, .values = {}};
    for (size_t index = 0; index < patterns.size(); ++index) {
      INGOT_ASSIGN(const auto language, pattern_language(patterns[index].place, patterns[index].text));
      const bool matches = ((subset >> index) & 1) != 0;
      INGOT_ASSIGN(names.names, matches ? intersection(names.names, *language, budget_)
                                        : difference(names.names, *language, budget_));
    }
    if (is_empty(names.names)) continue;
    for (const Member& member : conjunction) {
      bool known = false;
      const auto own = find(member.schema, "patternProperties");
      for (size_t index = 0; own && index < patterns.size(); ++index) {
        const auto value = document_.find(*own, patterns[index].text);
        if (!value || ((subset >> index) & 1) == 0) continue;
        names.values.push_back({*value});
        known = true;
      }
      const auto additional = find(member.schema, "additionalProperties");
      if (!known && additional) names.values.push_back({*additional});
    }
    INGOT_ASSIGN(const std::optional<Conjunction> possible, expand(names.values));
    if (possible) classes.push_back(std::move(names));
  }
  return classes;
}

Result<Expression> SchemaCompiler::object_of(const Conjunction& conjunction) {
  const Counts counts = counts_of(conjunction, "minProperties", "maxProperties");
  const std::vector<std::string> declared = declared_names(conjunction);
  std::set<std::string> required;
  for (const NodeId list : all(conjunction, "required")) {
    for (const NodeId name : document_.node(list).children) required.insert(document_.node(name).text);
  }
  INGOT_ASSIGN(const std::vector<NameClass> additional, additional_names(conjunction, declared));
  INGOT_ASSIGN(const std::optional<Dfa> allowed, allowed_names(conjunction));
  // Additional names might repeat each other, and a repeated one counts once.
  if (!additional.empty() && counts.min > required.size() + 1) {
    return refused(document_, all(conjunction, "minProperties").front(),
                   "\"minProperties\" is supported only where the required properties and one more are enough, or with "
                   "\"additionalProperties\": false");
  }
  if (counts.max < counts.min) return syntax_.never();
  // How many were written matters up to this number; from it on, one count stands for all above.
  const uint32_t cap = counts.max != kUnbounded ? std::min<uint32_t>(counts.max, kMaxGraph) : std::max(counts.min, 1u);
  const auto n_declared = static_cast<uint32_t>(declared.size());
  if ((uint64_t{n_declared} + 1) * (uint64_t{cap} + 1) > kMaxGraph) {
    return refused(document_, conjunction.front().schema, "so many properties cannot be counted");
  }
  const bool counts_all = counts.max == kUnbounded;
  const auto node = [cap](uint32_t n_passed, uint32_t n_written) { return n_passed * (cap + 1) + n_written; };
  const Expression comma = syntax_.sequence({syntax_.literal(","), json_.line_break()});
  SyntaxGraph graph;
  graph.n_nodes = (n_declared + 1) * (cap + 1);
  const auto write = [&](uint32_t from, uint32_t to, Expression property) {
    const Expression next = syntax_.sequence({comma, property});
    for (uint32_t n_written = 0; n_written <= cap; ++n_written) {
      if (n_written == cap && !counts_all) continue;
      const uint32_t after = std::min(n_written + 1, cap);
      graph.edges.push_back({node(from, n_written), node(to, after), n_written == 0 ? property : next});
    }
  };
  for (uint32_t index = 0; index < n_declared; ++index) {
    const std::string& name = declared[index];
    if (!required.contains(name)) {
      for (uint32_t n_written = 0; n_written <= cap; ++n_written) {
        graph.edges.push_back({node(index, n_written), node(index + 1, n_written), syntax_.empty()});
      }
    }
    if (allowed && !accepts(*allowed, JsonText::escaped(name))) continue;
    INGOT_ASSIGN(const std::vector<Member> values, property_values(conjunction, name));
    INGOT_ASSIGN(const Expression value, value_of(values));
    const Expression key = syntax_.literal(fmt::format("\"{}\"", JsonText::escaped(name)));
    write(index, index + 1, syntax_.sequence({key, json_.colon(), value}));
  }
  for (const NameClass& names : additional) {
    INGOT_ASSIGN(const Expression value, value_of(names.values));
    write(n_declared, n_declared, syntax_.sequence({json_.quoted(syntax_.dfa(names.names)), json_.colon(), value}));
  }
  for (uint32_t n_written = std::max(counts.min, 1u); n_written <= cap; ++n_written) {
    graph.last_nodes.push_back(node(n_declared, n_written));
  }
  std::vector<Expression> forms;
  if (counts.min == 0 && required.empty()) forms.push_back(syntax_.literal("{}"));
  if (!graph.last_nodes.empty()) {
    forms.push_back(syntax_.sequence({syntax_.literal("{"), json_.line_break(), syntax_.graph(std::move(graph)),
                                      json_.line_break(), syntax_.literal("}")}));
  }
  return syntax_.choice(std::move(forms));
}

}  // namespace ingot::core
