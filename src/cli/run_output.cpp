#include "cli/run_output.h"

#include <fmt/format.h>

#include <cstdio>
#include <utility>

#include "cli/exit_codes.h"
#include "cli/generation_speed.h"

namespace ingot::cli {
namespace {

// What a terminal can be shown of a text: nothing that steers it.
std::string without_controls(std::string_view text) {
  std::string shown(text);
  for (char& byte : shown) {
    const auto value = static_cast<unsigned char>(byte);
    if ((value < ' ' && byte != '\n' && byte != '\t') || value == 0x7F) byte = '?';
  }
  return shown;
}

Json result_json(const GenerateResult& result, std::string_view text, const ModelInfo& info, double first_token_ms) {
  return Json{{"schema", kJsonSchema},
              {"text", text},
              {"tokens", result.tokens},
              {"finish", finish_name(result.finish)},
              {"prompt_tokens", result.n_prompt_tokens},
              {"cached_tokens", result.n_cached_tokens},
              {"timings",
               {{"load_ms", info.load_ms},
                {"prefill_ms", result.prefill_ms},
                {"first_token_ms", first_token_ms},
                {"decode_ms", result.decode_ms},
                {"prefill_tokens_per_second", prefill_speed(result)},
                {"decode_tokens_per_second", decode_speed(result)}}},
              {"mode", mode_name(info.mode)},
              {"kernels", info.kernels},
              {"seed", result.seed}};
}

void say_timings(const GenerateResult& result, const ModelInfo& info, double first_token_ms, bool sampled) {
  std::string line = fmt::format("load {:.0f} ms, prompt {} tokens at {:.1f} tok/s", info.load_ms,
                                 result.n_prompt_tokens, prefill_speed(result));
  const size_t n_tokens = result.tokens.size();
  if (n_tokens > 0) line += fmt::format(", first token after {:.0f} ms", first_token_ms);
  // The first one comes with the prompt.
  if (n_tokens > 1) line += fmt::format(", generated {} tokens at {:.1f} tok/s", n_tokens, decode_speed(result));
  const bool tell_seed = sampled && n_tokens > 0;
  say(fmt::format("{} ({} kernels, {} threads{})", line, info.kernels, info.threads,
                  tell_seed ? fmt::format(", seed {}", result.seed) : std::string()));
}

}  // namespace

GenerateOptions RunOutput::options() {
  GenerateOptions options = flags_.generate_options();
  options.on_prompt_progress = [this](int64_t n_done, int64_t n_total) {
    progress_.show(fmt::format("{} of {} tokens", n_done, n_total));
  };
  options.on_text = [this](std::string_view piece) { return text(piece); };
  options.on_probs = [this](const TokenProbs& of_token) { probs_.push_back(probs_json(of_token, model_.tokenizer())); };
  return options;
}

bool RunOutput::text(std::string_view text) {
  progress_.clear();
  if (std::exchange(reasoning_open_, false)) fmt::print(stderr, "\n\n");
  if (!flags_.json) return out_.write(text);
  if (!flags_.stream) return true;
  Json line{{"text", std::string(text)}};
  if (flags_.n_probs >= 0) line["completion_probabilities"] = std::exchange(probs_, Json::array());
  return out_.write(json_text(line, -1));
}

bool RunOutput::echo(const std::string& prompt) {
  if (!flags_.echo) return true;
  echoed_ = prompt;
  return flags_.json || out_.write(prompt);
}

void RunOutput::reasoning(std::string_view text) {
  progress_.clear();
  if (flags_.json || !stderr_is_terminal()) return;
  reasoning_open_ = true;
  fmt::print(stderr, "{}", without_controls(text));
  std::fflush(stderr);
}

Json RunOutput::probs_of(const GenerateResult& result) const {
  Json all = Json::array();
  for (const TokenProbs& of_token : result.probs) all.push_back(probs_json(of_token, model_.tokenizer()));
  return all;
}

int RunOutput::fail(const Error& error) {
  progress_.clear();
  return report_error(error.message);
}

int RunOutput::finish(const GenerateResult& result, std::string_view text, double opened_ms, const Json& more) {
  progress_.clear();
  if (out_.broken()) return out_.exit_code();
  const ModelInfo& info = model_.info();
  const double first_token_ms = result.first_token_ms > 0 ? opened_ms + result.first_token_ms : 0;
  if (flags_.json) {
    Json json = result_json(result, echoed_ + std::string(text), info, first_token_ms);
    json.update(more);
    if (flags_.n_probs >= 0) json["completion_probabilities"] = probs_of(result);
    out_.write(json_text(json, -1));
  } else if (stdout_is_terminal()) {
    out_.write("\n");
  }
  if (result.finish == Finish::kContext) {
    say(fmt::format("the context of {} tokens is full (-c sets it)", info.context));
  }
  say_timings(result, info, first_token_ms, flags_.sampling.options.temperature > 0);
  const int code = out_.exit_code();
  return code == kDone && result.finish == Finish::kInterrupted && !out_.broken() ? kInterrupted : code;
}

}  // namespace ingot::cli
