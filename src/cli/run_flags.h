// The flags of run and generate.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "cli/constraint_flags.h"
#include "cli/flags.h"
#include "cli/sampling_flags.h"
#include "ingot/sequence.h"

namespace ingot::cli {

struct RunFlags {
  ModelFlags model;
  std::optional<std::string> prompt;
  std::vector<std::string> files;
  int64_t max_tokens = -1;
  int64_t min_tokens = 0;
  int n_probs = -1;
  SamplingFlags sampling;
  ConstraintFlags constraint;
  std::vector<std::string> stop;
  ChunkFlags chunk;
  bool ignore_eos = false;
  bool raw = false;
  bool special = false;
  bool echo = false;
  bool json = false;
  bool stream = false;
  std::optional<std::string> system;
  std::string chat_template;
  std::string tools;  // a file
  std::vector<std::string> variables;
  std::string load_state;
  std::string save_state;

  // The prompt goes in as it is, without a chat template: asked for, or because what is asked for makes sense only so.
  bool takes_prompt_raw() const { return raw || special || !load_state.empty() || !save_state.empty(); }
  // All but the grammar, and what tells of progress and takes the text.
  GenerateOptions generate_options() const;
};

void add_run_flags(CommandLine app, RunFlags& flags);
// Of run alone.
void add_chat_flags(CommandLine app, RunFlags& flags);

}  // namespace ingot::cli
