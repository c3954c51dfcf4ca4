// Which chat template a flag means, and which variables it is to see.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "ingot/chat.h"

namespace ingot::cli {

// Errors name the file, and the template's line.
Expected<ChatTemplate> parse_template_file(const std::string& path);
// One that ingot brings along, or else a file's. Errors: neither; those of the file.
Expected<ChatTemplate> choose_template(const std::string& name_or_path);
// Says so where the tools of the options make no difference to the prompt: templates without a place for them show
// none, and say nothing.
void warn_of_hidden_tools(const ChatTemplate& chat_template, const std::string& messages, const RenderOptions& options);
// Of --var NAME=JSON. Errors: wrong usage.
Expected<std::vector<std::pair<std::string, std::string>>> parse_variables(const std::vector<std::string>& texts);

}  // namespace ingot::cli
