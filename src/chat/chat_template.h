// Conversations to prompts: a template with what it is given besides the messages.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "chat/jinja/template.h"

namespace ingot::core {

// The template of a model: usually one, some have another for conversations with tools.
struct ChatTemplateSources {
  std::string main;
  std::string tool_use;  // empty: the main one
  std::string bos;       // texts of the tokens
  std::string eos;
};

// Texts are JSON; an empty one leaves its variable undefined.
struct ChatInput {
  std::string_view messages;
  std::string_view tools = {};
  std::string_view documents = {};
  std::vector<std::pair<std::string, std::string>> variables = {};
  std::string_view bos = {};  // empty: the template's own
  std::string_view eos = {};
  bool add_generation_prompt = true;
  std::string_view now = {};  // ISO time; empty: the clock's
};

class ChatTemplate {
 public:
  // Errors name the line; that of a file without a template names the built-in ones.
  static Result<ChatTemplate> parse(ChatTemplateSources sources);

  const std::string& source() const { return sources_.main; }
  // Thread-safe. Errors: see jinja::Template::render; messages or tools that are no list.
  Result<jinja::Rendered> render(const ChatInput& input) const;

 private:
  ChatTemplate(ChatTemplateSources sources, jinja::Template main, std::optional<jinja::Template> tool_use)
      : sources_(std::move(sources)), main_(std::move(main)), tool_use_(std::move(tool_use)) {}

  ChatTemplateSources sources_;
  jinja::Template main_;
  std::optional<jinja::Template> tool_use_;
};

}  // namespace ingot::core
