#include "chat/jinja/iterate.h"

#include "chat/jinja/operators.h"
#include "chat/jinja/unicode.h"

namespace ingot::core::jinja {

Result<std::span<const Value>> items_of(Runtime& runtime, const Value& value) {
  switch (value.kind) {
    case Kind::kUndefined:
      return std::span<const Value>();
    case Kind::kSequence:
      if (value.is_sequence(SequenceKind::kGenerator)) {
        if (value.sequence->consumed) return std::span<const Value>();
        value.sequence->consumed = true;
      }
      return value.items();
    case Kind::kString: {
      ListBuilder characters(runtime);
      StringObject text = *value.string;
      text.safe = false;
      for (size_t begin = 0; begin < text.bytes.size();) {
        const size_t n_bytes = character_bytes(text.bytes, begin);
        INGOT_TRY(runtime.step());
        characters.add(runtime.substring(text, begin, begin + n_bytes));
        begin += n_bytes;
      }
      INGOT_TRY(runtime.step());
      return characters.finish().items();
    }
    case Kind::kDict: {
      ListBuilder keys(runtime);
      INGOT_TRY(runtime.step(static_cast<int64_t>(value.dict->n_entries)));
      for (size_t index = 0; index < value.dict->n_entries; index++) keys.add(value.dict->entries[index].key);
      INGOT_TRY(runtime.step());
      return keys.finish().items();
    }
    default:
      return invalid("{} cannot be iterated", type_name(value));
  }
}

Result<int64_t> length_of(const Value& value) {
  switch (value.kind) {
    case Kind::kUndefined:
      return 0;
    case Kind::kString:
      return static_cast<int64_t>(count_characters(*value.string));
    case Kind::kDict:
      return static_cast<int64_t>(value.dict->n_entries);
    case Kind::kSequence:
      if (!value.is_sequence(SequenceKind::kGenerator)) return static_cast<int64_t>(value.sequence->n_items);
      break;
    case Kind::kLoop:
      return static_cast<int64_t>(value.loop->n_items);
    default:
      break;
  }
  return invalid("{} has no length", type_name(value));
}

}  // namespace ingot::core::jinja
