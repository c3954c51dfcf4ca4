#include "chat/jinja/interpreter.h"

#include <array>
#include <utility>

#include "base/utf8.h"
#include "chat/jinja/iterate.h"
#include "chat/jinja/print.h"

namespace ingot::core::jinja {

Interpreter::Interpreter(Runtime& runtime, const Syntax& syntax, const LocalTime& now)
    : runtime_(runtime), syntax_(syntax), now_(now), scope_(new_scope(nullptr)) {
  constexpr std::array<std::pair<std::string_view, Function>, 8> kGlobals{{
      {"range", Function::kRange},
      {"dict", Function::kDict},
      {"namespace", Function::kNamespace},
      {"cycler", Function::kCycler},
      {"joiner", Function::kJoiner},
      {"lipsum", Function::kLipsum},
      {"raise_exception", Function::kRaiseException},
      {"strftime_now", Function::kStrftimeNow},
  }};
  for (const auto& [name, function] : kGlobals) {
    Value value = Value::of_kind(Kind::kFunction);
    value.function = function;
    define(name, value);
  }
}

void Interpreter::define(std::string_view name, const Value& value) {
  const auto found = syntax_.symbols.find(name);
  if (found != syntax_.symbols.end()) bind(*scope_, found->second, value);
}

void Interpreter::bind(Scope& scope, int32_t symbol, const Value& value) {
  for (Binding* binding = scope.first; binding != nullptr; binding = binding->next) {
    if (binding->symbol == symbol) {
      binding->value = value;
      return;
    }
  }
  scope.first = runtime_.make(Binding{symbol, value, scope.first});
}

const Value* Interpreter::lookup(int32_t symbol) const {
  for (const Scope* scope = scope_; scope != nullptr; scope = scope->parent) {
    for (const Binding* binding = scope->first; binding != nullptr; binding = binding->next) {
      if (binding->symbol == symbol) return &binding->value;
    }
  }
  return nullptr;
}

Status Interpreter::run(TextBuilder& out_text) {
  out_ = &out_text;
  scope_ = new_scope(scope_);
  INGOT_TRY(execute(syntax_.body));
  return runtime_.step();
}

Result<Interpreter::Flow> Interpreter::execute(const std::vector<const Stmt*>& body) {
  for (const Stmt* statement : body) {
    INGOT_ASSIGN(const Flow flow, execute(*statement));
    if (flow != Flow::kNext) return flow;
  }
  return Flow::kNext;
}

Result<Interpreter::Flow> Interpreter::execute(const Stmt& statement) {
  const Nesting nesting(*this);
  INGOT_TRY(nesting.check(statement.line));
  INGOT_TRY(at_line(statement.line, runtime_.step()));
  switch (statement.kind) {
    case StmtKind::kText:
      INGOT_TRY(at_line(statement.line, runtime_.step_bytes(statement.text.size())));
      out_->append(statement.text);
      return Flow::kNext;
    case StmtKind::kOutput: {
      INGOT_ASSIGN(const Value value, evaluate(*statement.value));
      INGOT_TRY(print(value, statement.line));
      return Flow::kNext;
    }
    case StmtKind::kIf:
      return execute_if(statement);
    case StmtKind::kFor:
      INGOT_TRY(execute_for(statement));
      return Flow::kNext;
    case StmtKind::kSet: {
      INGOT_ASSIGN(const Value value, evaluate(*statement.value));
      INGOT_TRY(assign(*statement.target, value));
      return Flow::kNext;
    }
    case StmtKind::kSetBlock: {
      INGOT_ASSIGN(Value value, captured(statement.body));
      if (statement.value != nullptr) {
        INGOT_ASSIGN(value, evaluate_block_filters(*statement.value, value));
      }
      INGOT_TRY(assign(*statement.target, value));
      return Flow::kNext;
    }
    case StmtKind::kMacro: {
      Value macro = Value::of_kind(Kind::kMacro);
      macro.macro = runtime_.make(MacroObject{statement.text, &statement, scope_});
      bind(*scope_, statement.symbol, macro);
      return Flow::kNext;
    }
    case StmtKind::kCall: {
      Value caller = Value::of_kind(Kind::kMacro);
      caller.macro = runtime_.make(MacroObject{statement.text, &statement, scope_});
      INGOT_ASSIGN(const Value value, evaluate_call(*statement.value, &caller));
      INGOT_TRY(print(value, statement.line));
      return Flow::kNext;
    }
    case StmtKind::kFilterBlock: {
      INGOT_ASSIGN(Value value, captured(statement.body));
      INGOT_ASSIGN(value, evaluate_block_filters(*statement.value, value));
      INGOT_TRY(print(value, statement.line));
      return Flow::kNext;
    }
    case StmtKind::kWith:
      INGOT_TRY(execute_with(statement));
      return Flow::kNext;
    case StmtKind::kScope: {
      Scope* const around = std::exchange(scope_, new_scope(scope_));
      auto flow = execute(statement.body);
      scope_ = around;
      INGOT_TRY(flow);
      return Flow::kNext;
    }
    case StmtKind::kBreak:
      return Flow::kBreak;
    case StmtKind::kContinue:
      break;
  }
  return Flow::kContinue;
}

Status Interpreter::print(const Value& value, uint32_t line) {
  INGOT_TRY(at_line(line, append_str(runtime_, *out_, value)));
  if (out_->n_bytes() > kMaxOutputBytes) {
    return invalid("line {}: the template writes more than {} MB of text", line, kMaxOutputBytes >> 20);
  }
  return at_line(line, runtime_.step());
}

Result<Interpreter::Flow> Interpreter::execute_if(const Stmt& statement) {
  for (const Branch& branch : statement.branches) {
    INGOT_ASSIGN(const Value test, evaluate(*branch.test));
    if (truth(test)) return execute(branch.body);
  }
  return execute(statement.other);
}

Status Interpreter::execute_for(const Stmt& statement) {
  INGOT_ASSIGN(const Value iterable, evaluate(*statement.value));
  return loop_over(statement, iterable, 0, scope_);
}

Result<std::span<const Value>> Interpreter::filtered(const Stmt& statement, std::span<const Value> items,
                                                     Scope* around) {
  if (statement.test == nullptr) return items;
  ListBuilder kept(runtime_);
  for (const Value& item : items) {
    scope_ = new_scope(around);
    INGOT_TRY(assign(*statement.target, item));
    INGOT_ASSIGN(const Value test, evaluate(*statement.test));
    if (truth(test)) kept.add(item);
  }
  return kept.finish().items();
}

Status Interpreter::loop_over(const Stmt& statement, const Value& iterable, size_t depth, Scope* around) {
  INGOT_ASSIGN(std::span<const Value> items, at_line(statement.line, items_of(runtime_, iterable)));
  Scope* const before = scope_;
  auto kept = filtered(statement, items, around);
  scope_ = before;
  INGOT_ASSIGN(items, std::move(kept));
  Value loop = Value::of_kind(Kind::kLoop);
  loop.loop = runtime_.make(LoopObject{
      .statement = &statement, .scope = around, .items = items.data(), .n_items = items.size(), .depth = depth});
  Status status;
  bool broken = false;
  for (; loop.loop->index < items.size() && status && !broken; loop.loop->index++) {
    status = at_line(statement.line, runtime_.step());
    if (!status) break;
    scope_ = new_scope(around);
    bind(*scope_, kSymbolLoop, loop);
    status = assign(*statement.target, items[loop.loop->index]);
    if (!status) break;
    const auto flow = execute(statement.body);
    if (!flow) status = tl::unexpected(flow.error());
    broken = flow && *flow == Flow::kBreak;
  }
  if (status && loop.loop->index == 0 && !broken && !statement.other.empty()) {
    scope_ = new_scope(around);
    const auto flow = execute(statement.other);
    if (!flow) status = tl::unexpected(flow.error());
  }
  scope_ = before;
  return status;
}

Status Interpreter::execute_with(const Stmt& statement) {
  Scope* const around = scope_;
  Scope* inside = new_scope(around);
  // All values are evaluated outside of the new scope.
  std::vector<Value> values;
  for (const TargetValue& binding : statement.bindings) {
    INGOT_ASSIGN(const Value value, evaluate(*binding.value));
    values.push_back(value);
  }
  scope_ = inside;
  Status status;
  for (size_t index = 0; index < values.size() && status; index++) {
    status = assign(*statement.bindings[index].target, values[index]);
  }
  if (status) {
    const auto flow = execute(statement.body);
    if (!flow) status = tl::unexpected(flow.error());
  }
  scope_ = around;
  return status;
}

Result<Value> Interpreter::captured(const std::vector<const Stmt*>& body) {
  TextBuilder text(runtime_);
  TextBuilder* const out_around = std::exchange(out_, &text);
  Scope* const scope_around = std::exchange(scope_, new_scope(scope_));
  auto flow = execute(body);
  out_ = out_around;
  scope_ = scope_around;
  INGOT_TRY(flow);
  INGOT_TRY(runtime_.step());
  return text.finish();
}

Status Interpreter::assign(const Expr& target, const Value& value) {
  if (target.kind == ExprKind::kName) {
    bind(*scope_, target.symbol, value);
    return {};
  }
  if (target.kind == ExprKind::kTuple) {
    INGOT_ASSIGN(const auto items, at_line(target.line, items_of(runtime_, value)));
    if (items.size() != target.items.size()) {
      return invalid("line {}: {} values are assigned to {} names", target.line, items.size(), target.items.size());
    }
    for (size_t index = 0; index < items.size(); index++) INGOT_TRY(assign(*target.items[index], items[index]));
    return {};
  }
  const Value* owner = lookup(target.left->symbol);
  if (owner == nullptr || !owner->is(Kind::kNamespace)) {
    return invalid("line {}: '{}' is no namespace, so '{}.{}' cannot be assigned to", target.line, target.left->text,
                   target.left->text, target.text);
  }
  for (NamespaceEntry* entry = owner->names->first; entry != nullptr; entry = entry->next) {
    if (entry->name == target.text) {
      entry->value = value;
      return {};
    }
  }
  auto* entry = runtime_.make(NamespaceEntry{target.text, value});
  (owner->names->last == nullptr ? owner->names->first : owner->names->last->next) = entry;
  owner->names->last = entry;
  return {};
}

}  // namespace ingot::core::jinja
