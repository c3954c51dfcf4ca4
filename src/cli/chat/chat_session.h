// A chat on a terminal: messages typed in, answers streamed, commands that begin with a slash.
#pragma once

#include "cli/sampling_flags.h"
#include "ingot/conversation.h"
#include "ingot/model.h"

namespace ingot::cli {

struct ChatSettings {
  SamplingFlags sampling;
  GenerateOptions generate;  // all but sampling and callbacks
  bool show_timings = true;
};

// Runs until the person leaves. Gives the exit code. Precondition: stdin and stdout are terminals.
int run_chat(const Model& model, Conversation conversation, ChatSettings settings);

}  // namespace ingot::cli
