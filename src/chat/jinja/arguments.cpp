#include "chat/jinja/arguments.h"

#include <algorithm>

#include "base/utf8.h"

namespace ingot::core::jinja {

bool BoundArgs::flag(size_t index, bool fallback) const {
  return has(index) ? truth(*values_[index]) : fallback;
}

Result<int64_t> BoundArgs::integer(size_t index, int64_t fallback) const {
  if (!has(index)) return fallback;
  const Value& value = *values_[index];
  if (!value.is_integral())
    return invalid("{}: argument {} must be an integer, not {}", what_, index + 1, type_name(value));
  return value.as_integer();
}

Result<const StringObject*> BoundArgs::string(size_t index) const {
  const Value& value = *values_[index];
  if (!value.is_string())
    return invalid("{}: argument {} must be a string, not {}", what_, index + 1, type_name(value));
  return value.string;
}

Result<BoundArgs> bind(std::string_view what, const Args& args, std::initializer_list<std::string_view> names,
                       size_t n_required) {
  BoundArgs bound;
  bound.what_ = what;
  if (args.positional.size() > names.size()) {
    return invalid("{} takes at most {} arguments, not {}", what, names.size(), args.positional.size());
  }
  for (size_t index = 0; index < args.positional.size(); index++) bound.values_[index] = args.positional[index];
  for (const NamedValue& named : args.named) {
    const auto* found = std::find(names.begin(), names.end(), named.name);
    if (found == names.end()) return invalid("{} has no argument '{}'", what, printable(named.name));
    auto& value = bound.values_[static_cast<size_t>(found - names.begin())];
    if (value) return invalid("{}: the argument '{}' is given twice", what, named.name);
    value = named.value;
  }
  for (size_t index = 0; index < n_required; index++) {
    if (!bound.values_[index]) return invalid("{} needs the argument '{}'", what, names.begin()[index]);
  }
  return bound;
}

}  // namespace ingot::core::jinja
