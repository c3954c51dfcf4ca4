#include "tokenizer/default_ids.h"

#include <algorithm>

namespace ingot::core {

int64_t default_control(const Vocabulary& vocabulary, int64_t id) {
  const std::vector<int32_t>& types = vocabulary.token_type;
  if (types.empty()) return id;
  const auto index = static_cast<size_t>(id);
  return index < types.size() && types[index] == static_cast<int32_t>(TokenType::kControl) ? id : -1;
}

int64_t default_control_named(const Vocabulary& vocabulary, std::string_view text) {
  const auto found = std::find(vocabulary.tokens.begin(), vocabulary.tokens.end(), text);
  return found == vocabulary.tokens.end() ? -1 : default_control(vocabulary, found - vocabulary.tokens.begin());
}

int64_t default_unknown(const Vocabulary& vocabulary) {
  const std::vector<int32_t>& types = vocabulary.token_type;
  const auto typed = std::find(types.begin(), types.end(), static_cast<int32_t>(TokenType::kUnknown));
  if (typed != types.end()) return typed - types.begin();
  const auto named = std::find_if(vocabulary.tokens.begin(), vocabulary.tokens.end(),
                                  [](const std::string& text) { return text == "<unk>" || text == "[UNK]"; });
  return named == vocabulary.tokens.end() ? -1 : named - vocabulary.tokens.begin();
}

}  // namespace ingot::core
