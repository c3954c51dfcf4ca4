// Arguments of calls, and how a builtin takes them by name.
#pragma once

#include <array>
#include <initializer_list>
#include <optional>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "chat/jinja/runtime.h"
#include "chat/jinja/value.h"

namespace ingot::core::jinja {

struct NamedValue {
  std::string_view name;
  Value value;
};

struct Args {
  std::vector<Value> positional;
  std::vector<NamedValue> named;

  size_t n() const { return positional.size() + named.size(); }
};

// The arguments in the order of a builtin's parameters; empty where one was not given.
class BoundArgs {
 public:
  static constexpr size_t kMaxParameters = 6;

  bool has(size_t index) const { return values_[index].has_value(); }
  const Value& operator[](size_t index) const { return *values_[index]; }
  Value get(size_t index, const Value& fallback) const { return values_[index].value_or(fallback); }
  // none counts as not given.
  bool given(size_t index) const { return has(index) && !values_[index]->is_none(); }
  bool flag(size_t index, bool fallback = false) const;
  // Errors: not an integer.
  Result<int64_t> integer(size_t index, int64_t fallback) const;
  // Errors: not a string.
  Result<const StringObject*> string(size_t index) const;

 private:
  friend Result<BoundArgs> bind(std::string_view, const Args&, std::initializer_list<std::string_view>, size_t);
  std::array<std::optional<Value>, kMaxParameters> values_;
  std::string_view what_;
};

// what: the builtin's name for messages; it and the names must be literals or outlive the result.
// Errors: too many, an unknown or doubled name, fewer than n_required.
Result<BoundArgs> bind(std::string_view what, const Args& args, std::initializer_list<std::string_view> names,
                       size_t n_required = 0);

}  // namespace ingot::core::jinja
