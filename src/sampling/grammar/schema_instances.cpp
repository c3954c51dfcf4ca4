// Values that a schema itself holds (enum, const) against its other keywords, and branches of oneOf against each other.
#include <algorithm>
#include <utility>

#include "sampling/grammar/decimal.h"
#include "sampling/grammar/schema_compiler.h"
#include "sampling/grammar/string_formats.h"

namespace ingot::core {
namespace {

// $ref may lead in circles without ever looking at a smaller value.
constexpr size_t kMaxDepth = 200;
constexpr size_t kMaxDisjointDepth = 4;

size_t n_characters(const std::string& text) {
  return static_cast<size_t>(
      std::count_if(text.begin(), text.end(), [](char byte) { return (static_cast<uint8_t>(byte) & 0xC0u) != 0x80u; }));
}

}  // namespace

// A member is held to its own keywords alone where alternatives were replaced by a branch or references were followed.
Result<bool> SchemaCompiler::accepts_value(const Member& member, NodeId value, size_t depth) {
  const NodeId schema = member.schema;
  if (depth > kMaxDepth) return wrong(document_, schema, "this schema is only itself again");
  if (++work_ > 2'000'000) return refused(document_, schema, "checking the values of \"enum\" takes too long");
  INGOT_TRY(check_keywords(document_, schema));
  if (document_.is(schema, JsonKind::kTrue)) return true;
  if (document_.is(schema, JsonKind::kFalse)) return false;
  if ((types_of(document_, schema) & type_of_value(document_, value)) == 0) return false;
  if (const auto constant = find(schema, "const"); constant && !equal_values(document_, *constant, value)) return false;
  if (const auto list = find(schema, "enum")) {
    const std::vector<NodeId>& values = document_.node(*list).children;
    if (std::none_of(values.begin(), values.end(),
                     [&](NodeId other) { return equal_values(document_, other, value); })) {
      return false;
    }
  }
  if (const auto reference = find(schema, "$ref"); reference && !member.followed) {
    INGOT_ASSIGN(const NodeId target, resolve_reference(*reference));
    INGOT_ASSIGN(const bool accepted, accepts_value({target}, value, depth + 1));
    if (!accepted) return false;
  }
  for (const std::string_view keyword : {"allOf", "anyOf", "oneOf"}) {
    const auto list = find(schema, keyword);
    const bool done = (keyword == "allOf" && member.followed) || (keyword == "anyOf" && member.any_of_done) ||
                      (keyword == "oneOf" && member.one_of_done);
    if (!list || done) continue;
    const std::vector<NodeId>& branches = document_.node(*list).children;
    size_t n_accepted = 0;
    for (const NodeId branch : branches) {
      INGOT_ASSIGN(const bool accepted, accepts_value({branch}, value, depth + 1));
      if (accepted) ++n_accepted;
    }
    const bool enough = keyword == "allOf" ? n_accepted == branches.size() : n_accepted > 0;
    if (!enough || (keyword == "oneOf" && n_accepted != 1)) return false;
  }
  if (const auto negated = find(schema, "not")) {
    INGOT_ASSIGN(const bool accepted, accepts_value({*negated}, value, depth + 1));
    if (accepted) return false;
  }
  INGOT_ASSIGN(const bool accepted, accepts_scalar(schema, value));
  if (!accepted) return false;
  return accepts_children(schema, value, depth);
}

Result<bool> SchemaCompiler::accepts_scalar(NodeId schema, NodeId value) {
  const JsonNode& node = document_.node(value);
  const Conjunction alone = {{schema}};
  if (node.kind == JsonKind::kNumber) {
    const std::optional<Decimal> number = Decimal::parse(node.text);
    if (!number) return refused(document_, value, "numbers of more than 400 digits are not supported");
    const auto compared = [&](std::string_view keyword) -> std::optional<int> {
      const auto bound = find(schema, keyword);
      if (!bound) return std::nullopt;
      return compare(*number, *Decimal::parse(document_.node(*bound).text));
    };
    if (compared("minimum").value_or(0) < 0 || compared("maximum").value_or(0) > 0) return false;
    if (compared("exclusiveMinimum").value_or(1) <= 0 || compared("exclusiveMaximum").value_or(-1) >= 0) return false;
    const auto place = find(schema, "multipleOf");
    if (!place) return true;
    const auto divisor = small_divisor(*Decimal::parse(document_.node(*place).text));
    if (!divisor) return refused(document_, *place, "\"multipleOf\" is supported for small integers");
    return is_multiple(*number, *divisor);
  }
  if (node.kind != JsonKind::kString) return true;
  const Counts length = counts_of(alone, "minLength", "maxLength");
  const size_t n = n_characters(node.text);
  if (n < length.min || n > length.max) return false;
  if (const auto place = find(schema, "pattern")) {
    INGOT_ASSIGN(const auto language, pattern_language(*place, document_.node(*place).text));
    if (!accepts(*language, JsonText::escaped(node.text))) return false;
  }
  if (const auto place = find(schema, "format")) {
    const std::string_view pattern = format_pattern(document_.node(*place).text);
    if (pattern.empty()) return refused(document_, *place, "this format is not supported");
    INGOT_ASSIGN(const auto language, pattern_language(*place, fmt::format("^(?:{})$", pattern)));
    if (!accepts(*language, JsonText::escaped(node.text))) return false;
  }
  return true;
}

Result<bool> SchemaCompiler::accepts_children(NodeId schema, NodeId value, size_t depth) {
  const JsonNode& node = document_.node(value);
  const Conjunction alone = {{schema}};
  if (node.kind == JsonKind::kArray) {
    const Counts counts = counts_of(alone, "minItems", "maxItems");
    if (node.children.size() < counts.min || node.children.size() > counts.max) return false;
    const auto unique = find(schema, "uniqueItems");
    if (unique && document_.is(*unique, JsonKind::kTrue) && node.children.size() > 1) {
      return refused(document_, *unique, "\"uniqueItems\" is supported only with \"maxItems\" of 0 or 1");
    }
    for (size_t index = 0; index < node.children.size(); ++index) {
      for (const Member& inner : item_values(alone, index)) {
        INGOT_ASSIGN(const bool accepted, accepts_value(inner, node.children[index], depth + 1));
        if (!accepted) return false;
      }
    }
    return true;
  }
  if (node.kind != JsonKind::kObject) return true;
  const Counts counts = counts_of(alone, "minProperties", "maxProperties");
  if (node.keys.size() < counts.min || node.keys.size() > counts.max) return false;
  if (const auto required = find(schema, "required")) {
    for (const NodeId name : document_.node(*required).children) {
      if (!document_.find(value, document_.node(name).text)) return false;
    }
  }
  INGOT_ASSIGN(const std::optional<Dfa> allowed, allowed_names(alone));
  for (size_t index = 0; index < node.keys.size(); ++index) {
    if (allowed && !accepts(*allowed, JsonText::escaped(node.keys[index]))) return false;
    INGOT_ASSIGN(const std::vector<Member> values, property_values(alone, node.keys[index]));
    for (const Member& inner : values) {
      INGOT_ASSIGN(const bool accepted, accepts_value(inner, node.children[index], depth + 1));
      if (!accepted) return false;
    }
  }
  return true;
}

// True where every value of enum or const in values is refused by of.
Result<bool> SchemaCompiler::enumeration_is_outside(const Conjunction& values, const Conjunction& of) {
  const std::vector<NodeId> constants = all(values, "const");
  const std::vector<NodeId> lists = all(values, "enum");
  if (constants.empty() && lists.empty()) return false;
  const auto candidates = constants.empty() ? document_.node(lists.front()).children : std::vector{constants.front()};
  for (const NodeId value : candidates) {
    bool accepted = true;
    for (const Conjunction* side : {&values, &of}) {
      for (const Member& member : *side) {
        if (!accepted) break;
        INGOT_ASSIGN(accepted, accepts_value(member, value, 0));
      }
    }
    if (accepted) return false;
  }
  return true;
}

Result<bool> SchemaCompiler::have_disjoint_property(const Conjunction& a, const Conjunction& b, size_t depth) {
  const auto required_of = [this](const Conjunction& conjunction) {
    std::set<std::string> names;
    for (const NodeId list : all(conjunction, "required")) {
      for (const NodeId name : document_.node(list).children) names.insert(document_.node(name).text);
    }
    return names;
  };
  const std::set<std::string> required_a = required_of(a);
  const std::set<std::string> required_b = required_of(b);
  std::set<std::string> either = required_a;
  either.insert(required_b.begin(), required_b.end());
  for (const std::string& name : either) {
    INGOT_ASSIGN(const std::vector<Member> values_a, property_values(a, name));
    INGOT_ASSIGN(const std::vector<Member> values_b, property_values(b, name));
    // Required here and impossible there.
    INGOT_ASSIGN(const auto possible_a, expand(values_a));
    INGOT_ASSIGN(const auto possible_b, expand(values_b));
    if (!possible_a || !possible_b) return true;
    if (!required_a.contains(name) || !required_b.contains(name)) continue;
    INGOT_ASSIGN(const bool disjoint, are_disjoint(values_a, values_b, depth + 1));
    if (disjoint) return true;
  }
  return false;
}

Result<bool> SchemaCompiler::are_disjoint(const std::vector<Member>& a, const std::vector<Member>& b, size_t depth) {
  if (depth > kMaxDisjointDepth) return false;
  INGOT_ASSIGN(const std::optional<Conjunction> left, expand(a));
  INGOT_ASSIGN(const std::optional<Conjunction> right, expand(b));
  if (!left || !right) return true;
  INGOT_ASSIGN(const uint32_t types_left, types_of_all(*left));
  INGOT_ASSIGN(const uint32_t types_right, types_of_all(*right));
  const uint32_t shared = types_left & types_right;
  if (shared == 0) return true;
  INGOT_ASSIGN(const bool left_outside, enumeration_is_outside(*left, *right));
  if (left_outside) return true;
  INGOT_ASSIGN(const bool right_outside, enumeration_is_outside(*right, *left));
  if (right_outside) return true;
  // Every type that both have must differ in what it allows.
  if ((shared & ~(json_type::kObject | json_type::kNumber | json_type::kString)) != 0) return false;
  if ((shared & json_type::kObject) != 0) {
    INGOT_ASSIGN(const bool disjoint, have_disjoint_property(*left, *right, depth));
    if (!disjoint) return false;
  }
  if ((shared & json_type::kNumber) != 0) {
    const bool integers = (shared & json_type::kFractional) == 0;
    INGOT_ASSIGN(const std::optional<Dfa> numbers_left, number_language(*left, integers));
    INGOT_ASSIGN(const std::optional<Dfa> numbers_right, number_language(*right, integers));
    if (!numbers_left || !numbers_right) return false;
    INGOT_ASSIGN(const Dfa both, intersection(*numbers_left, *numbers_right, budget_));
    if (!is_empty(both)) return false;
  }
  if ((shared & json_type::kString) != 0) {
    INGOT_ASSIGN(const std::optional<Dfa> strings_left, string_language(*left));
    INGOT_ASSIGN(const std::optional<Dfa> strings_right, string_language(*right));
    if (!strings_left || !strings_right) return false;
    INGOT_ASSIGN(const Dfa both, intersection(*strings_left, *strings_right, budget_));
    if (!is_empty(both)) return false;
  }
  return true;
}

}  // namespace ingot::core
