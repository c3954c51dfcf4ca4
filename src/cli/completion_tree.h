// What a shell needs to know to complete a command line: commands, flags and what their values are, taken from the
// program's own description of itself.
#pragma once

#include <string>
#include <vector>

#include "cli/command_line.h"

namespace ingot::cli {

enum class ValueKind {
  kNone,    // a switch, or a value that may be left out
  kText,    // nothing to offer
  kChoice,  // one of a few words
  kFile,
  kFolder,
  kModel,  // a name of ingot models, or a GGUF file
};

struct CompletionFlag {
  std::vector<std::string> names;  // "-t", "--threads"
  std::string help;                // short
  ValueKind value = ValueKind::kNone;
  std::vector<std::string> choices;
};

struct CompletionArgument {
  ValueKind value = ValueKind::kText;
  std::vector<std::string> choices;
};

struct CompletionCommand {
  std::string words;  // "ingot models list"
  std::string name;   // "list"
  std::string help;
  std::vector<CompletionFlag> flags;
  std::vector<CompletionArgument> arguments;
  bool last_repeats = false;  // the last argument takes any number of words
  std::vector<CompletionCommand> commands;
};

CompletionCommand completion_tree(CommandLine program);

}  // namespace ingot::cli
