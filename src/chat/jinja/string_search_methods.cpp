// Methods that look into a string, take it apart, or ask what it is.
#include <algorithm>
#include <array>
#include <vector>

#include "chat/jinja/iterate.h"
#include "chat/jinja/methods.h"
#include "chat/jinja/operators.h"
#include "chat/jinja/string_methods.h"

namespace ingot::core::jinja {
namespace {

// Bytes [begin, end) that start and end arguments choose, as a slice does. empty: start lies beyond the end.
struct Part {
  size_t begin = 0;
  size_t end = 0;
  bool empty = false;
};

Result<Part> part_of(const StringObject& text, const BoundArgs& bound, size_t first) {
  const auto n = static_cast<int64_t>(count_characters(text));
  int64_t start = 0, stop = n;
  if (bound.given(first)) {
    INGOT_ASSIGN(start, bound.integer(first, 0));
  }
  if (bound.given(first + 1)) {
    INGOT_ASSIGN(stop, bound.integer(first + 1, n));
  }
  if (start < 0) start = std::max<int64_t>(start + n, 0);
  if (stop < 0) stop = std::max<int64_t>(stop + n, 0);
  stop = std::min(stop, n);
  Part part;
  if (start > stop) {
    part.empty = true;
    return part;
  }
  part.begin = byte_of_character(text, static_cast<size_t>(start));
  part.end = byte_of_character(text, static_cast<size_t>(stop));
  return part;
}

template <bool last, bool must>
Result<Value> find_method(Runtime&, const Value& receiver, const Args& args) {
  INGOT_ASSIGN(const BoundArgs bound, bind(must ? "index" : "find", args, {"sub", "start", "end"}, 1));
  INGOT_ASSIGN(const StringObject* needle, bound.string(0));
  const StringObject& text = *receiver.string;
  INGOT_ASSIGN(const Part part, part_of(text, bound, 1));
  size_t found = std::string_view::npos;
  if (!part.empty) {
    const std::string_view inside = text.bytes.substr(part.begin, part.end - part.begin);
    found = last ? find_last_bytes(inside, needle->bytes) : find_bytes(inside, needle->bytes);
  }
  if (found == std::string_view::npos) {
    if (must) return invalid("index(): the substring is not there");
    return Value::of(int64_t{-1});
  }
  return Value::of(count_characters(text.bytes.substr(0, part.begin + found)));
}

Result<Value> count(Runtime& runtime, const Value& receiver, const Args& args) {
  INGOT_ASSIGN(const BoundArgs bound, bind("count", args, {"sub", "start", "end"}, 1));
  INGOT_ASSIGN(const StringObject* needle, bound.string(0));
  const StringObject& text = *receiver.string;
  INGOT_ASSIGN(const Part part, part_of(text, bound, 1));
  if (part.empty) return Value::of(int64_t{0});
  const std::string_view inside = text.bytes.substr(part.begin, part.end - part.begin);
  if (needle->bytes.empty()) return Value::of(count_characters(inside) + 1);
  int64_t n = 0;
  for (size_t at = find_bytes(inside, needle->bytes); at != std::string_view::npos;
       at = find_bytes(inside, needle->bytes, at + needle->bytes.size())) {
    n++;
    INGOT_TRY(runtime.step());
  }
  return Value::of(n);
}

template <bool at_end>
Result<Value> starts_or_ends(Runtime& runtime, const Value& receiver, const Args& args) {
  INGOT_ASSIGN(const BoundArgs bound, bind(at_end ? "endswith" : "startswith", args, {"affix", "start", "end"}, 1));
  INGOT_ASSIGN(const Part part, part_of(*receiver.string, bound, 1));
  const std::string_view inside = receiver.string->bytes.substr(part.begin, part.end - part.begin);
  const auto fits = [&](const StringObject& affix) {
    return !part.empty && (at_end ? inside.ends_with(affix.bytes) : inside.starts_with(affix.bytes));
  };
  if (!bound[0].is_tuple()) {
    INGOT_ASSIGN(const StringObject* affix, bound.string(0));
    return Value::of(fits(*affix));
  }
  for (const Value& affix : bound[0].items()) {
    INGOT_TRY(runtime.step());
    if (!affix.is_string())
      return invalid("startswith, endswith: a tuple of strings is needed, one is {}", type_name(affix));
    if (fits(*affix.string)) return Value::of(true);
  }
  return Value::of(false);
}

Result<Value> split_at_space(Runtime& runtime, const StringObject& text, int64_t limit, bool from_right) {
  // Where words begin and end.
  std::vector<ByteSpan> words;
  for (size_t at = 0; at < text.bytes.size();) {
    while (at < text.bytes.size() && is_space(code_point(text.bytes, at))) at += character_bytes(text.bytes, at);
    const size_t begin = at;
    while (at < text.bytes.size() && !is_space(code_point(text.bytes, at))) at += character_bytes(text.bytes, at);
    if (at == begin) continue;
    if (!runtime.charge(sizeof(ByteSpan))) break;
    words.push_back({static_cast<uint32_t>(begin), static_cast<uint32_t>(at)});
  }
  INGOT_TRY(runtime.step(static_cast<int64_t>(words.size())));
  const size_t n = words.size();
  if (limit >= 0 && static_cast<size_t>(limit) < n) {
    // The words that are not split off stay one text, with the space at its outer end as the method has it.
    const auto kept = static_cast<size_t>(limit);
    if (from_right) {
      const uint32_t end = words[n - kept - 1].end;
      words.erase(words.begin(), words.begin() + static_cast<std::ptrdiff_t>(n - kept));
      words.insert(words.begin(), {0, end});
    } else {
      const ByteSpan rest{words[kept].begin, static_cast<uint32_t>(text.bytes.size())};
      words.resize(kept);
      words.push_back(rest);
    }
  }
  ListBuilder parts(runtime);
  for (const ByteSpan& word : words) parts.add(runtime.substring(text, word.begin, word.end));
  INGOT_TRY(runtime.step());
  return parts.finish();
}

Result<Value> split_left(Runtime& runtime, const StringObject& text, const StringObject& separator, int64_t limit) {
  ListBuilder parts(runtime);
  size_t done = 0;
  for (int64_t n = 0; limit < 0 || n < limit; n++) {
    const size_t at = find_bytes(text.bytes, separator.bytes, done);
    if (at == std::string_view::npos) break;
    parts.add(runtime.substring(text, done, at));
    INGOT_TRY(runtime.step());
    done = at + separator.bytes.size();
  }
  parts.add(runtime.substring(text, done, text.bytes.size()));
  INGOT_TRY(runtime.step());
  return parts.finish();
}

template <bool from_right>
Result<Value> split(Runtime& runtime, const Value& receiver, const Args& args) {
  INGOT_ASSIGN(const BoundArgs bound, bind("split", args, {"sep", "maxsplit"}));
  INGOT_ASSIGN(const int64_t limit, bound.integer(1, -1));
  if (!bound.given(0)) return split_at_space(runtime, *receiver.string, limit, from_right);
  INGOT_ASSIGN(const StringObject* separator, bound.string(0));
  if (separator->bytes.empty()) return invalid("split: the separator is empty");
  return from_right && limit >= 0 ? split_right(runtime, *receiver.string, *separator, limit)
                                  : split_left(runtime, *receiver.string, *separator, limit);
}

template <bool from_right>
Result<Value> partition(Runtime& runtime, const Value& receiver, const Args& args) {
  INGOT_ASSIGN(const BoundArgs bound, bind("partition", args, {"sep"}, 1));
  INGOT_ASSIGN(const StringObject* separator, bound.string(0));
  if (separator->bytes.empty()) return invalid("partition: the separator is empty");
  const StringObject& text = *receiver.string;
  const size_t at =
      from_right ? find_last_bytes(text.bytes, separator->bytes) : find_bytes(text.bytes, separator->bytes);
  const Value empty = runtime.string("");
  if (at == std::string_view::npos) {
    return runtime.sequence(
        from_right ? std::vector<Value>{empty, empty, receiver} : std::vector<Value>{receiver, empty, empty},
        SequenceKind::kTuple);
  }
  const size_t end = at + separator->bytes.size();
  return runtime.sequence({runtime.substring(text, 0, at), runtime.substring(text, at, end),
                           runtime.substring(text, end, text.bytes.size())},
                          SequenceKind::kTuple);
}

Result<Value> splitlines(Runtime& runtime, const Value& receiver, const Args& args) {
  INGOT_ASSIGN(const BoundArgs bound, bind("splitlines", args, {"keepends"}));
  return split_lines(runtime, *receiver.string, bound.flag(0));
}

// All characters are so, and there is one.
template <bool (*is)(uint32_t)>
Result<Value> all_are(Runtime&, const Value& receiver, const Args& args) {
  INGOT_TRY(bind("this method", args, {}));
  const std::string_view text = receiver.string->bytes;
  for (size_t at = 0; at < text.size(); at += character_bytes(text, at)) {
    if (!is(code_point(text, at))) return Value::of(false);
  }
  return Value::of(!text.empty());
}

bool is_alphanumeric(uint32_t character) {
  return is_alphabetic(character) || is_numeric(character) || is_digit(character);
}

// There is a cased character, and all of them are so.
template <bool upper>
Result<Value> is_case(Runtime&, const Value& receiver, const Args& args) {
  INGOT_TRY(bind("this method", args, {}));
  const std::string_view text = receiver.string->bytes;
  bool found = false;
  for (size_t at = 0; at < text.size(); at += character_bytes(text, at)) {
    const uint32_t character = code_point(text, at);
    if (!is_cased(character)) continue;
    found = true;
    if (!(upper ? is_upper(character) : is_lower(character))) return Value::of(false);
  }
  return Value::of(found);
}

Result<Value> istitle(Runtime&, const Value& receiver, const Args& args) {
  INGOT_TRY(bind("istitle", args, {}));
  const std::string_view text = receiver.string->bytes;
  bool found = false, in_word = false;
  for (size_t at = 0; at < text.size(); at += character_bytes(text, at)) {
    const uint32_t character = code_point(text, at);
    const bool starts = is_upper(character) || is_title(character);
    if ((starts && in_word) || (is_lower(character) && !in_word)) return Value::of(false);
    in_word = is_cased(character);
    found |= in_word;
  }
  return Value::of(found);
}

Result<Value> isascii(Runtime&, const Value& receiver, const Args&) {
  return Value::of(receiver.string->ascii);
}

Result<Value> isprintable(Runtime&, const Value& receiver, const Args&) {
  const std::string_view text = receiver.string->bytes;
  for (size_t at = 0; at < text.size(); at += character_bytes(text, at)) {
    if (!is_printable(code_point(text, at))) return Value::of(false);
  }
  return Value::of(true);
}

}  // namespace

Result<Value> split_right(Runtime& runtime, const StringObject& text, const StringObject& separator, int64_t limit) {
  std::vector<Value> parts;  // last first
  size_t end = text.bytes.size();
  for (int64_t n = 0; n < limit; n++) {
    const size_t at = find_last_bytes(text.bytes.substr(0, end), separator.bytes);
    if (at == std::string_view::npos) break;
    // Long separators are searched in a copy, of all that is left.
    INGOT_TRY(runtime.step_bytes(separator.bytes.size() > 16 ? end : 1));
    if (!runtime.charge(sizeof(Value))) break;
    parts.push_back(runtime.substring(text, at + separator.bytes.size(), end));
    end = at;
  }
  parts.push_back(runtime.substring(text, 0, end));
  INGOT_TRY(runtime.step());
  std::reverse(parts.begin(), parts.end());
  return runtime.sequence(parts);
}

Result<Value> split_lines(Runtime& runtime, const StringObject& text, bool keep_ends) {
  ListBuilder lines(runtime);
  size_t begin = 0, at = 0;
  while (at < text.bytes.size()) {
    const uint32_t character = code_point(text.bytes, at);
    const size_t line_end = at;
    at += character_bytes(text.bytes, at);
    if (!is_line_break(character)) continue;
    if (character == '\r' && at < text.bytes.size() && text.bytes[at] == '\n') at++;
    lines.add(runtime.substring(text, begin, keep_ends ? at : line_end));
    INGOT_TRY(runtime.step());
    begin = at;
  }
  if (begin < text.bytes.size()) lines.add(runtime.substring(text, begin, text.bytes.size()));
  INGOT_TRY(runtime.step());
  return lines.finish();
}

std::span<const MethodEntry> string_search_methods() {
  static constexpr std::array<MethodEntry, 23> kMethods{{{"split", split<false>},
                                                         {"rsplit", split<true>},
                                                         {"splitlines", splitlines},
                                                         {"startswith", starts_or_ends<false>},
                                                         {"endswith", starts_or_ends<true>},
                                                         {"find", find_method<false, false>},
                                                         {"rfind", find_method<true, false>},
                                                         {"index", find_method<false, true>},
                                                         {"rindex", find_method<true, true>},
                                                         {"count", count},
                                                         {"partition", partition<false>},
                                                         {"rpartition", partition<true>},
                                                         {"isalpha", all_are<is_alphabetic>},
                                                         {"isalnum", all_are<is_alphanumeric>},
                                                         {"isdigit", all_are<is_digit>},
                                                         {"isdecimal", all_are<is_decimal>},
                                                         {"isnumeric", all_are<is_numeric>},
                                                         {"isspace", all_are<is_space>},
                                                         {"isupper", is_case<true>},
                                                         {"islower", is_case<false>},
                                                         {"istitle", istitle},
                                                         {"isascii", isascii},
                                                         {"isprintable", isprintable}}};
  return kMethods;
}

}  // namespace ingot::core::jinja
