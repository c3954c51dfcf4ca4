// What GBNF, JSON Schema and regular expressions are read into: rules whose bodies are expressions over bytes.
//
// An expression is a number, its place in one table; it may stand in several others. Building never fails: a grammar
// that grows beyond kMaxNodes is marked, what is built after that is void, and compile() says so.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "sampling/grammar/code_points.h"
#include "sampling/grammar/dfa.h"

namespace ingot::core {

using Expression = uint32_t;
using RuleId = uint32_t;

inline constexpr uint32_t kUnbounded = 0xFFFFFFFF;

enum class SyntaxKind : uint8_t {
  kBytes,      // one byte of ranges
  kSequence,   // children one after the other; none: the empty text
  kChoice,     // one of children; none: nothing at all matches
  kRepeat,     // the only child, min to max times
  kRule,       // the text of another rule
  kDfa,        // a regular language
  kGraph,      // paths from the first node to any of the last ones
  kTextBegin,  // the empty text, at the start only: regular expressions
  kTextEnd,    // likewise at the end
};

// Objects and arrays have hundreds of optional parts in a row: a graph says it without nesting.
struct SyntaxGraph {
  struct Edge {
    uint32_t from = 0;
    uint32_t to = 0;
    Expression label = 0;
  };
  uint32_t n_nodes = 1;  // node 0 is the first
  std::vector<Edge> edges;
  std::vector<uint32_t> last_nodes;
};

struct SyntaxNode {
  SyntaxKind kind = SyntaxKind::kSequence;
  uint32_t min = 0;                       // kRepeat
  uint32_t max = 0;                       // kRepeat
  RuleId rule = 0;                        // kRule
  std::vector<Expression> children = {};  // kSequence, kChoice, kRepeat
  std::vector<ByteRange> ranges = {};     // kBytes
  std::shared_ptr<const Dfa> dfa = {};
  std::shared_ptr<const SyntaxGraph> graph = {};
};

struct SyntaxRule {
  std::string name;  // for messages, with the place where it is defined
  Expression body = 0;
};

class Syntax {
 public:
  static constexpr size_t kMaxNodes = 400'000;
  static constexpr size_t kMaxRules = 50'000;

  Syntax() { nodes_.emplace_back(); }

  // Expression 0 is the empty text.
  Expression empty() const { return 0; }
  Expression never() { return choice({}); }
  Expression bytes(std::vector<ByteRange> ranges);
  Expression literal(std::string_view text);
  Expression characters(const CodeRanges& ranges);
  Expression sequence(std::vector<Expression> children);
  Expression choice(std::vector<Expression> children);
  Expression repeat(Expression child, uint32_t min, uint32_t max);
  Expression optional(Expression child) { return repeat(child, 0, 1); }
  Expression rule(RuleId rule);
  Expression dfa(Dfa dfa);
  Expression graph(SyntaxGraph graph);
  Expression text_begin();
  Expression text_end();

  // A rule without a body matches the empty text until it is given one.
  RuleId add_rule(std::string name);
  void set_body(RuleId rule, Expression body) { rules_[rule].body = body; }
  void set_name(RuleId rule, std::string name) { rules_[rule].name = std::move(name); }

  const SyntaxNode& node(Expression expression) const { return nodes_[expression]; }
  const std::vector<SyntaxRule>& rules() const { return rules_; }
  bool too_large() const { return too_large_; }

 private:
  Expression add(SyntaxNode node);

  std::vector<SyntaxNode> nodes_;
  std::vector<SyntaxRule> rules_;
  bool too_large_ = false;
};

}  // namespace ingot::core
