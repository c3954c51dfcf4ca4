// What a command line may hold: commands, flags and arguments, as this program has them. Every long flag has an
// environment variable, and a value out of its range is one line that names flag, value and range.
//
// CLI11 does the work. It is a large header whose inline functions each file would compile again, so it is included
// where a command line is read and written out, and nowhere else.
#pragma once

#include <functional>
#include <string>
#include <vector>

namespace CLI {
class App;
class Option;
}  // namespace CLI

namespace ingot::cli {

// What is wrong with a value; empty if it is right.
using Check = std::function<std::string(const std::string& value)>;

// low to high, both included; refuses NaN, unlike CLI11's own. For int, int64_t and double.
template <typename T>
Check in_range(T low, T high);

std::string not_empty(const std::string& text);

// A handle of a flag or an argument: copies stand for the same one, and it ends with its command line.
class Flag {
 public:
  explicit Flag(CLI::Option* option) : option_(option) {}

  Flag required(bool required = true);
  // shown_as stands beside the flag in the help.
  Flag check(Check check, const std::string& shown_as = "");
  Flag choices(const std::vector<std::string>& words);
  // Not together with this one.
  Flag excludes(Flag other);
  // A list whose flag is given once for each value; otherwise it takes all the words that follow.
  Flag one_value_each();
  // The value may be left out. shown_as stands for it in the help.
  Flag optional_value(const std::string& shown_as);

 private:
  CLI::Option* option_;
};

// A handle of a command's line, as Flag is one. Values are written when the line is read and have to live until then.
// For bool, int, int64_t, uint64_t, float, double, std::string, and optionals and vectors of them as far as a command
// has such.
class CommandLine {
 public:
  explicit CommandLine(CLI::App& app) : app_(&app) {}

  CommandLine add_command(const std::string& name, const std::string& what);
  // One of its commands has to follow.
  void require_command();
  // names: "-t,--threads". The help shows the value that it has now.
  template <typename T>
  Flag add_value(const std::string& names, T& value, const std::string& help);
  // The same, where what stands in value now means that nothing was given.
  template <typename T>
  Flag add_optional(const std::string& names, T& value, const std::string& help);
  // A word by its place.
  template <typename T>
  Flag add_argument(const std::string& name, T& value, const std::string& help);
  Flag add_switch(const std::string& names, bool& value, const std::string& help);
  // A flag that may be named, but every value of which is refused for this reason.
  Flag add_reserved(const std::string& names, const std::string& help, const std::string& reason);
  // What stands below the flags in the help.
  void footer(const std::string& text);

  const CLI::App& app() const { return *app_; }
  // This command is what the line that was read asks for.
  bool parsed() const;

 private:
  CLI::App* app_;
};

}  // namespace ingot::cli
