#include "chat/jinja/template.h"

#include <utility>

#include "base/utf8.h"
#include "chat/jinja/interpreter.h"
#include "chat/jinja/json_load.h"
#include "chat/jinja/parser.h"

namespace ingot::core::jinja {

Template::Template(std::unique_ptr<const Syntax> syntax) : syntax_(std::move(syntax)) {}
Template::Template(Template&&) noexcept = default;
Template& Template::operator=(Template&&) noexcept = default;
Template::~Template() = default;

Result<Template> Template::parse(std::string_view source) {
  INGOT_ASSIGN(auto syntax, jinja::parse(source));
  return Template(std::move(syntax));
}

Result<Rendered> Template::render(const std::vector<Variable>& variables, const LocalTime& now) const {
  Runtime runtime;
  Interpreter interpreter(runtime, *syntax_, now);
  for (const Variable& variable : variables) {
    switch (variable.type) {
      case Variable::Type::kUserJson: {
        auto value = load_json(runtime, variable.text);
        if (!value) return tl::unexpected(value.error().context(printable(variable.name)));
        interpreter.define(variable.name, *value);
        break;
      }
      case Variable::Type::kTrusted:
        if (!is_utf8(variable.text)) return invalid("{} is not UTF-8", printable(variable.name));
        interpreter.define(variable.name, runtime.copied_string(variable.text));
        break;
      case Variable::Type::kBool:
        interpreter.define(variable.name, Value::of(!variable.text.empty()));
        break;
    }
  }
  runtime.reset_steps();
  runtime.reset_bytes();
  TextBuilder text(runtime);
  INGOT_TRY(interpreter.run(text));
  return Rendered{text.take_bytes(), text.user()};
}

}  // namespace ingot::core::jinja
