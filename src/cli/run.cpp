// ingot run and ingot generate: a prompt in, its continuation out.
#include <fmt/format.h>

#include <charconv>
#include <chrono>
#include <limits>
#include <memory>
#include <optional>

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

constexpr const char* kRunExamples = R"(Examples:
  ingot run model.gguf -p "The capital of France is" -n 16 --temp 0
  ingot run model.gguf -f question.txt --seed 7 --stop "Q:"
  cat article.txt | ingot run model.gguf -p "In one sentence:" --json
  ingot run model.gguf -f article.txt -n 0 --save-state article.state     read once ...
  ingot run model.gguf --load-state article.state -p "Summary:"           ... and ask often

The prompt is the text of -f files in order, then -p. Standard input is read if neither is given, and comes before -p if it
is a pipe or a file. The text alone goes to standard output. Ctrl-C ends the generation, a second one the program.)";

struct RunFlags {
  ModelFlags model;
  std::optional<std::string> prompt;
  std::vector<std::string> files;
  int64_t max_tokens = -1;
  SamplingOptions sampling;
  std::optional<uint64_t> seed;
  std::vector<std::string> logit_bias;
  std::vector<std::string> stop;
  ChunkFlags chunk;
  bool ignore_eos = false;
  bool raw = false;
  bool special = false;
  bool echo = false;
  bool json = false;
  bool stream = false;
  std::string load_state;
  std::string save_state;
};

// "123=-5", "123=-inf".
std::optional<std::pair<Token, float>> parse_bias(const std::string& text) {
  const size_t equals = text.find('=');
  if (equals == std::string::npos) return std::nullopt;
  Token token = 0;
  float bias = 0;
  const char* middle = text.data() + equals;
  const char* end = text.data() + text.size();
  const auto token_parsed = std::from_chars(text.data(), middle, token);
  const auto bias_parsed = std::from_chars(middle + 1, end, bias);
  if (token_parsed.ec != std::errc() || token_parsed.ptr != middle) return std::nullopt;
  if (bias_parsed.ec != std::errc() || bias_parsed.ptr != end) return std::nullopt;
  return std::pair(token, bias);
}

CLI::Validator bias_text() {
  return CLI::Validator(
      [](std::string& text) -> std::string {
        return parse_bias(text) ? std::string() : fmt::format("{} is no bias, expected TOKEN=NUMBER", text);
      },
      "");
}

// CLI11 takes -1 and 2^64 for 2^64 - 1.
CLI::Validator seed_number() {
  return CLI::Validator(
      [](std::string& text) -> std::string {
        uint64_t seed = 0;
        const auto parsed = std::from_chars(text.data(), text.data() + text.size(), seed);
        if (parsed.ec == std::errc() && parsed.ptr == text.data() + text.size()) return {};
        return fmt::format("{} is no seed, expected 0 to {}", text, std::numeric_limits<uint64_t>::max());
      },
      "");
}

void add_sampling_flags(CLI::App* app, RunFlags& flags) {
  SamplingOptions& sampling = flags.sampling;
  add_flag_value(app, "--temp", sampling.temperature, "Temperature; 0 takes the best token always")
      ->check(in_range(0.0, 1e6));
  add_flag_value(app, "--top-k", sampling.top_k, "Draw from the K best tokens; 0 = all")->check(in_range(0, 1 << 30));
  add_flag_value(app, "--top-p", sampling.top_p, "Draw from the best tokens that make up this probability; 1 = all")
      ->check(in_range(0.0, 1.0));
  add_flag_value(app, "--min-p", sampling.min_p, "Drop tokens this much less likely than the best; 0 = none")
      ->check(in_range(0.0, 1.0));
  add_flag_value(app, "--typical", sampling.typical_p, "Draw from the most typical tokens of this probability; 1 = all")
      ->check(in_range(0.0, 1.0));
  add_flag_value(app, "--repeat-penalty", sampling.repeat_penalty, "Make recent tokens less likely; 1 = off")
      ->check(in_range(0.001, 1000.0));
  add_flag_value(app, "--repeat-last-n", sampling.penalty_last_n, "How many tokens are recent; -1 = all, 0 = none")
      ->check(in_range(-1, 1 << 30));
  add_flag_value(app, "--presence-penalty", sampling.presence_penalty, "Subtracted from recent tokens; 0 = off")
      ->check(in_range(-100.0, 100.0));
  add_flag_value(app, "--frequency-penalty", sampling.frequency_penalty, "The same, times their number; 0 = off")
      ->check(in_range(-100.0, 100.0));
  with_environment(
      app->add_option("--logit-bias", flags.logit_bias, "TOKEN=NUMBER, added to that token; -inf forbids it"))
      ->allow_extra_args(false)
      ->check(bias_text());
  with_environment(app->add_option("--seed", flags.seed, "For the same text again; without it random, and printed"))
      ->check(seed_number());
}

void add_run_flags(CLI::App* app, RunFlags& flags) {
  add_model_flags(
      app, flags.model,
      "Most tokens of prompt and text together; without it the model's, or what half of the free memory holds");
  with_environment(app->add_option("-p,--prompt", flags.prompt, "The prompt"));
  with_environment(app->add_option("-f,--file", flags.files, "A file with the prompt, before -p; - is standard input"))
      ->allow_extra_args(false);
  with_environment(app->add_option("-n,--max-tokens", flags.max_tokens, "Tokens to generate; -1 = until the end"))
      ->check(in_range<int64_t>(-1, int64_t{1} << 30));
  add_sampling_flags(app, flags);
  with_environment(app->add_option("--stop", flags.stop, "End before this text; may be given several times"))
      ->allow_extra_args(false)
      ->check(
          CLI::Validator([](std::string& text) { return text.empty() ? std::string("the text is empty") : ""; }, ""));
  add_switch(app, "--ignore-eos", flags.ignore_eos, "Go on after the model's end tokens");
  add_chunk_flags(app, flags.chunk);
  with_environment(app->add_option("--load-state", flags.load_state,
                                   "Go on where this file of --save-state ends, with the same model; the prompt may be "
                                   "empty then"));
  with_environment(app->add_option("--save-state", flags.save_state,
                                   "Write what was read and generated to this file; nobody else may read it, since it "
                                   "tells the text"));
  add_switch(app, "--special", flags.special,
             "Special tokens written in the prompt become tokens; else they stay text");
  add_switch(app, "--echo", flags.echo, "Print the prompt in front");
  add_switch(app, "--json", flags.json, "Print one JSON document instead of the text");
  add_switch(app, "--stream", flags.stream, "With --json: a line of JSON for each piece of text first");
}

double per_second(int64_t count, double ms) {
  return ms > 0 ? static_cast<double>(count) * 1000.0 / ms : 0.0;
}

// The first token falls to the prompt's time; the rest is decoding.
double decode_speed(const GenerateResult& result) {
  const auto n_tokens = static_cast<int64_t>(result.tokens.size());
  return n_tokens > 1 ? per_second(n_tokens - 1, result.decode_ms) : 0.0;
}

Json result_json(const GenerateResult& result, const ModelInfo& info, double first_token_ms) {
  return Json{{"schema", kJsonSchema},
              {"text", result.text},
              {"tokens", result.tokens},
              {"finish", finish_name(result.finish)},
              {"prompt_tokens", result.n_prompt_tokens},
              {"cached_tokens", result.n_cached_tokens},
              {"timings",
               {{"load_ms", info.load_ms},
                {"prefill_ms", result.prefill_ms},
                {"first_token_ms", first_token_ms},
                {"decode_ms", result.decode_ms},
                {"prefill_tokens_per_second", per_second(result.n_prompt_tokens, result.prefill_ms)},
                {"decode_tokens_per_second", decode_speed(result)}}},
              {"mode", mode_name(info.mode)},
              {"kernels", info.kernels},
              {"seed", result.seed}};
}

void say_timings(const GenerateResult& result, const ModelInfo& info, double first_token_ms, bool sampled) {
  say(
      fmt::format("load {:.0f} ms, prompt {} tokens at {:.1f} tok/s, first token after {:.0f} ms, generated {} tokens "
                  "at {:.1f} tok/s "
                  "({} kernels, {} threads{})",
                  info.load_ms, result.n_prompt_tokens, per_second(result.n_prompt_tokens, result.prefill_ms),
                  first_token_ms, result.tokens.size(), decode_speed(result), info.kernels, info.threads,
                  sampled ? fmt::format(", seed {}", result.seed) : std::string()));
}

int run_generation(const RunFlags& flags, const Model& model, const std::string& prompt, double opened_ms) {
  Sequence sequence = model.new_sequence();
  if (!flags.load_state.empty()) {
    if (const Status restored = sequence.restore_file(flags.load_state); !restored) {
      return report_error(restored.error().message);
    }
  }
  // What continues a text gets no token in front of it.
  const bool begins = sequence.length() == 0;
  const auto tokens = model.tokenizer().tokenize(prompt, {.parse_special = flags.special, .add_special = begins});
  if (!tokens) return report_error(tokens.error().message);
  if (tokens->empty() && begins) {
    return report_error("the prompt is empty, and the vocabulary puts no token in front of it");
  }

  const bool plain = !flags.json;
  ResultStream out;
  Progress progress("reading the prompt");
  GenerateOptions options;
  options.max_tokens = flags.max_tokens;
  options.sampling = flags.sampling;
  options.sampling.seed = flags.seed;
  for (const std::string& text : flags.logit_bias) options.sampling.logit_bias.push_back(*parse_bias(text));
  options.stop = flags.stop;
  options.ignore_end = flags.ignore_eos;
  options.chunk = flags.model.chunk;
  options.on_prompt_progress = [&progress](int64_t n_done, int64_t n_total) {
    progress.show(fmt::format("{} of {} tokens", n_done, n_total));
  };
  options.on_text = [&](std::string_view text) {
    progress.clear();
    if (plain) return out.write(text);
    return !flags.stream || out.write(json_text(Json{{"text", std::string(text)}}, -1));
  };

  if (plain && flags.echo && !out.write(prompt)) return out.exit_code();
  const InterruptScope interrupt(options.cancel);
  const Expected<GenerateResult> result = sequence.generate(*tokens, options);
  progress.clear();
  if (!result) return report_error(result.error().message);
  if (out.broken()) return out.exit_code();

  const ModelInfo& info = model.info();
  const double first_token_ms = result->first_token_ms > 0 ? opened_ms + result->first_token_ms : 0;
  if (!plain) {
    Json json = result_json(*result, info, first_token_ms);
    if (flags.echo) json["text"] = prompt + result->text;
    out.write(json_text(json, -1));
  } else if (stdout_is_terminal()) {
    out.write("\n");
  }
  if (result->finish == Finish::kContext)
    say(fmt::format("the context of {} tokens is full (-c sets it)", info.context));
  say_timings(*result, info, first_token_ms, flags.sampling.temperature > 0);
  if (!flags.save_state.empty()) {
    if (const Status saved = sequence.save_file(flags.save_state); !saved) return report_error(saved.error().message);
  }
  const int code = out.exit_code();
  return code == kDone && result->finish == Finish::kInterrupted && !out.broken() ? kInterrupted : code;
}

int run(const RunFlags& given) {
  RunFlags flags = given;
  const auto start = std::chrono::steady_clock::now();
  if (flags.stream && !flags.json) {
    report_error("--stream needs --json: without it text streams anyway");
    return kWrongUsage;
  }
  if (!flags.prompt && flags.files.empty() && flags.load_state.empty() && stdin_is_terminal()) {
    report_error("no prompt: give -p TEXT, -f FILE, or write one to standard input");
    return kWrongUsage;
  }
  const Expected<Chunking> chunking = flags.chunk.chunking();
  if (!chunking) {
    report_error(chunking.error().message);
    return kWrongUsage;
  }
  flags.model.chunk = *chunking;
  const Expected<Model> model = open_model(flags.model);
  if (!model) return report_error(model.error().message);
  if (!flags.raw && !model->info().chat_template.empty()) {
    say("the model has a chat template, but templates do not exist yet: the prompt goes in raw (--raw says so itself)");
  }
  // A state that is loaded may go on without any more text.
  const bool given_text = flags.prompt.has_value() || (!flags.load_state.empty() && flags.files.empty());
  const Expected<std::string> prompt =
      read_prompt({.files = flags.files, .given_text = given_text, .text = flags.prompt.value_or("")});
  if (!prompt) {
    report_error(prompt.error().message);
    return prompt.error().code == ErrorCode::kUnsupported ? kWrongUsage : kFailed;
  }
  const std::chrono::duration<double, std::milli> opened = std::chrono::steady_clock::now() - start;
  return run_generation(flags, *model, *prompt, opened.count());
}

}  // namespace

Command add_run(CLI::App& app) {
  auto flags = std::make_shared<RunFlags>();
  CLI::App* command = app.add_subcommand("run", "Continue a prompt");
  add_run_flags(command, *flags);
  add_switch(command, "--raw", flags->raw, "Take the prompt as it is, without the model's chat template");
  command->footer(std::string(kRunExamples) + "\n\n" + kChunkHelp);
  return {command, [flags] { return run(*flags); }};
}

Command add_generate(CLI::App& app) {
  auto flags = std::make_shared<RunFlags>();
  CLI::App* command = app.add_subcommand("generate", "The same as run --raw");
  add_run_flags(command, *flags);
  add_switch(command, "--raw", flags->raw, "Always on here");
  command->footer(std::string(kRunExamples) + "\n\n" + kChunkHelp);
  return {command, [flags] {
            flags->raw = true;
            return run(*flags);
          }};
}

}  // namespace ingot::cli
