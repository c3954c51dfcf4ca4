// Conversations as the text that a model was trained on: chat templates in Hugging Face's Jinja.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "ingot/chat_output.h"
#include "ingot/expected.h"
#include "ingot/types.h"

namespace ingot {

struct ChatMessage {
  std::string role;  // "system", "user", "assistant", "tool"
  std::string content;
  std::vector<ChatToolCall> tool_calls = {};  // of the assistant
  std::string name = {};                      // of "tool": the one that answers; empty where it is not told
  std::string tool_call_id = {};              // of "tool": the call that it answers; empty where it is not told
};
// As the JSON that ChatTemplate::render() takes, with tool calls as OpenAI's interface has them, but their arguments as
// an object, since templates expect one; bytes that are no UTF-8 become U+FFFD.
std::string messages_json(std::span<const ChatMessage> messages);

// A prompt, and which of its bytes the user wrote (sorted, apart): Tokenizer::tokenize() makes no control token of
// those.
struct RenderedPrompt {
  std::string text;
  std::vector<ByteRange> user_ranges;
};

// Texts of JSON count as the user's, whatever they say. An empty one leaves its variable undefined.
struct RenderOptions {
  std::string tools = {};                                           // a JSON list of tools
  std::string documents = {};                                       // a JSON list of documents
  std::vector<std::pair<std::string, std::string>> variables = {};  // more of them: name and JSON
  std::string bos = {};                                             // instead of the model's
  std::string eos = {};
  bool add_generation_prompt = true;  // ends where the assistant begins to write
  std::string now = {};               // "2024-07-26T14:05:00", for templates that tell the date; empty: the clock's
};

// A cheap handle; copies share one template. Any number of threads may use it at once.
class ChatTemplate {
 public:
  // Errors: what the template language does not have or ingot does not do, with its line.
  static Expected<ChatTemplate> parse(std::string_view source);
  // One that ingot brings along, for models that have none. Errors: an unknown name, with the known ones.
  static Expected<ChatTemplate> built_in(std::string_view name);
  static std::vector<std::string> built_in_names();
  // The template of a GGUF file, with the texts of its BOS and EOS tokens; no weights are read. A file may have a
  // second one for conversations with tools. Errors: a file without a template, with the names of those that ingot has.
  static Expected<ChatTemplate> open(const std::string& path);

  const std::string& source() const;
  // messages: a JSON list. Errors: JSON that is none; what goes wrong in the template, with its line, the conversations
  // that it refuses included; more work, memory or text than a template may use.
  Expected<RenderedPrompt> render(std::string_view messages, const RenderOptions& options = {}) const;

 private:
  friend class Model;
  struct Impl;
  explicit ChatTemplate(std::shared_ptr<const Impl> impl) : impl_(std::move(impl)) {}
  std::shared_ptr<const Impl> impl_;
};

}  // namespace ingot
