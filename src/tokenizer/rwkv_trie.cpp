// RWKV World: at each position the longest token, without a second thought. Tokens are arbitrary bytes; GGUF, whose
// strings are text, holds them as Python prints them: \xNN, \t, \n, \r, \\, \' and \".
//
// Only normal and user-defined tokens can be found in a text. Id 0 (<s>, the end of a document) and the padding
// [PADn] past the vocabulary's end cannot: the text "<s>" is three characters.
#include "tokenizer/rwkv_trie.h"

#include <optional>
#include <utility>

#include "tokenizer/byte_tokens.h"
#include "tokenizer/byte_trie.h"
#include "tokenizer/default_ids.h"

namespace ingot::core {

namespace {

// The bytes that an escaped text stands for, or nothing where an escape is not one of Python's for bytes.
std::optional<std::string> unescape(std::string_view escaped) {
  std::string bytes;
  bytes.reserve(escaped.size());
  for (size_t position = 0; position < escaped.size(); position++) {
    if (escaped[position] != '\\') {
      bytes.push_back(escaped[position]);
      continue;
    }
    if (++position == escaped.size()) return std::nullopt;
    switch (escaped[position]) {
      case 't':
        bytes.push_back('\t');
        break;
      case 'n':
        bytes.push_back('\n');
        break;
      case 'r':
        bytes.push_back('\r');
        break;
      case '\\':
      case '\'':
      case '"':
        bytes.push_back(escaped[position]);
        break;
      case 'x': {
        const std::optional<uint8_t> byte = parse_hex_byte(escaped.substr(position + 1, 2));
        if (!byte) return std::nullopt;
        bytes.push_back(static_cast<char>(*byte));
        position += 2;
        break;
      }
      default:
        return std::nullopt;
    }
  }
  return bytes;
}

class RwkvTokenizer final : public Tokenizer {
 public:
  explicit RwkvTokenizer(std::shared_ptr<const Vocabulary> vocabulary) : Tokenizer(std::move(vocabulary)) {}

  Status build();
  std::string piece(int32_t id, bool show_control) const override;

 protected:
  Status encode_text(std::string_view text, bool after_special, std::vector<int32_t>& out_ids) const override;

 private:
  bool is_text(int32_t id) const;

  std::vector<std::string> bytes_;  // one a token: what it stands for
  ByteTrie trie_;
};

bool RwkvTokenizer::is_text(int32_t id) const {
  if (!vocabulary_->token_type.empty()) {
    return type(id) == TokenType::kNormal || type(id) == TokenType::kUserDefined;
  }
  // Without types, by what converters write at the two ends of the vocabulary.
  const std::string& text = vocabulary_->tokens[static_cast<size_t>(id)];
  return !(id == 0 && text == "<s>") && text != fmt::format("[PAD{}]", id);
}

Status RwkvTokenizer::build() {
  const int64_t end = default_control(*vocabulary_, 0);
  INGOT_TRY(init({.bos = end, .eos = end, .unknown = default_unknown(*vocabulary_)}));
  bytes_.resize(vocabulary_->tokens.size());
  std::vector<ByteTrie::Entry> entries;
  for (int32_t id = 0; id < n_tokens(); id++) {
    const std::string& text = vocabulary_->tokens[static_cast<size_t>(id)];
    std::string& bytes = bytes_[static_cast<size_t>(id)];
    if (!is_text(id)) {
      if (vocabulary_->token_type.empty()) types_[static_cast<size_t>(id)] = TokenType::kUnused;
      bytes = text;
      continue;
    }
    std::optional<std::string> unescaped = unescape(text);
    if (!unescaped) {
      return invalid(
          "tokenizer.ggml.tokens[{}]: {:?} holds an escape other than \\xNN, \\t, \\n, \\r, \\\\, \\' and \\\"", id,
          std::string_view(text).substr(0, 64));
    }
    bytes = std::move(*unescaped);
    entries.push_back({bytes, id});
  }
  trie_ = ByteTrie(std::move(entries));
  return {};
}

std::string RwkvTokenizer::piece(int32_t id, bool show_control) const {
  if (!is_text(id) && !show_control) return {};
  return bytes_[static_cast<size_t>(id)];
}

Status RwkvTokenizer::encode_text(std::string_view text, bool /*after_special*/, std::vector<int32_t>& out_ids) const {
  for (size_t position = 0; position < text.size();) {
    const ByteTrie::Match match = trie_.longest_prefix(text.substr(position));
    if (match.n_bytes == 0 && unknown_ < 0) {
      return invalid("the vocabulary cannot express {:?}: it has no token for it and no unknown token",
                     text.substr(position, 1));
    }
    out_ids.push_back(match.n_bytes > 0 ? match.id : unknown_);
    position += match.n_bytes > 0 ? match.n_bytes : 1;
  }
  return {};
}

}  // namespace

Result<std::unique_ptr<Tokenizer>> create_rwkv_trie(std::shared_ptr<const Vocabulary> vocabulary) {
  auto tokenizer = std::make_unique<RwkvTokenizer>(std::move(vocabulary));
  INGOT_TRY(tokenizer->build());
  return tokenizer;
}

}  // namespace ingot::core
