// The MODEL of a command: a GGUF file, or the name of a model on this machine.
#pragma once

#include <string>

#include "cli/command_line.h"
#include "ingot/expected.h"

namespace ingot::cli {

// Adds --models, the folder in which names are looked for first.
Flag add_models_flag(CommandLine app, std::string& models);
// Adds MODEL and --models. help says what else than a name may stand there.
Flag add_model_argument(CommandLine app, std::string& model, std::string& models, const std::string& help);

// The path that MODEL means; says on a terminal's stderr which file a name stands for. Errors: those of
// find_model_path().
Expected<std::string> resolve_model(const std::string& model, const std::string& models);

}  // namespace ingot::cli
