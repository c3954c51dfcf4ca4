// The flags of sampling, for every command that generates text.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "cli/flags.h"
#include "ingot/sequence.h"

namespace ingot::cli {

struct SamplingFlags {
  SamplingOptions options;
  std::optional<uint64_t> seed;
  std::vector<std::string> logit_bias;
  std::vector<std::string> dry_breakers;

  // All of them together. Precondition: the flags were parsed, so that each is well-formed.
  SamplingOptions sampling() const;
};

void add_sampling_flags(CommandLine app, SamplingFlags& flags);

}  // namespace ingot::cli
