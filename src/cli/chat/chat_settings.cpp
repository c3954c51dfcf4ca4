#include "cli/chat/chat_settings.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <string_view>
#include <vector>

namespace ingot::cli {
namespace {

// The same flags that the command line has, so that names, ranges and messages are the same.
void add_settings(CommandLine line, SamplingFlags& sampling, int64_t& max_tokens, bool& timings) {
  add_sampling_flags(line, sampling);
  line.add_value("--max-tokens", max_tokens, "Most tokens of an answer; -1 = until its end")
      .check(in_range<int64_t>(-1, int64_t{1} << 30));
  line.add_value("--timings", timings, "A line after each answer that says how long it took");
}

std::string first_line(const std::string& text) {
  return text.substr(0, text.find('\n'));
}

}  // namespace

Expected<std::string> change_setting(const std::string& argument, ChatSettings& settings) {
  SamplingFlags sampling = settings.sampling;
  int64_t max_tokens = settings.generate.max_tokens;
  bool timings = settings.show_timings;
  CLI::App app;
  app.set_help_flag();
  add_settings(CommandLine(app), sampling, max_tokens, timings);
  // A chat's settings are typed; the environment has had its say when the program started.
  for (CLI::Option* option : app.get_options()) option->envname("");

  if (argument.empty()) {
    std::string text;
    for (const CLI::Option* option : app.get_options()) {
      const std::string value = option->get_default_str();
      text += fmt::format("  {:<24} {:<10}  {}\n", option->get_name().substr(2), value.empty() ? "-" : value,
                          first_line(option->get_description()));
    }
    text.pop_back();
    return text;
  }

  const size_t end = argument.find_first_of(" \t");
  const std::string name = argument.substr(0, end);
  const size_t value_at = end == std::string::npos ? end : argument.find_first_not_of(" \t", end);
  const CLI::Option* option = app.get_option_no_throw("--" + name);
  if (option == nullptr) {
    return Error{ErrorCode::kInvalidInput, fmt::format("{} is no setting; /set alone lists them", name)};
  }
  if (value_at == std::string::npos) {
    return Error{ErrorCode::kInvalidInput, fmt::format("{} wants a value: /set {} VALUE", name, name)};
  }
  const std::string value = argument.substr(value_at);
  try {
    app.parse(std::vector<std::string>{"--" + name + "=" + value});
  } catch (const CLI::ParseError& error) {
    return Error{ErrorCode::kInvalidInput, first_line(error.what())};
  }
  settings.sampling = sampling;
  settings.generate.max_tokens = max_tokens;
  settings.show_timings = timings;
  return fmt::format("{} is {} now", name, value);
}

}  // namespace ingot::cli
