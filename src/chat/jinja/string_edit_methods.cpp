// Methods that give a changed string. Each keeps the marks of the bytes that it keeps.
#include <algorithm>
#include <array>
#include <vector>

#include "base/utf8.h"
#include "chat/jinja/format_method.h"
#include "chat/jinja/iterate.h"
#include "chat/jinja/methods.h"
#include "chat/jinja/string_methods.h"
#include "chat/jinja/string_runs.h"

namespace ingot::core::jinja {

namespace {

// Rebuilds a text character by character; map(out, character, position) appends what becomes of one.
template <typename Map>
Result<Value> mapped(Runtime& runtime, const StringObject& text, Map map) {
  INGOT_TRY(runtime.step_bytes(text.bytes.size() * 8));
  TextBuilder made(runtime);
  made.reserve(text.bytes.size());
  std::string run_text;
  for_each_run(text, [&](size_t begin, size_t end, bool user) {
    run_text.clear();
    for (size_t at = begin; at < end && at < text.bytes.size(); at += character_bytes(text.bytes, at)) {
      map(run_text, code_point(text.bytes, at), at);
    }
    made.append(run_text, user);
  });
  INGOT_TRY(runtime.step());
  return made.finish();
}

void lower_at(std::string_view text, uint32_t character, size_t at, std::string& out_text) {
  if (character == 0x3A3 && is_final_sigma(text, at)) {
    out_text += "\xCF\x82";
  } else {
    append_mapped(out_text, character, Case::kLower);
  }
}

template <Case to>
Result<Value> change_case(Runtime& runtime, const Value& receiver, const Args& args) {
  INGOT_TRY(bind("a case method", args, {}));
  return map_case(runtime, *receiver.string, to);
}

Result<Value> title(Runtime& runtime, const Value& receiver, const Args& args) {
  INGOT_TRY(bind("title", args, {}));
  bool in_word = false;
  return mapped(runtime, *receiver.string, [&](std::string& out, uint32_t character, size_t at) {
    if (in_word) {
      lower_at(receiver.string->bytes, character, at, out);
    } else {
      append_mapped(out, character, Case::kTitle);
    }
    in_word = is_cased(character);
  });
}

Result<Value> swapcase(Runtime& runtime, const Value& receiver, const Args& args) {
  INGOT_TRY(bind("swapcase", args, {}));
  return mapped(runtime, *receiver.string, [&](std::string& out, uint32_t character, size_t at) {
    if (is_upper(character)) {
      lower_at(receiver.string->bytes, character, at, out);
    } else if (is_lower(character)) {
      append_mapped(out, character, Case::kUpper);
    } else {
      append_utf8(character, out);
    }
  });
}

Result<Value> capitalize_method(Runtime& runtime, const Value& receiver, const Args& args) {
  INGOT_TRY(bind("capitalize", args, {}));
  return capitalize(runtime, *receiver.string);
}

template <bool left, bool right>
Result<Value> strip_method(Runtime& runtime, const Value& receiver, const Args& args) {
  INGOT_ASSIGN(const BoundArgs bound, bind("strip", args, {"chars"}));
  const StringObject* chars = nullptr;
  if (bound.given(0)) {
    INGOT_ASSIGN(chars, bound.string(0));
  }
  return strip(runtime, *receiver.string, chars, left, right);
}

Result<Value> replace_method(Runtime& runtime, const Value& receiver, const Args& args) {
  INGOT_ASSIGN(const BoundArgs bound, bind("replace", args, {"old", "new", "count"}, 2));
  INGOT_ASSIGN(const StringObject* from, bound.string(0));
  INGOT_ASSIGN(const StringObject* to, bound.string(1));
  INGOT_ASSIGN(const int64_t limit, bound.integer(2, -1));
  return replace(runtime, *receiver.string, *from, *to, limit);
}

template <Side side>
Result<Value> pad_method(Runtime& runtime, const Value& receiver, const Args& args) {
  INGOT_ASSIGN(const BoundArgs bound, bind("padding", args, {"width", "fillchar"}, 1));
  INGOT_ASSIGN(const int64_t width, bound.integer(0, 0));
  std::string_view fill = " ";
  if (bound.has(1)) {
    INGOT_ASSIGN(const StringObject* given, bound.string(1));
    fill = given->bytes;
    if (count_characters(*given) != 1) return invalid("padding is done with one character");
  }
  return padded(runtime, *receiver.string, width, fill, side);
}

Result<Value> zfill(Runtime& runtime, const Value& receiver, const Args& args) {
  INGOT_ASSIGN(const BoundArgs bound, bind("zfill", args, {"width"}, 1));
  INGOT_ASSIGN(const int64_t width, bound.integer(0, 0));
  const StringObject& text = *receiver.string;
  const bool has_sign = text.bytes.starts_with('-') || text.bytes.starts_with('+');
  const int64_t missing = width - static_cast<int64_t>(count_characters(text));
  if (missing <= 0) return receiver;
  if (!runtime.charge(static_cast<size_t>(missing))) return tl::unexpected(runtime.step().error());
  TextBuilder made(runtime);
  made.append(text, 0, has_sign ? 1 : 0);
  made.append(std::string(static_cast<size_t>(missing), '0'));
  made.append(text, has_sign ? 1 : 0, text.bytes.size());
  INGOT_TRY(runtime.step_bytes(made.n_bytes()));
  return made.finish();
}

Result<Value> expandtabs(Runtime& runtime, const Value& receiver, const Args& args) {
  INGOT_ASSIGN(const BoundArgs bound, bind("expandtabs", args, {"tabsize"}));
  INGOT_ASSIGN(const int64_t size, bound.integer(0, 8));
  if (size > 1000) return invalid("expandtabs: tabs wider than 1000 are not supported");
  int64_t column = 0;
  size_t n_bytes = 0;
  auto made = mapped(runtime, *receiver.string, [&](std::string& out, uint32_t character, size_t) {
    if (n_bytes > kMaxValueBytes) return;
    if (character == '\t') {
      const int64_t spaces = size <= 0 ? 0 : size - column % size;
      out.append(static_cast<size_t>(spaces), ' ');
      n_bytes += static_cast<size_t>(spaces);
      column += spaces;
      return;
    }
    column = character == '\n' || character == '\r' ? 0 : column + 1;
    append_utf8(character, out);
  });
  return made;
}

template <bool prefix>
Result<Value> remove_affix(Runtime& runtime, const Value& receiver, const Args& args) {
  INGOT_ASSIGN(const BoundArgs bound, bind(prefix ? "removeprefix" : "removesuffix", args, {"affix"}, 1));
  INGOT_ASSIGN(const StringObject* affix, bound.string(0));
  const StringObject& text = *receiver.string;
  const size_t n = text.bytes.size(), m = affix->bytes.size();
  if (m == 0 || !(prefix ? text.bytes.starts_with(affix->bytes) : text.bytes.ends_with(affix->bytes))) return receiver;
  return prefix ? runtime.substring(text, m, n) : runtime.substring(text, 0, n - m);
}

Result<Value> join_method(Runtime& runtime, const Value& receiver, const Args& args) {
  INGOT_ASSIGN(const BoundArgs bound, bind("join", args, {"iterable"}, 1));
  INGOT_ASSIGN(const auto parts, items_of(runtime, bound[0]));
  for (const Value& part : parts) {
    if (!part.is_string()) return invalid("join: every item must be a string, one is {}", type_name(part));
  }
  return join(runtime, *receiver.string, parts);
}

Result<Value> format(Runtime& runtime, const Value& receiver, const Args& args) {
  return format_method(runtime, *receiver.string, args);
}

}  // namespace

Result<Value> map_case(Runtime& runtime, const StringObject& text, Case to) {
  return mapped(runtime, text, [&](std::string& out, uint32_t character, size_t at) {
    if (to == Case::kLower) {
      lower_at(text.bytes, character, at, out);
    } else {
      append_mapped(out, character, to);
    }
  });
}

Result<Value> capitalize(Runtime& runtime, const StringObject& text) {
  return mapped(runtime, text, [&](std::string& out, uint32_t character, size_t at) {
    if (at == 0) {
      append_mapped(out, character, Case::kTitle);
    } else {
      lower_at(text.bytes, character, at, out);
    }
  });
}

Result<Value> strip(Runtime& runtime, const StringObject& text, const StringObject* chars, bool left, bool right) {
  std::vector<uint32_t> set;
  if (chars != nullptr) {
    INGOT_TRY(runtime.step_bytes(chars->bytes.size() * 8));
    for (size_t at = 0; at < chars->bytes.size(); at += character_bytes(chars->bytes, at)) {
      set.push_back(code_point(chars->bytes, at));
    }
    std::sort(set.begin(), set.end());
    set.erase(std::unique(set.begin(), set.end()), set.end());
  }
  const auto goes = [&](uint32_t character) {
    return chars == nullptr ? is_space(character) : std::binary_search(set.begin(), set.end(), character);
  };
  size_t begin = 0, end = text.bytes.size();
  while (left && begin < end && goes(code_point(text.bytes, begin))) begin += character_bytes(text.bytes, begin);
  while (right && end > begin) {
    const size_t last = previous_character(text.bytes, end);
    if (!goes(code_point(text.bytes, last))) break;
    end = last;
  }
  return runtime.substring(text, begin, end);
}

Result<Value> replace(Runtime& runtime, const StringObject& text, const StringObject& from, const StringObject& to,
                      int64_t limit) {
  INGOT_TRY(runtime.step_bytes(text.bytes.size() * 4));
  TextBuilder made(runtime);
  size_t done = 0, at = 0;
  for (int64_t n_done = 0; limit < 0 || n_done < limit; n_done++) {
    if (from.bytes.empty()) {
      // In front of every character and at the end.
      at = n_done == 0                ? 0
           : done < text.bytes.size() ? done + character_bytes(text.bytes, done)
                                      : std::string_view::npos;
    } else {
      at = find_bytes(text.bytes, from.bytes, done);
    }
    if (at == std::string_view::npos) break;
    made.append(text, done, at);
    made.append(to);
    INGOT_TRY(runtime.step());
    done = at + from.bytes.size();
  }
  made.append(text, done, text.bytes.size());
  INGOT_TRY(runtime.step_bytes(made.n_bytes()));
  return made.finish();
}

Result<Value> join(Runtime& runtime, const StringObject& separator, std::span<const Value> parts) {
  TextBuilder made(runtime);
  for (size_t index = 0; index < parts.size(); index++) {
    if (index > 0) made.append(separator);
    made.append(*parts[index].string);
    INGOT_TRY(runtime.step());
  }
  INGOT_TRY(runtime.step_bytes(made.n_bytes()));
  return made.finish();
}

Result<Value> padded(Runtime& runtime, const StringObject& text, int64_t width, std::string_view fill, Side side) {
  const int64_t missing = width - static_cast<int64_t>(count_characters(text));
  if (missing <= 0) return runtime.substring(text, 0, text.bytes.size());
  if (static_cast<uint64_t>(missing) > kMaxValueBytes) runtime.charge(kMaxValueBytes + 1);
  INGOT_TRY(runtime.step(missing));
  // Python puts the odd one of a centred text to the left where the width is odd.
  const int64_t left = side == Side::kLeft ? 0 : side == Side::kRight ? missing : missing / 2 + (missing & width & 1);
  TextBuilder made(runtime);
  for (int64_t n = 0; n < left; n++) made.append(fill);
  made.append(text);
  for (int64_t n = left; n < missing; n++) made.append(fill);
  INGOT_TRY(runtime.step());
  return made.finish();
}

std::span<const MethodEntry> string_edit_methods() {
  static constexpr std::array<MethodEntry, 19> kMethods{{{"strip", strip_method<true, true>},
                                                         {"lstrip", strip_method<true, false>},
                                                         {"rstrip", strip_method<false, true>},
                                                         {"replace", replace_method},
                                                         {"upper", change_case<Case::kUpper>},
                                                         {"lower", change_case<Case::kLower>},
                                                         {"casefold", change_case<Case::kFold>},
                                                         {"title", title},
                                                         {"capitalize", capitalize_method},
                                                         {"swapcase", swapcase},
                                                         {"join", join_method},
                                                         {"format", format},
                                                         {"center", pad_method<Side::kCenter>},
                                                         {"ljust", pad_method<Side::kLeft>},
                                                         {"rjust", pad_method<Side::kRight>},
                                                         {"zfill", zfill},
                                                         {"expandtabs", expandtabs},
                                                         {"removeprefix", remove_affix<true>},
                                                         {"removesuffix", remove_affix<false>}}};
  return kMethods;
}

}  // namespace ingot::core::jinja
