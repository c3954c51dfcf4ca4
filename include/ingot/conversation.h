// A conversation with a model: messages in, answers out, and of each prompt only what is new is read.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "ingot/chat.h"
#include "ingot/chat_output.h"
#include "ingot/expected.h"
#include "ingot/model.h"
#include "ingot/sequence.h"

namespace ingot {

struct ConversationOptions {
  std::string system = {};                         // what the model is told about its part; empty: nothing
  std::optional<ChatTemplate> chat_template = {};  // absent: the model's own
  std::string output_format = {};                  // one of chat_output_formats(); empty: what the template tells
  // As RenderOptions has them: the tools that the model may call, a JSON list, and more of the template's variables.
  std::string tools = {};
  std::vector<std::pair<std::string, std::string>> variables = {};
};

struct ReplyOptions {
  GenerateOptions generate = {};  // on_text and spell_control are not used; on_delta is what takes their place
  std::function<bool(const ChatDelta&)> on_delta = {};  // as it comes; false: stop here
};

struct Reply {
  ChatOutput output;      // the answer, taken apart
  GenerateResult result;  // text: the answer as it was written, control tokens spelled out
};

// Belongs to one thread at a time. It keeps the model alive.
class Conversation {
 public:
  // Errors: a model without a chat template where none is given; a format that is not known; tools that are no JSON
  // list, variables that are no JSON.
  static Expected<Conversation> create(const Model& model, const ConversationOptions& options = {});
  Conversation(Conversation&&) noexcept;
  Conversation& operator=(Conversation&&) noexcept;
  ~Conversation();

  const std::string& system() const;
  void set_system(std::string text);
  // Without the system text, oldest first.
  std::span<const ChatMessage> messages() const;
  void add(ChatMessage message);

  // Generates the answer to the messages so far and adds it to them, its calls of tools included, also when it was
  // interrupted or cut at its greatest length; an interruption before the first token adds nothing. n_cached_tokens of
  // the result tells how much had been read before. Errors, after which everything is as before: what the template
  // says, a prompt that does not fit the context, memory.
  Expected<Reply> reply(const ReplyOptions& options = {});

  // Takes the last answer away, so that reply() answers again. False: there is none.
  bool drop_reply();
  // Takes the last message of the user away, and what came after. False: there is none.
  bool undo();
  void clear();

  // Tokens that are read: the prompt of the last answer and the answer.
  int64_t length() const;

  // The conversation as JSON in a file, and beside it (FILE.state) what was read of it; each whole or not at all.
  // load() reads both; without the second, or where it is of another model, the conversation is read again by the next
  // reply(), and the result says why. Errors: the system's, with the path; a file that holds no conversation.
  Status save(const std::string& path) const;
  struct Loaded {
    int64_t n_messages = 0;
    std::string unread_reason;  // empty: nothing needs to be read again
  };
  Expected<Loaded> load(const std::string& path);

 private:
  struct Impl;
  explicit Conversation(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace ingot
