#include "chat/jinja/parser.h"

#include <algorithm>
#include <array>
#include <string>
#include <utility>

#include "base/utf8.h"
#include "chat/jinja/parser_state.h"

namespace ingot::core::jinja {

Status Parser::check_depth() const {
  if (depth_ <= kMaxSyntaxDepth) return {};
  return error_at(current().line, "nested deeper than {}", kMaxSyntaxDepth);
}

Status Parser::settle(size_t mark) const {
  if (unknown_.size() > mark) return tl::unexpected(unknown_[mark]);
  return {};
}

bool Parser::skip_operator(std::string_view text) {
  const bool found = at_operator(text);
  if (found) next();
  return found;
}

bool Parser::skip_name(std::string_view text) {
  const bool found = at_name(text);
  if (found) next();
  return found;
}

Status Parser::expect_operator(std::string_view text) {
  if (!skip_operator(text)) return unexpected(fmt::format("'{}'", text));
  return {};
}

Result<std::string_view> Parser::expect_name(std::string_view what) {
  if (current().kind != TokenKind::kName) return unexpected(what);
  const std::string_view name = current().text;
  next();
  return name;
}

Status Parser::expect_block_end() {
  if (current().kind != TokenKind::kBlockEnd) return unexpected("%}");
  next();
  return {};
}

tl::unexpected<Error> Parser::unexpected(std::string_view expected) const {
  const Token& token = current();
  if (token.kind == TokenKind::kEnd) return error_at(token.line, "the template ends where {} was expected", expected);
  return error_at(token.line, "'{}' where {} was expected", printable(token.text, 40), expected);
}

Expr* Parser::new_expr(ExprKind kind, uint32_t line) {
  Expr& node = syntax_.exprs.emplace_back();
  node.kind = kind;
  node.line = line;
  return &node;
}

Stmt* Parser::new_stmt(StmtKind kind, uint32_t line) {
  Stmt& node = syntax_.stmts.emplace_back();
  node.kind = kind;
  node.line = line;
  return &node;
}

ParsedExpr Parser::finished(Expr* node) const {
  uint32_t deepest = 0;
  const auto look = [&](const Expr* child) {
    if (child != nullptr) deepest = std::max(deepest, child->depth);
  };
  look(node->left);
  look(node->middle);
  look(node->right);
  for (const Expr* item : node->items) look(item);
  for (const Argument& argument : node->arguments) look(argument.value);
  node->depth = deepest + 1;
  if (node->depth > kMaxSyntaxDepth)
    return error_at(node->line, "an expression nested deeper than {}", kMaxSyntaxDepth);
  return node;
}

Status Parser::run() {
  INGOT_ASSIGN(syntax_.body, statements_until({}));
  return settle(0);
}

Result<Body> Parser::statements_until(std::span<const std::string_view> ends) {
  const Nesting nesting(*this);
  INGOT_TRY(check_depth());
  Body body;
  while (current().kind != TokenKind::kEnd) {
    const Token token = current();
    const Stmt* made = nullptr;
    if (token.kind == TokenKind::kData) {
      Stmt* text = new_stmt(StmtKind::kText, token.line);
      text->text = token.text;
      made = text;
      next();
    } else if (token.kind == TokenKind::kVariableBegin) {
      next();
      INGOT_ASSIGN(made, output());
      if (current().kind != TokenKind::kVariableEnd) return unexpected("}}");
      next();
    } else {
      next();  // {%
      if (current().kind != TokenKind::kName) return unexpected("a tag's name");
      if (std::find(ends.begin(), ends.end(), current().text) != ends.end()) return body;
      INGOT_ASSIGN(made, statement());
      INGOT_TRY(expect_block_end());
    }
    body.push_back(made);
  }
  if (!ends.empty()) return unexpected(fmt::format("{{% {} %}}", fmt::join(ends, " %} or {% ")));
  return body;
}

Result<Body> Parser::block_body(std::initializer_list<std::string_view> ends, bool drop_end) {
  skip_operator(":");
  INGOT_TRY(expect_block_end());
  INGOT_ASSIGN(Body body, statements_until({ends.begin(), ends.size()}));
  if (drop_end) next();
  return body;
}

ParsedStmt Parser::output() {
  Stmt* made = new_stmt(StmtKind::kOutput, current().line);
  INGOT_ASSIGN(made->value, tuple({}));
  return made;
}

// {% print a, b %}: one after the other.
ParsedStmt Parser::print_statement() {
  Stmt* made = new_stmt(StmtKind::kOutput, current().line);
  Expr* texts = new_expr(ExprKind::kConcat, current().line);
  while (current().kind != TokenKind::kBlockEnd) {
    if (!texts->items.empty()) INGOT_TRY(expect_operator(","));
    INGOT_ASSIGN(const Expr* item, expression());
    texts->items.push_back(item);
  }
  INGOT_ASSIGN(made->value, finished(texts));
  return made;
}

ParsedStmt Parser::statement() {
  struct Tag {
    std::string_view name;
    ParsedStmt (Parser::*parse)();
  };
  static constexpr std::array<Tag, 8> kTags{{{"if", &Parser::if_statement},
                                             {"for", &Parser::for_statement},
                                             {"set", &Parser::set_statement},
                                             {"macro", &Parser::macro_statement},
                                             {"call", &Parser::call_statement},
                                             {"filter", &Parser::filter_statement},
                                             {"with", &Parser::with_statement},
                                             {"generation", &Parser::generation_statement}}};
  const Token token = current();
  next();
  if (token.text == "print") return print_statement();
  if (token.text == "break") return loop_control(StmtKind::kBreak);
  if (token.text == "continue") return loop_control(StmtKind::kContinue);
  const auto* tag = std::find_if(kTags.begin(), kTags.end(), [&](const Tag& row) { return row.name == token.text; });
  if (tag != kTags.end()) return (this->*tag->parse)();
  constexpr std::array<std::string_view, 10> kRefused{"include",    "import", "from",  "extends", "block",
                                                      "autoescape", "do",     "trans", "debug",   "pluralize"};
  if (std::find(kRefused.begin(), kRefused.end(), token.text) != kRefused.end()) {
    return error_at(token.line, "the tag '{}' is not supported in chat templates", token.text);
  }
  return error_at(token.line, "there is no tag '{}'", printable(token.text, 40));
}

ParsedStmt Parser::loop_control(StmtKind kind) {
  const uint32_t line = tokens_[at_ - 1].line;
  if (loops_ == 0) return error_at(line, "'{}' outside of a loop", kind == StmtKind::kBreak ? "break" : "continue");
  return new_stmt(kind, line);
}

ParsedStmt Parser::if_statement() {
  Stmt* made = new_stmt(StmtKind::kIf, current().line);
  while (true) {
    Branch branch;
    INGOT_ASSIGN(branch.test, tuple({.with_condition = false}));
    const size_t mark = unknown_.size();
    INGOT_ASSIGN(branch.body, block_body({"elif", "else", "endif"}, /*drop_end=*/false));
    forgive(mark);
    made->branches.push_back(std::move(branch));
    const std::string_view end = current().text;
    next();
    if (end == "elif") continue;
    if (end == "else") {
      INGOT_ASSIGN(made->other, block_body({"endif"}, /*drop_end=*/true));
      forgive(mark);
    }
    return made;
  }
}

ParsedStmt Parser::for_statement() {
  Stmt* made = new_stmt(StmtKind::kFor, current().line);
  INGOT_ASSIGN(made->target, target(/*with_namespace=*/false, "in"));
  if (!skip_name("in")) return unexpected("'in'");
  INGOT_ASSIGN(made->value, tuple({.with_condition = false, .end_name = "recursive"}));
  const size_t mark = unknown_.size();
  if (skip_name("if")) {
    INGOT_ASSIGN(made->test, expression());
  }
  made->recursive = skip_name("recursive");
  loops_++;
  INGOT_ASSIGN(made->body, block_body({"endfor", "else"}, /*drop_end=*/false));
  loops_--;
  const bool has_other = at_name("else");
  next();
  if (has_other) {
    INGOT_ASSIGN(made->other, block_body({"endfor"}, /*drop_end=*/true));
  }
  INGOT_TRY(settle(mark));
  return made;
}

ParsedExpr Parser::target_item(bool with_namespace) {
  const uint32_t line = current().line;
  if (skip_operator("(")) {
    const Nesting nesting(*this);
    INGOT_TRY(check_depth());
    INGOT_ASSIGN(const Expr* inner, target(with_namespace));
    INGOT_TRY(expect_operator(")"));
    return inner;
  }
  if (current().kind != TokenKind::kName) return unexpected("a name to assign to");
  const std::string_view name = current().text;
  next();
  INGOT_ASSIGN(const Expr* node, name_of(name, line));
  if (node->kind != ExprKind::kName) return error_at(line, "'{}' cannot be assigned to", name);
  if (!at_operator(".")) return node;
  if (!with_namespace) return unexpected("no '.': only 'set' assigns to a namespace's attribute");
  next();
  Expr* attribute = new_expr(ExprKind::kAttribute, line);
  attribute->left = node;
  INGOT_ASSIGN(attribute->text, expect_name("an attribute's name"));
  return finished(attribute);
}

ParsedExpr Parser::target(bool with_namespace, std::string_view end_name) {
  const uint32_t line = current().line;
  std::vector<const Expr*> items;
  bool is_tuple = false;
  while (true) {
    if (current().kind == TokenKind::kBlockEnd || at_operator(")") || at_operator("=") ||
        (!end_name.empty() && at_name(end_name))) {
      break;
    }
    INGOT_ASSIGN(const Expr* item, target_item(with_namespace));
    items.push_back(item);
    if (!skip_operator(",")) break;
    is_tuple = true;
  }
  if (items.empty()) return unexpected("a name to assign to");
  if (!is_tuple) return items.front();
  Expr* node = new_expr(ExprKind::kTuple, line);
  node->items = std::move(items);
  return finished(node);
}

ParsedStmt Parser::set_statement() {
  const uint32_t line = current().line;
  INGOT_ASSIGN(const Expr* assigned, target(/*with_namespace=*/true));
  if (skip_operator("=")) {
    Stmt* made = new_stmt(StmtKind::kSet, line);
    made->target = assigned;
    INGOT_ASSIGN(made->value, tuple({}));
    return made;
  }
  Stmt* made = new_stmt(StmtKind::kSetBlock, line);
  made->target = assigned;
  const size_t mark = unknown_.size();
  INGOT_ASSIGN(made->value, filters(nullptr, /*first_inline=*/false));
  INGOT_ASSIGN(made->body, block_body({"endset"}, /*drop_end=*/true));
  INGOT_TRY(settle(mark));
  return made;
}

Status Parser::parameters(std::vector<Parameter>& out_parameters) {
  INGOT_TRY(expect_operator("("));
  while (!at_operator(")")) {
    if (!out_parameters.empty()) INGOT_TRY(expect_operator(","));
    const uint32_t line = current().line;
    Parameter parameter;
    INGOT_ASSIGN(parameter.name, expect_name("a parameter's name"));
    INGOT_ASSIGN(const Expr* node, name_of(parameter.name, line));
    if (node->kind != ExprKind::kName) return error_at(line, "'{}' cannot be a parameter", parameter.name);
    parameter.symbol = node->symbol;
    if (skip_operator("=")) {
      INGOT_ASSIGN(parameter.fallback, expression());
    } else if (!out_parameters.empty() && out_parameters.back().fallback != nullptr) {
      return error_at(line, "a parameter without a default behind one with a default");
    }
    out_parameters.push_back(parameter);
  }
  next();
  return {};
}

ParsedStmt Parser::macro_statement() {
  Stmt* made = new_stmt(StmtKind::kMacro, current().line);
  INGOT_ASSIGN(made->text, expect_name("a macro's name"));
  made->symbol = syntax_.symbol(made->text);
  const size_t mark = unknown_.size();
  INGOT_TRY(parameters(made->parameters));
  macros_.push_back(made);
  const uint32_t loops_around = std::exchange(loops_, 0);
  INGOT_ASSIGN(made->body, block_body({"endmacro"}, /*drop_end=*/true));
  loops_ = loops_around;
  macros_.pop_back();
  INGOT_TRY(settle(mark));
  return made;
}

ParsedStmt Parser::call_statement() {
  Stmt* made = new_stmt(StmtKind::kCall, current().line);
  made->text = "caller";
  const size_t mark = unknown_.size();
  if (at_operator("(")) INGOT_TRY(parameters(made->parameters));
  INGOT_ASSIGN(made->value, expression());
  if (made->value->kind != ExprKind::kCall) return error_at(made->line, "a call block needs a call");
  macros_.push_back(made);
  const uint32_t loops_around = std::exchange(loops_, 0);
  INGOT_ASSIGN(made->body, block_body({"endcall"}, /*drop_end=*/true));
  loops_ = loops_around;
  macros_.pop_back();
  INGOT_TRY(settle(mark));
  return made;
}

ParsedStmt Parser::filter_statement() {
  Stmt* made = new_stmt(StmtKind::kFilterBlock, current().line);
  const size_t mark = unknown_.size();
  INGOT_ASSIGN(made->value, filters(nullptr, /*first_inline=*/true));
  INGOT_ASSIGN(made->body, block_body({"endfilter"}, /*drop_end=*/true));
  INGOT_TRY(settle(mark));
  return made;
}

ParsedStmt Parser::with_statement() {
  Stmt* made = new_stmt(StmtKind::kWith, current().line);
  const size_t mark = unknown_.size();
  while (current().kind != TokenKind::kBlockEnd) {
    if (!made->bindings.empty()) INGOT_TRY(expect_operator(","));
    TargetValue binding;
    INGOT_ASSIGN(binding.target, target(/*with_namespace=*/false));
    INGOT_TRY(expect_operator("="));
    INGOT_ASSIGN(binding.value, expression());
    made->bindings.push_back(binding);
  }
  INGOT_ASSIGN(made->body, block_body({"endwith"}, /*drop_end=*/true));
  INGOT_TRY(settle(mark));
  return made;
}

// Hugging Face's tag around what the assistant wrote: a call block, so a scope of its own.
ParsedStmt Parser::generation_statement() {
  Stmt* made = new_stmt(StmtKind::kScope, current().line);
  const size_t mark = unknown_.size();
  const uint32_t loops_around = std::exchange(loops_, 0);
  INGOT_ASSIGN(made->body, block_body({"endgeneration"}, /*drop_end=*/true));
  loops_ = loops_around;
  INGOT_TRY(settle(mark));
  return made;
}

Result<std::unique_ptr<const Syntax>> parse(std::string_view source) {
  if (source.size() > kMaxSourceBytes) {
    return invalid("the template has {} bytes, at most {} are possible", source.size(), kMaxSourceBytes);
  }
  if (!is_utf8(source)) return invalid("the template is not UTF-8");
  auto syntax = std::make_unique<Syntax>();
  syntax->source = normalized_source(source);
  for (const std::string_view name : {"loop", "caller", "varargs", "kwargs"}) syntax->symbol(name);
  INGOT_ASSIGN(std::vector<Token> tokens, tokenize(syntax->source));
  INGOT_TRY(Parser(*syntax, std::move(tokens)).run());
  return std::unique_ptr<const Syntax>(std::move(syntax));
}

}  // namespace ingot::core::jinja
