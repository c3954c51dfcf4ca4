#include <utility>

#include "base/utf8.h"
#include "chat/jinja/attributes.h"
#include "chat/jinja/filters.h"
#include "chat/jinja/interpreter.h"
#include "chat/jinja/iterate.h"
#include "chat/jinja/print.h"
#include "chat/jinja/tests.h"

namespace ingot::core::jinja {

Result<Value> Interpreter::evaluate(const Expr& expr) {
  if (expr.kind == ExprKind::kConstant) return expr.constant;
  const Nesting nesting(*this);
  INGOT_TRY(nesting.check(expr.line));
  INGOT_TRY(at_line(expr.line, runtime_.step()));
  return evaluate_node(expr);
}

Result<Value> Interpreter::evaluate_node(const Expr& expr) {
  switch (expr.kind) {
    case ExprKind::kConstant:
      return expr.constant;
    case ExprKind::kName:
      return evaluate_name(expr);
    case ExprKind::kList:
    case ExprKind::kTuple:
      return evaluate_sequence(expr);
    case ExprKind::kDict:
      return evaluate_dict(expr);
    case ExprKind::kAttribute: {
      INGOT_ASSIGN(const Value left, evaluate(*expr.left));
      return at_line(expr.line, attribute_of(runtime_, left, expr.text));
    }
    case ExprKind::kSubscript: {
      INGOT_ASSIGN(const Value left, evaluate(*expr.left));
      INGOT_ASSIGN(const Value index, evaluate(*expr.right));
      return at_line(expr.line, subscript(runtime_, left, index));
    }
    case ExprKind::kSlice:
      return evaluate_slice(expr);
    case ExprKind::kCall:
      return evaluate_call(expr);
    case ExprKind::kFilter:
      return evaluate_filter(expr);
    case ExprKind::kTest:
      return evaluate_test(expr);
    case ExprKind::kNot: {
      INGOT_ASSIGN(const Value left, evaluate(*expr.left));
      return Value::of(!truth(left));
    }
    case ExprKind::kUnary: {
      INGOT_ASSIGN(const Value left, evaluate(*expr.left));
      return at_line(expr.line, negate_or_plus(expr.op, left));
    }
    case ExprKind::kBinary: {
      INGOT_ASSIGN(const Value left, evaluate(*expr.left));
      INGOT_ASSIGN(const Value right, evaluate(*expr.right));
      return at_line(expr.line, arithmetic(runtime_, expr.op, left, right));
    }
    case ExprKind::kConcat:
      return evaluate_concat(expr);
    case ExprKind::kCompare:
      return evaluate_compare(expr);
    case ExprKind::kAnd:
    case ExprKind::kOr: {
      INGOT_ASSIGN(const Value left, evaluate(*expr.left));
      if (truth(left) == (expr.kind == ExprKind::kOr)) return left;
      return evaluate(*expr.right);
    }
    case ExprKind::kConditional: {
      INGOT_ASSIGN(const Value test, evaluate(*expr.middle));
      if (truth(test)) return evaluate(*expr.left);
      if (expr.right != nullptr) return evaluate(*expr.right);
      return runtime_.undefined("an 'if' without 'else'");
    }
  }
  return Value();
}

Result<Value> Interpreter::evaluate_name(const Expr& expr) {
  const Value* value = lookup(expr.symbol);
  return value != nullptr ? *value : runtime_.undefined(expr.text);
}

Result<Value> Interpreter::evaluate_sequence(const Expr& expr) {
  ListBuilder items(runtime_);
  for (const Expr* item : expr.items) {
    INGOT_ASSIGN(const Value value, evaluate(*item));
    items.add(value);
  }
  return items.finish(expr.kind == ExprKind::kList ? SequenceKind::kList : SequenceKind::kTuple);
}

Result<Value> Interpreter::evaluate_dict(const Expr& expr) {
  DictBuilder dict(runtime_);
  for (size_t index = 0; index < expr.items.size(); index += 2) {
    INGOT_ASSIGN(const Value key, evaluate(*expr.items[index]));
    INGOT_ASSIGN(const Value value, evaluate(*expr.items[index + 1]));
    INGOT_TRY(at_line(expr.line, dict.set(key, value)));
  }
  return dict.finish();
}

Result<Value> Interpreter::evaluate_slice(const Expr& expr) {
  INGOT_ASSIGN(const Value container, evaluate(*expr.left));
  std::array<Value, 3> bounds{Value::none(), Value::none(), Value::none()};
  for (size_t part = 0; part < 3; part++) {
    if (expr.items[part] == nullptr) continue;
    INGOT_ASSIGN(bounds[part], evaluate(*expr.items[part]));
  }
  return at_line(expr.line, slice(runtime_, container, bounds[0], bounds[1], bounds[2]));
}

Result<Value> Interpreter::evaluate_concat(const Expr& expr) {
  TextBuilder text(runtime_);
  for (const Expr* item : expr.items) {
    INGOT_ASSIGN(const Value value, evaluate(*item));
    INGOT_TRY(at_line(expr.line, append_str(runtime_, text, value)));
    INGOT_TRY(at_line(expr.line, runtime_.step()));
  }
  return text.finish();
}

Result<Value> Interpreter::evaluate_compare(const Expr& expr) {
  INGOT_ASSIGN(Value left, evaluate(*expr.items[0]));
  for (size_t index = 0; index < expr.ops.size(); index++) {
    INGOT_ASSIGN(const Value right, evaluate(*expr.items[index + 1]));
    INGOT_ASSIGN(const bool holds, at_line(expr.line, compare(runtime_, expr.ops[index], left, right)));
    if (!holds) return Value::of(false);
    left = right;
  }
  return Value::of(true);
}

Result<Value> Interpreter::evaluate_filter(const Expr& expr) {
  INGOT_ASSIGN(const Value value, evaluate(*expr.left));
  INGOT_ASSIGN(const Args args, evaluate_arguments(expr));
  if (expr.filter == nullptr) return invalid("line {}: there is no filter '{}'", expr.line, printable(expr.text));
  return at_line(expr.line, expr.filter->apply(runtime_, value, args));
}

Result<Value> Interpreter::evaluate_block_filters(const Expr& expr, const Value& input) {
  std::vector<const Expr*> chain;  // outermost first
  for (const Expr* filter = &expr; filter != nullptr; filter = filter->left) chain.push_back(filter);
  Value value = input;
  for (; !chain.empty(); chain.pop_back()) {
    const Expr& filter = *chain.back();
    INGOT_ASSIGN(const Args args, evaluate_arguments(filter));
    if (filter.filter == nullptr) {
      return invalid("line {}: there is no filter '{}'", filter.line, printable(filter.text));
    }
    INGOT_ASSIGN(value, at_line(filter.line, filter.filter->apply(runtime_, value, args)));
  }
  return value;
}

Result<Value> Interpreter::evaluate_test(const Expr& expr) {
  INGOT_ASSIGN(const Value value, evaluate(*expr.left));
  INGOT_ASSIGN(const Args args, evaluate_arguments(expr));
  if (expr.test == nullptr) return invalid("line {}: there is no test '{}'", expr.line, printable(expr.text));
  INGOT_ASSIGN(const bool holds, at_line(expr.line, expr.test->holds(runtime_, value, args)));
  return Value::of(holds);
}

}  // namespace ingot::core::jinja
