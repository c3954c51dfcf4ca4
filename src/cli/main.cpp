// Finds the command, runs it, and turns every way to fail into one line and an exit code.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <exception>
#include <new>
#include <string>
#include <vector>

#include "cli/commands.h"
#include "cli/exit_codes.h"
#include "cli/interrupt.h"
#include "cli/streams.h"

namespace ingot::cli {
namespace {

constexpr const char* kProgramExamples = R"(Examples:
  ingot run model.gguf -p "Once upon a time" -n 64        continue a text
  cat notes.txt | ingot run model.gguf -p "Summary:"      standard input comes before -p
  ingot tokenize model.gguf "Hello world" --pieces        what the model sees
  ingot template model.gguf --messages chat.json          a conversation as the prompt that the model sees
  ingot perplexity model.gguf -f text.txt                 how well it predicts a text
  ingot embed model.gguf -f lines.txt --normalize         a vector for each line
  ingot inspect model.gguf                                what a file is and needs
  ingot convert Qwen3-0.6B/ model.gguf                    a GGUF file of a Hugging Face model
  ingot models list                                       what is on this machine; MODEL may be such a name

Results go to standard output, everything else to standard error. Every long flag has an environment variable:
--top-k is INGOT_TOP_K; flags win. Exit codes: 0 done, 1 an input or the machine failed, 2 wrong usage, 3 bench found a regression, 130 interrupted.)";

constexpr const char* kCommandNames =
    "run, generate, tokenize, detokenize, template, perplexity, embed, state, inspect, convert, profile, bench, models "
    "and completion";

int report_no_command(const char* name) {
  report_error(fmt::format("{} is no command; there are {} (ingot --help explains)", name, kCommandNames));
  return kWrongUsage;
}

std::string names_below(const CLI::App& app) {
  std::string names;
  for (const CLI::App* below : app.get_subcommands([](const CLI::App*) { return true; })) {
    names += (names.empty() ? "" : ", ") + below->get_name();
  }
  return names;
}

std::string one_line(std::string text) {
  while (!text.empty() && text.back() == '\n') text.pop_back();
  std::replace(text.begin(), text.end(), '\n', ' ');
  return text;
}

// Which flags of the message nobody typed: their variables are set, perhaps for another command.
std::string said_in_environment(const CLI::App& app, std::string_view message, int argc, char** argv) {
  const auto is_typed = [&](const CLI::Option& option) {
    return std::any_of(argv + 1, argv + argc,
                       [&](const std::string& word) { return option.check_name(word.substr(0, word.find('='))); });
  };
  std::string text;
  for (const CLI::Option* option : app.get_options()) {
    const std::string& variable = option->get_envname();
    if (variable.empty() || std::getenv(variable.c_str()) == nullptr || is_typed(*option)) continue;
    if (message.find(option->get_name()) == std::string_view::npos) continue;
    text += fmt::format("; {} is {} of the environment", option->get_name(), variable);
  }
  return text;
}

// The field writes -pg, which CLI11 would take for -p with the value g.
std::vector<std::string> arguments_of(int argc, char** argv) {
  std::vector<std::string> arguments(argv + 1, argv + argc);
  for (std::string& argument : arguments) {
    if (argument == "-pg") argument = "--pg";
  }
  // CLI11 takes them last first.
  std::reverse(arguments.begin(), arguments.end());
  return arguments;
}

int run_program(int argc, char** argv) {
  CLI::App app("ingot: language models on the machine at hand. Reads GGUF files.", "ingot");
  app.footer(kProgramExamples);
  app.require_subcommand(0, 1);
  bool wants_version = false;
  bool wants_json = false;
  app.add_flag("--version", wants_version, "Version, commit, compiler, instruction set and kernels");
  app.add_flag("--json", wants_json, "With --version: as JSON");
  const CommandLine line(app);
  const std::vector<Command> commands = {
      add_run(line),        add_generate(line), add_tokenize(line), add_detokenize(line), add_template(line),
      add_perplexity(line), add_embed(line),    add_state(line),    add_inspect(line),    add_convert(line),
      add_profile(line),    add_bench(line),    add_models(line),   add_completion(line)};
  try {
    app.parse(arguments_of(argc, argv));
  } catch (const CLI::CallForHelp&) {
    const auto chosen = app.get_subcommands();
    if (chosen.empty() && argc > 1 && argv[1][0] != '-') return report_no_command(argv[1]);
    return write_result(chosen.empty() ? app.help() : chosen.front()->help("ingot"));
  } catch (const CLI::ParseError& error) {
    const auto chosen = app.get_subcommands();
    if (chosen.empty() && argc > 1 && argv[1][0] != '-') return report_no_command(argv[1]);
    std::string command = "ingot";
    const CLI::App* last = nullptr;
    for (auto below = chosen; !below.empty(); below = below.front()->get_subcommands()) {
      last = below.front();
      command += " " + last->get_name();
    }
    const bool lacks_command = dynamic_cast<const CLI::RequiredError*>(&error) != nullptr;
    if (lacks_command && last != nullptr && last->get_require_subcommand_min() > 0) {
      report_error(
          fmt::format("{} wants one of its commands: {} ({} --help explains)", command, names_below(*last), command));
      return kWrongUsage;
    }
    report_error(fmt::format("{}{} ({} --help explains)", one_line(error.what()),
                             last == nullptr ? "" : said_in_environment(*last, error.what(), argc, argv), command));
    return kWrongUsage;
  }
  if (wants_version) return write_result(version_text(wants_json));
  for (const Command& command : commands) {
    if (command.line.parsed()) return command.run();
  }
  report_error(fmt::format("a command is missing; there are {} (ingot --help explains)", kCommandNames));
  return kWrongUsage;
}

}  // namespace
}  // namespace ingot::cli

int main(int argc, char** argv) {
  // A reader that closes the pipe shows as EPIPE at the next write.
  std::signal(SIGPIPE, SIG_IGN);
  ingot::cli::install_interrupt_handler();
  try {
    return ingot::cli::run_program(argc, argv);
  } catch (const std::bad_alloc&) {
    return ingot::cli::report_error("out of memory");
  } catch (const std::exception& error) {
    return ingot::cli::report_error(error.what());
  }
}
