// Runs a parsed template: a tree walk, with a scope for each loop pass, macro call and block.
#pragma once

#include <cstdint>
#include <vector>

#include "base/result.h"
#include "chat/jinja/arguments.h"
#include "chat/jinja/clock.h"
#include "chat/jinja/runtime.h"
#include "chat/jinja/syntax.h"

namespace ingot::core::jinja {

class Interpreter {
 public:
  Interpreter(Runtime& runtime, const Syntax& syntax, const LocalTime& now);

  // A variable of the data; one that the template never names is dropped.
  void define(std::string_view name, const Value& value);
  // Renders into out_text. Errors name the line.
  Status run(TextBuilder& out_text);

 private:
  enum class Flow : uint8_t { kNext, kBreak, kContinue };
  class Nesting;

  // Statements: interpreter.cpp.
  Result<Flow> execute(const std::vector<const Stmt*>& body);
  Result<Flow> execute(const Stmt& statement);
  Result<Flow> execute_if(const Stmt& statement);
  Status execute_for(const Stmt& statement);
  // One run over items, with loop and target in a scope of each pass.
  Status loop_over(const Stmt& statement, const Value& iterable, size_t depth, Scope* around);
  Result<std::span<const Value>> filtered(const Stmt& statement, std::span<const Value> items, Scope* around);
  Status execute_with(const Stmt& statement);
  Status print(const Value& value, uint32_t line);
  // Executes a body into a text of its own, in a new scope below the present one.
  Result<Value> captured(const std::vector<const Stmt*>& body);
  Status assign(const Expr& target, const Value& value);
  void bind(Scope& scope, int32_t symbol, const Value& value);
  const Value* lookup(int32_t symbol) const;
  Scope* new_scope(Scope* parent) { return runtime_.make(Scope{.parent = parent}); }

  // Expressions: evaluate.cpp.
  Result<Value> evaluate(const Expr& expr);
  Result<Value> evaluate_node(const Expr& expr);
  Result<Value> evaluate_name(const Expr& expr);
  Result<Value> evaluate_sequence(const Expr& expr);
  Result<Value> evaluate_dict(const Expr& expr);
  Result<Value> evaluate_slice(const Expr& expr);
  Result<Value> evaluate_concat(const Expr& expr);
  Result<Value> evaluate_compare(const Expr& expr);
  Result<Value> evaluate_filter(const Expr& expr);
  Result<Value> evaluate_test(const Expr& expr);
  // The chain of filters of a block, whose innermost takes input.
  Result<Value> evaluate_block_filters(const Expr& expr, const Value& input);

  // Calls: calls.cpp.
  Result<Value> evaluate_call(const Expr& expr, const Value* caller = nullptr);
  Result<Args> evaluate_arguments(const Expr& expr);
  Result<Value> call(const Value& callee, const Args& args);
  Result<Value> call_macro(const MacroObject& macro, const Args& args);
  Status bind_parameters(const MacroObject& macro, const Args& args, Scope& scope);
  Result<Value> call_loop(const LoopObject& loop, const Args& args);

  Runtime& runtime_;
  const Syntax& syntax_;
  const LocalTime& now_;
  Scope* scope_;
  TextBuilder* out_ = nullptr;
  uint32_t depth_ = 0;
};

// Puts the line in front of an error that has none yet: of a builtin, which does not know it.
template <typename T>
Result<T> at_line(uint32_t line, Result<T> result) {
  if (!result) return tl::unexpected(result.error().context(fmt::format("line {}", line)));
  return result;
}

// Counts evaluations within evaluations while it lives.
class Interpreter::Nesting {
 public:
  explicit Nesting(Interpreter& interpreter) : interpreter_(interpreter) { interpreter_.depth_++; }
  ~Nesting() { interpreter_.depth_--; }
  Nesting(const Nesting&) = delete;
  Nesting& operator=(const Nesting&) = delete;
  Status check(uint32_t line) const {
    if (interpreter_.depth_ <= kMaxRunDepth) return {};
    return invalid("line {}: calls nested deeper than {}", line, kMaxRunDepth);
  }

 private:
  Interpreter& interpreter_;
};

}  // namespace ingot::core::jinja
