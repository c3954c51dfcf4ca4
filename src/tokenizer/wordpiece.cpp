// WordPiece: each word of the text is cut into the longest pieces from left to right; a word that cannot be cut to its
// end is the unknown token as a whole.
//
// GGUF does not mark continuations with "##" as BERT's own files do, but the pieces that start a word, with U+2581
// (ggml-org/llama.cpp, the conversion of BertModel): "play" "##ing" is stored as "▁play" "ing". Control tokens stay
// as they are. What add_bos_token adds is CLS; add_eos_token and add_sep_token both stand for the SEP at the end, since
// converters say either for the same template.
#include "tokenizer/wordpiece.h"

#include <algorithm>
#include <utility>

#include "tokenizer/bert_words.h"
#include "tokenizer/byte_trie.h"
#include "tokenizer/default_ids.h"
#include "tokenizer/escaped_space.h"

namespace ingot::core {

namespace {

bool is_capital(char c) {
  return c >= 'A' && c <= 'Z';
}

// Whether words keep their case. Files from before normalizer.lowercase existed do not say; their pieces do.
bool has_capitals(const Vocabulary& vocabulary) {
  size_t n_words = 0;
  size_t n_capitals = 0;
  for (const std::string_view token : vocabulary.tokens) {
    if (!token.starts_with(kEscapedSpace)) continue;
    n_words++;
    n_capitals += token.size() > kEscapedSpace.size() && is_capital(token[kEscapedSpace.size()]) ? 1 : 0;
  }
  return n_capitals * 50 > n_words;
}

class WordPieceTokenizer final : public Tokenizer {
 public:
  explicit WordPieceTokenizer(std::shared_ptr<const Vocabulary> vocabulary) : Tokenizer(std::move(vocabulary)) {}

  Status build();
  std::string piece(int32_t id, bool show_control) const override;

 protected:
  Status encode_text(std::string_view text, bool after_special, std::vector<int32_t>& out_ids) const override;

 private:
  // False, with nothing appended, if the word cannot be cut into pieces.
  bool append_word(std::string_view word, std::vector<int32_t>& out_ids) const;

  BertNormaliser normaliser_;
  ByteTrie first_;  // pieces that start a word, without U+2581
  ByteTrie next_;   // pieces that continue one
};

Status WordPieceTokenizer::build() {
  const Vocabulary& v = *vocabulary_;
  const auto pick = [&](const std::optional<int64_t>& id, std::string_view text) {
    return id ? *id : default_control_named(v, text);
  };
  Defaults defaults;
  defaults.bos = pick(v.cls_token_id, "[CLS]");
  defaults.eos = pick(v.seperator_token_id, "[SEP]");
  defaults.unknown = default_unknown(v);
  defaults.add_bos = true;
  defaults.add_eos = v.add_sep_token.value_or(!v.add_eos_token.has_value());
  INGOT_TRY(init(defaults));
  if (v.seperator_token_id && defaults.eos >= 0 && defaults.eos < n_tokens()) {
    eos_ = static_cast<int32_t>(defaults.eos);
  }
  add_eos_ = eos_ >= 0 && (v.add_eos_token.value_or(false) || defaults.add_eos);
  strips_first_space_ = true;  // every word's first piece has one

  normaliser_.lowercase = v.normalizer_lowercase.value_or(!has_capitals(v));
  normaliser_.strip_accents = v.normalizer_strip_accents.value_or(normaliser_.lowercase);
  std::vector<ByteTrie::Entry> first;
  std::vector<ByteTrie::Entry> next;
  for (int32_t id = 0; id < n_tokens(); id++) {
    if (is_control(id) || type(id) == TokenType::kUnused || type(id) == TokenType::kByte) continue;
    const std::string_view text = v.tokens[static_cast<size_t>(id)];
    if (text.size() > kEscapedSpace.size() && text.starts_with(kEscapedSpace)) {
      first.push_back({text.substr(kEscapedSpace.size()), id});
    } else {
      next.push_back({text, id});
    }
  }
  first_ = ByteTrie(std::move(first));
  next_ = ByteTrie(std::move(next));
  return {};
}

std::string WordPieceTokenizer::piece(int32_t id, bool show_control) const {
  const std::string& text = vocabulary_->tokens[static_cast<size_t>(id)];
  if (is_control(id)) return show_control ? text : std::string();
  if (text.size() > kEscapedSpace.size() && text.starts_with(kEscapedSpace)) {
    return " " + text.substr(kEscapedSpace.size());
  }
  return text;
}

Status WordPieceTokenizer::encode_text(std::string_view text, bool /*after_special*/,
                                       std::vector<int32_t>& out_ids) const {
  Status status;
  each_bert_word(text, normaliser_, [&](std::string_view word) {
    if (append_word(word, out_ids)) return;
    if (unknown_ >= 0) {
      out_ids.push_back(unknown_);
    } else if (status) {
      status = invalid("the vocabulary cannot express the word {:?} and has no unknown token", word);
    }
  });
  return status;
}

bool WordPieceTokenizer::append_word(std::string_view word, std::vector<int32_t>& out_ids) const {
  const size_t n_before = out_ids.size();
  const ByteTrie* trie = &first_;
  do {
    const ByteTrie::Match match = trie->longest_prefix(word);
    if (match.n_bytes == 0) {
      out_ids.resize(n_before);
      return false;
    }
    out_ids.push_back(match.id);
    word.remove_prefix(match.n_bytes);
    trie = &next_;
  } while (!word.empty());
  return true;
}

}  // namespace

Result<std::unique_ptr<Tokenizer>> create_wordpiece(std::shared_ptr<const Vocabulary> vocabulary) {
  auto tokenizer = std::make_unique<WordPieceTokenizer>(std::move(vocabulary));
  INGOT_TRY(tokenizer->build());
  return tokenizer;
}

}  // namespace ingot::core
