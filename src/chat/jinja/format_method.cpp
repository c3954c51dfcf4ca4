#include "chat/jinja/format_method.h"

#include <algorithm>
#include <charconv>

#include "base/utf8.h"
#include "chat/jinja/attributes.h"
#include "chat/jinja/format_spec.h"
#include "chat/jinja/operators.h"
#include "chat/jinja/print.h"

namespace ingot::core::jinja {
namespace {

bool read_index(std::string_view text, size_t& out_index) {
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), out_index);
  return !text.empty() && parsed.ec == std::errc() && parsed.ptr == text.data() + text.size();
}

class Fields {
 public:
  Fields(Runtime& runtime, const Args& args) : runtime_(runtime), args_(args) {}

  Result<Value> value_of(std::string_view field) {
    const size_t path_at = std::min(field.find_first_of(".["), field.size());
    INGOT_ASSIGN(Value value, argument(field.substr(0, path_at)));
    std::string_view path = field.substr(path_at);
    while (!path.empty()) {
      INGOT_TRY(runtime_.step());
      if (path[0] == '.') {
        const size_t end = std::min(path.find_first_of(".[", 1), path.size());
        INGOT_ASSIGN(value, pure_attribute_of(runtime_, value, path.substr(1, end - 1)));
        path.remove_prefix(end);
      } else {
        const size_t close = path.find(']');
        if (path[0] != '[' || close == std::string_view::npos)
          return invalid("format: '{}' is no field", printable(field, 40));
        const std::string_view key = path.substr(1, close - 1);
        size_t index = 0;
        INGOT_ASSIGN(value,
                     subscript(runtime_, value, read_index(key, index) ? Value::of(index) : runtime_.string(key)));
        path.remove_prefix(close + 1);
      }
      if (value.is_undefined()) return undefined_error(value);
    }
    return value;
  }

 private:
  Result<Value> argument(std::string_view name) {
    size_t index = 0;
    if (name.empty() || read_index(name, index)) {
      const bool automatic = name.empty();
      if (automatic ? numbered_ : next_ > 0) return invalid("format: numbered and unnumbered fields are mixed");
      if (automatic) {
        index = next_++;
      } else {
        numbered_ = true;
      }
      if (index >= args_.positional.size()) return invalid("format: there is no argument {}", index);
      return args_.positional[index];
    }
    const auto found =
        std::find_if(args_.named.begin(), args_.named.end(), [&](const NamedValue& n) { return n.name == name; });
    if (found == args_.named.end()) return invalid("format: there is no argument '{}'", printable(name, 40));
    return found->value;
  }

  Runtime& runtime_;
  const Args& args_;
  size_t next_ = 0;
  bool numbered_ = false;
};

Status append_field(Runtime& runtime, TextBuilder& out, Fields& fields, std::string_view field) {
  const size_t colon = std::min(field.find(':'), field.size());
  std::string_view name = field.substr(0, colon);
  const std::string_view spec_text = colon < field.size() ? field.substr(colon + 1) : std::string_view();
  char conversion = '\0';
  if (const size_t mark = name.find('!'); mark != std::string_view::npos) {
    if (name.size() != mark + 2 || (name[mark + 1] != 'r' && name[mark + 1] != 's')) {
      return invalid("format: only !r and !s are supported");
    }
    conversion = name[mark + 1];
    name = name.substr(0, mark);
  }
  INGOT_ASSIGN(Value value, fields.value_of(name));
  if (conversion == 'r') {
    TextBuilder text(runtime);
    INGOT_TRY(append_repr(runtime, text, value));
    value = text.finish();
  } else if (conversion == 's') {
    INGOT_ASSIGN(value, to_string(runtime, value));
  }
  INGOT_ASSIGN(const FormatSpec spec, parse_format_spec(spec_text));
  return append_formatted(runtime, out, value, spec);
}

}  // namespace

Result<Value> format_method(Runtime& runtime, const StringObject& format, const Args& args) {
  const std::string_view text = format.bytes;
  TextBuilder out(runtime);
  Fields fields(runtime, args);
  size_t done = 0;
  while (done < text.size()) {
    const size_t at = std::min(text.find_first_of("{}", done), text.size());
    out.append(format, done, at);
    if (at == text.size()) break;
    INGOT_TRY(runtime.step());
    if (at + 1 < text.size() && text[at + 1] == text[at]) {
      out.append(format, at, at + 1);
      done = at + 2;
      continue;
    }
    const size_t close = text.find('}', at);
    if (text[at] == '}' || close == std::string_view::npos) return invalid("format: a single brace in the text");
    const std::string_view field = text.substr(at + 1, close - at - 1);
    if (field.find('{') != std::string_view::npos) return invalid("format: fields within fields are not supported");
    INGOT_TRY(append_field(runtime, out, fields, field));
    done = close + 1;
  }
  INGOT_TRY(runtime.step_bytes(text.size()));
  return out.finish();
}

}  // namespace ingot::core::jinja
