#include <algorithm>
#include <string>
#include <utility>

#include "base/utf8.h"
#include "chat/jinja/filters.h"
#include "chat/jinja/parser_state.h"
#include "chat/jinja/tests.h"

namespace ingot::core::jinja {

ParsedExpr Parser::name_of(std::string_view name, uint32_t line) {
  if (name == "true" || name == "True") return constant(Value::of(true), line);
  if (name == "false" || name == "False") return constant(Value::of(false), line);
  if (name == "none" || name == "None") return constant(Value::none(), line);
  Expr* node = new_expr(ExprKind::kName, line);
  node->text = name;
  node->symbol = syntax_.symbol(name);
  for (Stmt* macro : macros_) {
    macro->uses_caller |= node->symbol == kSymbolCaller;
    macro->uses_varargs |= node->symbol == kSymbolVarargs;
    macro->uses_kwargs |= node->symbol == kSymbolKwargs;
  }
  return node;
}

ParsedExpr Parser::expression(bool with_condition) {
  return with_condition ? conditional() : or_expression();
}

ParsedExpr Parser::conditional() {
  const Nesting nesting(*this);
  INGOT_TRY(check_depth());
  const uint32_t line = current().line;
  const size_t mark = unknown_.size();
  INGOT_ASSIGN(const Expr* value, or_expression());
  while (skip_name("if")) {
    Expr* node = new_expr(ExprKind::kConditional, line);
    node->left = value;
    INGOT_ASSIGN(node->middle, or_expression());
    if (skip_name("else")) {
      INGOT_ASSIGN(node->right, conditional());
    }
    forgive(mark);
    INGOT_ASSIGN(value, finished(node));
  }
  return value;
}

ParsedExpr Parser::or_expression() {
  INGOT_ASSIGN(const Expr* left, and_expression());
  while (at_name("or")) {
    Expr* node = new_expr(ExprKind::kOr, current().line);
    next();
    node->left = left;
    INGOT_ASSIGN(node->right, and_expression());
    INGOT_ASSIGN(left, finished(node));
  }
  return left;
}

ParsedExpr Parser::and_expression() {
  INGOT_ASSIGN(const Expr* left, not_expression());
  while (at_name("and")) {
    Expr* node = new_expr(ExprKind::kAnd, current().line);
    next();
    node->left = left;
    INGOT_ASSIGN(node->right, not_expression());
    INGOT_ASSIGN(left, finished(node));
  }
  return left;
}

ParsedExpr Parser::not_expression() {
  if (!at_name("not")) return comparison();
  const Nesting nesting(*this);
  INGOT_TRY(check_depth());
  Expr* node = new_expr(ExprKind::kNot, current().line);
  next();
  INGOT_ASSIGN(node->left, not_expression());
  return finished(node);
}

ParsedExpr Parser::comparison() {
  const uint32_t line = current().line;
  INGOT_ASSIGN(const Expr* first, sum());
  Expr* node = nullptr;
  constexpr std::array<std::pair<std::string_view, Op>, 6> kOps{{{"==", Op::kEqual},
                                                                 {"!=", Op::kNotEqual},
                                                                 {"<", Op::kLess},
                                                                 {"<=", Op::kLessEqual},
                                                                 {">", Op::kGreater},
                                                                 {">=", Op::kGreaterEqual}}};
  while (true) {
    Op op = Op::kIn;
    if (current().kind == TokenKind::kOperator) {
      const auto* found =
          std::find_if(kOps.begin(), kOps.end(), [&](const auto& row) { return at_operator(row.first); });
      if (found == kOps.end()) break;
      op = found->second;
      next();
    } else if (at_name("not") && ahead().kind == TokenKind::kName && ahead().text == "in") {
      op = Op::kNotIn;
      next();
      next();
    } else if (!skip_name("in")) {
      break;
    }
    if (node == nullptr) {
      node = new_expr(ExprKind::kCompare, line);
      node->items.push_back(first);
    }
    INGOT_ASSIGN(const Expr* other, sum());
    node->ops.push_back(op);
    node->items.push_back(other);
  }
  if (node == nullptr) return first;
  return finished(node);
}

ParsedExpr Parser::binary(Op op, const Expr* left, const Expr* right, uint32_t line) {
  Expr* node = new_expr(ExprKind::kBinary, line);
  node->op = op;
  node->left = left;
  node->right = right;
  return finished(node);
}

ParsedExpr Parser::sum() {
  INGOT_ASSIGN(const Expr* left, concatenation());
  while (at_operator("+") || at_operator("-")) {
    const Op op = at_operator("+") ? Op::kAdd : Op::kSubtract;
    const uint32_t line = current().line;
    next();
    INGOT_ASSIGN(const Expr* right, concatenation());
    INGOT_ASSIGN(left, binary(op, left, right, line));
  }
  return left;
}

ParsedExpr Parser::concatenation() {
  const uint32_t line = current().line;
  INGOT_ASSIGN(const Expr* first, product());
  if (!at_operator("~")) return first;
  Expr* node = new_expr(ExprKind::kConcat, line);
  node->items.push_back(first);
  while (skip_operator("~")) {
    INGOT_ASSIGN(const Expr* part, product());
    node->items.push_back(part);
  }
  return finished(node);
}

ParsedExpr Parser::product() {
  INGOT_ASSIGN(const Expr* left, power());
  while (true) {
    Op op = Op::kMultiply;
    if (at_operator("/")) {
      op = Op::kDivide;
    } else if (at_operator("//")) {
      op = Op::kFloorDivide;
    } else if (at_operator("%")) {
      op = Op::kModulo;
    } else if (!at_operator("*")) {
      return left;
    }
    const uint32_t line = current().line;
    next();
    INGOT_ASSIGN(const Expr* right, power());
    INGOT_ASSIGN(left, binary(op, left, right, line));
  }
}

ParsedExpr Parser::power() {
  INGOT_ASSIGN(const Expr* left, unary());
  while (at_operator("**")) {
    const uint32_t line = current().line;
    next();
    INGOT_ASSIGN(const Expr* right, unary());
    INGOT_ASSIGN(left, binary(Op::kPower, left, right, line));
  }
  return left;
}

ParsedExpr Parser::unary(bool with_filter) {
  const Nesting nesting(*this);
  INGOT_TRY(check_depth());
  const Expr* node = nullptr;
  if (at_operator("-") || at_operator("+")) {
    Expr* made = new_expr(ExprKind::kUnary, current().line);
    made->op = at_operator("-") ? Op::kNegate : Op::kPlus;
    next();
    INGOT_ASSIGN(made->left, unary(/*with_filter=*/false));
    INGOT_ASSIGN(node, finished(made));
  } else {
    INGOT_ASSIGN(node, primary());
  }
  INGOT_ASSIGN(node, postfix(node));
  if (!with_filter) return node;
  return filters_and_tests(node);
}

ParsedExpr Parser::primary() {
  const Token token = current();
  switch (token.kind) {
    case TokenKind::kName:
      next();
      return name_of(token.text, token.line);
    case TokenKind::kString:
      return string_literal();
    case TokenKind::kInteger:
      return integer_literal();
    case TokenKind::kFloat:
      return float_literal();
    default:
      break;
  }
  if (skip_operator("(")) {
    INGOT_ASSIGN(const Expr* inner, tuple({.explicit_parentheses = true}));
    INGOT_TRY(expect_operator(")"));
    return inner;
  }
  if (at_operator("[")) return list_literal();
  if (at_operator("{")) return dict_literal();
  return unexpected("an expression");
}

ParsedExpr Parser::tuple(TupleRules rules) {
  const uint32_t line = current().line;
  std::vector<const Expr*> items;
  bool is_tuple = false;
  while (true) {
    if (!items.empty()) INGOT_TRY(expect_operator(","));
    const TokenKind kind = current().kind;
    if (kind == TokenKind::kVariableEnd || kind == TokenKind::kBlockEnd || at_operator(")") ||
        (!rules.end_name.empty() && at_name(rules.end_name))) {
      break;
    }
    INGOT_ASSIGN(const Expr* item, expression(rules.with_condition));
    items.push_back(item);
    if (!at_operator(",")) break;
    is_tuple = true;
  }
  if (!is_tuple && !items.empty()) return items.front();
  if (!is_tuple && !rules.explicit_parentheses) return unexpected("an expression");
  Expr* node = new_expr(ExprKind::kTuple, line);
  node->items = std::move(items);
  return finished(node);
}

ParsedExpr Parser::postfix(const Expr* node) {
  while (true) {
    if (at_operator(".")) {
      INGOT_ASSIGN(node, attribute(node));
    } else if (at_operator("[")) {
      INGOT_ASSIGN(node, subscript_of(node));
    } else if (at_operator("(")) {
      INGOT_ASSIGN(node, call(node));
    } else {
      return node;
    }
  }
}

ParsedExpr Parser::filters_and_tests(const Expr* node) {
  while (true) {
    if (at_operator("|")) {
      INGOT_ASSIGN(node, filters(node, /*first_inline=*/false));
    } else if (at_name("is")) {
      INGOT_ASSIGN(node, test(node));
    } else if (at_operator("(")) {
      INGOT_ASSIGN(node, call(node));
    } else {
      return node;
    }
  }
}

ParsedExpr Parser::attribute(const Expr* left) {
  const uint32_t line = current().line;
  next();
  const Token token = current();
  if (token.kind == TokenKind::kName) {
    next();
    Expr* node = new_expr(ExprKind::kAttribute, line);
    node->left = left;
    node->text = token.text;
    return finished(node);
  }
  if (token.kind != TokenKind::kInteger) return unexpected("a name or a number behind '.'");
  Expr* node = new_expr(ExprKind::kSubscript, line);
  node->left = left;
  INGOT_ASSIGN(node->right, integer_literal());
  return finished(node);
}

ParsedExpr Parser::subscript_of(const Expr* left) {
  const uint32_t line = current().line;
  next();
  std::vector<const Expr*> items;
  while (!at_operator("]")) {
    if (!items.empty()) INGOT_TRY(expect_operator(","));
    INGOT_ASSIGN(const Expr* item, subscript_item(left));
    items.push_back(item);
  }
  if (items.empty()) return unexpected("an index");
  next();
  if (items.size() == 1 && items.front()->kind == ExprKind::kSlice) return items.front();
  Expr* node = new_expr(ExprKind::kSubscript, line);
  node->left = left;
  if (items.size() == 1) {
    node->right = items.front();
  } else {
    if (std::any_of(items.begin(), items.end(), [](const Expr* item) { return item->kind == ExprKind::kSlice; })) {
      return error_at(line, "several slices in one subscript are not supported");
    }
    Expr* indices = new_expr(ExprKind::kTuple, line);
    indices->items = std::move(items);
    INGOT_ASSIGN(node->right, finished(indices));
  }
  return finished(node);
}

// One index, or a slice of the container.
ParsedExpr Parser::subscript_item(const Expr* container) {
  const uint32_t line = current().line;
  const Expr* start = nullptr;
  if (!at_operator(":")) {
    INGOT_ASSIGN(start, expression());
    if (!at_operator(":")) return start;
  }
  Expr* node = new_expr(ExprKind::kSlice, line);
  node->left = container;
  node->items = {start, nullptr, nullptr};
  for (size_t part = 1; part < 3 && skip_operator(":"); part++) {
    if (at_operator(":") || at_operator("]") || at_operator(",")) continue;
    INGOT_ASSIGN(node->items[part], expression());
  }
  return finished(node);
}

ParsedExpr Parser::call(const Expr* callee) {
  Expr* node = new_expr(ExprKind::kCall, current().line);
  node->left = callee;
  INGOT_TRY(arguments(node->arguments));
  return finished(node);
}

Status Parser::arguments(std::vector<Argument>& out_arguments) {
  next();
  bool named = false, star = false, star_star = false;
  while (!at_operator(")")) {
    if (!out_arguments.empty()) {
      INGOT_TRY(expect_operator(","));
      if (at_operator(")")) break;
    }
    Argument argument;
    const uint32_t line = current().line;
    bool in_order = true;
    if (skip_operator("*")) {
      in_order = !star && !star_star;
      star = true;
      argument.kind = ArgumentKind::kStar;
    } else if (skip_operator("**")) {
      in_order = !star_star;
      star_star = true;
      argument.kind = ArgumentKind::kStarStar;
    } else if (current().kind == TokenKind::kName && ahead().kind == TokenKind::kOperator && ahead().text == "=") {
      in_order = !star_star;
      named = true;
      argument.kind = ArgumentKind::kNamed;
      argument.name = current().text;
      next();
      next();
    } else {
      in_order = !named && !star && !star_star;
    }
    if (!in_order) return error_at(line, "an argument stands where none may: first plain ones, then NAME=, then *, **");
    INGOT_ASSIGN(argument.value, expression());
    out_arguments.push_back(argument);
  }
  next();
  return {};
}

Result<std::string> Parser::dotted_name(std::string_view what) {
  INGOT_ASSIGN(const std::string_view first, expect_name(what));
  std::string name(first);
  while (skip_operator(".")) {
    INGOT_ASSIGN(const std::string_view part, expect_name(what));
    name += '.';
    name += part;
  }
  return name;
}

ParsedExpr Parser::filters(const Expr* node, bool first_inline) {
  while (first_inline || at_operator("|")) {
    if (!first_inline) next();
    first_inline = false;
    Expr* made = new_expr(ExprKind::kFilter, current().line);
    INGOT_ASSIGN(std::string name, dotted_name("a filter's name"));
    made->text = syntax_.strings.emplace_back(std::move(name));
    made->left = node;
    made->filter = find_filter(made->text);
    if (made->filter == nullptr) {
      unknown_.push_back(error_at(made->line, "there is no filter '{}'", printable(made->text)).value());
    }
    if (at_operator("(")) INGOT_TRY(arguments(made->arguments));
    INGOT_ASSIGN(node, finished(made));
  }
  return node;
}

ParsedExpr Parser::test(const Expr* left) {
  Expr* node = new_expr(ExprKind::kTest, current().line);
  next();
  const bool negated = skip_name("not");
  INGOT_ASSIGN(std::string name, dotted_name("a test's name"));
  node->text = syntax_.strings.emplace_back(std::move(name));
  node->left = left;
  node->test = find_test(node->text);
  if (node->test == nullptr) {
    unknown_.push_back(error_at(node->line, "there is no test '{}'", printable(node->text)).value());
  }
  const TokenKind kind = current().kind;
  const bool argument_follows = kind == TokenKind::kString || kind == TokenKind::kInteger ||
                                kind == TokenKind::kFloat || at_operator("[") || at_operator("{") ||
                                (kind == TokenKind::kName && !at_name("else") && !at_name("or") && !at_name("and"));
  if (at_operator("(")) {
    INGOT_TRY(arguments(node->arguments));
  } else if (argument_follows) {
    if (at_name("is")) return error_at(node->line, "tests cannot be chained with 'is'");
    Argument argument;
    INGOT_ASSIGN(argument.value, primary());
    INGOT_ASSIGN(argument.value, postfix(argument.value));
    node->arguments.push_back(argument);
  }
  if (!negated) return finished(node);
  Expr* inverse = new_expr(ExprKind::kNot, node->line);
  INGOT_ASSIGN(inverse->left, finished(node));
  return finished(inverse);
}

}  // namespace ingot::core::jinja
