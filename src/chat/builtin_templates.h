// Chat templates by name, for models whose file has none. Each writes the format that its models were trained on.
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace ingot::core {

struct BuiltinTemplate {
  std::string_view name;
  std::string_view source;
  std::string_view bos;  // the texts of the tokens, where no model tells them
  std::string_view eos;
};

std::span<const BuiltinTemplate> builtin_templates();
std::vector<std::string_view> builtin_template_names();
// Errors: an unknown name, with the known ones.
Result<BuiltinTemplate> builtin_template(std::string_view name);

}  // namespace ingot::core
