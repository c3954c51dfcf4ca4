// Errors as values: Result<T> is what every function returns that reads bytes from outside (files, prompts, flags).
//
// A message names the culprit and what was expected; each level that knows more puts its context in front:
// "while reading tensor blk.3.attn_q.weight: ...". Nothing of ours throws.
#pragma once

#include <fmt/format.h>

#include <string>
#include <tl/expected.hpp>
#include <utility>

namespace ingot::core {

enum class ErrorKind {
  kInvalidInput,  // a file, prompt, token or option that breaks its own rules
  kUnsupported,   // well-formed, but ingot does not do it
  kIo,            // the operating system refused
  kOutOfMemory,   // the machine has not enough of it
  kCancelled,     // the caller asked to stop
};

struct Error {
  ErrorKind kind = ErrorKind::kInvalidInput;
  std::string message;

  [[nodiscard]] Error context(std::string_view where) const { return {kind, fmt::format("{}: {}", where, message)}; }
};

template <typename T>
using Result = tl::expected<T, Error>;
using Status = Result<void>;

template <typename... Args>
tl::unexpected<Error> fail(ErrorKind kind, fmt::format_string<Args...> format, Args&&... args) {
  return tl::unexpected<Error>(Error{kind, fmt::format(format, std::forward<Args>(args)...)});
}

// The commonest kind: the input is wrong.
template <typename... Args>
tl::unexpected<Error> invalid(fmt::format_string<Args...> format, Args&&... args) {
  return fail(ErrorKind::kInvalidInput, format, std::forward<Args>(args)...);
}

}  // namespace ingot::core

// Returns the error of a Status or Result expression from the enclosing function, if there is one.
#define INGOT_TRY(expression)                                                  \
  do {                                                                         \
    if (auto status_ = (expression); !status_) {                               \
      return tl::unexpected<::ingot::core::Error>(std::move(status_).error()); \
    }                                                                          \
  } while (false)

#define INGOT_CONCAT_INNER(a, b) a##b
#define INGOT_CONCAT(a, b) INGOT_CONCAT_INNER(a, b)
// INGOT_ASSIGN(auto x, make_x()): declares or assigns x from a Result, or returns its error.
#define INGOT_ASSIGN(target, expression) INGOT_ASSIGN_INNER(INGOT_CONCAT(result_, __LINE__), target, expression)
// target may be a declaration, which stands no parentheses.
// NOLINTBEGIN(bugprone-macro-parentheses)
#define INGOT_ASSIGN_INNER(result, target, expression)                                 \
  auto result = (expression);                                                          \
  if (!result) return tl::unexpected<::ingot::core::Error>(std::move(result).error()); \
  target = std::move(*result)
// NOLINTEND(bugprone-macro-parentheses)
