// Calls of functions, methods, macros and loops.
#include <algorithm>
#include <utility>

#include "base/utf8.h"
#include "chat/jinja/functions.h"
#include "chat/jinja/interpreter.h"
#include "chat/jinja/iterate.h"
#include "chat/jinja/methods.h"

namespace ingot::core::jinja {

Result<Args> Interpreter::evaluate_arguments(const Expr& expr) {
  Args args;
  for (const Argument& argument : expr.arguments) {
    INGOT_ASSIGN(const Value value, evaluate(*argument.value));
    switch (argument.kind) {
      case ArgumentKind::kPositional:
        args.positional.push_back(value);
        break;
      case ArgumentKind::kNamed:
        args.named.push_back({argument.name, value});
        break;
      case ArgumentKind::kStar: {
        INGOT_ASSIGN(const auto items, at_line(expr.line, items_of(runtime_, value)));
        args.positional.insert(args.positional.end(), items.begin(), items.end());
        break;
      }
      case ArgumentKind::kStarStar:
        if (!value.is_dict()) return invalid("line {}: ** needs a dict, not {}", expr.line, type_name(value));
        for (size_t index = 0; index < value.dict->n_entries; index++) {
          const DictEntry& entry = value.dict->entries[index];
          if (!entry.key.is_string()) return invalid("line {}: ** needs strings as keys", expr.line);
          args.named.push_back({entry.key.string->bytes, entry.value});
        }
        break;
    }
  }
  INGOT_TRY(at_line(expr.line, runtime_.step(static_cast<int64_t>(args.n()))));
  return args;
}

Result<Value> Interpreter::evaluate_call(const Expr& expr, const Value* caller) {
  INGOT_ASSIGN(const Value callee, evaluate(*expr.left));
  INGOT_ASSIGN(Args args, evaluate_arguments(expr));
  if (caller != nullptr) args.named.push_back({"caller", *caller});
  // A macro's body knows its lines.
  if (callee.is(Kind::kMacro) && runtime_.step()) return call_macro(*callee.macro, args);
  if (callee.is(Kind::kLoop)) return call_loop(*callee.loop, args);
  return at_line(expr.line, call(callee, args));
}

Result<Value> Interpreter::call(const Value& callee, const Args& args) {
  switch (callee.kind) {
    case Kind::kFunction:
      return call_function(runtime_, callee.function, args, now_);
    case Kind::kMethod:
      return call_method(runtime_, *callee.method, args);
    case Kind::kJoiner: {
      INGOT_TRY(jinja::bind("joiner", args, {}));
      if (std::exchange(callee.joiner->used, true)) return callee.joiner->separator;
      return runtime_.string("");
    }
    case Kind::kUndefined:
      return undefined_error(callee);
    default:
      return invalid("{} cannot be called", type_name(callee));
  }
}

Result<Value> Interpreter::call_macro(const MacroObject& macro, const Args& args) {
  const Stmt& definition = *macro.definition;
  Scope* const around = std::exchange(scope_, new_scope(macro.scope));
  Status status = bind_parameters(macro, args, *scope_);
  Result<Value> text = Value();
  if (status) text = captured(definition.body);
  scope_ = around;
  INGOT_TRY(status);
  return text;
}

Status Interpreter::bind_parameters(const MacroObject& macro, const Args& args, Scope& scope) {
  const Stmt& definition = *macro.definition;
  const auto& parameters = definition.parameters;
  std::vector<NamedValue> named = args.named;
  const auto take = [&](std::string_view name) -> std::optional<Value> {
    const auto found = std::find_if(named.begin(), named.end(), [&](const NamedValue& n) { return n.name == name; });
    if (found == named.end()) return std::nullopt;
    const Value value = found->value;
    named.erase(found);
    return value;
  };
  // caller() first: a default may use it.
  const bool names_caller =
      std::any_of(parameters.begin(), parameters.end(), [](const Parameter& p) { return p.symbol == kSymbolCaller; });
  if (definition.uses_caller && !names_caller) {
    const auto caller = take("caller");
    bind(scope, kSymbolCaller, caller ? *caller : runtime_.undefined("caller"));
  }
  for (size_t index = 0; index < parameters.size(); index++) {
    const Parameter& parameter = parameters[index];
    std::optional<Value> value;
    if (index < args.positional.size()) {
      value = args.positional[index];
    } else {
      value = take(parameter.name);
    }
    if (!value && parameter.fallback != nullptr) {
      INGOT_ASSIGN(value, evaluate(*parameter.fallback));
    }
    bind(scope, parameter.symbol, value ? *value : runtime_.undefined(parameter.name));
  }
  const std::string_view name = definition.text;
  if (definition.uses_kwargs) {
    DictBuilder kwargs(runtime_);
    for (const NamedValue& argument : named) {
      INGOT_TRY(kwargs.set(runtime_.copied_string(argument.name), argument.value));
    }
    bind(scope, kSymbolKwargs, kwargs.finish());
  } else if (!named.empty()) {
    return invalid("line {}: macro '{}' has no parameter '{}'", definition.line, name, printable(named.front().name));
  }
  const size_t n_taken = std::min(args.positional.size(), parameters.size());
  if (definition.uses_varargs) {
    const std::vector<Value> rest(args.positional.begin() + static_cast<std::ptrdiff_t>(n_taken),
                                  args.positional.end());
    bind(scope, kSymbolVarargs, runtime_.sequence(rest, SequenceKind::kTuple));
  } else if (args.positional.size() > parameters.size()) {
    return invalid("line {}: macro '{}' takes at most {} arguments, not {}", definition.line, name, parameters.size(),
                   args.positional.size());
  }
  return {};
}

Result<Value> Interpreter::call_loop(const LoopObject& loop, const Args& args) {
  const Stmt& statement = *loop.statement;
  if (!statement.recursive) {
    return invalid("line {}: loop() needs the loop to be marked 'recursive'", statement.line);
  }
  INGOT_ASSIGN(const BoundArgs bound, at_line(statement.line, jinja::bind("loop", args, {"iterable"}, 1)));
  const Nesting nesting(*this);
  INGOT_TRY(nesting.check(statement.line));
  TextBuilder text(runtime_);
  TextBuilder* const out_around = std::exchange(out_, &text);
  const Status status = loop_over(statement, bound[0], loop.depth + 1, loop.scope);
  out_ = out_around;
  INGOT_TRY(status);
  INGOT_TRY(at_line(statement.line, runtime_.step()));
  return text.finish();
}

}  // namespace ingot::core::jinja
