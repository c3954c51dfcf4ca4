// The public Conversation: messages, the template that renders them, and the sequence that follows.
#include "ingot/conversation.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/atomic_file.h"
#include "base/mapped_file.h"
#include "base/utf8.h"
#include "engine/api_errors.h"
#include "engine/api_handles.h"
#include "engine/chat_sequence.h"

namespace ingot {
namespace {

using Json = nlohmann::ordered_json;

constexpr int kSchema = 1;

Expected<std::string> read_whole(const std::string& path) {
  auto file = core::MappedFile::open(path);
  if (!file) return to_public(std::move(file).error());
  const auto bytes = (*file)->bytes();
  std::string text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  if ((*file)->damaged()) return Error{ErrorCode::kIo, path + ": the file changed while it was read"};
  return text;
}

Error no_conversation(const std::string& path, const std::string& expected) {
  return {ErrorCode::kInvalidInput, fmt::format("{} holds no conversation: {}", path, expected)};
}

std::string state_path(const std::string& path) {
  return path + ".state";
}

// Null: there is no text of that key.
const std::string* text_of(const Json& object, const char* key) {
  const auto found = object.find(key);
  return found == object.end() ? nullptr : found->get_ptr<const std::string*>();
}

std::string text_or_nothing(const Json& object, const char* key) {
  const std::string* text = text_of(object, key);
  return text == nullptr ? std::string() : *text;
}

// As messages_json() writes it.
std::optional<ChatMessage> read_message(const Json& entry) {
  const std::string* role = entry.is_object() ? text_of(entry, "role") : nullptr;
  const std::string* content = entry.is_object() ? text_of(entry, "content") : nullptr;
  if (role == nullptr || content == nullptr) return std::nullopt;
  ChatMessage message{.role = *role,
                      .content = *content,
                      .tool_calls = {},
                      .name = text_or_nothing(entry, "name"),
                      .tool_call_id = text_or_nothing(entry, "tool_call_id")};
  const Json no_calls = Json::array();
  const auto calls = entry.find("tool_calls");
  for (const Json& call : calls == entry.end() ? no_calls : *calls) {
    const auto function = call.is_object() ? call.find("function") : call.end();
    if (function == call.end() || !function->is_object() || text_of(*function, "name") == nullptr) return std::nullopt;
    const Json arguments = function->value("arguments", Json::object());
    const auto* as_text = arguments.get_ptr<const std::string*>();
    message.tool_calls.push_back({.id = text_or_nothing(call, "id"),
                                  .name = *text_of(*function, "name"),
                                  .arguments_json = as_text != nullptr ? *as_text : arguments.dump()});
  }
  return message;
}

// Tells two states apart whose texts a file could have mixed up.
std::string hash_of(std::span<const int32_t> tokens) {
  return fmt::format("{:016x}", XXH3_64bits(tokens.data(), tokens.size_bytes()));
}

// Text of the answer to its parts: handed on as they come, and collected.
class ReplyParts {
 public:
  ReplyParts(ChatOutputParser& parser, const std::function<bool(const ChatDelta&)>& on_delta, ChatOutput& out_output)
      : parser_(parser), on_delta_(on_delta), output_(out_output) {}

  bool push(std::string_view text) { return take(parser_.push(text)); }
  void finish() {
    take(parser_.finish());
    output_.malformed = parser_.malformed_at().has_value();
    output_.malformed_at = parser_.malformed_at().value_or(0);
  }

 private:
  bool take(const std::vector<ChatDelta>& deltas) {
    append(output_, deltas);
    for (const ChatDelta& delta : deltas) {
      if (!stopped_ && on_delta_ && !on_delta_(delta)) stopped_ = true;
    }
    return !stopped_;
  }

  ChatOutputParser& parser_;
  const std::function<bool(const ChatDelta&)>& on_delta_;
  ChatOutput& output_;
  bool stopped_ = false;
};

std::string spelled(const Tokenizer& tokenizer, Token token) {
  const auto text = token < 0 ? Expected<std::string>(std::string()) : tokenizer.piece(token);
  return text ? *text : std::string();
}

// What such a template writes between an answer and the next message ("\n\nUser:"), where no token of it ends a
// generation: a model that was trained on it would write it too, and go on with the message. So would one that was not
// trained on the template at all: of one that was chosen for it, what comes behind the end's token counts as well.
// Empty where tokens tell, or where the template tells nothing.
std::string stop_between_messages(const ChatTemplate& chat_template, bool was_chosen, const Tokenizer& tokenizer) {
  const std::vector<ChatMessage> messages{{.role = "user", .content = "first message"},
                                          {.role = "assistant", .content = "its answer"},
                                          {.role = "user", .content = "second message"}};
  const std::string eos = spelled(tokenizer, tokenizer.eos());
  const auto rendered =
      chat_template.render(messages_json(messages),
                           {.bos = spelled(tokenizer, tokenizer.bos()), .eos = eos, .add_generation_prompt = false});
  if (!rendered) return {};
  const size_t answer = rendered->text.rfind("its answer");
  const size_t next = rendered->text.rfind("second message");
  if (answer == std::string::npos || next == std::string::npos || answer > next) return {};
  size_t begin = answer + std::string_view("its answer").size();
  if (const size_t end = rendered->text.find(eos, begin); was_chosen && !eos.empty() && end < next) {
    begin = std::min(rendered->text.find_first_not_of(" \t\r\n", end + eos.size()), next);
  }
  std::string between = rendered->text.substr(begin, next - begin);
  const auto tokens = tokenizer.tokenize(between, {.parse_special = true, .add_special = false, .continues = true});
  if (!tokens) return {};
  for (const Token token : *tokens) {
    if (tokenizer.is_end(token) || tokenizer.is_control(token)) return {};
  }
  const size_t last = between.find_last_not_of(" \t\r\n");
  return last == std::string::npos ? std::string() : between.substr(0, last + 1);
}

}  // namespace

struct Conversation::Impl {
  Model model;
  ChatTemplate chat_template;
  std::string output_format;
  std::string tools;
  std::vector<std::pair<std::string, std::string>> variables;
  std::string stop;  // see stop_between_messages()
  std::string system;
  std::vector<ChatMessage> messages;
  core::ChatSequence sequence;

  Expected<RenderedPrompt> render() const;
  core::Result<std::vector<int32_t>> tokens_from(const RenderedPrompt& prompt, size_t first) const;
};

Conversation::Conversation(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Conversation::Conversation(Conversation&&) noexcept = default;
Conversation& Conversation::operator=(Conversation&&) noexcept = default;
Conversation::~Conversation() = default;

Expected<Conversation> Conversation::create(const Model& model, const ConversationOptions& options) {
  return guarded([&]() -> Expected<Conversation> {
    std::optional<ChatTemplate> chat_template = options.chat_template;
    if (!chat_template) {
      Expected<ChatTemplate> own = model.chat_template();
      if (!own) return own.error();
      chat_template = std::move(*own);
    }
    const std::string format =
        options.output_format.empty() ? detect_chat_output_format(chat_template->source()) : options.output_format;
    // Names what is wrong with the format now and not at the first answer.
    if (auto parser = ChatOutputParser::create({.format = format, .tools_json = options.tools}); !parser) {
      return parser.error();
    }
    for (const auto& [name, json] : options.variables) {
      if (Json::accept(json)) continue;
      return Error{ErrorCode::kInvalidInput, fmt::format("the variable {} of the template: {} is no JSON", name, json)};
    }
    std::string stop = stop_between_messages(*chat_template, options.chat_template.has_value(), model.tokenizer());
    std::shared_ptr<core::Engine> engine = model.impl_->engine;
    return Conversation(std::make_unique<Impl>(Impl{.model = model,
                                                    .chat_template = std::move(*chat_template),
                                                    .output_format = format,
                                                    .tools = options.tools,
                                                    .variables = options.variables,
                                                    .stop = std::move(stop),
                                                    .system = options.system,
                                                    .messages = {},
                                                    .sequence = core::ChatSequence(std::move(engine))}));
  });
}

const std::string& Conversation::system() const {
  return impl_->system;
}
void Conversation::set_system(std::string text) {
  impl_->system = std::move(text);
}
std::span<const ChatMessage> Conversation::messages() const {
  return impl_->messages;
}
void Conversation::add(ChatMessage message) {
  impl_->messages.push_back(std::move(message));
}

Expected<RenderedPrompt> Conversation::Impl::render() const {
  std::vector<ChatMessage> list;
  if (!system.empty()) list.push_back({.role = "system", .content = system});
  list.insert(list.end(), messages.begin(), messages.end());
  const Tokenizer& tokenizer = model.tokenizer();
  return chat_template.render(messages_json(list), {.tools = tools,
                                                    .variables = variables,
                                                    .bos = spelled(tokenizer, tokenizer.bos()),
                                                    .eos = spelled(tokenizer, tokenizer.eos())});
}

core::Result<std::vector<int32_t>> Conversation::Impl::tokens_from(const RenderedPrompt& prompt, size_t first) const {
  const auto internal = [](Expected<std::vector<Token>> tokens) -> core::Result<std::vector<int32_t>> {
    if (!tokens) return core::invalid("{}", tokens.error().message);
    return std::move(*tokens);
  };
  if (first == 0) return internal(model.tokenizer().tokenize(prompt));
  std::vector<ByteRange> user_ranges;
  for (const ByteRange& range : prompt.user_ranges) {
    if (range.end > first) user_ranges.push_back({std::max(range.begin, first) - first, range.end - first});
  }
  return internal(model.tokenizer().tokenize(
      std::string_view(prompt.text).substr(first),
      {.parse_special = true, .add_special = false, .continues = true, .user_ranges = user_ranges}));
}

Expected<Reply> Conversation::reply(const ReplyOptions& options) {
  return guarded([&]() -> Expected<Reply> {
    if (impl_->messages.empty()) return Error{ErrorCode::kInvalidInput, "there is no message to answer"};
    Expected<RenderedPrompt> rendered = impl_->render();
    if (!rendered) return rendered.error();
    // What a grammar prescribes has no markup, whatever it looks like.
    const std::string format = options.generate.grammar ? "plain" : impl_->output_format;
    const bool in_reasoning = opens_chat_reasoning(format, rendered->text);
    Expected<ChatOutputParser> parser =
        ChatOutputParser::create({.format = format, .in_reasoning = in_reasoning, .tools_json = impl_->tools});
    if (!parser) return parser.error();

    Reply reply;
    ReplyParts parts(*parser, options.on_delta, reply.output);
    GenerateOptions generate = options.generate;
    generate.spell_control = true;
    if (!impl_->stop.empty() && !generate.grammar) generate.stop.push_back(impl_->stop);
    generate.on_text = [&](std::string_view text) { return parts.push(text); };
    const core::PromptText prompt = {
        .text = rendered->text,
        .tokens_from = [&](size_t first) { return impl_->tokens_from(*rendered, first); },
    };
    Expected<GenerateResult> result = to_public(impl_->sequence.generate(prompt, generate));
    if (!result) return result.error();
    parts.finish();
    reply.result = std::move(*result);
    if (!reply.result.tokens.empty() || reply.result.finish == Finish::kStop) {
      impl_->messages.push_back({.role = "assistant",
                                 .content = core::well_formed(reply.output.text),
                                 .tool_calls = reply.output.tool_calls});
    }
    return reply;
  });
}

bool Conversation::drop_reply() {
  if (impl_->messages.empty() || impl_->messages.back().role != "assistant") return false;
  impl_->messages.pop_back();
  return true;
}

bool Conversation::undo() {
  std::vector<ChatMessage>& messages = impl_->messages;
  for (size_t n = messages.size(); n-- > 0;) {
    if (messages[n].role != "user") continue;
    messages.resize(n);
    return true;
  }
  return false;
}

void Conversation::clear() {
  impl_->messages.clear();
  impl_->sequence.clear();
}

int64_t Conversation::length() const {
  const core::TokenSequence* sequence = impl_->sequence.sequence();
  return sequence == nullptr ? 0 : sequence->length();
}

Status Conversation::save(const std::string& path) const {
  return guarded([&]() -> Status {
    Json json{
        {"schema", kSchema}, {"system", impl_->system}, {"messages", Json::parse(messages_json(impl_->messages))}};
    // The text that the state stands for, which is not to be had from its tokens.
    json["read"] = std::string(impl_->sequence.text());
    if (const auto* sequence = impl_->sequence.sequence()) json["read_hash"] = hash_of(sequence->tokens());
    const std::string text = json.dump(1, ' ', /*ensure_ascii=*/false, Json::error_handler_t::replace) + "\n";
    // The state first: a conversation whose state is older than itself would be read again, and nothing worse.
    if (const core::TokenSequence* sequence = impl_->sequence.sequence()) {
      if (core::Status saved = sequence->save_file(state_path(path)); !saved) return to_public(std::move(saved));
    }
    return to_public(core::write_file_atomically(path, std::as_bytes(std::span(text))));
  });
}

Expected<Conversation::Loaded> Conversation::load(const std::string& path) {
  return guarded([&]() -> Expected<Loaded> {
    const Expected<std::string> text = read_whole(path);
    if (!text) return text.error();
    const Json json = Json::parse(*text, nullptr, /*allow_exceptions=*/false);
    if (!json.is_object()) return no_conversation(path, "expected a JSON object, as /save writes it");
    if (json.value("schema", Json()) != kSchema) {
      return no_conversation(path, fmt::format("expected schema {}", kSchema));
    }
    const std::string* system = text_of(json, "system");
    const std::string* read = text_of(json, "read");
    const auto list = json.find("messages");
    if (system == nullptr || read == nullptr || list == json.end() || !list->is_array()) {
      return no_conversation(path, "expected the texts system and read and the list messages");
    }
    std::vector<ChatMessage> messages;
    for (const Json& entry : *list) {
      std::optional<ChatMessage> message = read_message(entry);
      if (!message) {
        return no_conversation(
            path, fmt::format("message {} has no role and content, or a call without a name", messages.size() + 1));
      }
      messages.push_back(std::move(*message));
    }

    Loaded loaded;
    loaded.n_messages = static_cast<int64_t>(messages.size());
    core::TokenSequence sequence(impl_->model.impl_->engine);
    core::Status restored = sequence.restore_file(state_path(path));
    if (const std::string* hash = text_of(json, "read_hash");
        restored && (!hash || *hash != hash_of(sequence.tokens()))) {
      restored = core::invalid("{} is of another conversation", state_path(path));
    }
    impl_->system = *system;
    impl_->messages = std::move(messages);
    impl_->sequence.clear();
    if (restored) {
      impl_->sequence.set(*read, std::move(sequence));
    } else {
      loaded.unread_reason = restored.error().message;
    }
    return loaded;
  });
}

}  // namespace ingot
