// From a schema to rules. The unit is a conjunction: schemas that hold for the same value, found by following $ref and
// allOf and by what several of them say about one property. Each conjunction becomes one rule, so that schemas may
// refer to themselves; merging needs no case analysis of keywords.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/result.h"
#include "sampling/grammar/dfa.h"
#include "sampling/grammar/gbnf_parser.h"
#include "sampling/grammar/json_text.h"
#include "sampling/grammar/schema_document.h"
#include "sampling/grammar/schema_keywords.h"

namespace ingot::core {

// A schema in a conjunction. Where its anyOf or oneOf was replaced by one of the branches, it says so, and where its
// $ref and allOf were followed: what they led to stands beside it then.
struct Member {
  NodeId schema = 0;
  bool any_of_done = false;
  bool one_of_done = false;
  bool followed = false;  // of all members of a conjunction

  auto key() const { return std::tuple(schema, any_of_done, one_of_done); }
  friend bool operator<(const Member& a, const Member& b) { return a.key() < b.key(); }
  friend bool operator==(const Member& a, const Member& b) { return a.key() == b.key(); }
};

// Sorted, without duplicates, $ref and allOf followed, schemas without constraints left out.
using Conjunction = std::vector<Member>;

class SchemaCompiler {
 public:
  explicit SchemaCompiler(SchemaDocument document) : document_(std::move(document)), json_(syntax_) {}

  Result<ParsedGrammar> run();

 private:
  // Names with a DFA over their one form, and the values that properties of such names have.
  struct NameClass {
    Dfa names;
    std::vector<Member> values;
  };
  struct Counts {
    uint32_t min = 0;
    uint32_t max = kUnbounded;
  };

  // schema_compiler.cpp: conjunctions.
  // Nothing where a member is false. Errors: keywords that are not supported; a schema that is only itself again.
  Result<std::optional<Conjunction>> expand(const std::vector<Member>& members);
  Result<NodeId> resolve_reference(NodeId reference) const;
  Result<RuleId> rule_of(const std::vector<Member>& members);
  Result<Expression> value_of(const std::vector<Member>& members);
  Result<Expression> body_of(const Conjunction& conjunction);
  Result<std::optional<Expression>> enumeration_of(const Conjunction& conjunction);
  Result<std::optional<Expression>> alternatives_of(const Conjunction& conjunction);
  Result<uint32_t> types_of_all(const Conjunction& conjunction) const;
  Counts counts_of(const Conjunction& conjunction, std::string_view min, std::string_view max) const;
  Expression literal_of(NodeId value);

  // schema_scalars.cpp: numbers and strings.
  Result<Expression> number_of(const Conjunction& conjunction, bool integers);
  Result<std::optional<Dfa>> number_language(const Conjunction& conjunction, bool integers);
  Result<Expression> string_of(const Conjunction& conjunction);
  // Nothing where any string will do.
  Result<std::optional<Dfa>> string_language(const Conjunction& conjunction);
  Expression characters_between(const Counts& counts);
  Result<std::shared_ptr<const Dfa>> pattern_language(NodeId place, const std::string& pattern);

  // schema_containers.cpp: arrays and objects.
  Result<Expression> array_of(const Conjunction& conjunction);
  std::vector<Member> item_values(const Conjunction& conjunction, size_t index) const;
  Result<Expression> object_of(const Conjunction& conjunction);
  Result<std::vector<Member>> property_values(const Conjunction& conjunction, const std::string& name);
  Result<std::vector<NameClass>> additional_names(const Conjunction& conjunction,
                                                  const std::vector<std::string>& declared);
  Result<std::optional<Dfa>> allowed_names(const Conjunction& conjunction);
  std::vector<std::string> declared_names(const Conjunction& conjunction) const;

  // schema_instances.cpp: values that the schema itself holds, and whether branches of oneOf exclude each other.
  Result<bool> accepts_value(const Member& member, NodeId value, size_t depth);
  Result<bool> accepts_scalar(NodeId schema, NodeId value);
  Result<bool> accepts_children(NodeId schema, NodeId value, size_t depth);
  Result<bool> are_disjoint(const std::vector<Member>& a, const std::vector<Member>& b, size_t depth);
  Result<bool> have_disjoint_property(const Conjunction& a, const Conjunction& b, size_t depth);
  Result<bool> enumeration_is_outside(const Conjunction& values, const Conjunction& of);

  std::optional<NodeId> find(NodeId schema, std::string_view keyword) const { return document_.find(schema, keyword); }
  std::vector<NodeId> all(const Conjunction& conjunction, std::string_view keyword) const;

  SchemaDocument document_;
  Syntax syntax_;
  JsonText json_;
  DfaBudget budget_;
  std::set<NodeId> checked_;
  std::map<Conjunction, RuleId> rules_;
  std::vector<std::pair<Conjunction, RuleId>> pending_;  // rules without their bodies
  std::map<std::string, std::shared_ptr<const Dfa>> patterns_;
  std::optional<RuleId> string_rule_;
  std::optional<RuleId> block_rule_;
  std::optional<RuleId> tail_rule_;
  size_t work_ = 0;  // conjunctions looked at
};

}  // namespace ingot::core
