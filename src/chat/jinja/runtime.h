// What one rendering owns: the memory of its values, and the count of what it has used.
//
// Exceeding a limit is remembered: from then on nothing big is allocated, builders drop what they are given, and the
// next step() gives the error. So building code needs no check at every byte.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "base/result.h"
#include "chat/jinja/limits.h"
#include "chat/jinja/value.h"

namespace ingot::core::jinja {

class Runtime {
 public:
  Runtime() = default;
  Runtime(const Runtime&) = delete;
  Runtime& operator=(const Runtime&) = delete;

  // Counts work. The error of the first limit that was exceeded.
  Status step(int64_t n_steps = 1) {
    steps_ += n_steps;
    if (steps_ <= kMaxSteps && !exceeded_) return {};
    return over_limit();
  }
  Status step_bytes(size_t n_bytes) { return step(static_cast<int64_t>(n_bytes / kBytesPerStep) + 1); }

  // Says that n_bytes more are about to be built. False: they must not be, and step() will fail.
  bool charge(size_t n_bytes) {
    if (exceeded_ || n_bytes > kMaxValueBytes - bytes_) exceeded_ = true;
    if (!exceeded_) bytes_ += n_bytes;
    return !exceeded_;
  }
  bool exceeded() const { return exceeded_; }
  // The data of the caller is read before the template runs, whose work alone counts.
  void reset_steps() { steps_ = 0; }
  void reset_bytes() { bytes_ = 0; }

  // Uninitialised memory that lives as long as the rendering. Not counted: charge() before, where it can be much.
  void* allocate(size_t n_bytes);
  // Made beyond the limit too: who makes many counts a step for each.
  template <typename T>
  T* make(const T& value) {
    static_assert(std::is_trivially_destructible_v<T>, "nothing is destroyed");
    charge(sizeof(T));
    return new (allocate(sizeof(T))) T(value);
  }
  // n uninitialised elements. Precondition: charged.
  template <typename T>
  T* make_array(size_t n) {
    static_assert(std::is_trivially_destructible_v<T>, "nothing is destroyed");
    return static_cast<T*>(allocate(n * sizeof(T)));
  }

  // A copy of the bytes, without marks. Empty where the limit is exceeded.
  std::string_view keep(std::string_view bytes);
  // bytes must outlive the rendering: a literal, a part of the template or of a value.
  Value string(std::string_view bytes);
  Value copied_string(std::string_view bytes) { return string(keep(bytes)); }
  // Bytes [begin, end) of a text, marks included. Shares the bytes.
  Value substring(const StringObject& text, size_t begin, size_t end);
  Value sequence(const std::vector<Value>& items, SequenceKind kind = SequenceKind::kList);
  Value undefined(std::string_view name, std::string_view owner = {});

 private:
  tl::unexpected<Error> over_limit() const;

  std::vector<std::unique_ptr<std::byte[]>> chunks_;
  std::byte* next_ = nullptr;
  size_t left_ = 0;
  size_t bytes_ = 0;
  int64_t steps_ = 0;
  bool exceeded_ = false;
};

// A text in the making, with its marks.
class TextBuilder {
 public:
  explicit TextBuilder(Runtime& runtime) : runtime_(runtime) {}

  void append(std::string_view bytes, bool user = false);
  void append(const StringObject& text) { append(text, 0, text.bytes.size()); }
  void append(const StringObject& text, size_t begin, size_t end);
  void append(char byte) { append(std::string_view(&byte, 1)); }
  // Marks everything from position begin on.
  void mark_from(size_t begin);
  void reserve(size_t n_bytes);

  size_t n_bytes() const { return bytes_.size(); }
  const std::string& bytes() const { return bytes_; }
  std::string take_bytes() { return std::move(bytes_); }
  const std::vector<ByteSpan>& user() const { return user_; }
  Value finish();

 private:
  void mark(size_t begin, size_t end);

  Runtime& runtime_;
  std::string bytes_;
  std::vector<ByteSpan> user_;
};

class ListBuilder {
 public:
  explicit ListBuilder(Runtime& runtime) : runtime_(runtime) {}
  void add(const Value& value) {
    if (runtime_.charge(sizeof(Value))) items_.push_back(value);
  }
  const std::vector<Value>& items() const { return items_; }
  Value finish(SequenceKind kind = SequenceKind::kList);

 private:
  Runtime& runtime_;
  std::vector<Value> items_;
};

// A later value of the same key takes the place of the earlier one.
class DictBuilder {
 public:
  explicit DictBuilder(Runtime& runtime) : runtime_(runtime) {}
  // Errors: a key that cannot be one, such as a list.
  Status set(const Value& key, const Value& value);
  size_t n_entries() const { return entries_.size(); }
  Value finish(bool user = false);

 private:
  void grow();

  Runtime& runtime_;
  std::vector<DictEntry> entries_;
  std::vector<uint32_t> slots_;
};

// The value of a key; null where there is none.
const Value* find(const DictObject& dict, std::string_view key);
// Errors: a key that cannot be one.
Result<const Value*> find(Runtime& runtime, const DictObject& dict, const Value& key);

}  // namespace ingot::core::jinja
