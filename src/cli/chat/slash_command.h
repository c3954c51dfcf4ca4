// Lines of a chat that begin with a slash: which command, and what stands behind it.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace ingot::cli {

enum class SlashCommand { kHelp, kSystem, kClear, kRetry, kUndo, kSave, kLoad, kSet, kStats, kFile, kBye };

struct SlashLine {
  std::optional<SlashCommand> command;  // absent: there is none of this name
  std::string name;                     // as it was typed, with the slash
  std::string argument;                 // the rest of the line, without the space around it
  bool is_too_long = false;             // an argument, where the command takes none
};

// Precondition: line begins with '/'.
SlashLine parse_slash_line(std::string_view line);

// One line for each command, for /help.
std::string slash_help();

}  // namespace ingot::cli
