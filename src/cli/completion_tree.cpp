#include "cli/completion_tree.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <functional>
#include <iterator>
#include <string_view>
#include <utility>

namespace ingot::cli {
namespace {

// CLI11 does not know what a text is for; its name tells. A flag that is not here has a value of its own kind, and
// nothing is offered for it.
constexpr std::string_view kFileFlags[] = {"--file",     "--output", "--load-state", "--save-state",  "--save-logits",
                                           "--trace",    "--html",   "--vocab",      "--template",    "--chat-template",
                                           "--messages", "--tools",  "--grammar",    "--json-schema", "--image"};
constexpr std::string_view kFolderFlags[] = {"--models"};
constexpr std::string_view kFileArguments[] = {"FILE", "A", "B", "INPUT", "OUTPUT"};

template <size_t N>
bool is_among(const std::string_view (&list)[N], std::string_view name) {
  return std::find(std::begin(list), std::end(list), name) != std::end(list);
}

// The first clause: a shell shows it beside the flag.
std::string short_help(const std::string& help) {
  constexpr size_t kLongest = 70;
  size_t end = std::min({help.find("; "), help.find(". "), help.find(" ("), help.find('\n'), help.size()});
  if (end > kLongest) end = std::min(end, help.rfind(' ', kLongest));
  std::string text = help.substr(0, end);
  while (!text.empty() && (text.back() == ':' || text.back() == ',' || text.back() == '.')) text.pop_back();
  return text;
}

// CLI11 writes a check that a word is one of several behind the type: "TEXT:{f16,f32}".
std::vector<std::string> choices_of(const CLI::Option& option) {
  const std::string type = option.get_type_name();
  const size_t begin = type.find(":{");
  const size_t end = type.find('}', begin == std::string::npos ? 0 : begin);
  if (begin == std::string::npos || end == std::string::npos) return {};
  std::vector<std::string> choices;
  std::string choice;
  for (const char letter : type.substr(begin + 2, end - begin - 2) + ",") {
    if (letter != ',') {
      choice += letter;
    } else {
      choices.push_back(std::exchange(choice, {}));
    }
  }
  return choices;
}

CompletionArgument describe_argument(const CLI::Option& option) {
  const std::string name = option.get_name(/*positional=*/true);
  if (name == "MODEL") return {ValueKind::kModel, {}};
  if (is_among(kFileArguments, name)) return {ValueKind::kFile, {}};
  std::vector<std::string> choices = choices_of(option);
  const ValueKind kind = choices.empty() ? ValueKind::kText : ValueKind::kChoice;
  return {kind, std::move(choices)};
}

CompletionFlag describe_flag(const CLI::Option& option) {
  CompletionFlag flag;
  for (const std::string& name : option.get_snames()) flag.names.push_back("-" + name);
  for (const std::string& name : option.get_lnames()) flag.names.push_back("--" + name);
  flag.help = short_help(option.get_description());
  if (option.get_items_expected_min() == 0) return flag;
  const std::string& name = flag.names.back();
  flag.choices = choices_of(option);
  flag.value = !flag.choices.empty()          ? ValueKind::kChoice
               : is_among(kFileFlags, name)   ? ValueKind::kFile
               : is_among(kFolderFlags, name) ? ValueKind::kFolder
                                              : ValueKind::kText;
  return flag;
}

CompletionCommand describe(const CLI::App& app, const std::string& words_before) {
  CompletionCommand command;
  command.name = app.get_name();
  command.words = words_before.empty() ? command.name : words_before + " " + command.name;
  command.help = short_help(app.get_description());
  for (const CLI::Option* option : app.get_options()) {
    if (option->get_positional()) {
      command.arguments.push_back(describe_argument(*option));
      command.last_repeats = option->get_items_expected_max() > 1;
    } else {
      command.flags.push_back(describe_flag(*option));
    }
  }
  const std::function<bool(const CLI::App*)> all = [](const CLI::App*) { return true; };
  for (const CLI::App* below : app.get_subcommands(all)) command.commands.push_back(describe(*below, command.words));
  return command;
}

}  // namespace

CompletionCommand completion_tree(CommandLine program) {
  return describe(program.app(), "");
}

}  // namespace ingot::cli
