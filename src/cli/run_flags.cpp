#include "cli/run_flags.h"

namespace ingot::cli {

void add_run_flags(CommandLine app, RunFlags& flags) {
  add_model_flags(
      app, flags.model,
      "Most tokens of prompt and text together; without it the model's, or what half of the free memory holds");
  app.add_optional("-p,--prompt", flags.prompt, "The prompt");
  app.add_optional("-f,--file", flags.files, "A file with the prompt, before -p; - is standard input").one_value_each();
  app.add_optional("-n,--max-tokens", flags.max_tokens, "Tokens to generate; -1 = until the end")
      .check(in_range<int64_t>(-1, int64_t{1} << 30));
  app.add_value("--min-tokens", flags.min_tokens, "Forbid the model's end tokens until there are so many")
      .check(in_range<int64_t>(0, int64_t{1} << 30));
  add_sampling_flags(app, flags.sampling);
  add_constraint_flags(app, flags.constraint);
  app.add_optional("--stop", flags.stop, "End before this text; may be given several times")
      .one_value_each()
      .check(not_empty);
  app.add_switch("--ignore-eos", flags.ignore_eos, "Go on after the model's end tokens");
  add_chunk_flags(app, flags.chunk);
  app.add_optional("--load-state", flags.load_state,
                   "Go on where this file of --save-state ends, with the same model; the prompt may be "
                   "empty then");
  app.add_optional("--save-state", flags.save_state,
                   "Write what was read and generated to this file; nobody else may read it, since it "
                   "tells the text");
  app.add_switch("--special", flags.special, "Special tokens written in the prompt become tokens; else they stay text");
  app.add_switch("--echo", flags.echo, "Print the prompt in front");
  app.add_switch("--json", flags.json, "Print one JSON document instead of the text");
  app.add_optional("--n-probs", flags.n_probs,
                   "With --json: the log-probability of each token, and the N best beside it, as the "
                   "model gave them before sampling")
      .check(in_range(0, 1 << 20));
  app.add_switch("--stream", flags.stream, "With --json: a line of JSON for each piece of text first");
}

void add_chat_flags(CommandLine app, RunFlags& flags) {
  app.add_switch("--raw", flags.raw, "Take the prompt as it is, without a chat template");
  app.add_optional("--system", flags.system, "What the model is told about its part in the chat");
  app.add_optional("--chat-template", flags.chat_template,
                   "A template for models without one, or instead of theirs: a name (ingot template "
                   "--help lists them) or a file");
  app.add_optional("--tools", flags.tools,
                   "A file with the tools that the model may call, JSON; what it calls is \"tool_calls\" with --json");
  app.add_optional("--var", flags.variables,
                   "NAME=JSON: one more variable of the template, as enable_thinking=false; may be repeated")
      .one_value_each();
  app.add_reserved("--image", "Reserved: images cannot be read yet",
                   "images cannot be read yet; the flag is kept for them");
}

GenerateOptions RunFlags::generate_options() const {
  GenerateOptions options;
  options.max_tokens = max_tokens;
  options.min_tokens = min_tokens;
  options.n_probs = n_probs;
  options.sampling = sampling.sampling();
  options.stop = stop;
  options.ignore_end = ignore_eos;
  options.chunk = model.chunk;
  return options;
}

}  // namespace ingot::cli
