// Scripts that teach a shell to complete ingot's command lines. Names of models are asked for when TAB is pressed.
#pragma once

#include <string>

#include "cli/completion_tree.h"

namespace ingot::cli {

std::string bash_completion(const CompletionCommand& program);
std::string zsh_completion(const CompletionCommand& program);
std::string fish_completion(const CompletionCommand& program);

}  // namespace ingot::cli
