// What run and generate print of a generation: the text as it comes, or JSON, and a line of timings.
#pragma once

#include <string>
#include <string_view>

#include "cli/json_text.h"
#include "cli/probs_json.h"
#include "cli/progress.h"
#include "cli/run_flags.h"
#include "cli/streams.h"
#include "ingot/model.h"

namespace ingot::cli {

class RunOutput {
 public:
  RunOutput(const RunFlags& flags, const Model& model) : flags_(flags), model_(model) {}
  RunOutput(const RunOutput&) = delete;
  RunOutput& operator=(const RunOutput&) = delete;

  // With callbacks that print; they refer to this.
  GenerateOptions options();

  // A piece of the text; false once nobody reads it any more.
  bool text(std::string_view text);
  // What --echo puts in front.
  bool echo(const std::string& prompt);
  // Of a model that reasons before it answers: on a terminal, beside the text.
  void reasoning(std::string_view text);

  // The rest, with the time from the program's start to the opened model. text: of the whole answer; more: keys for
  // the JSON document. Gives the exit code.
  int finish(const GenerateResult& result, std::string_view text, double opened_ms, const Json& more = Json::object());
  // Instead of finish(). Gives the exit code.
  int fail(const Error& error);

 private:
  Json probs_of(const GenerateResult& result) const;

  const RunFlags& flags_;
  const Model& model_;
  ResultStream out_;
  Progress progress_{"reading the prompt"};
  Json probs_ = Json::array();  // of tokens whose text is not yet printed
  std::string echoed_;
  bool reasoning_open_ = false;
};

}  // namespace ingot::cli
