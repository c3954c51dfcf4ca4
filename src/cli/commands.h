// The commands of the program, one .cpp each. Each adds itself, with its flags and its help, to the app.
#pragma once

#include <functional>
#include <string>

#include "cli/command_line.h"

namespace ingot::cli {

struct Command {
  CommandLine line;
  std::function<int()> run;  // gives the exit code
};

Command add_run(CommandLine app);
Command add_generate(CommandLine app);
Command add_tokenize(CommandLine app);
Command add_detokenize(CommandLine app);
Command add_template(CommandLine app);
Command add_perplexity(CommandLine app);
Command add_inspect(CommandLine app);
Command add_embed(CommandLine app);
Command add_state(CommandLine app);
Command add_convert(CommandLine app);
Command add_profile(CommandLine app);
Command add_bench(CommandLine app);
Command add_models(CommandLine app);
Command add_completion(CommandLine app);

// What --version prints.
std::string version_text(bool json);

}  // namespace ingot::cli
