// A parsed template: expressions and statements as plain data, owned together by Syntax.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "chat/jinja/operators.h"
#include "chat/jinja/value.h"

namespace ingot::core::jinja {

struct FilterEntry;
struct TestEntry;

enum class ExprKind : uint8_t {
  kConstant,     // constant
  kName,         // symbol
  kList,         // items
  kTuple,        // items
  kDict,         // items: key, value, key, value, ...
  kAttribute,    // left.text
  kSubscript,    // left[right]
  kSlice,        // left[items[0]:items[1]:items[2]], null where left out
  kCall,         // left(arguments)
  kFilter,       // left|text(arguments); left is null in a filter block
  kTest,         // left is text(arguments)
  kNot,          // left
  kUnary,        // op left
  kBinary,       // left op right
  kConcat,       // items
  kCompare,      // items[0] ops[0] items[1] ops[1] ...
  kAnd,          // left, right
  kOr,           // left, right
  kConditional,  // left if middle else right, which may be null
};

enum class ArgumentKind : uint8_t { kPositional, kNamed, kStar, kStarStar };

struct Argument {
  ArgumentKind kind = ArgumentKind::kPositional;
  std::string_view name;
  const Expr* value = nullptr;
};

struct Expr {
  ExprKind kind = ExprKind::kConstant;
  Op op = Op::kAdd;
  uint32_t line = 0;
  uint32_t depth = 1;  // of the tree below
  int32_t symbol = -1;
  std::string_view text;
  Value constant;
  const Expr* left = nullptr;
  const Expr* middle = nullptr;
  const Expr* right = nullptr;
  const FilterEntry* filter = nullptr;  // null: there is no such filter, an error where it is reached
  const TestEntry* test = nullptr;
  std::vector<const Expr*> items;
  std::vector<Op> ops;
  std::vector<Argument> arguments;
};

enum class StmtKind : uint8_t {
  kText,         // text
  kOutput,       // value
  kIf,           // branches, other
  kFor,          // target, value, test, body, other
  kSet,          // target, value
  kSetBlock,     // target, value (filters, or null), body
  kMacro,        // text, symbol, parameters, body
  kCall,         // value (the call), parameters, body
  kFilterBlock,  // value, body
  kWith,         // bindings, body
  kScope,        // body: a generation block, whose variables stay in it
  kBreak,
  kContinue,
};

struct Parameter {
  int32_t symbol = -1;
  std::string_view name;
  const Expr* fallback = nullptr;  // null: none
};

struct Branch {
  const Expr* test = nullptr;
  std::vector<const Stmt*> body;
};

struct TargetValue {
  const Expr* target = nullptr;
  const Expr* value = nullptr;
};

struct Stmt {
  StmtKind kind = StmtKind::kText;
  uint32_t line = 0;
  bool recursive = false;                                               // of a loop
  bool uses_caller = false, uses_varargs = false, uses_kwargs = false;  // of a macro
  int32_t symbol = -1;
  std::string_view text;
  const Expr* target = nullptr;
  const Expr* value = nullptr;
  const Expr* test = nullptr;
  std::vector<const Stmt*> body;
  std::vector<const Stmt*> other;
  std::vector<Branch> branches;
  std::vector<Parameter> parameters;
  std::vector<TargetValue> bindings;
};

// Numbers of names that the language itself uses.
enum Symbol : int32_t { kSymbolLoop, kSymbolCaller, kSymbolVarargs, kSymbolKwargs, kFirstFreeSymbol };

struct Syntax {
  std::string source;  // normalised; tokens and texts refer to it
  std::vector<const Stmt*> body;

  // Everything lies flat: a deque destroys its elements one after another, however deep the tree.
  std::deque<Expr> exprs;
  std::deque<Stmt> stmts;
  std::deque<std::string> strings;  // of constants, escapes resolved
  std::deque<StringObject> string_objects;
  std::deque<std::string> names;
  std::unordered_map<std::string_view, int32_t> symbols;

  int32_t symbol(std::string_view name) {
    const auto found = symbols.find(name);
    if (found != symbols.end()) return found->second;
    const auto number = static_cast<int32_t>(names.size());
    names.emplace_back(name);
    symbols.emplace(names.back(), number);
    return number;
  }
};

}  // namespace ingot::core::jinja
