#include "chat/jinja/percent_format.h"

#include <cmath>

#include "base/utf8.h"
#include "chat/jinja/format_spec.h"
#include "chat/jinja/operators.h"
#include "chat/jinja/print.h"
#include "chat/jinja/unicode.h"

namespace ingot::core::jinja {
namespace {

class PercentFormatter {
 public:
  PercentFormatter(Runtime& runtime, const StringObject& format, const Value& values)
      : runtime_(runtime), format_(format), values_(values), out_(runtime) {}

  Result<Value> run() {
    const std::string_view text = format_.bytes;
    size_t done = 0;
    for (size_t at = text.find('%'); at != std::string_view::npos; at = text.find('%', done)) {
      out_.append(format_, done, at);
      INGOT_TRY(runtime_.step());
      done = at + 1;
      INGOT_TRY(conversion(done));
    }
    out_.append(format_, done, text.size());
    if (values_.is_tuple() && n_used_ < values_.sequence->n_items) {
      return invalid("%: {} values for {} places", values_.sequence->n_items, n_used_);
    }
    // Python lets pass what can be indexed: it could hold named values.
    const bool indexed = values_.is_dict() || values_.is_undefined() || values_.is(Kind::kSequence);
    if (!indexed && n_used_ == 0) {
      return invalid("%: a value for no place");
    }
    INGOT_TRY(runtime_.step_bytes(text.size()));
    return out_.finish();
  }

 private:
  Result<Value> next_value() {
    if (values_.is_tuple()) {
      if (n_used_ >= values_.sequence->n_items) return invalid("%: fewer values than places");
      return values_.items()[n_used_++];
    }
    if (n_used_++ > 0) return invalid("%: fewer values than places");
    return values_;
  }

  Result<Value> named_value(std::string_view name) {
    if (!values_.is_dict()) return invalid("%: named places need a dict");
    const Value* found = find(*values_.dict, name);
    if (found == nullptr) return invalid("%: there is no value '{}'", printable(name));
    return *found;
  }

  Result<int64_t> number(size_t& at) {
    if (at < format_.bytes.size() && format_.bytes[at] == '*') {
      at++;
      INGOT_ASSIGN(const Value value, next_value());
      if (!value.is_integral()) return invalid("%: * needs an integer");
      return value.as_integer();
    }
    int64_t value = 0;
    for (; at < format_.bytes.size() && format_.bytes[at] >= '0' && format_.bytes[at] <= '9'; at++) {
      value = value * 10 + (format_.bytes[at] - '0');
      if (value > static_cast<int64_t>(kMaxValueBytes)) return invalid("%: a width or precision is too large");
    }
    return value;
  }

  // at: behind the %; is moved behind the conversion.
  Status conversion(size_t& at) {
    const std::string_view text = format_.bytes;
    std::string_view name;
    bool named = false;
    if (at < text.size() && text[at] == '(') {
      const size_t close = text.find(')', at);
      if (close == std::string_view::npos) return invalid("%: a name has no end");
      name = text.substr(at + 1, close - at - 1);
      named = true;
      at = close + 1;
    }
    FormatSpec spec;
    bool left = false, zero = false;
    for (; at < text.size(); at++) {
      if (text[at] == '-') {
        left = true;
      } else if (text[at] == '0') {
        zero = true;
      } else if (text[at] == '+') {
        spec.sign = '+';
      } else if (text[at] == ' ') {
        if (spec.sign != '+') spec.sign = ' ';
      } else if (text[at] == '#') {
        spec.alternate = true;
      } else {
        break;
      }
    }
    INGOT_ASSIGN(spec.width, number(at));
    if (spec.width < 0) {
      left = true;
      spec.width = -spec.width;
    }
    if (at < text.size() && text[at] == '.') {
      at++;
      INGOT_ASSIGN(spec.precision, number(at));
    }
    while (at < text.size() && (text[at] == 'l' || text[at] == 'h' || text[at] == 'L')) at++;
    if (at >= text.size()) return invalid("%: the text ends within a place");
    const char type = text[at++];
    if (type == '%') {
      out_.append('%');
      return {};
    }
    Value value;
    if (named) {
      INGOT_ASSIGN(value, named_value(name));
      n_used_++;
    } else {
      INGOT_ASSIGN(value, next_value());
    }
    spec.align = left ? '<' : '>';
    if (zero && !left && type != 's' && type != 'r' && type != 'a' && type != 'c') {
      spec.align = '=';
      spec.fill = "0";
    }
    return converted(value, type, spec);
  }

  Status converted(const Value& value, char type, FormatSpec spec) {
    switch (type) {
      case 's': {
        INGOT_ASSIGN(const Value text, to_string(runtime_, value));
        return append_formatted(runtime_, out_, text, spec);
      }
      case 'r': {
        TextBuilder text(runtime_);
        INGOT_TRY(append_repr(runtime_, text, value));
        return append_formatted(runtime_, out_, text.finish(), spec);
      }
      case 'd':
      case 'i':
      case 'u':
      case 'x':
      case 'X':
      case 'o': {
        const bool whole = type == 'd' || type == 'i' || type == 'u';
        Value integer = value;
        if (whole && value.is(Kind::kFloat)) {
          if (!std::isfinite(value.real) || std::abs(value.real) >= 9.2e18)
            return invalid("%{}: the number is too large", type);
          integer = Value::of(static_cast<int64_t>(value.real));
        }
        if (!integer.is_integral()) return not_a_number(type, value);
        return integer_with_precision(Value::of(integer.as_integer()), whole ? 'd' : type, spec);
      }
      case 'e':
      case 'E':
      case 'f':
      case 'F':
      case 'g':
      case 'G':
        if (!value.is_number()) return not_a_number(type, value);
        spec.type = type;
        return append_formatted(runtime_, out_, Value::of(value.as_real()), spec);
      case 'c': {
        if (value.is_string() && count_characters(*value.string) == 1)
          return append_formatted(runtime_, out_, value, spec);
        if (!value.is_integral()) return invalid("%c needs a character");
        const int64_t character = value.as_integer();
        if (character < 0 || character > 0x10FFFF || (character >= 0xD800 && character < 0xE000)) {
          return invalid("%c: {} is no character", character);
        }
        std::string text;
        append_utf8(static_cast<uint32_t>(character), text);
        return append_formatted(runtime_, out_, runtime_.copied_string(text), spec);
      }
      default:
        return invalid("%: the conversion '{}' is not supported", printable(std::string_view(&type, 1)));
    }
  }

  // A precision is the least number of digits.
  Status integer_with_precision(const Value& value, char type, FormatSpec spec) {
    spec.type = type;
    const int64_t n_digits = std::exchange(spec.precision, -1);
    if (n_digits <= 0) return append_formatted(runtime_, out_, value, spec);
    FormatSpec digits = spec;
    digits.fill = "0";
    digits.align = '=';
    digits.width = n_digits + (value.integer < 0 || spec.sign != '-' ? 1 : 0) + (spec.alternate && type != 'd' ? 2 : 0);
    TextBuilder text(runtime_);
    INGOT_TRY(append_formatted(runtime_, text, value, digits));
    FormatSpec outer;
    outer.align = spec.align == '<' ? '<' : '>';
    outer.width = spec.width;
    if (spec.align == '=') {
      outer.fill = "0";
    }
    return append_formatted(runtime_, out_, text.finish(), outer);
  }

  tl::unexpected<Error> not_a_number(char type, const Value& value) const {
    if (value.is_undefined()) return undefined_error(value);
    return invalid("%{} needs a number, not {}", type, type_name(value));
  }

  Runtime& runtime_;
  const StringObject& format_;
  const Value& values_;
  TextBuilder out_;
  size_t n_used_ = 0;
};

}  // namespace

Result<Value> percent_format(Runtime& runtime, const StringObject& format, const Value& values) {
  return PercentFormatter(runtime, format, values).run();
}

}  // namespace ingot::core::jinja
