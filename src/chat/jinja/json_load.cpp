#include "chat/jinja/json_load.h"

#include <nlohmann/json.hpp>

#include <string>
#include <vector>

#include "base/utf8.h"

namespace ingot::core::jinja {
namespace {

// What nlohmann's parser calls for each part of the text. False stops it, with status set.
class Loader {
 public:
  using number_integer_t = nlohmann::json::number_integer_t;
  using number_unsigned_t = nlohmann::json::number_unsigned_t;
  using number_float_t = nlohmann::json::number_float_t;
  using string_t = std::string;
  using binary_t = nlohmann::json::binary_t;

  explicit Loader(Runtime& runtime) : runtime_(runtime) {}

  bool null() { return add(Value::none()); }
  bool boolean(bool value) { return add(Value::of(value)); }
  bool number_integer(number_integer_t value) { return add(Value::of(int64_t{value})); }
  bool number_unsigned(number_unsigned_t value) {
    if (value <= static_cast<number_unsigned_t>(INT64_MAX)) return add(Value::of(static_cast<int64_t>(value)));
    return add(big_integer(fmt::format("{}", value)));
  }
  bool number_float(number_float_t value, const string_t& digits) {
    const bool integer = digits.find_first_of(".eE") == std::string::npos;
    return add(integer ? big_integer(digits) : Value::of(double{value}));
  }
  bool string(string_t& text) { return add(user_string(runtime_, text)); }
  bool binary(binary_t&) { return false; }
  bool start_object(size_t) { return open(/*is_object=*/true); }
  bool start_array(size_t) { return open(/*is_object=*/false); }
  bool key(string_t& text) {
    open_.back().key = user_string(runtime_, text);
    return true;
  }
  bool end_object() {
    const Value made = open_.back().dict.finish(/*user=*/true);
    open_.pop_back();
    return add(made);
  }
  bool end_array() {
    const Value made = open_.back().list.finish();
    made.sequence->user = true;
    open_.pop_back();
    return add(made);
  }
  bool parse_error(size_t, const std::string&, const nlohmann::json::exception& error) {
    // The library's text begins with its own name in brackets.
    const std::string_view text = error.what();
    const size_t behind = text.find("] ");
    failure_ =
        invalid("no JSON: {}", printable(behind == std::string_view::npos ? text : text.substr(behind + 2), 200));
    return false;
  }

  Result<Value> result() {
    INGOT_TRY(failure_);
    if (runtime_.exceeded()) return invalid("more than {} MB", kMaxValueBytes >> 20);
    return result_;
  }

 private:
  struct Open {
    Open(Runtime& runtime, bool object) : is_object(object), list(runtime), dict(runtime) {}
    bool is_object;
    ListBuilder list;
    DictBuilder dict;
    Value key;
  };

  Value big_integer(const std::string& digits) {
    Value made = runtime_.copied_string(digits);
    made.kind = Kind::kBigInt;
    return made;
  }

  bool open(bool is_object) {
    if (open_.size() >= kMaxValueDepth) {
      failure_ = invalid("nested deeper than {}", kMaxValueDepth);
      return false;
    }
    open_.emplace_back(runtime_, is_object);
    return true;
  }

  bool add(const Value& value) {
    if (open_.empty()) {
      result_ = value;
    } else if (!open_.back().is_object) {
      open_.back().list.add(value);
    } else if (auto status = open_.back().dict.set(open_.back().key, value); !status) {
      failure_ = std::move(status);
    }
    runtime_.reset_steps();
    return failure_.has_value() && !runtime_.exceeded();
  }

  Runtime& runtime_;
  std::vector<Open> open_;
  Value result_;
  Status failure_;
};

}  // namespace

Value user_string(Runtime& runtime, std::string_view text) {
  Value made = runtime.copied_string(text);
  if (text.empty() || runtime.exceeded()) return made;
  StringObject marked = *made.string;
  auto* span = runtime.make(ByteSpan{0, static_cast<uint32_t>(text.size())});
  marked.user = {span, 1};
  return Value::of(runtime.make(marked));
}

Result<Value> load_json(Runtime& runtime, std::string_view text) {
  Loader loader(runtime);
  const bool sound = nlohmann::json::sax_parse(text.begin(), text.end(), &loader);
  auto result = loader.result();
  if (result && !sound) return invalid("no JSON");
  return result;
}

}  // namespace ingot::core::jinja
