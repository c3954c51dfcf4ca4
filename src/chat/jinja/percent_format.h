// text % values, as Python formats them.
#pragma once

#include "base/result.h"
#include "chat/jinja/runtime.h"
#include "chat/jinja/value.h"

namespace ingot::core::jinja {

// values: a tuple, a dictionary for %(name)s, or a single value. Errors: too few or too many of them, a conversion that
// does not fit its value or is not supported.
Result<Value> percent_format(Runtime& runtime, const StringObject& format, const Value& values);

}  // namespace ingot::core::jinja
