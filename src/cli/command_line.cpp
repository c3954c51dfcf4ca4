#include "cli/command_line.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cctype>
#include <cstdint>
#include <optional>
#include <utility>

namespace ingot::cli {
namespace {

// "--top-k" is INGOT_TOP_K.
CLI::Option* with_environment(CLI::Option* option) {
  std::string name = option->get_lnames().empty() ? std::string() : option->get_lnames().front();
  if (name.empty()) return option;
  std::transform(name.begin(), name.end(), name.begin(),
                 [](unsigned char letter) { return letter == '-' ? '_' : static_cast<char>(std::toupper(letter)); });
  return option->envname("INGOT_" + name);
}

}  // namespace

template <typename T>
Check in_range(T low, T high) {
  return [low, high](const std::string& text) -> std::string {
    T value{};
    if (!CLI::detail::lexical_cast(text, value))
      return fmt::format("{} is no number that fits, expected {} to {}", text, low, high);
    if (value >= low && value <= high) return {};
    return fmt::format("{} is out of range, expected {} to {}", text, low, high);
  };
}

template Check in_range(int low, int high);
template Check in_range(int64_t low, int64_t high);
template Check in_range(double low, double high);

std::string not_empty(const std::string& text) {
  return text.empty() ? "the text is empty" : "";
}

Flag Flag::required(bool required) {
  option_->required(required);
  return *this;
}

Flag Flag::check(Check check, const std::string& shown_as) {
  option_->check(
      CLI::Validator([check = std::move(check)](const std::string& value) { return check(value); }, shown_as));
  return *this;
}

Flag Flag::choices(const std::vector<std::string>& words) {
  option_->check(CLI::IsMember(words));
  return *this;
}

Flag Flag::excludes(Flag other) {
  option_->excludes(other.option_);
  return *this;
}

Flag Flag::one_value_each() {
  option_->allow_extra_args(false);
  return *this;
}

Flag Flag::optional_value(const std::string& shown_as) {
  option_->expected(0, 1)->type_name(shown_as);
  return *this;
}

CommandLine CommandLine::add_command(const std::string& name, const std::string& what) {
  return CommandLine(*app_->add_subcommand(name, what));
}

void CommandLine::require_command() {
  app_->require_subcommand(1);
}

template <typename T>
Flag CommandLine::add_value(const std::string& names, T& value, const std::string& help) {
  return Flag(with_environment(app_->add_option(names, value, help)->capture_default_str()));
}

template <typename T>
Flag CommandLine::add_optional(const std::string& names, T& value, const std::string& help) {
  return Flag(with_environment(app_->add_option(names, value, help)));
}

template <typename T>
Flag CommandLine::add_argument(const std::string& name, T& value, const std::string& help) {
  return Flag(app_->add_option(name, value, help));
}

Flag CommandLine::add_switch(const std::string& names, bool& value, const std::string& help) {
  return Flag(with_environment(app_->add_flag(names, value, help)));
}

Flag CommandLine::add_reserved(const std::string& names, const std::string& help, const std::string& reason) {
  return Flag(with_environment(app_->add_option(names)->description(help))).check([reason](const std::string&) {
    return reason;
  });
}

void CommandLine::footer(const std::string& text) {
  app_->footer(text);
}

bool CommandLine::parsed() const {
  return app_->parsed();
}

template Flag CommandLine::add_value(const std::string&, bool&, const std::string&);
template Flag CommandLine::add_value(const std::string&, int&, const std::string&);
template Flag CommandLine::add_value(const std::string&, int64_t&, const std::string&);
template Flag CommandLine::add_value(const std::string&, float&, const std::string&);
template Flag CommandLine::add_value(const std::string&, double&, const std::string&);
template Flag CommandLine::add_value(const std::string&, std::string&, const std::string&);
template Flag CommandLine::add_optional(const std::string&, int&, const std::string&);
template Flag CommandLine::add_optional(const std::string&, int64_t&, const std::string&);
template Flag CommandLine::add_optional(const std::string&, double&, const std::string&);
template Flag CommandLine::add_optional(const std::string&, std::string&, const std::string&);
template Flag CommandLine::add_optional(const std::string&, std::optional<double>&, const std::string&);
template Flag CommandLine::add_optional(const std::string&, std::optional<uint64_t>&, const std::string&);
template Flag CommandLine::add_optional(const std::string&, std::optional<std::string>&, const std::string&);
template Flag CommandLine::add_optional(const std::string&, std::vector<int>&, const std::string&);
template Flag CommandLine::add_optional(const std::string&, std::vector<std::string>&, const std::string&);
template Flag CommandLine::add_argument(const std::string&, std::string&, const std::string&);
template Flag CommandLine::add_argument(const std::string&, std::optional<std::string>&, const std::string&);
template Flag CommandLine::add_argument(const std::string&, std::vector<std::string>&, const std::string&);

}  // namespace ingot::cli
