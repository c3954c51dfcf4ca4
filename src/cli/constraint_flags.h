// The flags that say what generated text has to look like, for every command that generates text.
#pragma once

#include <optional>
#include <string>

#include "cli/flags.h"
#include "ingot/grammar.h"

namespace ingot::cli {

struct ConstraintFlags {
  std::string grammar;      // a file of GBNF; - is standard input
  std::string json_schema;  // a file; - is standard input
  bool json_object = false;

  // Nothing where no flag was given. Reads the file; errors name it, and the place in it.
  Expected<std::optional<Grammar>> read() const;
  bool reads_stdin() const { return grammar == "-" || json_schema == "-"; }
};

void add_constraint_flags(CommandLine app, ConstraintFlags& flags);

}  // namespace ingot::cli
