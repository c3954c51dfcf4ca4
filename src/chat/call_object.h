// A call as one JSON object, {"name": …, "arguments": {…}, "id": …}, read byte by byte.
//
// The members may come in any order; "tool_name", "parameters", "tool_call_id" and "call_id" are other spellings. Other
// members are read over. Arguments are an object, null (none), or an object written as a string.
#pragma once

#include <cstddef>
#include <optional>
#include <string>

#include "chat/json_scanner.h"

namespace ingot::core {

class CallObject {
 public:
  static constexpr size_t kMaxNameBytes = 256;

  // only_known: any other member than those above and "type" makes it no call, and so does a lack of arguments: what
  // tells a call from an answer in JSON.
  explicit CallObject(bool only_known) : only_known_(only_known) {}

  // Takes the byte at this position of the caller's counting. False when it can no longer become a call.
  bool push(char byte, size_t position);

  bool done() const { return scanner_.done(); }
  const std::string& name() const { return name_; }  // empty until it is known
  const std::string& id() const { return id_; }
  bool has_object() const { return object_begin_.has_value(); }  // the arguments are an object, and have begun
  size_t object_begin() const { return *object_begin_; }
  std::optional<size_t> object_end() const { return object_end_; }   // behind its last byte
  const std::string& decoded_arguments() const { return decoded_; }  // of arguments in a string

 private:
  enum class Member { kOther, kName, kArguments, kId };

  bool key_ends();
  bool value_begins(char byte, size_t position);
  bool string_ends();
  bool object_ends() const;

  bool only_known_;
  JsonScanner scanner_;
  Member member_ = Member::kOther;
  std::string string_;  // between the quotes of what is open in the outer object, escapes as written
  bool in_string_ = false;
  std::string name_;
  std::string id_;
  bool has_arguments_ = false;
  std::optional<size_t> object_begin_;
  std::optional<size_t> object_end_;
  std::string decoded_;
};

// Whether text is one JSON object.
bool is_json_object(std::string_view text);

}  // namespace ingot::core
