#include "chat/call_object.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

namespace ingot::core {

namespace {

using State = JsonScanner::State;

// The text that the scanner found between two quotes.
std::string decoded(const std::string& between_quotes) {
  const auto value = nlohmann::json::parse('"' + between_quotes + '"', nullptr, /*allow_exceptions=*/false);
  return value.is_string() ? value.get<std::string>() : std::string();
}

}  // namespace

bool is_json_object(std::string_view text) {
  JsonScanner scanner;
  if (text.empty() || text[0] != '{') return false;
  return std::all_of(text.begin(), text.end(), [&](char byte) { return scanner.push(byte); }) && scanner.done();
}

bool CallObject::push(char byte, size_t position) {
  const State before = scanner_.state();
  const bool was_outer = scanner_.depth() == 1;
  if (scanner_.depth() == 0 && !scanner_.done() && byte != '{') return false;
  if (!scanner_.push(byte)) return false;
  const State now = scanner_.state();

  if (in_string_) {
    const bool open = now == State::kString || now == State::kEscape || now == State::kHex;
    if (!open) {
      in_string_ = false;
      if (!(scanner_.in_key() ? key_ends() : string_ends())) return false;
    } else if (scanner_.in_key() || member_ != Member::kOther) {
      // A longer key is none of ours, and a longer name is none; twelve bytes spell one UTF-16 pair of escapes.
      const bool is_short = scanner_.in_key() || member_ != Member::kArguments;
      if (is_short && string_.size() >= 12 * kMaxNameBytes) return scanner_.in_key() && !only_known_;
      string_ += byte;
    }
    return true;
  }
  if (was_outer && before == State::kValue && now != State::kValue && !value_begins(byte, position)) return false;
  if (was_outer && scanner_.depth() == 1 && now == State::kString) {
    in_string_ = true;
    string_.clear();
  }
  if (object_begin_ && !object_end_ && scanner_.depth() == 1 && !was_outer) object_end_ = position + 1;
  return now != State::kDone || object_ends();
}

bool CallObject::key_ends() {
  const std::string key = decoded(string_);
  member_ = Member::kOther;
  if (key == "name" || key == "tool_name") {
    member_ = Member::kName;
    return name_.empty();
  }
  if (key == "arguments" || key == "parameters") {
    member_ = Member::kArguments;
    return !std::exchange(has_arguments_, true);
  }
  if (key == "id" || key == "tool_call_id" || key == "call_id") {
    member_ = Member::kId;
    return id_.empty();
  }
  return !only_known_ || key == "type";
}

bool CallObject::value_begins(char byte, size_t position) {
  if (member_ == Member::kName) return byte == '"';
  if (member_ != Member::kArguments) return true;
  if (byte == '{') object_begin_ = position;
  return byte == '{' || byte == '"' || byte == 'n';
}

bool CallObject::string_ends() {
  if (member_ == Member::kOther) return true;
  std::string text = decoded(string_);
  if (member_ == Member::kArguments) {
    decoded_ = std::move(text);
    return is_json_object(decoded_);
  }
  const bool has_control = std::any_of(text.begin(), text.end(), [](unsigned char byte) { return byte < ' '; });
  if (text.size() > kMaxNameBytes || has_control) return false;
  if (member_ == Member::kId) {
    id_ = std::move(text);
    return true;
  }
  name_ = std::move(text);
  return !name_.empty();
}

bool CallObject::object_ends() const {
  return !name_.empty() && (has_arguments_ || !only_known_);
}

}  // namespace ingot::core
