// Methods of strings, lists and dictionaries, and of loops and cyclers: those of Python that change nothing.
#pragma once

#include <span>
#include <string_view>

#include "base/result.h"
#include "chat/jinja/arguments.h"
#include "chat/jinja/runtime.h"
#include "chat/jinja/value.h"

namespace ingot::core::jinja {

struct MethodEntry {
  std::string_view name;
  Result<Value> (*call)(Runtime& runtime, const Value& receiver, const Args& args);
};

// True for Python's methods that ingot does not have, too: calling them is an error that names them.
bool has_method(const Value& receiver, std::string_view name);
Result<Value> call_method(Runtime& runtime, const MethodObject& method, const Args& args);

// By file.
std::span<const MethodEntry> string_edit_methods();    // give a changed string
std::span<const MethodEntry> string_search_methods();  // look, split, join, ask
std::span<const MethodEntry> list_methods();
std::span<const MethodEntry> dict_methods();

}  // namespace ingot::core::jinja
