// ingot profile: where the time of a request goes.
#include <fmt/format.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>
#include <optional>

#include "bench/profile_page.h"
#include "cli/commands.h"
#include "cli/exit_codes.h"
#include "cli/flags.h"
#include "cli/interrupt.h"
#include "cli/model_argument.h"
#include "cli/profile_text.h"
#include "cli/progress.h"
#include "cli/streams.h"
#include "cli/template_choice.h"
#include "ingot/ingot.h"

namespace ingot::cli {
namespace {

constexpr const char* kProfileExamples = R"(Examples:
  ingot profile model.gguf -p "Once upon a time" -n 32
  ingot profile model.gguf -f article.txt --trace trace.json     open it at ui.perfetto.dev
  ingot profile model.gguf -f article.txt --html profile.html    a page with figures, for a browser
  ingot profile model.gguf -f article.txt --target-ttft 200      PASS or FAIL
  ingot profile model.gguf -f article.txt --detail attention --layers
  ingot profile model.gguf -f article.txt --chunk auto           how the prompt is cut, memory planned and measured

Shows the time to the first byte by stage, each operation's time against the measured limits of this machine, threads,
memory, and what holds the request back. The limits are measured once (ingot bench --ceilings) and remembered.)";

struct ProfileFlags {
  ModelFlags model;
  std::optional<std::string> prompt;
  std::vector<std::string> files;
  ProfileOptions options;
  ChunkFlags chunk;
  std::string chat_template;
  std::string detail;
  std::string html;
  double target_ms = 0;
  bool layers = false;
  bool json = false;
};

// After the result, which is printed even if its files cannot be written.
int write_files(const ProfileReport& report, const ProfileFlags& flags, ProfileTextOptions options) {
  int code = kDone;
  if (!report.trace_error.empty()) code = report_error(report.trace_error);
  if (flags.html.empty()) return code;
  options.per_layer = false;  // the page has groups of layers only
  const std::string page = core::profile_page(profile_json(report, options));
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(flags.html.c_str(), "we"), std::fclose);
  const bool written =
      file && std::fwrite(page.data(), 1, page.size(), file.get()) == page.size() && std::fflush(file.get()) == 0;
  if (written) return code;
  return report_error(fmt::format("{}: cannot write the page: {}", flags.html, std::strerror(errno)));
}

int profile_model(const ProfileFlags& flags) {
  if (flags.options.raw || flags.options.parse_special) {
    const char* why = flags.options.raw ? "--raw" : "--special";
    const char* what = !flags.options.system.empty() ? "--system" : "--chat-template";
    if (!flags.options.system.empty() || !flags.chat_template.empty()) {
      report_error(fmt::format("{} and {} exclude each other: the prompt goes in as it is", what, why));
      return kWrongUsage;
    }
  }
  if (!flags.prompt && flags.files.empty() && stdin_is_terminal()) {
    report_error("no prompt: give -p TEXT, -f FILE, or write one to standard input");
    return kWrongUsage;
  }
  const Expected<Chunking> chunking = flags.chunk.chunking();
  if (!chunking) {
    report_error(chunking.error().message);
    return kWrongUsage;
  }
  const Expected<std::string> prompt =
      read_prompt({.files = flags.files, .given_text = flags.prompt.has_value(), .text = flags.prompt.value_or("")});
  if (!prompt) {
    report_error(prompt.error().message);
    return prompt.error().code == ErrorCode::kUnsupported ? kWrongUsage : kFailed;
  }
  ProfileOptions options = flags.options;
  if (!flags.chat_template.empty()) {
    const Expected<ChatTemplate> chosen = choose_template(flags.chat_template);
    if (!chosen) return report_error(chosen.error().message);
    options.chat_template = chosen->source();
  }
  Progress progress("profiling");
  options.detail_attention = flags.detail == "attention";
  options.target_first_token_ms = flags.target_ms;
  options.chunk = *chunking;
  ModelOptions model_options = flags.model.options();
  model_options.chunk = *chunking;
  options.on_progress = [&progress](std::string_view what, double fraction) {
    progress.show(fmt::format("{}, {:.0f} %", what, 100 * fraction));
  };
  const InterruptScope interrupt(options.cancel);
  show_messages(flags.model.verbose);
  const Expected<std::string> path = resolve_model(flags.model.path, flags.model.models);
  if (!path) return report_error(path.error().message);
  const Expected<ProfileReport> report = profile(*path, model_options, *prompt, options);
  progress.clear();
  if (!report) return report_error(report.error().message);

  const ProfileTextOptions text_options = {.per_layer = flags.layers, .target_first_token_ms = flags.target_ms};
  const int code =
      write_result(flags.json ? json_text(profile_json(*report, text_options)) : profile_text(*report, text_options));
  if (code != kDone) return code;
  if (const int files_code = write_files(*report, flags, text_options); files_code != kDone) return files_code;
  if (options.cancel.cancelled()) return kInterrupted;
  return kDone;
}

}  // namespace

Command add_profile(CommandLine app) {
  auto flags = std::make_shared<ProfileFlags>();
  CommandLine command = app.add_command("profile", "Show where the time of a request goes");
  add_model_flags(command, flags->model, "Most tokens of prompt and text together");
  command.add_optional("-p,--prompt", flags->prompt, "The prompt");
  command.add_optional("-f,--file", flags->files, "A file with the prompt, before -p; - is standard input")
      .one_value_each();
  command.add_value("-n,--max-tokens", flags->options.max_tokens, "Tokens to generate")
      .check(in_range<int64_t>(1, int64_t{1} << 20));
  add_chunk_flags(command, flags->chunk);
  command.add_switch("--special", flags->options.parse_special,
                     "Special tokens written in the prompt become tokens; implies --raw");
  command.add_switch("--raw", flags->options.raw, "Take the prompt as it is, without a chat template");
  command.add_optional("--system", flags->options.system, "What the model is told about its part in the chat");
  command.add_optional("--chat-template", flags->chat_template,
                       "A template for models without one, or instead of theirs: a name (ingot template --help lists "
                       "them) or a file");
  command
      .add_optional("--detail", flags->detail,
                    "attention: time scores, softmax and weighted values too, each run apart")
      .choices({"attention"});
  command.add_switch("--layers", flags->layers, "A row for each layer instead of each group of like layers");
  command
      .add_optional("--target-ttft", flags->target_ms,
                    "Say PASS or FAIL for this time to the first byte, in milliseconds")
      .check(in_range(0.001, 1e9));
  command.add_optional("--trace", flags->options.trace, "Write a trace for Perfetto or Chrome here");
  command.add_optional("--html", flags->html, "Write a page with figures for a browser here");
  command.add_switch("--json", flags->json, "Print one JSON document");
  command.footer(std::string(kProfileExamples) + "\n\n" + kChunkHelp);
  return {command, [flags] { return profile_model(*flags); }};
}

}  // namespace ingot::cli
