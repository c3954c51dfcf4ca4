// Arguments that a model writes as plain text between tags, made JSON again.
//
// <parameter=zip>75001</parameter> does not say whether 75001 is a number. Where the tools of the request are known,
// their schema decides: what may be a string only is one. Otherwise what reads as JSON is JSON (or Python's True, False
// and None, as templates print them), and everything else a string.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "base/result.h"

namespace ingot::core {

class ParameterTypes {
 public:
  // tools_json: the list of tools as requests carry it, [{"type": "function", "function": {"name", "parameters"}}];
  // empty: none. Errors: no JSON list.
  static Result<ParameterTypes> create(std::string_view tools_json);

  bool is_string(std::string_view tool, std::string_view parameter) const;

 private:
  std::map<std::string, std::set<std::string, std::less<>>, std::less<>> strings_;
};

// Nothing where text is not well-formed UTF-8.
std::optional<std::string> json_of_parameter(std::string_view text, bool is_string);
std::optional<std::string> json_string(std::string_view text);

}  // namespace ingot::core
