// Filters that write for HTML and URLs.
#include <array>

#include "chat/jinja/filters.h"
#include "chat/jinja/iterate.h"
#include "chat/jinja/operators.h"
#include "chat/jinja/print.h"
#include "chat/jinja/string_runs.h"

namespace ingot::core::jinja {
namespace {

Result<Value> escape(Runtime& runtime, const Value& value, const Args& args) {
  INGOT_TRY(bind("escape", args, {}));
  if (value.is_string() && value.string->safe) return value;
  INGOT_ASSIGN(const Value text, to_string(runtime, value));
  INGOT_TRY(runtime.step_bytes(text.string->bytes.size()));
  TextBuilder made(runtime);
  append_escaped(made, *text.string);
  INGOT_TRY(runtime.step());
  return marked_safe(runtime, made.finish());
}

Result<Value> force_escape(Runtime& runtime, const Value& value, const Args& args) {
  INGOT_ASSIGN(const Value text, to_string(runtime, value));
  return escape(runtime, marked_safe(runtime, text, /*safe=*/false), args);
}

Result<Value> safe(Runtime& runtime, const Value& value, const Args& args) {
  INGOT_TRY(bind("safe", args, {}));
  INGOT_ASSIGN(const Value text, to_string(runtime, value));
  return marked_safe(runtime, text);
}

bool is_unreserved(char byte) {
  return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') || (byte >= '0' && byte <= '9') || byte == '_' ||
         byte == '.' || byte == '-' || byte == '~';
}

// in_query: of a name or value in a query string, where a space is + and a slash is quoted.
void append_quoted(TextBuilder& out_text, const StringObject& text, bool in_query) {
  std::string part;
  for_each_run(text, [&](size_t begin, size_t end, bool user) {
    part.clear();
    for (const char byte : text.bytes.substr(begin, end - begin)) {
      if (is_unreserved(byte) || (byte == '/' && !in_query)) {
        part += byte;
      } else if (byte == ' ' && in_query) {
        part += '+';
      } else {
        part += fmt::format("%{:02X}", static_cast<uint8_t>(byte));
      }
    }
    out_text.append(part, user);
  });
}

Result<Value> urlencode(Runtime& runtime, const Value& value, const Args& args) {
  INGOT_TRY(bind("urlencode", args, {}));
  TextBuilder made(runtime);
  const auto append = [&](const Value& part, bool in_query) -> Status {
    INGOT_ASSIGN(const Value text, to_string(runtime, part));
    INGOT_TRY(runtime.step_bytes(text.string->bytes.size() * 8));
    append_quoted(made, *text.string, in_query);
    return runtime.step();
  };
  if (value.is_string() || !(value.is_dict() || value.is(Kind::kSequence))) {
    INGOT_TRY(append(value, /*in_query=*/false));
    return made.finish();
  }
  const auto append_pair = [&](const Value& key, const Value& item) -> Status {
    if (made.n_bytes() > 0) made.append('&');
    INGOT_TRY(append(key, /*in_query=*/true));
    made.append('=');
    return append(item, /*in_query=*/true);
  };
  if (value.is_dict()) {
    for (size_t index = 0; index < value.dict->n_entries; index++) {
      INGOT_TRY(append_pair(value.dict->entries[index].key, value.dict->entries[index].value));
    }
    return made.finish();
  }
  INGOT_ASSIGN(const auto pairs, items_of(runtime, value));
  for (const Value& pair : pairs) {
    INGOT_ASSIGN(const auto both, items_of(runtime, pair));
    if (both.size() != 2) return invalid("urlencode: an item has {} values instead of a name and a value", both.size());
    INGOT_TRY(append_pair(both[0], both[1]));
  }
  return made.finish();
}

Result<Value> xmlattr(Runtime& runtime, const Value& value, const Args& args) {
  INGOT_ASSIGN(const BoundArgs bound, bind("xmlattr", args, {"autospace"}));
  if (value.is_undefined()) return undefined_error(value);
  if (!value.is_dict()) return invalid("xmlattr needs a dict, not {}", type_name(value));
  TextBuilder made(runtime);
  const auto append = [&](const Value& part) -> Status {
    INGOT_ASSIGN(const Value escaped, escape(runtime, part, {}));
    made.append(*escaped.string);
    return runtime.step();
  };
  for (size_t index = 0; index < value.dict->n_entries; index++) {
    const DictEntry& entry = value.dict->entries[index];
    if (entry.value.is_none() || entry.value.is_undefined()) continue;
    INGOT_ASSIGN(const Value name, to_string(runtime, entry.key));
    if (name.string->bytes.find_first_of(" \t\n\r\f\v/>=") != std::string_view::npos) {
      return invalid("xmlattr: a name has a character that it must not have");
    }
    if (made.n_bytes() > 0 || bound.flag(0, true)) made.append(' ');
    INGOT_TRY(append(entry.key));
    made.append("=\"");
    INGOT_TRY(append(entry.value));
    made.append('"');
  }
  return made.finish();
}

}  // namespace

std::span<const FilterEntry> markup_filters() {
  static constexpr std::array<FilterEntry, 6> kFilters{{{"e", escape},
                                                        {"escape", escape},
                                                        {"forceescape", force_escape},
                                                        {"safe", safe},
                                                        {"urlencode", urlencode},
                                                        {"xmlattr", xmlattr}}};
  return kFilters;
}

}  // namespace ingot::core::jinja
