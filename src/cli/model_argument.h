// The MODEL of a command: a GGUF file, or the name of a model on this machine.
#pragma once

#include <CLI/CLI.hpp>
#include <string>

#include "ingot/expected.h"

namespace ingot::cli {

// Adds --models, the folder in which names are looked for first.
CLI::Option* add_models_flag(CLI::App* app, std::string& models);
// Adds MODEL and --models. help says what else than a name may stand there.
CLI::Option* add_model_argument(CLI::App* app, std::string& model, std::string& models, const std::string& help);

// The path that MODEL means; says on a terminal's stderr which file a name stands for. Errors: those of
// find_model_path().
Expected<std::string> resolve_model(const std::string& model, const std::string& models);

}  // namespace ingot::cli
