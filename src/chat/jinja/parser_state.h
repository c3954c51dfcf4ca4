// The parser: recursive descent over the tokens. Expressions are in expression_parser.cpp and
// literal_parser.cpp, statements in parser.cpp.
#pragma once

#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "chat/jinja/lexer.h"
#include "chat/jinja/limits.h"
#include "chat/jinja/syntax.h"

namespace ingot::core::jinja {

using ParsedExpr = Result<const Expr*>;
using ParsedStmt = Result<const Stmt*>;
using Body = std::vector<const Stmt*>;

class Parser {
 public:
  Parser(Syntax& syntax, std::vector<Token> tokens) : syntax_(syntax), tokens_(std::move(tokens)) {}
  Status run();

 private:
  // Counts nesting while it lives; the parser recurses only through functions that hold one.
  class Nesting {
   public:
    explicit Nesting(Parser& parser) : parser_(parser) { parser_.depth_++; }
    ~Nesting() { parser_.depth_--; }
    Nesting(const Nesting&) = delete;
    Nesting& operator=(const Nesting&) = delete;

   private:
    Parser& parser_;
  };
  // Unknown filters and tests are an error at once, except under a condition of the same scope, as in Jinja: there they
  // are one where they are reached. settle() gives the first that was noted since the mark, forgive() drops them.
  Status settle(size_t mark) const;
  void forgive(size_t mark) { unknown_.resize(mark); }
  Status check_depth() const;

  // Tokens.
  const Token& current() const { return tokens_[at_]; }
  const Token& ahead() const { return tokens_[at_ + 1 < tokens_.size() ? at_ + 1 : at_]; }
  void next() {
    if (at_ + 1 < tokens_.size()) at_++;
  }
  bool at_operator(std::string_view text) const {
    return current().kind == TokenKind::kOperator && current().text == text;
  }
  bool at_name(std::string_view text) const { return current().kind == TokenKind::kName && current().text == text; }
  bool skip_operator(std::string_view text);
  bool skip_name(std::string_view text);
  Status expect_operator(std::string_view text);
  Result<std::string_view> expect_name(std::string_view what);
  Status expect_block_end();
  tl::unexpected<Error> unexpected(std::string_view expected) const;
  template <typename... Args>
  tl::unexpected<Error> error_at(uint32_t line, fmt::format_string<Args...> format, Args&&... args) const {
    return invalid("line {}: {}", line, fmt::format(format, std::forward<Args>(args)...));
  }

  // Nodes.
  Expr* new_expr(ExprKind kind, uint32_t line);
  // Sets the node's depth from its children; an error where that is too much.
  ParsedExpr finished(Expr* node) const;
  Stmt* new_stmt(StmtKind kind, uint32_t line);
  ParsedExpr constant(const Value& value, uint32_t line);
  ParsedExpr string_constant(std::string text, uint32_t line);
  ParsedExpr name_of(std::string_view name, uint32_t line);

  // Expressions, loosest binding first.
  ParsedExpr expression(bool with_condition = true);
  ParsedExpr conditional();
  ParsedExpr or_expression();
  ParsedExpr and_expression();
  ParsedExpr not_expression();
  ParsedExpr comparison();
  ParsedExpr sum();
  ParsedExpr concatenation();
  ParsedExpr product();
  ParsedExpr power();
  ParsedExpr unary(bool with_filter = true);
  ParsedExpr primary();
  ParsedExpr postfix(const Expr* node);
  ParsedExpr filters_and_tests(const Expr* node);
  ParsedExpr attribute(const Expr* node);
  ParsedExpr subscript_of(const Expr* node);
  ParsedExpr subscript_item(const Expr* container);
  ParsedExpr call(const Expr* callee);
  // A chain of filters; node is null in a filter block, where the first has no bar in front.
  ParsedExpr filters(const Expr* node, bool first_inline);
  ParsedExpr test(const Expr* node);
  Status arguments(std::vector<Argument>& out_arguments);
  Result<std::string> dotted_name(std::string_view what);
  ParsedExpr binary(Op op, const Expr* left, const Expr* right, uint32_t line);
  ParsedExpr string_literal();
  ParsedExpr integer_literal();
  ParsedExpr float_literal();
  ParsedExpr list_literal();
  ParsedExpr dict_literal();
  struct TupleRules {
    bool with_condition = true;
    bool explicit_parentheses = false;
    std::string_view end_name = {};  // a name that ends it
  };
  ParsedExpr tuple(TupleRules rules);

  // Statements.
  // Up to one of the tags in ends, which is left as the current token; none: to the end of the template.
  Result<Body> statements_until(std::span<const std::string_view> ends);
  // The body of a tag: from the tag's end to one of ends, which is passed over if drop_end.
  Result<Body> block_body(std::initializer_list<std::string_view> ends, bool drop_end);
  ParsedStmt statement();
  ParsedStmt if_statement();
  ParsedStmt for_statement();
  ParsedStmt set_statement();
  ParsedStmt macro_statement();
  ParsedStmt call_statement();
  ParsedStmt filter_statement();
  ParsedStmt with_statement();
  ParsedStmt generation_statement();
  ParsedStmt output();
  ParsedStmt print_statement();
  ParsedStmt loop_control(StmtKind kind);
  Status parameters(std::vector<Parameter>& out_parameters);
  // What is assigned to: names, tuples of them, or an attribute of a namespace.
  ParsedExpr target(bool with_namespace, std::string_view end_name = {});
  ParsedExpr target_item(bool with_namespace);

  Syntax& syntax_;
  std::vector<Token> tokens_;
  size_t at_ = 0;
  uint32_t depth_ = 0;
  uint32_t loops_ = 0;         // that break and continue may leave
  std::vector<Stmt*> macros_;  // that are open
  std::vector<Error> unknown_;
};

}  // namespace ingot::core::jinja
