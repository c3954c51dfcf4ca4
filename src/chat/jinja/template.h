// A template, parsed once and rendered any number of times, by any number of threads.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "chat/jinja/clock.h"
#include "chat/jinja/value.h"

namespace ingot::core::jinja {

struct Syntax;

struct Variable {
  std::string name;
  enum class Type : uint8_t {
    kUserJson,  // text is JSON; what it says is the user's
    kTrusted,   // text as it is, part of the template
    kBool,      // "1" or ""
  };
  Type type = Type::kUserJson;
  std::string_view text;
};

struct Rendered {
  std::string text;
  std::vector<ByteSpan> user;  // bytes of text that came from the user: sorted, apart
};

class Template {
 public:
  // Errors name the line.
  static Result<Template> parse(std::string_view source);
  Template(Template&&) noexcept;
  Template& operator=(Template&&) noexcept;
  ~Template();

  // A variable that is not given is undefined. Errors name the line, or the variable whose JSON is wrong.
  Result<Rendered> render(const std::vector<Variable>& variables, const LocalTime& now) const;

 private:
  explicit Template(std::unique_ptr<const Syntax> syntax);
  std::unique_ptr<const Syntax> syntax_;
};

}  // namespace ingot::core::jinja
