// ingot run and ingot generate: a prompt in, its continuation or the answer to it out; or a chat on a terminal.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <optional>
#include <utility>

#include "cli/chat/chat_session.h"
#include "cli/commands.h"
#include "cli/delta_text.h"
#include "cli/exit_codes.h"
#include "cli/interrupt.h"
#include "cli/run_flags.h"
#include "cli/run_output.h"
#include "cli/streams.h"
#include "cli/template_choice.h"
#include "ingot/ingot.h"

namespace ingot::cli {
namespace {

using Clock = std::chrono::steady_clock;

constexpr const char* kRunExamples = R"(Examples:
  ingot run model.gguf                                    a chat; /help there says more
  ingot run model.gguf -p "What is the capital of France?" --system "Answer in one word."
  ingot run model.gguf -p "What is the weather in Rome?" --tools tools.json --json
  cat article.txt | ingot run model.gguf -p "In one sentence:" --json
  ingot run model.gguf -f question.txt --seed 7 --stop "Q:"
  ingot run model.gguf --raw -p "The capital of France is" -n 16 --temp 0
  ingot run model.gguf -f article.txt -n 0 --save-state article.state     read once ...
  ingot run model.gguf --load-state article.state -p "Summary:"           ... and ask often

The prompt is the text of -f files in order, then -p. Standard input is read if neither is given, and comes before -p if it
is a pipe or a file. It becomes a message in the model's chat template, unless there is none, or --raw, --special or a
state is given: then the text goes on as it is. The answer alone goes to standard output; what a model thinks before it
is shown on the terminal as it comes, and is "reasoning" with --json. Ctrl-C ends the generation, a second one the
program.)";

constexpr const char* kGenerateExamples = R"(Examples:
  ingot generate model.gguf -p "The capital of France is" -n 16 --temp 0
  ingot generate model.gguf -f article.txt -n 0 --save-state article.state     read once ...
  ingot generate model.gguf --load-state article.state -p "Summary:"           ... and ask often

The prompt is the text of -f files in order, then -p. Standard input is read if neither is given, and comes before -p if it
is a pipe or a file. The text alone goes to standard output. Ctrl-C ends the generation, a second one the program.)";

int continue_text(const RunFlags& flags, const Model& model, const std::optional<Grammar>& grammar,
                  const std::string& prompt, double opened_ms) {
  Sequence sequence = model.new_sequence();
  if (!flags.load_state.empty()) {
    if (const Status restored = sequence.restore_file(flags.load_state); !restored) {
      return report_error(restored.error().message);
    }
  }
  // What continues a text gets no token in front of it.
  const bool begins = sequence.length() == 0;
  const auto tokens =
      model.tokenizer().tokenize(prompt, {.parse_special = flags.special, .add_special = begins, .continues = !begins});
  if (!tokens) return report_error(tokens.error().message);
  if (tokens->empty() && begins) {
    return report_error("the prompt is empty, and the vocabulary puts no token in front of it");
  }
  RunOutput output(flags, model);
  GenerateOptions options = output.options();
  options.grammar = grammar;
  output.echo(prompt);
  const InterruptScope interrupt(options.cancel);
  const Expected<GenerateResult> result = sequence.generate(*tokens, options);
  if (!result) return output.fail(result.error());
  const int code = output.finish(*result, result->text, opened_ms);
  if (!flags.takes_prompt_raw()) {
    say("the model has no chat template: the prompt went in as it is (--raw says so itself, --chat-template gives "
        "one)");
  }
  if (!flags.save_state.empty()) {
    if (const Status saved = sequence.save_file(flags.save_state); !saved) return report_error(saved.error().message);
  }
  return code;
}

Json calls_json(const std::vector<ChatToolCall>& calls) {
  Json list = Json::array();
  for (const ChatToolCall& call : calls) {
    list.push_back(Json{{"id", call.id}, {"name", call.name}, {"arguments", call.arguments_json}});
  }
  return list;
}

// One message and its answer.
int answer_once(const RunFlags& flags, const Model& model, const std::optional<Grammar>& grammar,
                Conversation conversation, const std::string& prompt, double opened_ms) {
  conversation.add({.role = "user", .content = prompt});
  RunOutput output(flags, model);
  ReplyOptions options{.generate = output.options()};
  options.generate.grammar = grammar;
  bool has_begun = false;
  options.on_delta = [&output, &has_begun](const ChatDelta& delta) {
    if (delta.kind == ChatDeltaKind::kReasoning) {
      output.reasoning(delta.text);
      return true;
    }
    std::string text = delta_text(delta);
    // A call has a line of its own, which may be the first one.
    if (delta.kind == ChatDeltaKind::kCallBegin && !has_begun) text.erase(0, 1);
    has_begun = has_begun || !text.empty();
    return text.empty() || output.text(text);
  };
  output.echo(prompt);
  const InterruptScope interrupt(options.generate.cancel);
  const Expected<Reply> reply = conversation.reply(options);
  if (!reply) return output.fail(reply.error());
  Json more = Json::object();
  if (!reply->output.reasoning.empty()) more["reasoning"] = reply->output.reasoning;
  if (!reply->output.tool_calls.empty()) more["tool_calls"] = calls_json(reply->output.tool_calls);
  return output.finish(reply->result, reply->output.text, opened_ms, more);
}

int report_wrong_usage(std::string_view message) {
  report_error(message);
  return kWrongUsage;
}

// Wrong usage that CLI11 cannot see; empty if there is none.
std::string wrong_usage(const RunFlags& flags) {
  if (flags.stream && !flags.json) return "--stream needs --json: without it text streams anyway";
  const auto n_prompts = std::ranges::count(flags.files, "-");
  if (n_prompts + int{flags.constraint.reads_stdin()} + int{flags.tools == "-"} > 1) {
    return "standard input (-) can be only one of the files: it is read once";
  }
  if (flags.n_probs >= 0 && !flags.json) return "--n-probs needs --json: the text alone has no place for them";
  if (!flags.takes_prompt_raw()) return {};
  const char* why = flags.raw ? "--raw" : flags.special ? "--special" : "a state";
  const char* of_chat = flags.system                   ? "--system"
                        : !flags.chat_template.empty() ? "--chat-template"
                        : !flags.tools.empty()         ? "--tools"
                        : !flags.variables.empty()     ? "--var"
                                                       : nullptr;
  if (of_chat == nullptr) return {};
  return fmt::format("{} and {} exclude each other: the prompt goes in as it is", of_chat, why);
}

bool opens_chat(const RunFlags& flags) {
  const bool no_prompt = !flags.prompt && flags.files.empty();
  return no_prompt && !flags.takes_prompt_raw() && !flags.json && stdin_is_terminal() && stdout_is_terminal();
}

int run(const RunFlags& given) {
  RunFlags flags = given;
  const auto start = Clock::now();
  if (const std::string wrong = wrong_usage(flags); !wrong.empty()) return report_wrong_usage(wrong);
  const bool chat = opens_chat(flags);
  if (!chat && !flags.prompt && flags.files.empty() && flags.load_state.empty() && stdin_is_terminal()) {
    return report_wrong_usage("no prompt: give -p TEXT, -f FILE, or write one to standard input");
  }
  const Expected<Chunking> chunking = flags.chunk.chunking();
  if (!chunking) return report_wrong_usage(chunking.error().message);
  flags.model.chunk = *chunking;

  if (!flags.save_state.empty()) {
    if (const Status writable = check_writable(flags.save_state); !writable) {
      return report_error(writable.error().message);
    }
  }
  ConversationOptions talk{.system = flags.system.value_or("")};
  if (!flags.chat_template.empty()) {
    Expected<ChatTemplate> chosen = choose_template(flags.chat_template);
    if (!chosen) return report_error(chosen.error().message);
    talk.chat_template = std::move(*chosen);
  }
  if (!flags.tools.empty()) {
    Expected<std::string> tools = read_file(flags.tools);
    if (!tools) return report_error(tools.error().message);
    if (const Json list = Json::parse(*tools, nullptr, /*allow_exceptions=*/false); !list.is_array()) {
      return report_error(fmt::format("{}: expected a JSON list of tools", flags.tools));
    }
    talk.tools = std::move(*tools);
  }
  auto variables = parse_variables(flags.variables);
  if (!variables) return report_wrong_usage(variables.error().message);
  talk.variables = std::move(*variables);
  const Expected<std::optional<Grammar>> grammar = flags.constraint.read();
  if (!grammar) return report_error(grammar.error().message);
  const Expected<Model> model = open_model(flags.model);
  if (!model) return report_error(model.error().message);
  std::optional<Conversation> conversation;
  if (chat || (!flags.takes_prompt_raw() && (talk.chat_template || !model->info().chat_template.empty()))) {
    Expected<Conversation> created = Conversation::create(*model, talk);
    if (!created) return report_error(created.error().message);
    conversation = std::move(*created);
    const Expected<ChatTemplate> shown = talk.chat_template ? *talk.chat_template : model->chat_template();
    const std::string hello = messages_json(std::vector<ChatMessage>{{.role = "user", .content = "hello"}});
    if (shown) warn_of_hidden_tools(*shown, hello, {.tools = talk.tools, .variables = talk.variables});
  } else if (flags.system || !flags.tools.empty() || !flags.variables.empty()) {
    return report_error(fmt::format("{}: the model has no chat template (--chat-template gives one)",
                                    flags.system           ? "--system"
                                    : !flags.tools.empty() ? "--tools"
                                                           : "--var"));
  }
  if (chat) {
    ChatSettings settings{.sampling = flags.sampling, .generate = flags.generate_options()};
    settings.generate.grammar = *grammar;
    return run_chat(*model, std::move(*conversation), std::move(settings));
  }

  // A state that is loaded may go on without any more text.
  const bool given_text = flags.prompt.has_value() || (!flags.load_state.empty() && flags.files.empty());
  const Expected<std::string> prompt =
      read_prompt({.files = flags.files, .given_text = given_text, .text = flags.prompt.value_or("")});
  if (!prompt) {
    report_error(prompt.error().message);
    return prompt.error().code == ErrorCode::kUnsupported ? kWrongUsage : kFailed;
  }
  const std::chrono::duration<double, std::milli> opened = Clock::now() - start;
  if (!conversation) return continue_text(flags, *model, *grammar, *prompt, opened.count());
  return answer_once(flags, *model, *grammar, std::move(*conversation), *prompt, opened.count());
}

}  // namespace

Command add_run(CommandLine app) {
  auto flags = std::make_shared<RunFlags>();
  CommandLine command = app.add_command("run", "Answer a prompt, or chat");
  add_run_flags(command, *flags);
  add_chat_flags(command, *flags);
  command.footer(std::string(kRunExamples) + "\n\n" + kChunkHelp);
  return {command, [flags] { return run(*flags); }};
}

Command add_generate(CommandLine app) {
  auto flags = std::make_shared<RunFlags>();
  CommandLine command = app.add_command("generate", "Continue a text: run --raw");
  add_run_flags(command, *flags);
  command.add_switch("--raw", flags->raw, "Always on here");
  command.footer(std::string(kGenerateExamples) + "\n\n" + kChunkHelp);
  return {command, [flags] {
            flags->raw = true;
            return run(*flags);
          }};
}

}  // namespace ingot::cli
