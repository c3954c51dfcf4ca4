#include "chat/jinja/json_dump.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "chat/jinja/filters.h"
#include "chat/jinja/operators.h"
#include "chat/jinja/print.h"
#include "chat/jinja/string_runs.h"
#include "chat/jinja/unicode.h"

namespace ingot::core::jinja {
namespace {

void append_escape(std::string& out_text, uint32_t character) {
  if (character >= 0x10000) {
    const uint32_t offset = character - 0x10000;
    out_text += fmt::format("\\u{:04x}\\u{:04x}", 0xD800 + (offset >> 10), 0xDC00 + (offset & 0x3FF));
  } else {
    out_text += fmt::format("\\u{:04x}", character);
  }
}

class JsonWriter {
 public:
  explicit JsonWriter(Runtime& runtime) : runtime_(runtime), out_(runtime) {}

  Status configure(const Args& args) {
    INGOT_ASSIGN(const BoundArgs bound, bind("tojson", args, {"ensure_ascii", "indent", "separators", "sort_keys"}));
    ensure_ascii_ = bound.flag(0);
    sort_keys_ = bound.flag(3);
    if (bound.given(1)) {
      has_indent_ = true;
      item_separator_ = ",";
      if (bound[1].is_string()) {
        indent_ = bound[1].string->bytes;
      } else {
        INGOT_ASSIGN(const int64_t width, bound.integer(1, 0));
        if (width > 1000) return invalid("tojson: an indent above 1000 is not supported");
        indent_.assign(static_cast<size_t>(std::max<int64_t>(width, 0)), ' ');
      }
    }
    if (!bound.given(2)) return {};
    const Value& separators = bound[2];
    const bool pair = (separators.is_tuple() || separators.is_list()) && separators.sequence->n_items == 2 &&
                      separators.items()[0].is_string() && separators.items()[1].is_string();
    if (!pair) return invalid("tojson: separators must be two strings");
    item_separator_ = separators.items()[0].string->bytes;
    key_separator_ = separators.items()[1].string->bytes;
    return {};
  }

  Status write(const Value& value, uint32_t depth = 0) {
    INGOT_TRY(runtime_.step());
    if (depth > kMaxValueDepth) return invalid("tojson: a value nested deeper than {}", kMaxValueDepth);
    switch (value.kind) {
      case Kind::kNone:
        out_.append("null");
        return {};
      case Kind::kBool:
        out_.append(value.boolean ? "true" : "false");
        return {};
      case Kind::kFloat:
        out_.append(float_json(value.real));
        return {};
      case Kind::kInt:
      case Kind::kBigInt:
        return append_str(runtime_, out_, value);
      case Kind::kString:
        return write_string(*value.string);
      case Kind::kDict:
        return write_dict(*value.dict, depth);
      case Kind::kSequence:
        if (value.is_list() || value.is_tuple()) return write_list(*value.sequence, depth);
        break;
      case Kind::kUndefined:
        return undefined_error(value);
      default:
        break;
    }
    return invalid("tojson does not work on {}", type_name(value));
  }

  Result<Value> finish() {
    INGOT_TRY(runtime_.step());
    return out_.finish();
  }

 private:
  static std::string float_json(double number) {
    if (std::isnan(number)) return "NaN";
    if (std::isinf(number)) return number < 0 ? "-Infinity" : "Infinity";
    return float_text(number);
  }

  Status write_string(const StringObject& text) {
    INGOT_TRY(runtime_.step_bytes(text.bytes.size() * 4));
    out_.append('"');
    std::string part;
    for_each_run(text, [&](size_t begin, size_t end, bool user) {
      part.clear();
      for (size_t at = begin; at < end;) {
        const size_t n_bytes = character_bytes(text.bytes, at);
        append_character(part, text.bytes.substr(at, n_bytes), code_point(text.bytes, at));
        at += n_bytes;
      }
      out_.append(part, user);
    });
    out_.append('"');
    return runtime_.step();
  }

  void append_character(std::string& out_text, std::string_view bytes, uint32_t character) const {
    constexpr std::string_view kPlain = "\"\\\n\r\t\f\b";
    constexpr std::string_view kEscaped = "\"\\nrtfb";
    if (const size_t found = character < 0x80 ? kPlain.find(bytes[0]) : std::string_view::npos;
        found != std::string_view::npos) {
      out_text += '\\';
      out_text += kEscaped[found];
    } else if (character < 0x20 || (ensure_ascii_ && character > 0x7E)) {
      append_escape(out_text, character);
    } else {
      out_text += bytes;
    }
  }

  void newline(uint32_t depth) {
    if (!has_indent_) return;
    out_.append('\n');
    for (uint32_t level = 0; level < depth; level++) out_.append(indent_);
  }

  Status write_list(const SequenceObject& list, uint32_t depth) {
    const size_t begin = out_.n_bytes();
    out_.append('[');
    for (size_t index = 0; index < list.n_items; index++) {
      if (index > 0) out_.append(item_separator_);
      newline(depth + 1);
      INGOT_TRY(write(list.items[index], depth + 1));
    }
    if (list.n_items > 0) newline(depth);
    out_.append(']');
    if (list.user) out_.mark_from(begin);
    return {};
  }

  Status write_key(const Value& key) {
    switch (key.kind) {
      case Kind::kString:
        return write_string(*key.string);
      case Kind::kNone:
      case Kind::kBool:
      case Kind::kInt:
      case Kind::kBigInt:
      case Kind::kFloat:
        out_.append('"');
        INGOT_TRY(write(key));
        out_.append('"');
        return {};
      default:
        return invalid("tojson: a key is {}, which JSON does not have", type_name(key));
    }
  }

  Status write_dict(const DictObject& dict, uint32_t depth) {
    const size_t begin = out_.n_bytes();
    Value pairs;
    if (sort_keys_) {
      Value value = Value::of(&dict);
      Args args;
      args.named.push_back({"case_sensitive", Value::of(true)});
      INGOT_ASSIGN(pairs, find_filter("dictsort")->apply(runtime_, value, args));
    }
    out_.append('{');
    for (size_t index = 0; index < dict.n_entries; index++) {
      const Value& key = sort_keys_ ? pairs.items()[index].items()[0] : dict.entries[index].key;
      const Value& item = sort_keys_ ? pairs.items()[index].items()[1] : dict.entries[index].value;
      if (index > 0) out_.append(item_separator_);
      newline(depth + 1);
      INGOT_TRY(write_key(key));
      out_.append(key_separator_);
      INGOT_TRY(write(item, depth + 1));
    }
    if (dict.n_entries > 0) newline(depth);
    out_.append('}');
    if (dict.user) out_.mark_from(begin);
    return {};
  }

  Runtime& runtime_;
  TextBuilder out_;
  bool ensure_ascii_ = false;
  bool sort_keys_ = false;
  bool has_indent_ = false;
  std::string indent_;
  std::string item_separator_ = ", ";
  std::string key_separator_ = ": ";
};

}  // namespace

Result<Value> tojson(Runtime& runtime, const Value& value, const Args& args) {
  JsonWriter writer(runtime);
  INGOT_TRY(writer.configure(args));
  INGOT_TRY(writer.write(value));
  return writer.finish();
}

}  // namespace ingot::core::jinja
