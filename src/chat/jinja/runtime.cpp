#include "chat/jinja/runtime.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "chat/jinja/operators.h"

namespace ingot::core::jinja {
namespace {

constexpr size_t kChunkBytes = size_t{64} << 10;
constexpr size_t kAlignment = 16;

bool is_ascii(std::string_view bytes) {
  return std::all_of(bytes.begin(), bytes.end(), [](char byte) { return static_cast<unsigned char>(byte) < 0x80; });
}

}  // namespace

void* Runtime::allocate(size_t n_bytes) {
  n_bytes = (n_bytes + kAlignment - 1) & ~(kAlignment - 1);
  if (n_bytes > left_) {
    if (n_bytes > kChunkBytes / 4) {  // its own chunk, so that what is left of the open one is not lost
      chunks_.push_back(std::make_unique_for_overwrite<std::byte[]>(n_bytes));
      return chunks_.back().get();
    }
    chunks_.push_back(std::make_unique_for_overwrite<std::byte[]>(kChunkBytes));
    next_ = chunks_.back().get();
    left_ = kChunkBytes;
  }
  std::byte* memory = next_;
  next_ += n_bytes;
  left_ -= n_bytes;
  return memory;
}

tl::unexpected<Error> Runtime::over_limit() const {
  if (exceeded_) {
    return invalid("the template builds more than {} MB of values; real ones build a hundredth of that",
                   kMaxValueBytes >> 20);
  }
  return invalid("the template takes more than {} steps; real ones take a hundredth of that", kMaxSteps);
}

std::string_view Runtime::keep(std::string_view bytes) {
  if (bytes.empty() || !charge(bytes.size())) return {};
  char* copy = make_array<char>(bytes.size());
  std::memcpy(copy, bytes.data(), bytes.size());
  return {copy, bytes.size()};
}

Value Runtime::string(std::string_view bytes) {
  return Value::of(make(StringObject{.bytes = bytes, .ascii = is_ascii(bytes)}));
}

Value Runtime::substring(const StringObject& text, size_t begin, size_t end) {
  end = std::min(end, text.bytes.size());
  begin = std::min(begin, end);
  const std::string_view bytes = text.bytes.substr(begin, end - begin);
  StringObject made{.bytes = bytes, .ascii = text.ascii || is_ascii(bytes), .safe = text.safe};
  // The marks that reach into the part.
  const auto* first = std::partition_point(text.user.data(), text.user.data() + text.user.size(),
                                           [&](const ByteSpan& span) { return span.end <= begin; });
  const auto* last = std::partition_point(first, text.user.data() + text.user.size(),
                                          [&](const ByteSpan& span) { return span.begin < end; });
  const auto n_spans = static_cast<size_t>(last - first);
  if (n_spans > 0 && charge(n_spans * sizeof(ByteSpan))) {
    auto* spans = make_array<ByteSpan>(n_spans);
    for (size_t index = 0; index < n_spans; index++) {
      spans[index].begin = static_cast<uint32_t>(std::max<size_t>(first[index].begin, begin) - begin);
      spans[index].end = static_cast<uint32_t>(std::min<size_t>(first[index].end, end) - begin);
    }
    made.user = {spans, n_spans};
  }
  return Value::of(make(made));
}

Value Runtime::sequence(const std::vector<Value>& items, SequenceKind kind) {
  auto* made = make(SequenceObject{.kind = kind});
  if (!items.empty() && charge(items.size() * sizeof(Value))) {
    auto* copy = make_array<Value>(items.size());
    std::copy(items.begin(), items.end(), copy);
    made->items = copy;
    made->n_items = items.size();
  }
  return Value::of(made);
}

Value Runtime::undefined(std::string_view name, std::string_view owner) {
  Value made;
  made.undefined = make(UndefinedObject{name, owner});
  return made;
}

void TextBuilder::mark(size_t begin, size_t end) {
  if (begin == end) return;
  if (!user_.empty() && user_.back().end == begin) {
    user_.back().end = static_cast<uint32_t>(end);
  } else if (runtime_.charge(sizeof(ByteSpan))) {
    user_.push_back({static_cast<uint32_t>(begin), static_cast<uint32_t>(end)});
  }
}

void TextBuilder::append(std::string_view bytes, bool user) {
  if (!runtime_.charge(bytes.size())) return;
  if (user) mark(bytes_.size(), bytes_.size() + bytes.size());
  bytes_.append(bytes);
}

void TextBuilder::append(const StringObject& text, size_t begin, size_t end) {
  if (!runtime_.charge(end - begin)) return;
  for (const ByteSpan& span : text.user) {
    const size_t from = std::max<size_t>(span.begin, begin), to = std::min<size_t>(span.end, end);
    if (from < to) mark(bytes_.size() + (from - begin), bytes_.size() + (to - begin));
  }
  bytes_.append(text.bytes.substr(begin, end - begin));
}

void TextBuilder::mark_from(size_t begin) {
  while (!user_.empty() && user_.back().begin >= begin) user_.pop_back();
  if (!user_.empty() && user_.back().end > begin) begin = user_.back().end;
  mark(begin, bytes_.size());
}

void TextBuilder::reserve(size_t n_bytes) {
  if (!runtime_.exceeded()) bytes_.reserve(std::min(n_bytes, kMaxValueBytes));
}

Value TextBuilder::finish() {
  StringObject made;
  if (!bytes_.empty() && !runtime_.exceeded()) {
    char* copy = runtime_.make_array<char>(bytes_.size());
    std::memcpy(copy, bytes_.data(), bytes_.size());
    made.bytes = {copy, bytes_.size()};
    made.ascii = is_ascii(made.bytes);
    auto* spans = runtime_.make_array<ByteSpan>(user_.size());
    std::copy(user_.begin(), user_.end(), spans);
    made.user = {spans, user_.size()};
  }
  return Value::of(runtime_.make(made));
}

Value ListBuilder::finish(SequenceKind kind) {
  return runtime_.sequence(items_, kind);
}

namespace {

constexpr size_t kSmallDict = 8;

// The slot of a key: of the entry that has it, or the free one where it would go.
template <typename Equal>
size_t slot_of(uint64_t hash, const uint32_t* slots, size_t n_slots, const DictEntry* entries, Equal equal) {
  size_t slot = hash & (n_slots - 1);
  while (slots[slot] != 0) {
    const DictEntry& entry = entries[slots[slot] - 1];
    if (entry.hash == hash && equal(entry.key)) break;
    slot = (slot + 1) & (n_slots - 1);
  }
  return slot;
}

template <typename Equal>
const DictEntry* find_entry(const DictObject& dict, uint64_t hash, Equal equal) {
  if (dict.n_slots == 0) {
    for (size_t index = 0; index < dict.n_entries; index++) {
      if (dict.entries[index].hash == hash && equal(dict.entries[index].key)) return &dict.entries[index];
    }
    return nullptr;
  }
  const size_t slot = slot_of(hash, dict.slots, dict.n_slots, dict.entries, equal);
  return dict.slots[slot] == 0 ? nullptr : &dict.entries[dict.slots[slot] - 1];
}

}  // namespace

void DictBuilder::grow() {
  slots_.assign(std::max<size_t>(slots_.size() * 2, 4 * kSmallDict), 0);
  for (size_t index = 0; index < entries_.size(); index++) {
    const size_t slot = slot_of(entries_[index].hash, slots_.data(), slots_.size(), entries_.data(),
                                [](const Value&) { return false; });
    slots_[slot] = static_cast<uint32_t>(index + 1);
  }
}

Status DictBuilder::set(const Value& key, const Value& value) {
  INGOT_ASSIGN(const uint64_t hash, hash_of(runtime_, key));
  Status status;
  const auto equal = [&](const Value& other) {
    const auto same = equals(runtime_, key, other);
    if (!same && status) status = tl::unexpected(same.error());
    return same && *same;
  };
  if (slots_.empty() && entries_.size() < kSmallDict) {
    for (DictEntry& entry : entries_) {
      if (entry.hash == hash && equal(entry.key)) {
        entry.value = value;
        return status;
      }
    }
  } else {
    if (slots_.size() < 2 * (entries_.size() + 1)) {
      if (!runtime_.charge((entries_.size() + 1) * 4 * sizeof(uint32_t))) return runtime_.step();
      grow();
    }
    const size_t slot = slot_of(hash, slots_.data(), slots_.size(), entries_.data(), equal);
    if (slots_[slot] != 0) {
      entries_[slots_[slot] - 1].value = value;
      return status;
    }
    slots_[slot] = static_cast<uint32_t>(entries_.size() + 1);
  }
  INGOT_TRY(status);
  if (!runtime_.charge(sizeof(DictEntry))) return runtime_.step();
  entries_.push_back({key, value, hash});
  return {};
}

Value DictBuilder::finish(bool user) {
  auto* made = runtime_.make(DictObject{.user = user});
  if (!entries_.empty() && !runtime_.exceeded()) {
    auto* entries = runtime_.make_array<DictEntry>(entries_.size());
    std::copy(entries_.begin(), entries_.end(), entries);
    made->entries = entries;
    made->n_entries = entries_.size();
    if (!slots_.empty()) {
      auto* slots = runtime_.make_array<uint32_t>(slots_.size());
      std::copy(slots_.begin(), slots_.end(), slots);
      made->slots = slots;
      made->n_slots = slots_.size();
    }
  }
  return Value::of(static_cast<const DictObject*>(made));
}

const Value* find(const DictObject& dict, std::string_view key) {
  const DictEntry* entry = find_entry(
      dict, hash_bytes(key), [&](const Value& other) { return other.is_string() && other.string->bytes == key; });
  return entry == nullptr ? nullptr : &entry->value;
}

Result<const Value*> find(Runtime& runtime, const DictObject& dict, const Value& key) {
  if (key.is_string()) return find(dict, key.string->bytes);
  INGOT_ASSIGN(const uint64_t hash, hash_of(runtime, key));
  Status status;
  const DictEntry* entry = find_entry(dict, hash, [&](const Value& other) {
    const auto same = equals(runtime, key, other);
    if (!same && status) status = tl::unexpected(same.error());
    return same && *same;
  });
  INGOT_TRY(status);
  return entry == nullptr ? nullptr : &entry->value;
}

}  // namespace ingot::core::jinja
