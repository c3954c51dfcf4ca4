#include "sampling/grammar/syntax.h"

#include <utility>

namespace ingot::core {

Expression Syntax::add(SyntaxNode node) {
  if (nodes_.size() >= kMaxNodes) {
    too_large_ = true;
    return 0;
  }
  nodes_.push_back(std::move(node));
  return static_cast<Expression>(nodes_.size() - 1);
}

Expression Syntax::bytes(std::vector<ByteRange> ranges) {
  return add({.kind = SyntaxKind::kBytes, .ranges = std::move(ranges)});
}

Expression Syntax::literal(std::string_view text) {
  std::vector<Expression> children;
  children.reserve(text.size());
  for (const char character : text) {
    const auto byte = static_cast<uint8_t>(character);
    children.push_back(bytes({{byte, byte}}));
  }
  return sequence(std::move(children));
}

Expression Syntax::characters(const CodeRanges& ranges) {
  std::vector<Expression> forms;
  std::vector<ByteRange> single;
  for (const ByteSequence& form : utf8_sequences(ranges)) {
    if (form.n_bytes == 1) {
      single.push_back(form.bytes[0]);
      continue;
    }
    std::vector<Expression> parts;
    for (uint32_t index = 0; index < form.n_bytes; ++index) parts.push_back(bytes({form.bytes[index]}));
    forms.push_back(sequence(std::move(parts)));
  }
  if (!single.empty()) forms.push_back(bytes(std::move(single)));
  return choice(std::move(forms));
}

Expression Syntax::sequence(std::vector<Expression> children) {
  if (children.empty()) return empty();
  if (children.size() == 1) return children.front();
  return add({.kind = SyntaxKind::kSequence, .children = std::move(children)});
}

Expression Syntax::choice(std::vector<Expression> children) {
  if (children.size() == 1) return children.front();
  return add({.kind = SyntaxKind::kChoice, .children = std::move(children)});
}

Expression Syntax::repeat(Expression child, uint32_t min, uint32_t max) {
  return add({.kind = SyntaxKind::kRepeat, .min = min, .max = max, .children = {child}});
}

Expression Syntax::rule(RuleId rule) {
  return add({.kind = SyntaxKind::kRule, .rule = rule});
}

Expression Syntax::dfa(Dfa dfa) {
  return add({.kind = SyntaxKind::kDfa, .dfa = std::make_shared<const Dfa>(std::move(dfa))});
}

Expression Syntax::graph(SyntaxGraph graph) {
  return add({.kind = SyntaxKind::kGraph, .graph = std::make_shared<const SyntaxGraph>(std::move(graph))});
}

Expression Syntax::text_begin() {
  return add({.kind = SyntaxKind::kTextBegin});
}

Expression Syntax::text_end() {
  return add({.kind = SyntaxKind::kTextEnd});
}

RuleId Syntax::add_rule(std::string name) {
  if (rules_.size() >= kMaxRules) {
    too_large_ = true;
    return 0;
  }
  rules_.push_back({.name = std::move(name)});
  return static_cast<RuleId>(rules_.size() - 1);
}

}  // namespace ingot::core
