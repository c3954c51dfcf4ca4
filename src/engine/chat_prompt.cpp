#include "engine/chat_prompt.h"

namespace ingot::core {

Result<ChatTemplate> chat_template_of(const Tokenizer& tokenizer, const std::string& source) {
  const Vocabulary& vocabulary = tokenizer.vocabulary();
  const auto text = [&](int32_t id) { return id < 0 ? std::string() : vocabulary.tokens[static_cast<size_t>(id)]; };
  const bool own = source.empty();
  return ChatTemplate::parse({.main = own ? vocabulary.chat_template : source,
                              .tool_use = own ? vocabulary.tool_chat_template : std::string(),
                              .bos = text(tokenizer.bos()),
                              .eos = text(tokenizer.eos())});
}

Result<std::vector<int32_t>> encode_rendered(const Tokenizer& tokenizer, std::string_view text,
                                             std::span<const TextRange> user) {
  INGOT_ASSIGN(auto tokens, tokenizer.encode(text, {.parse_special = true, .add_special = false, .user = user}));
  if (tokenizer.adds_bos() && (tokens.empty() || tokens.front() != tokenizer.bos())) {
    tokens.insert(tokens.begin(), tokenizer.bos());
  }
  return tokens;
}

}  // namespace ingot::core
