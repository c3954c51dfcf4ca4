// str.format()
#pragma once

#include "base/result.h"
#include "chat/jinja/arguments.h"
#include "chat/jinja/runtime.h"
#include "chat/jinja/value.h"

namespace ingot::core::jinja {

// {}, {0}, {name}, {0.name}, {name[key]}, with !r or !s and a format behind a colon, which holds no braces here.
Result<Value> format_method(Runtime& runtime, const StringObject& format, const Args& args);

}  // namespace ingot::core::jinja
