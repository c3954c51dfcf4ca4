// Errors as values: every call that can fail returns an Expected<T>. Nothing in this library throws.
#pragma once

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <type_traits>
#include <utility>
#include <variant>

namespace ingot {

enum class ErrorCode : uint8_t {
  kInvalidInput,  // a file, prompt, token or option that breaks its own rules
  kUnsupported,   // well-formed, but ingot does not do it
  kIo,            // the operating system refused
  kOutOfMemory,   // the machine has not enough of it
  kCancelled,     // a CancelToken or a callback asked to stop
};

struct Error {
  ErrorCode code = ErrorCode::kInvalidInput;
  std::string message;  // one line: names the culprit and what was expected
};

// A T or an Error. Asking for the one that is not there is a mistake of the program and ends it.
template <typename T>
class [[nodiscard]] Expected {
 public:
  using value_type = T;

  Expected(T value) : held_(std::in_place_index<0>, std::move(value)) {}      // NOLINT: implicit on purpose
  Expected(Error error) : held_(std::in_place_index<1>, std::move(error)) {}  // NOLINT: implicit on purpose

  explicit operator bool() const { return held_.index() == 0; }
  bool has_value() const { return held_.index() == 0; }

  T& value() & { return check_value(), std::get<0>(held_); }
  const T& value() const& { return check_value(), std::get<0>(held_); }
  T&& value() && { return check_value(), std::get<0>(std::move(held_)); }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T&& operator*() && { return std::move(*this).value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }

  const Error& error() const {
    if (has_value()) die("error() of an Expected that holds a value");
    return std::get<1>(held_);
  }

 private:
  void check_value() const {
    if (!has_value()) die(std::get<1>(held_).message.c_str());
  }
  [[noreturn]] static void die(const char* why) {
    std::fprintf(stderr, "ingot: unchecked Expected: %s\n", why);
    std::abort();
  }

  std::variant<T, Error> held_;
};

// The result of a call that gives nothing but may fail.
using Status = Expected<std::monostate>;
inline Status ok() {
  return std::monostate{};
}

}  // namespace ingot
