// The functions that every template has: Jinja's range, dict, namespace, cycler and joiner, and Hugging Face's
// raise_exception and strftime_now.
#pragma once

#include "base/result.h"
#include "chat/jinja/arguments.h"
#include "chat/jinja/clock.h"
#include "chat/jinja/runtime.h"
#include "chat/jinja/value.h"

namespace ingot::core::jinja {

Result<Value> call_function(Runtime& runtime, Function function, const Args& args, const LocalTime& now);

}  // namespace ingot::core::jinja
