// The commands of the program, one .cpp each. Each adds itself, with its flags and its help, to the app.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <string>

namespace ingot::cli {

struct Command {
  CLI::App* app = nullptr;
  std::function<int()> run;  // gives the exit code
};

Command add_run(CLI::App& app);
Command add_generate(CLI::App& app);
Command add_tokenize(CLI::App& app);
Command add_detokenize(CLI::App& app);
Command add_template(CLI::App& app);
Command add_perplexity(CLI::App& app);
Command add_inspect(CLI::App& app);
Command add_embed(CLI::App& app);
Command add_state(CLI::App& app);
Command add_convert(CLI::App& app);
Command add_profile(CLI::App& app);
Command add_bench(CLI::App& app);
Command add_models(CLI::App& app);
Command add_completion(CLI::App& app);

// What --version prints.
std::string version_text(bool json);

}  // namespace ingot::cli
