#include "chat/jinja/print.h"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <cmath>

#include "chat/jinja/operators.h"
#include "chat/jinja/unicode.h"

namespace ingot::core::jinja {
namespace {

void append_string_repr(TextBuilder& out_text, const StringObject& text) {
  const bool double_quotes =
      text.bytes.find('\'') != std::string_view::npos && text.bytes.find('"') == std::string_view::npos;
  const char quote = double_quotes ? '"' : '\'';
  out_text.append(quote);
  size_t done = 0;  // up to here all is appended
  size_t span = 0;  // the first of the user's stretches that may hold what comes
  for (size_t at = 0; at < text.bytes.size();) {
    const size_t n_bytes = character_bytes(text.bytes, at);
    const uint32_t character = code_point(text.bytes, at);
    std::string escaped;
    if (character == '\\' || character == static_cast<uint32_t>(quote)) {
      escaped = {'\\', static_cast<char>(character)};
    } else if (character == '\n' || character == '\r' || character == '\t') {
      escaped = character == '\n' ? "\\n" : character == '\r' ? "\\r" : "\\t";
    } else if (!is_printable(character)) {
      escaped = character < 0x100     ? fmt::format("\\x{:02x}", character)
                : character < 0x10000 ? fmt::format("\\u{:04x}", character)
                                      : fmt::format("\\U{:08x}", character);
    }
    if (!escaped.empty()) {
      out_text.append(text, done, at);
      while (span < text.user.size() && text.user[span].end <= at) span++;
      out_text.append(escaped, span < text.user.size() && text.user[span].begin <= at);
      done = at + n_bytes;
    }
    at += n_bytes;
  }
  out_text.append(text, done, text.bytes.size());
  out_text.append(quote);
}

Status append_items(Runtime& runtime, TextBuilder& out_text, std::span<const Value> items, uint32_t depth) {
  for (size_t index = 0; index < items.size(); index++) {
    if (index > 0) out_text.append(", ");
    INGOT_TRY(append_repr(runtime, out_text, items[index], depth + 1));
  }
  return {};
}

Status append_sequence(Runtime& runtime, TextBuilder& out_text, const SequenceObject& sequence, uint32_t depth) {
  const std::span<const Value> items(sequence.items, sequence.n_items);
  switch (sequence.kind) {
    case SequenceKind::kRange:
      if (sequence.step == 1) {
        out_text.append(fmt::format("range({}, {})", sequence.start, sequence.stop));
      } else {
        out_text.append(fmt::format("range({}, {}, {})", sequence.start, sequence.stop, sequence.step));
      }
      return {};
    case SequenceKind::kGenerator:
      return invalid("a generator, as |map or |select give it, is printed; |list makes a list of it");
    case SequenceKind::kTuple:
      out_text.append('(');
      INGOT_TRY(append_items(runtime, out_text, items, depth));
      out_text.append(items.size() == 1 ? ",)" : ")");
      return {};
    case SequenceKind::kList:
      out_text.append('[');
      break;
    case SequenceKind::kKeys:
      out_text.append("dict_keys([");
      break;
    case SequenceKind::kValues:
      out_text.append("dict_values([");
      break;
    case SequenceKind::kItems:
      out_text.append("dict_items([");
      break;
  }
  INGOT_TRY(append_items(runtime, out_text, items, depth));
  out_text.append(sequence.kind == SequenceKind::kList ? "]" : "])");
  return {};
}

Status append_dict(Runtime& runtime, TextBuilder& out_text, const DictObject& dict, uint32_t depth) {
  out_text.append('{');
  for (size_t index = 0; index < dict.n_entries; index++) {
    if (index > 0) out_text.append(", ");
    INGOT_TRY(append_repr(runtime, out_text, dict.entries[index].key, depth + 1));
    out_text.append(": ");
    INGOT_TRY(append_repr(runtime, out_text, dict.entries[index].value, depth + 1));
  }
  out_text.append('}');
  return {};
}

Status append_namespace(Runtime& runtime, TextBuilder& out_text, const NamespaceObject& names, uint32_t depth) {
  out_text.append("<Namespace {");
  for (const NamespaceEntry* entry = names.first; entry != nullptr; entry = entry->next) {
    if (entry != names.first) out_text.append(", ");
    append_string_repr(out_text, StringObject{.bytes = entry->name});
    out_text.append(": ");
    INGOT_TRY(append_repr(runtime, out_text, entry->value, depth + 1));
  }
  out_text.append("}>");
  return {};
}

}  // namespace

std::string float_text(double value) {
  if (std::isnan(value)) return "nan";
  if (std::isinf(value)) return value < 0 ? "-inf" : "inf";
  std::array<char, 40> buffer{};
  const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value, std::chars_format::scientific);
  std::string_view text(buffer.data(), static_cast<size_t>(end.ptr - buffer.data()));
  std::string sign;
  if (text.front() == '-') {
    sign = "-";
    text.remove_prefix(1);
  }
  const size_t exponent_at = text.find('e');
  int exponent = 0;
  const char* exponent_text = text.data() + exponent_at + 1;
  if (*exponent_text == '+') exponent_text++;
  std::from_chars(exponent_text, text.data() + text.size(), exponent);
  std::string digits(text.substr(0, exponent_at));
  if (digits.size() > 1) digits.erase(1, 1);  // the point
  if (exponent < -4 || exponent >= 16) {
    if (digits.size() > 1) digits.insert(1, ".");
    return fmt::format("{}{}e{}{:02}", sign, digits, exponent < 0 ? '-' : '+', std::abs(exponent));
  }
  if (exponent < 0) return sign + "0." + std::string(static_cast<size_t>(-exponent) - 1, '0') + digits;
  const size_t n_whole = static_cast<size_t>(exponent) + 1;  // digits in front of the point
  if (digits.size() <= n_whole) return sign + digits + std::string(n_whole - digits.size(), '0') + ".0";
  digits.insert(n_whole, ".");
  return sign + digits;
}

Status append_repr(Runtime& runtime, TextBuilder& out_text, const Value& value, uint32_t depth) {
  INGOT_TRY(runtime.step());
  if (depth > kMaxValueDepth) return invalid("a value nested deeper than {} cannot be printed", kMaxValueDepth);
  switch (value.kind) {
    case Kind::kUndefined:
      out_text.append("Undefined");
      return {};
    case Kind::kString: {
      INGOT_TRY(runtime.step_bytes(value.string->bytes.size() * 4));
      if (value.string->safe) out_text.append("Markup(");
      append_string_repr(out_text, *value.string);
      if (value.string->safe) out_text.append(")");
      return {};
    }
    case Kind::kSequence: {
      const size_t begin = out_text.n_bytes();
      INGOT_TRY(append_sequence(runtime, out_text, *value.sequence, depth));
      if (value.sequence->user) out_text.mark_from(begin);
      return {};
    }
    case Kind::kDict: {
      const size_t begin = out_text.n_bytes();
      INGOT_TRY(append_dict(runtime, out_text, *value.dict, depth));
      if (value.dict->user) out_text.mark_from(begin);
      return {};
    }
    case Kind::kNamespace:
      return append_namespace(runtime, out_text, *value.names, depth);
    default:
      return append_str(runtime, out_text, value);
  }
}

Status append_str(Runtime& runtime, TextBuilder& out_text, const Value& value) {
  switch (value.kind) {
    case Kind::kUndefined:
      return {};
    case Kind::kNone:
      out_text.append("None");
      return {};
    case Kind::kBool:
      out_text.append(value.boolean ? "True" : "False");
      return {};
    case Kind::kInt:
      out_text.append(fmt::format("{}", value.integer));
      return {};
    case Kind::kFloat:
      out_text.append(float_text(value.real));
      return {};
    case Kind::kString:
    case Kind::kBigInt:
      INGOT_TRY(runtime.step_bytes(value.string->bytes.size()));
      out_text.append(*value.string);
      return {};
    case Kind::kSequence:
    case Kind::kDict:
    case Kind::kNamespace:
      return append_repr(runtime, out_text, value);
    default:
      return invalid("{} is printed, which shows nothing of use", type_name(value));
  }
}

Result<Value> to_string(Runtime& runtime, const Value& value) {
  if (value.is_string()) return value;
  TextBuilder text(runtime);
  INGOT_TRY(append_str(runtime, text, value));
  INGOT_TRY(runtime.step());
  return text.finish();
}

void append_escaped(TextBuilder& out_text, const StringObject& text) {
  size_t done = 0, span = 0;
  for (size_t at = 0; at < text.bytes.size(); at++) {
    std::string_view entity;
    switch (text.bytes[at]) {
      case '&':
        entity = "&amp;";
        break;
      case '<':
        entity = "&lt;";
        break;
      case '>':
        entity = "&gt;";
        break;
      case '\'':
        entity = "&#39;";
        break;
      case '"':
        entity = "&#34;";
        break;
      default:
        continue;
    }
    out_text.append(text, done, at);
    while (span < text.user.size() && text.user[span].end <= at) span++;
    out_text.append(entity, span < text.user.size() && text.user[span].begin <= at);
    done = at + 1;
  }
  out_text.append(text, done, text.bytes.size());
}

Value marked_safe(Runtime& runtime, const Value& text, bool safe) {
  StringObject made = *text.string;
  made.safe = safe;
  return Value::of(runtime.make(made));
}

}  // namespace ingot::core::jinja
