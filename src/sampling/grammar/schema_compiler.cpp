#include "sampling/grammar/schema_compiler.h"

#include <algorithm>
#include <utility>

#include "base/utf8.h"
#include "sampling/grammar/decimal.h"
#include "sampling/grammar/json_schema.h"

namespace ingot::core {
namespace {

// Alternatives multiply where several stand beside each other; beyond this a schema is refused.
constexpr size_t kMaxConjunctions = 100'000;

std::optional<std::string> percent_decoded(std::string_view text) {
  std::string result;
  for (size_t index = 0; index < text.size(); ++index) {
    if (text[index] != '%') {
      result += text[index];
      continue;
    }
    uint32_t value = 0;
    for (int digit = 0; digit < 2; ++digit) {
      const char letter = ++index < text.size() ? text[index] : '\0';
      const char lower = static_cast<char>(letter | 0x20);
      const bool decimal = letter >= '0' && letter <= '9';
      if (!decimal && (lower < 'a' || lower > 'f')) return std::nullopt;
      value = value * 16 + static_cast<uint32_t>(decimal ? letter - '0' : lower - 'a' + 10);
    }
    result += static_cast<char>(value);
  }
  return result;
}

}  // namespace

std::vector<NodeId> SchemaCompiler::all(const Conjunction& conjunction, std::string_view keyword) const {
  std::vector<NodeId> values;
  for (const Member& member : conjunction) {
    if (const auto value = find(member.schema, keyword)) values.push_back(*value);
  }
  return values;
}

Result<NodeId> SchemaCompiler::resolve_reference(NodeId reference) const {
  const std::string& text = document_.node(reference).text;
  if (!text.starts_with('#')) return refused(document_, reference, "references to other documents are not supported");
  if (text.size() > 1 && text[1] != '/')
    return refused(document_, reference, "references to anchors are not supported");
  const std::optional<std::string> pointer = percent_decoded(std::string_view(text).substr(1));
  const std::optional<NodeId> target = pointer ? document_.resolve(*pointer) : std::nullopt;
  if (!target) return wrong(document_, reference, fmt::format("there is no \"{}\" in this schema", printable(text)));
  // Inside a schema with a name of its own, "#" would be that schema.
  for (NodeId here : {*target, reference}) {
    for (; here != document_.root(); here = document_.node(here).parent) {
      if (!document_.is(here, JsonKind::kObject)) continue;
      const auto id = find(here, "$id");
      if (id && document_.is(*id, JsonKind::kString)) {
        return refused(document_, *id, "\"$id\" inside a schema is not supported");
      }
    }
  }
  return *target;
}

Result<std::optional<Conjunction>> SchemaCompiler::expand(const std::vector<Member>& members) {
  struct Open {
    Member member;
    std::optional<size_t> from;  // the entry that refers to this one
  };
  std::vector<Open> open;
  open.reserve(members.size());
  for (const Member& member : members) open.push_back({member, std::nullopt});
  std::set<NodeId> seen;
  Conjunction conjunction;
  for (size_t index = 0; index < open.size(); ++index) {
    if (++work_ > kMaxConjunctions) return refused(document_, open[0].member.schema, "the schema combines too much");
    const NodeId schema = open[index].member.schema;
    for (auto from = open[index].from; from; from = open[*from].from) {
      if (open[*from].member.schema == schema) return wrong(document_, schema, "this schema is only itself again");
    }
    if (!checked_.contains(schema)) INGOT_TRY(check_keywords(document_, schema));
    checked_.insert(schema);
    if (document_.is(schema, JsonKind::kFalse)) return std::optional<Conjunction>();
    if (document_.is(schema, JsonKind::kTrue)) continue;
    const bool followed = open[index].member.followed;
    if (has_own_constraints(document_, schema)) {
      conjunction.push_back(open[index].member);
      conjunction.back().followed = true;
    }
    if (followed || !seen.insert(schema).second) continue;
    if (const auto reference = find(schema, "$ref")) {
      INGOT_ASSIGN(const NodeId target, resolve_reference(*reference));
      open.push_back({{target}, index});
    }
    if (const auto all_of = find(schema, "allOf")) {
      for (const NodeId part : document_.node(*all_of).children) open.push_back({{part}, index});
    }
  }
  std::sort(conjunction.begin(), conjunction.end());
  conjunction.erase(std::unique(conjunction.begin(), conjunction.end()), conjunction.end());
  return std::optional<Conjunction>(std::move(conjunction));
}

Result<RuleId> SchemaCompiler::rule_of(const std::vector<Member>& members) {
  INGOT_ASSIGN(const std::optional<Conjunction> conjunction, expand(members));
  if (!conjunction) {
    const RuleId never = syntax_.add_rule("a schema that is false");
    syntax_.set_body(never, syntax_.never());
    return never;
  }
  if (const auto known = rules_.find(*conjunction); known != rules_.end()) return known->second;
  const std::string place = conjunction->empty() ? "any value" : document_.pointer(conjunction->front().schema);
  const RuleId rule = syntax_.add_rule(fmt::format("the schema at {}", place));
  rules_.emplace(*conjunction, rule);
  pending_.emplace_back(*conjunction, rule);
  return rule;
}

Result<Expression> SchemaCompiler::value_of(const std::vector<Member>& members) {
  INGOT_ASSIGN(const RuleId rule, rule_of(members));
  return syntax_.rule(rule);
}

SchemaCompiler::Counts SchemaCompiler::counts_of(const Conjunction& conjunction, std::string_view min,
                                                 std::string_view max) const {
  Counts counts;
  for (const NodeId value : all(conjunction, min)) counts.min = std::max(counts.min, count_of(document_, value));
  for (const NodeId value : all(conjunction, max)) counts.max = std::min(counts.max, count_of(document_, value));
  return counts;
}

// As deep as documents are.
Expression SchemaCompiler::literal_of(NodeId value) {
  const JsonNode& node = document_.node(value);
  switch (node.kind) {
    case JsonKind::kNull:
      return syntax_.literal("null");
    case JsonKind::kFalse:
      return syntax_.literal("false");
    case JsonKind::kTrue:
      return syntax_.literal("true");
    case JsonKind::kString:
      return syntax_.literal(fmt::format("\"{}\"", JsonText::escaped(node.text)));
    case JsonKind::kNumber: {
      const std::optional<Decimal> number = Decimal::parse(node.text);
      if (!number) return syntax_.literal(node.text);
      return syntax_.literal(fmt::format("{}{}{}{}", number->negative ? "-" : "",
                                         number->whole.empty() ? "0" : number->whole,
                                         number->fraction.empty() ? "" : ".", number->fraction));
    }
    case JsonKind::kArray:
    case JsonKind::kObject:
      break;
  }
  const bool is_object = node.kind == JsonKind::kObject;
  std::vector<Expression> parts = {syntax_.literal(is_object ? "{" : "[")};
  for (size_t index = 0; index < node.children.size(); ++index) {
    if (index > 0) parts.push_back(syntax_.literal(","));
    parts.push_back(json_.line_break());
    if (is_object) {
      parts.push_back(syntax_.literal(fmt::format("\"{}\"", JsonText::escaped(node.keys[index]))));
      parts.push_back(json_.colon());
    }
    parts.push_back(literal_of(node.children[index]));
  }
  if (!node.children.empty()) parts.push_back(json_.line_break());
  parts.push_back(syntax_.literal(is_object ? "}" : "]"));
  return syntax_.sequence(std::move(parts));
}

Result<std::optional<Expression>> SchemaCompiler::enumeration_of(const Conjunction& conjunction) {
  std::vector<NodeId> values;
  const std::vector<NodeId> constants = all(conjunction, "const");
  const std::vector<NodeId> lists = all(conjunction, "enum");
  if (constants.empty() && lists.empty()) return std::optional<Expression>();
  values = constants.empty() ? document_.node(lists.front()).children : std::vector<NodeId>{constants.front()};
  std::vector<Expression> texts;
  for (const NodeId value : values) {
    bool accepted = true;
    for (const Member& member : conjunction) {
      if (!accepted) break;
      INGOT_ASSIGN(accepted, accepts_value(member, value, 0));
    }
    if (accepted) texts.push_back(literal_of(value));
  }
  return std::optional<Expression>(syntax_.choice(std::move(texts)));
}

Result<std::optional<Expression>> SchemaCompiler::alternatives_of(const Conjunction& conjunction) {
  for (size_t index = 0; index < conjunction.size(); ++index) {
    const Member& member = conjunction[index];
    const auto any_of = member.any_of_done ? std::nullopt : find(member.schema, "anyOf");
    const auto one_of = member.one_of_done ? std::nullopt : find(member.schema, "oneOf");
    if (!any_of && !one_of) continue;
    const NodeId list = any_of ? *any_of : *one_of;
    Conjunction rest = conjunction;
    (any_of ? rest[index].any_of_done : rest[index].one_of_done) = true;
    std::vector<std::vector<Member>> branches;
    for (const NodeId branch : document_.node(list).children) {
      branches.push_back(rest);
      branches.back().push_back({branch});
    }
    for (size_t first = 0; !any_of && first < branches.size(); ++first) {
      for (size_t second = 0; second < first; ++second) {
        INGOT_ASSIGN(const bool disjoint, are_disjoint(branches[first], branches[second], 0));
        if (disjoint) continue;
        return refused(document_, list,
                       fmt::format("\"oneOf\" is supported only where its branches visibly exclude each other, and "
                                   "{} and {} do not",
                                   second, first));
      }
    }
    std::vector<Expression> choices;
    for (const std::vector<Member>& branch : branches) {
      INGOT_ASSIGN(const Expression choice, value_of(branch));
      choices.push_back(choice);
    }
    return std::optional<Expression>(syntax_.choice(std::move(choices)));
  }
  return std::optional<Expression>();
}

Result<uint32_t> SchemaCompiler::types_of_all(const Conjunction& conjunction) const {
  uint32_t types = json_type::kAny;
  for (const Member& member : conjunction) types &= types_of(document_, member.schema);
  for (const NodeId negated : all(conjunction, "not")) {
    INGOT_TRY(check_keywords(document_, negated));
    if (document_.is(negated, JsonKind::kFalse)) continue;
    const JsonNode& node = document_.node(negated);
    const bool only_type = node.keys.size() == 1 && node.keys.front() == "type";
    if (!document_.is(negated, JsonKind::kTrue) && !node.keys.empty() && !only_type) {
      return refused(document_, negated, "\"not\" is supported only with \"type\" alone in it");
    }
    const uint32_t excluded = only_type ? types_of(document_, negated) : json_type::kAny;
    types &= ~excluded;
  }
  return types;
}

Result<Expression> SchemaCompiler::body_of(const Conjunction& conjunction) {
  INGOT_ASSIGN(const uint32_t types, types_of_all(conjunction));
  INGOT_ASSIGN(const std::optional<Expression> values, enumeration_of(conjunction));
  if (values) return *values;
  INGOT_ASSIGN(const std::optional<Expression> alternatives, alternatives_of(conjunction));
  if (alternatives) return *alternatives;
  std::vector<Expression> choices;
  if ((types & json_type::kNull) != 0) choices.push_back(syntax_.literal("null"));
  if ((types & json_type::kBoolean) != 0) {
    choices.push_back(syntax_.literal("true"));
    choices.push_back(syntax_.literal("false"));
  }
  if ((types & json_type::kNumber) == json_type::kFractional) {
    return refused(document_, conjunction.front().schema, "numbers that are not integers are not supported alone");
  }
  if ((types & json_type::kNumber) != 0) {
    INGOT_ASSIGN(const Expression number, number_of(conjunction, (types & json_type::kFractional) == 0));
    choices.push_back(number);
  }
  if ((types & json_type::kString) != 0) {
    INGOT_ASSIGN(const Expression string, string_of(conjunction));
    choices.push_back(string);
  }
  if ((types & json_type::kArray) != 0) {
    INGOT_ASSIGN(const Expression array, array_of(conjunction));
    choices.push_back(array);
  }
  if ((types & json_type::kObject) != 0) {
    INGOT_ASSIGN(const Expression object, object_of(conjunction));
    choices.push_back(object);
  }
  return syntax_.choice(std::move(choices));
}

Result<ParsedGrammar> SchemaCompiler::run() {
  INGOT_ASSIGN(const RuleId root, rule_of({{document_.root()}}));
  while (!pending_.empty()) {
    const auto [conjunction, rule] = std::move(pending_.back());
    pending_.pop_back();
    INGOT_ASSIGN(const Expression body, body_of(conjunction));
    syntax_.set_body(rule, body);
    if (syntax_.too_large()) {
      return fail(ErrorKind::kUnsupported, "the schema makes more than {} rules or {} parts", Syntax::kMaxRules,
                  Syntax::kMaxNodes);
    }
  }
  return ParsedGrammar{std::move(syntax_), root};
}

Result<ParsedGrammar> parse_json_schema(std::string_view text) {
  INGOT_ASSIGN(SchemaDocument document, SchemaDocument::parse(text));
  return SchemaCompiler(std::move(document)).run();
}

}  // namespace ingot::core
