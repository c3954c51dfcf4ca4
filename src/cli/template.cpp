// ingot template: a conversation as the prompt that a model sees.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "cli/commands.h"
#include "cli/exit_codes.h"
#include "cli/flags.h"
#include "cli/json_text.h"
#include "cli/model_argument.h"
#include "cli/streams.h"
#include "cli/template_choice.h"
#include "ingot/chat.h"
#include "ingot/tokenizer.h"

namespace ingot::cli {
namespace {

constexpr const char* kTemplateExamples = R"(Examples:
  echo '[{"role": "user", "content": "Hello"}]' > chat.json
  ingot template model.gguf --messages chat.json          the prompt that run would feed
  ingot template model.gguf --messages chat.json --json   also which bytes the user wrote, and the tokens
  ingot template --template chat_template.jinja --bos "<s>" --messages chat.json
  ingot template --chat-template chatml --messages chat.json
  ingot template model.gguf --messages chat.json --tools tools.json --var enable_thinking=false --now 2024-07-26

FILE.json is a list of messages, [{"role": "user", "content": "..."}, ...], or an object with "messages" and maybe
"tools"; - is standard input. Templates see the variables messages, tools, add_generation_prompt, bos_token, eos_token,
and those of --var, whose values are JSON: --var 'name="text"'. Without tools the variable is undefined. The prompt is
printed as it is, with nothing added; an error of the template names its line.)";

struct TemplateFlags {
  std::string model;  // empty: none
  std::string models;
  std::optional<std::string> file;
  std::optional<std::string> chat_template;
  std::string messages;
  std::optional<std::string> tools;
  std::vector<std::string> variables;
  std::string bos, eos, now;
  bool no_generation_prompt = false;
  bool json = false;
};

Expected<ChatTemplate> open_template(const TemplateFlags& flags) {
  if (flags.file) return parse_template_file(*flags.file);
  if (flags.chat_template) return choose_template(*flags.chat_template);
  return ChatTemplate::open(flags.model);
}

struct Conversation {
  std::string messages;
  std::string tools;
};

Expected<Conversation> read_conversation(const TemplateFlags& flags) {
  const Expected<std::string> text = read_file(flags.messages);
  if (!text) return text.error();
  Conversation conversation{.messages = *text, .tools = {}};
  const size_t first = text->find_first_not_of(" \t\r\n");
  if (first != std::string::npos && (*text)[first] == '{') {
    const Json json = Json::parse(*text, nullptr, /*allow_exceptions=*/false);
    if (json.is_discarded()) return Error{ErrorCode::kInvalidInput, fmt::format("{}: no JSON", flags.messages)};
    if (!json.contains("messages")) {
      return Error{ErrorCode::kInvalidInput,
                   fmt::format("{}: neither a list of messages nor an object with \"messages\"", flags.messages)};
    }
    Json messages = json["messages"];
    // A conversation that a chat has saved keeps it apart.
    const auto kept = json.find("system");
    const auto* system = kept == json.end() ? nullptr : kept->get_ptr<const std::string*>();
    if (system != nullptr && !system->empty() && messages.is_array()) {
      messages.insert(messages.begin(), Json{{"role", "system"}, {"content", *system}});
    }
    conversation.messages = messages.dump();
    if (json.contains("tools") && !json["tools"].is_null()) conversation.tools = json["tools"].dump();
  }
  if (flags.tools) {
    const Expected<std::string> tools = read_file(*flags.tools);
    if (!tools) return tools.error();
    conversation.tools = *tools;
  }
  return conversation;
}

int print_json(const TemplateFlags& flags, const RenderedPrompt& prompt) {
  Json json = {{"schema", kJsonSchema}, {"prompt", prompt.text}, {"user_ranges", Json::array()}};
  for (const ByteRange& range : prompt.user_ranges) json["user_ranges"].push_back({range.begin, range.end});
  if (!flags.model.empty()) {
    const auto tokenizer = Tokenizer::open(flags.model);
    if (!tokenizer) return report_error(tokenizer.error().message);
    const auto tokens = tokenizer->tokenize(prompt);
    if (!tokens) return report_error(tokens.error().message);
    json["tokens"] = *tokens;
  }
  return write_result(json_text(json, -1));
}

int run(const TemplateFlags& given) {
  TemplateFlags flags = given;
  if (flags.model.empty() && !flags.file && !flags.chat_template) {
    report_error("no template: give MODEL, --template FILE or --chat-template NAME|FILE");
    return kWrongUsage;
  }
  if (flags.messages == "-" && flags.tools == "-") {
    report_error("standard input (-) can be only one of the files: it is read once");
    return kWrongUsage;
  }
  if (!flags.model.empty()) {
    Expected<std::string> path = resolve_model(flags.model, flags.models);
    if (!path) return report_error(path.error().message);
    flags.model = std::move(*path);
  }
  RenderOptions options{
      .bos = flags.bos, .eos = flags.eos, .add_generation_prompt = !flags.no_generation_prompt, .now = flags.now};
  auto variables = parse_variables(flags.variables);
  if (!variables) {
    report_error(variables.error().message);
    return kWrongUsage;
  }
  options.variables = std::move(*variables);
  const Expected<ChatTemplate> chat_template = open_template(flags);
  if (!chat_template) return report_error(chat_template.error().message);
  Expected<Conversation> conversation = read_conversation(flags);
  if (!conversation) return report_error(conversation.error().message);
  options.tools = std::move(conversation->tools);
  if (!Json::accept(conversation->messages)) return report_error(fmt::format("{}: no JSON", flags.messages));
  const auto prompt = chat_template->render(conversation->messages, options);
  if (!prompt) {
    const std::string source = flags.file.value_or("");
    return report_error(source.empty() ? prompt.error().message
                                       : fmt::format("{}: {}", source, prompt.error().message));
  }
  warn_of_hidden_tools(*chat_template, conversation->messages, options);
  if (flags.json) return print_json(flags, *prompt);
  const bool add_newline = stdout_is_terminal() && !prompt->text.ends_with('\n');
  return write_result(add_newline ? prompt->text + "\n" : prompt->text);
}

}  // namespace

Command add_template(CommandLine app) {
  auto flags = std::make_shared<TemplateFlags>();
  CommandLine command = app.add_command("template", "A conversation as the prompt that a model sees");
  add_model_argument(command, flags->model, flags->models, "A model with a chat template; no weights are read")
      .required(false);
  Flag file = command.add_optional("--template", flags->file, "A file with the template, instead of MODEL's");
  Flag chat_template = command.add_optional("--chat-template", flags->chat_template,
                                            fmt::format("A template by name or from a file, instead of MODEL's: {}",
                                                        fmt::join(ChatTemplate::built_in_names(), ", ")));
  chat_template.excludes(file);
  command.add_optional("--messages", flags->messages, "The conversation, JSON; - is standard input").required();
  command.add_optional("--tools", flags->tools, "A file with the list of tools, JSON");
  command.add_optional("--var", flags->variables, "NAME=JSON: one more variable; may be repeated");
  command.add_optional("--bos", flags->bos, "The text of bos_token; MODEL's by itself");
  command.add_optional("--eos", flags->eos, "The text of eos_token; MODEL's by itself");
  command.add_optional("--now", flags->now,
                       "The time that the template sees, 2024-07-26T14:05:00; the clock's by itself");
  command.add_switch("--no-generation-prompt", flags->no_generation_prompt,
                     "Do not end with the words that open the assistant's answer");
  command.add_switch("--json", flags->json, "Print one JSON document: prompt, user_ranges, with MODEL tokens");
  command.footer(kTemplateExamples);
  return {command, [flags] { return run(*flags); }};
}

}  // namespace ingot::cli
