// Constants, lists and dictionaries as they stand in a template.
#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <iterator>
#include <string>
#include <utility>

#include "base/utf8.h"
#include "chat/jinja/parser_state.h"
#include "chat/jinja/string_escapes.h"

namespace ingot::core::jinja {

ParsedExpr Parser::constant(const Value& value, uint32_t line) {
  Expr* node = new_expr(ExprKind::kConstant, line);
  node->constant = value;
  return node;
}

ParsedExpr Parser::string_constant(std::string text, uint32_t line) {
  const std::string& kept = syntax_.strings.emplace_back(std::move(text));
  const bool ascii = std::all_of(kept.begin(), kept.end(), [](char b) { return static_cast<uint8_t>(b) < 0x80; });
  return constant(Value::of(&syntax_.string_objects.emplace_back(StringObject{.bytes = kept, .ascii = ascii})), line);
}

ParsedExpr Parser::string_literal() {
  const uint32_t line = current().line;
  std::string text;
  while (current().kind == TokenKind::kString) {
    const std::string_view quoted = current().text;
    if (auto status = append_unescaped(quoted.substr(1, quoted.size() - 2), text); !status) {
      return error_at(current().line, "{}", status.error().message);
    }
    next();
  }
  return string_constant(std::move(text), line);
}

ParsedExpr Parser::integer_literal() {
  const Token token = current();
  next();
  std::string digits;
  std::copy_if(token.text.begin(), token.text.end(), std::back_inserter(digits), [](char byte) { return byte != '_'; });
  int base = 10;
  size_t skipped = 0;
  if (digits.size() > 2 && digits[0] == '0' && !(digits[1] >= '0' && digits[1] <= '9')) {
    const char mark = digits[1];
    base = mark == 'b' || mark == 'B' ? 2 : mark == 'o' || mark == 'O' ? 8 : 16;
    skipped = 2;
  }
  int64_t value = 0;
  const auto parsed = std::from_chars(digits.data() + skipped, digits.data() + digits.size(), value, base);
  if (parsed.ec != std::errc()) {
    return error_at(token.line, "{} is an integer beyond 64 bits, which is not supported", printable(token.text, 40));
  }
  return constant(Value::of(value), token.line);
}

ParsedExpr Parser::float_literal() {
  const Token token = current();
  next();
  std::string digits;
  std::copy_if(token.text.begin(), token.text.end(), std::back_inserter(digits), [](char byte) { return byte != '_'; });
  // Python gives infinity and zero where from_chars says out of range; strtod does the same.
  return constant(Value::of(std::strtod(digits.c_str(), nullptr)), token.line);
}

ParsedExpr Parser::list_literal() {
  Expr* node = new_expr(ExprKind::kList, current().line);
  next();
  while (!at_operator("]")) {
    if (!node->items.empty()) INGOT_TRY(expect_operator(","));
    if (at_operator("]")) break;
    INGOT_ASSIGN(const Expr* item, expression());
    node->items.push_back(item);
  }
  next();
  return finished(node);
}

ParsedExpr Parser::dict_literal() {
  Expr* node = new_expr(ExprKind::kDict, current().line);
  next();
  while (!at_operator("}")) {
    if (!node->items.empty()) INGOT_TRY(expect_operator(","));
    if (at_operator("}")) break;
    INGOT_ASSIGN(const Expr* key, expression());
    INGOT_TRY(expect_operator(":"));
    INGOT_ASSIGN(const Expr* value, expression());
    node->items.push_back(key);
    node->items.push_back(value);
  }
  next();
  return finished(node);
}

}  // namespace ingot::core::jinja
