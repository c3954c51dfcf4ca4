// ingot perplexity: how well a model predicts a text, and how far a mode is from reference arithmetic.
#include <fmt/format.h>

#include <memory>

#include "cli/commands.h"
#include "cli/exit_codes.h"
#include "cli/flags.h"
#include "cli/interrupt.h"
#include "cli/json_text.h"
#include "cli/progress.h"
#include "cli/streams.h"
#include "ingot/ingot.h"

namespace ingot::cli {
namespace {

constexpr const char* kPerplexityExamples = R"(Examples:
  ingot perplexity model.gguf -f wiki.test.raw
  ingot perplexity model.gguf -f text.txt -c 2048 --windows 4 --json
  ingot perplexity model.gguf -f text.txt --kl            also the distance from reference arithmetic

The text is cut into windows of exactly -c tokens; the second half of each is scored.)";

struct PerplexityFlags {
  ModelFlags model;
  std::string file;
  PerplexityOptions options;
  ChunkFlags chunk;
  bool json = false;
};

Json result_json(const PerplexityResult& result) {
  Json json = {
      {"schema", kJsonSchema},     {"perplexity", result.perplexity}, {"standard_error", result.standard_error},
      {"tokens", result.n_tokens}, {"windows", result.n_windows},     {"mode", mode_name(result.mode)}};
  if (result.kl) {
    json["kl_mean"] = result.kl->mean;
    json["kl_max"] = result.kl->max;
    json["same_top"] = result.kl->same_top;
  }
  return json;
}

std::string result_text(const PerplexityResult& result) {
  std::string text = fmt::format("perplexity {:.4f} +/- {:.4f} ({} tokens scored in {} windows)\n", result.perplexity,
                                 result.standard_error, result.n_tokens, result.n_windows);
  if (result.kl) {
    text += fmt::format("divergence from reference: mean {:.3g}, max {:.3g}; same best token {:.2f} %\n",
                        result.kl->mean, result.kl->max, 100 * result.kl->same_top);
  }
  return text;
}

int perplexity(const PerplexityFlags& flags) {
  const Expected<Chunking> chunking = flags.chunk.chunking();
  if (!chunking) {
    report_error(chunking.error().message);
    return kWrongUsage;
  }
  const Expected<std::string> text = read_file(flags.file);
  if (!text) return report_error(text.error().message);
  ModelFlags model_flags = flags.model;
  model_flags.context = flags.options.window;
  model_flags.chunk = *chunking;
  const Expected<Model> model = open_model(model_flags);
  if (!model) return report_error(model.error().message);

  Progress progress("perplexity");
  PerplexityOptions options = flags.options;
  options.chunk = *chunking;
  options.on_window = [&progress](int64_t n_done, int64_t n_total, double so_far) {
    progress.show(fmt::format("{:.4f} after {} of {} windows", so_far, n_done, n_total));
  };
  const InterruptScope interrupt(options.cancel);
  const Expected<PerplexityResult> result = model->perplexity(*text, options);
  progress.clear();
  if (!result && result.error().code == ErrorCode::kCancelled) return kInterrupted;
  if (!result) return report_error(result.error().message);
  return write_result(flags.json ? json_text(result_json(*result)) : result_text(*result));
}

}  // namespace

Command add_perplexity(CommandLine app) {
  auto flags = std::make_shared<PerplexityFlags>();
  CommandLine command = app.add_command("perplexity", "How well a model predicts a text");
  add_model_flags(command, flags->model, /*context_help=*/"");
  command.add_optional("-f,--file", flags->file, "The text; - is standard input").required();
  command.add_value("-c,--ctx", flags->options.window, "Tokens of a window")
      .check(in_range<int64_t>(4, int64_t{1} << 30));
  command.add_optional("--windows", flags->options.n_windows, "The first N windows only")
      .check(in_range<int64_t>(1, int64_t{1} << 30));
  add_chunk_flags(command, flags->chunk);
  command.add_switch("--kl", flags->options.kl, "Also compare with reference arithmetic (slow)");
  command.add_switch("--decode", flags->options.decode, "Feed token by token, as generated text is computed");
  command.add_optional("--save-logits", flags->options.save_logits,
                       "Write the scored logits to this .npy file: float32, (scored, vocabulary)");
  command.add_switch("--json", flags->json, "Print one JSON document");
  command.footer(std::string(kPerplexityExamples) + "\n\n" + kChunkHelp);
  return {command, [flags] { return perplexity(*flags); }};
}

}  // namespace ingot::cli
