// Filters of texts. All of them take str(value) where value is no string.
#include <array>

#include "chat/jinja/filters.h"
#include "chat/jinja/iterate.h"
#include "chat/jinja/operators.h"
#include "chat/jinja/percent_format.h"
#include "chat/jinja/print.h"
#include "chat/jinja/string_methods.h"
#include "chat/jinja/string_runs.h"
#include "chat/jinja/unicode.h"

namespace ingot::core::jinja {
namespace {

template <Case to>
Result<Value> change_case(Runtime& runtime, const Value& value, const Args& args) {
  INGOT_TRY(bind(to == Case::kUpper ? "upper" : "lower", args, {}));
  INGOT_ASSIGN(const Value text, to_string(runtime, value));
  return map_case(runtime, *text.string, to);
}

Result<Value> capitalize_filter(Runtime& runtime, const Value& value, const Args& args) {
  INGOT_TRY(bind("capitalize", args, {}));
  INGOT_ASSIGN(const Value text, to_string(runtime, value));
  return capitalize(runtime, *text.string);
}

// Words begin behind white space, hyphens and opening brackets; their first letter alone is changed to upper case.
Result<Value> title(Runtime& runtime, const Value& value, const Args& args) {
  INGOT_TRY(bind("title", args, {}));
  INGOT_ASSIGN(const Value text, to_string(runtime, value));
  const StringObject& string = *text.string;
  INGOT_TRY(runtime.step_bytes(string.bytes.size() * 8));
  TextBuilder made(runtime);
  bool begins = true;
  std::string part;
  for_each_run(string, [&](size_t begin, size_t end, bool user) {
    part.clear();
    for (size_t at = begin; at < end; at += character_bytes(string.bytes, at)) {
      const uint32_t character = code_point(string.bytes, at);
      append_mapped(part, character, begins ? Case::kUpper : Case::kLower);
      begins =
          is_space(character) ||
          (character < 0x80 && std::string_view("-({[<").find(static_cast<char>(character)) != std::string_view::npos);
    }
    made.append(part, user);
  });
  INGOT_TRY(runtime.step());
  return made.finish();
}

Result<Value> trim(Runtime& runtime, const Value& value, const Args& args) {
  INGOT_ASSIGN(const BoundArgs bound, bind("trim", args, {"chars"}));
  INGOT_ASSIGN(const Value text, to_string(runtime, value));
  const StringObject* chars = nullptr;
  if (bound.given(0)) {
    INGOT_ASSIGN(chars, bound.string(0));
  }
  INGOT_TRY(runtime.step_bytes(text.string->bytes.size()));
  return strip(runtime, *text.string, chars, /*left=*/true, /*right=*/true);
}

Result<Value> replace_filter(Runtime& runtime, const Value& value, const Args& args) {
  INGOT_ASSIGN(const BoundArgs bound, bind("replace", args, {"old", "new", "count"}, 2));
  INGOT_ASSIGN(const Value text, to_string(runtime, value));
  INGOT_ASSIGN(const Value from, to_string(runtime, bound[0]));
  INGOT_ASSIGN(const Value to, to_string(runtime, bound[1]));
  int64_t limit = -1;
  if (bound.given(2)) {
    INGOT_ASSIGN(limit, bound.integer(2, -1));
  }
  return replace(runtime, *text.string, *from.string, *to.string, limit);
}

Result<Value> string(Runtime& runtime, const Value& value, const Args& args) {
  INGOT_TRY(bind("string", args, {}));
  return to_string(runtime, value);
}

Result<Value> format(Runtime& runtime, const Value& value, const Args& args) {
  INGOT_ASSIGN(const Value text, to_string(runtime, value));
  if (!args.positional.empty() && !args.named.empty())
    return invalid("format takes plain arguments or named ones, not both");
  if (args.named.empty()) {
    return percent_format(runtime, *text.string, runtime.sequence(args.positional, SequenceKind::kTuple));
  }
  DictBuilder values(runtime);
  for (const NamedValue& named : args.named) INGOT_TRY(values.set(runtime.copied_string(named.name), named.value));
  return percent_format(runtime, *text.string, values.finish());
}

Result<Value> indent(Runtime& runtime, const Value& value, const Args& args) {
  INGOT_ASSIGN(const BoundArgs bound, bind("indent", args, {"width", "first", "blank"}));
  if (value.is_undefined()) return undefined_error(value);
  if (!value.is_string()) return invalid("indent needs a string, not {}", type_name(value));
  const Value& text = value;
  Value margin;
  if (bound.has(0) && bound[0].is_string()) {
    margin = bound[0];
  } else {
    INGOT_ASSIGN(const int64_t width, bound.integer(0, 4));
    if (width > 100'000) return invalid("indent: a width above 100000 is not supported");
    margin = runtime.copied_string(std::string(static_cast<size_t>(std::max<int64_t>(width, 0)), ' '));
  }
  const bool first = bound.flag(1), blank = bound.flag(2);
  // A line end more, so that what is behind the last one counts as a line.
  TextBuilder ended(runtime);
  ended.append(*text.string);
  ended.append('\n');
  const Value whole = ended.finish();
  INGOT_TRY(runtime.step_bytes(whole.string->bytes.size()));
  INGOT_ASSIGN(const Value lines, split_lines(runtime, *whole.string, /*keep_ends=*/false));
  TextBuilder made(runtime);
  for (size_t index = 0; index < lines.items().size(); index++) {
    const StringObject& line = *lines.items()[index].string;
    if (index > 0) made.append('\n');
    if (index == 0 ? first : blank || !line.bytes.empty()) made.append(*margin.string);
    made.append(line);
    INGOT_TRY(runtime.step());
  }
  INGOT_TRY(runtime.step_bytes(made.n_bytes()));
  return made.finish();
}

Result<Value> truncate(Runtime& runtime, const Value& value, const Args& args) {
  INGOT_ASSIGN(const BoundArgs bound, bind("truncate", args, {"length", "killwords", "end", "leeway"}));
  INGOT_ASSIGN(const int64_t length, bound.integer(0, 255));
  INGOT_ASSIGN(const Value end, to_string(runtime, bound.get(2, runtime.string("..."))));
  int64_t leeway = 5;
  if (bound.given(3)) {
    INGOT_ASSIGN(leeway, bound.integer(3, 5));
  }
  const auto end_length = static_cast<int64_t>(count_characters(*end.string));
  if (length < end_length) return invalid("truncate: {} characters are fewer than those of its end", length);
  if (leeway < 0) return invalid("truncate: the leeway must not be negative");
  INGOT_ASSIGN(const int64_t n, length_of(value));
  if (n <= length + std::min<int64_t>(leeway, int64_t{1} << 40)) return value;
  if (!value.is_string()) return invalid("truncate needs a string, not {}", type_name(value));
  const Value& text = value;
  INGOT_TRY(runtime.step_bytes(text.string->bytes.size()));
  const size_t cut = byte_of_character(*text.string, static_cast<size_t>(length - end_length));
  Value kept = runtime.substring(*text.string, 0, cut);
  if (!bound.flag(1)) {
    INGOT_ASSIGN(const Value parts, split_right(runtime, *kept.string, *runtime.string(" ").string, 1));
    kept = parts.items()[0];
  }
  TextBuilder made(runtime);
  made.append(*kept.string);
  made.append(*end.string);
  return made.finish();
}

Result<Value> center(Runtime& runtime, const Value& value, const Args& args) {
  INGOT_ASSIGN(const BoundArgs bound, bind("center", args, {"width"}));
  INGOT_ASSIGN(const int64_t width, bound.integer(0, 80));
  INGOT_ASSIGN(const Value text, to_string(runtime, value));
  return padded(runtime, *text.string, width, " ", Side::kCenter);
}

Result<Value> wordcount(Runtime& runtime, const Value& value, const Args& args) {
  INGOT_TRY(bind("wordcount", args, {}));
  INGOT_ASSIGN(const Value text, to_string(runtime, value));
  const std::string_view bytes = text.string->bytes;
  INGOT_TRY(runtime.step_bytes(bytes.size() * 4));
  int64_t n = 0;
  bool in_word = false;
  for (size_t at = 0; at < bytes.size(); at += character_bytes(bytes, at)) {
    const bool word = is_word(code_point(bytes, at));
    n += word && !in_word ? 1 : 0;
    in_word = word;
  }
  return Value::of(n);
}

}  // namespace

std::span<const FilterEntry> string_filters() {
  static constexpr std::array<FilterEntry, 12> kFilters{{{"upper", change_case<Case::kUpper>},
                                                         {"lower", change_case<Case::kLower>},
                                                         {"capitalize", capitalize_filter},
                                                         {"title", title},
                                                         {"trim", trim},
                                                         {"replace", replace_filter},
                                                         {"string", string},
                                                         {"format", format},
                                                         {"indent", indent},
                                                         {"truncate", truncate},
                                                         {"center", center},
                                                         {"wordcount", wordcount}}};
  return kFilters;
}

}  // namespace ingot::core::jinja
