// Values of the template language: Python's, as far as templates see them.
//
// A Value is 16 bytes and copied freely; what it points to belongs to the Runtime of the rendering (or to the template,
// for constants) and is freed at once with it. So nothing is counted, cycles do no harm, and no destructor recurses.
// All objects but namespaces, loops, cyclers and joiners are immutable: Hugging Face's sandbox allows no method that
// changes a list or a dictionary.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace ingot::core::jinja {

struct Expr;
struct Stmt;

enum class Kind : uint8_t {
  kUndefined,
  kNone,
  kBool,
  kInt,
  kBigInt,  // an integer of the data beyond 64 bits: can be printed, compared for equality, nothing else
  kFloat,
  kString,
  kSequence,
  kDict,
  kNamespace,
  kFunction,
  kMethod,
  kMacro,
  kLoop,
  kCycler,
  kJoiner,
};

// Bytes [begin, end) of a text.
struct ByteSpan {
  uint32_t begin = 0;
  uint32_t end = 0;
};

struct StringObject {
  std::string_view bytes;               // UTF-8
  std::span<const ByteSpan> user = {};  // which of them came from the user: sorted, apart, not empty
  bool ascii = true;
  bool safe = false;  // Python's Markup: what |escape and |safe give
};

// Why something is undefined, for the error of who uses it.
struct UndefinedObject {
  std::string_view name;
  std::string_view owner;  // a type's name; empty for a variable
};

enum class SequenceKind : uint8_t { kList, kTuple, kKeys, kValues, kItems, kRange, kGenerator };

struct Value;

struct SequenceObject {
  SequenceKind kind = SequenceKind::kList;
  bool user = false;      // came from the user as a whole
  bool grouped = false;   // a pair of |groupby: has the attributes grouper and list
  bool consumed = false;  // a generator gives its items once
  const Value* items = nullptr;
  size_t n_items = 0;
  int64_t start = 0, stop = 0, step = 1;  // of a range, to print it
};

struct DictEntry;
struct DictObject {
  const DictEntry* entries = nullptr;  // in the order of insertion
  size_t n_entries = 0;
  const uint32_t* slots = nullptr;  // open addressing: index + 1 of an entry, 0 for none; absent in small ones
  size_t n_slots = 0;               // a power of two
  bool user = false;
};

struct Binding;
struct Scope {
  Scope* parent = nullptr;
  Binding* first = nullptr;
};

struct NamespaceObject;
struct MethodObject;
struct MacroObject;
struct LoopObject;
struct CyclerObject;
struct JoinerObject;

enum class Function : uint8_t { kRange, kDict, kNamespace, kCycler, kJoiner, kLipsum, kRaiseException, kStrftimeNow };

struct Value {
  Kind kind = Kind::kUndefined;
  union {
    const UndefinedObject* undefined = nullptr;  // may be null
    bool boolean;
    int64_t integer;
    double real;
    const StringObject* string;  // kString, and the digits of kBigInt
    SequenceObject* sequence;
    const DictObject* dict;
    NamespaceObject* names;
    Function function;
    const MethodObject* method;
    const MacroObject* macro;
    LoopObject* loop;
    CyclerObject* cycler;
    JoinerObject* joiner;
  };

  static Value none() { return of_kind(Kind::kNone); }
  static Value of(bool value) {
    Value made = of_kind(Kind::kBool);
    made.boolean = value;
    return made;
  }
  static Value of(int64_t value) {
    Value made = of_kind(Kind::kInt);
    made.integer = value;
    return made;
  }
  static Value of(size_t value) { return of(static_cast<int64_t>(value)); }
  static Value of(double value) {
    Value made = of_kind(Kind::kFloat);
    made.real = value;
    return made;
  }
  static Value of(const StringObject* value) {
    Value made = of_kind(Kind::kString);
    made.string = value;
    return made;
  }
  static Value of(SequenceObject* value) {
    Value made = of_kind(Kind::kSequence);
    made.sequence = value;
    return made;
  }
  static Value of(const DictObject* value) {
    Value made = of_kind(Kind::kDict);
    made.dict = value;
    return made;
  }
  static Value of_kind(Kind kind) {
    Value made;
    made.kind = kind;
    return made;
  }

  bool is(Kind wanted) const { return kind == wanted; }
  bool is_undefined() const { return kind == Kind::kUndefined; }
  bool is_none() const { return kind == Kind::kNone; }
  bool is_string() const { return kind == Kind::kString; }
  bool is_dict() const { return kind == Kind::kDict; }
  // Python's bool is an int.
  bool is_integral() const { return kind == Kind::kInt || kind == Kind::kBool; }
  bool is_number() const { return is_integral() || kind == Kind::kFloat; }
  bool is_sequence(SequenceKind wanted) const { return kind == Kind::kSequence && sequence->kind == wanted; }
  bool is_list() const { return is_sequence(SequenceKind::kList); }
  bool is_tuple() const { return is_sequence(SequenceKind::kTuple); }
  int64_t as_integer() const { return kind == Kind::kBool ? (boolean ? 1 : 0) : integer; }
  double as_real() const { return kind == Kind::kFloat ? real : static_cast<double>(as_integer()); }
  std::span<const Value> items() const { return {sequence->items, sequence->n_items}; }
};

struct DictEntry {
  Value key;
  Value value;
  uint64_t hash = 0;
};

// A variable of a scope. symbol: the template's number for its name.
struct Binding {
  int32_t symbol = 0;
  Value value;
  Binding* next = nullptr;
};

struct NamespaceEntry {
  std::string_view name;
  Value value;
  NamespaceEntry* next = nullptr;  // in the order of insertion
};

struct NamespaceObject {
  NamespaceEntry* first = nullptr;
  NamespaceEntry* last = nullptr;
};

// receiver.name, not called yet.
struct MethodObject {
  Value receiver;
  std::string_view name;
};

struct MacroObject {
  std::string_view name;
  const Stmt* definition = nullptr;
  Scope* scope = nullptr;  // where it was defined
};

struct LoopObject {
  const Stmt* statement = nullptr;
  Scope* scope = nullptr;  // around the loop, for loop(...)
  const Value* items = nullptr;
  size_t n_items = 0;
  size_t index = 0;
  size_t depth = 0;
  const Value* last_changed = nullptr;  // what loop.changed() saw last, a tuple
};

struct CyclerObject {
  const Value* items = nullptr;
  size_t n_items = 0;
  size_t position = 0;
};

struct JoinerObject {
  Value separator;
  bool used = false;
};

// Python's name of the type, for messages.
std::string_view type_name(const Value& value);
bool truth(const Value& value);

}  // namespace ingot::core::jinja
