// Which chat template a flag means.
#pragma once

#include <string>

#include "ingot/chat.h"

namespace ingot::cli {

// Errors name the file, and the template's line.
Expected<ChatTemplate> parse_template_file(const std::string& path);
// One that ingot brings along, or else a file's. Errors: neither; those of the file.
Expected<ChatTemplate> choose_template(const std::string& name_or_path);

}  // namespace ingot::cli
