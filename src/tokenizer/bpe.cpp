#include "tokenizer/bpe.h"

#include <utf8proc.h>

#include <algorithm>
#include <array>
#include <optional>

#include "base/log.h"
#include "tokenizer/byte_alphabet.h"
#include "tokenizer/byte_tokens.h"
#include "tokenizer/escaped_space.h"
#include "tokenizer/merge_table.h"
#include "tokenizer/piece_table.h"
#include "tokenizer/pretokenizer.h"
#include "tokenizer/split_rules.h"
#include "tokenizer/utf8_character.h"

namespace ingot::core {

namespace {

// Words up to this length are remembered within one call: most of a text's words come again.
constexpr size_t kCachedWordBytes = 32;
constexpr size_t kCachedWords = 1 << 14;
// Where merges are derived from the tokens, longer tokens are left out: the work for one is quadratic in its length.
constexpr size_t kMaxDerivedTokenBytes = 512;
constexpr size_t kMaxDerivingWork = size_t{1} << 30;  // sum of squared lengths; a second's work
// A symbol without a token is this less its position in the word: it never merges, and its bytes are found again.
constexpr int32_t kFirstUnmerged = -1;

std::string lower_case(std::string_view text) {
  std::string lower;
  lower.reserve(text.size());
  for (size_t position = 0; position < text.size();) {
    const Utf8Character character = utf8_character(text, position);
    if (character.code >= kInvalidByte) {
      lower += text[position];
    } else {
      std::array<utf8proc_uint8_t, 4> bytes;
      const auto code = utf8proc_tolower(static_cast<utf8proc_int32_t>(character.code));
      lower.append(reinterpret_cast<const char*>(bytes.data()), utf8proc_encode_char(code, bytes.data()));
    }
    position += character.n_bytes;
  }
  return lower;
}

class BpeTokenizer : public Tokenizer {
 public:
  explicit BpeTokenizer(std::shared_ptr<const Vocabulary> vocabulary) : Tokenizer(std::move(vocabulary)) {}

  Status build();
  std::string piece(int32_t id, bool show_control) const override;

 protected:
  Status encode_text(std::string_view text, bool after_special, std::vector<int32_t>& out_ids) const override;

 private:
  struct CachedWord {
    std::string_view text;  // inside the text of this call
    uint32_t first_id = 0;  // position among the output's ids
    uint32_t n_ids = 0;
  };

  Status index_tokens();
  Status read_merges();
  Status derive_merges();
  bool needs_merges() const;
  bool is_text(int32_t id) const { return id >= 0 && !is_control(id); }
  int32_t whole_word(std::string_view word, std::string& scratch) const;
  Status encode_word(std::string_view word, WordMerger& merger, std::vector<int32_t>& symbols, std::string& scratch,
                     std::vector<int32_t>& out_ids) const;
  Status append_unmerged(std::string_view bytes, std::vector<int32_t>& out_ids) const;

  const PretokenizerSpec* spec_ = nullptr;
  std::optional<Pretokenizer> pretokenizer_;
  PieceTable table_;
  MergeTable merges_;
  std::array<int32_t, 256> byte_ids_{};  // the byte alphabet's tokens, -1 where there is none
  ByteTokens byte_tokens_;               // <0xHH>, for the other forms
};

Status BpeTokenizer::build() {
  const std::string& model = vocabulary_->model;
  const std::string pre = model == "gemma4" ? model : vocabulary_->pre;
  if (pre.empty()) {
    log_warning(
        "tokenizer.ggml.pre is missing: the file was made by an old converter and its text may be cut into "
        "other tokens than its model has learnt; using \"default\"");
  }
  spec_ = find_pretokenizer(pre.empty() ? "default" : pre);
  if (spec_ == nullptr) {
    return fail(ErrorKind::kUnsupported, "tokenizer.ggml.pre: unknown pre-tokenizer {:?}; known ones: {}",
                pre.substr(0, 64), pretokenizer_names());
  }
  Defaults defaults;
  defaults.add_bos = spec_->add_bos;
  INGOT_TRY(init(defaults));
  // The first converters wrote false for Gemma 4, which does not work without BOS.
  if (pre == "gemma4" && !add_bos_ && bos_ >= 0) {
    log_warning("tokenizer.ggml.add_bos_token is false, but Gemma 4 needs BOS: adding it");
    add_bos_ = true;
  }
  INGOT_ASSIGN(Pretokenizer pretokenizer, Pretokenizer::create(*spec_));
  pretokenizer_.emplace(std::move(pretokenizer));
  INGOT_TRY(index_tokens());
  return read_merges();
}

Status BpeTokenizer::index_tokens() {
  const std::vector<std::string>& tokens = vocabulary_->tokens;
  table_ = PieceTable(&tokens, tokens.size());
  for (int32_t id = 0; id < n_tokens(); id++) {
    if (tokens[id].empty()) continue;
    table_.add(id);
    const int32_t first = table_.find(tokens[id]);
    if (first != id) {
      return invalid("tokenizer.ggml.tokens[{}]: {:?} is already token {}", id, tokens[id].substr(0, 64), first);
    }
  }
  if (spec_->form != TextForm::kByteAlphabet) {
    INGOT_ASSIGN(byte_tokens_, ByteTokens::collect(*vocabulary_, types_));
    return {};
  }
  for (uint32_t byte = 0; byte < 256; byte++) {
    byte_ids_[byte] = table_.find(ByteAlphabet::instance().character(static_cast<uint8_t>(byte)));
  }
  for (int32_t id = 0; id < n_tokens(); id++) {
    if (type(id) != TokenType::kByte || parse_byte_token(tokens[id])) continue;
    // Some old files call the alphabet's own 256 tokens bytes.
    const Utf8Character character = tokens[id].empty() ? Utf8Character{kInvalidByte, 0} : utf8_character(tokens[id], 0);
    if (character.n_bytes != tokens[id].size() || character.code > 0x143) {
      return invalid("tokenizer.ggml.tokens[{}]: {:?} has the type byte, but is none of <0x00> to <0xFF>", id,
                     tokens[id].substr(0, 64));
    }
    types_[id] = TokenType::kNormal;
  }
  return {};
}

// A vocabulary of single characters has nothing to merge.
bool BpeTokenizer::needs_merges() const {
  for (int32_t id = 0; id < n_tokens(); id++) {
    const std::string& text = vocabulary_->tokens[id];
    if (type(id) == TokenType::kNormal && !text.empty() && utf8_character(text, 0).n_bytes != text.size()) return true;
  }
  return false;
}

Status BpeTokenizer::read_merges() {
  const std::vector<std::string>& merges = vocabulary_->merges;
  if (merges.empty()) {
    if (vocabulary_->pre == "kimi-k2") return derive_merges();
    if (spec_->form == TextForm::kByteAlphabet && needs_merges()) {
      return invalid("tokenizer.ggml.merges: missing or empty");
    }
    return {};
  }
  merges_ = MergeTable(merges.size());
  std::string merged;
  int32_t both = -1;  // the token that a merge gives
  for (size_t rank = 0; rank < merges.size(); rank++) {
    const std::string_view text = merges[rank];
    const size_t space = text.find(' ', 1);
    if (space == std::string_view::npos || space + 1 == text.size()) {
      return invalid("tokenizer.ggml.merges[{}]: {:?} is not two tokens with a space between them", rank,
                     text.substr(0, 64));
    }
    merged.assign(text.substr(0, space)).append(text.substr(space + 1));
    const int32_t left = table_.find(text.substr(0, space));
    const int32_t right = table_.find(text.substr(space + 1));
    // Trained vocabularies list their tokens in the order of their merges: the next id is nearly always the one.
    both = both + 1 < n_tokens() && vocabulary_->tokens[both + 1] == merged ? both + 1 : table_.find(merged);
    if (left < 0 || right < 0 || both < 0) {
      return invalid("tokenizer.ggml.merges[{}]: {:?}: {:?} is not in the vocabulary", rank, text.substr(0, 64),
                     (left < 0    ? text.substr(0, space)
                      : right < 0 ? text.substr(space + 1)
                                  : std::string_view(merged))
                         .substr(0, 64));
    }
    // A control token is no text, even where its name can be spelt by merges.
    if (is_text(both)) merges_.add(left, right, {static_cast<uint32_t>(rank), both});
  }
  return {};
}

// Vocabularies of tiktoken have no merges: any two tokens whose text together is a token merge, low ids first.
Status BpeTokenizer::derive_merges() {
  struct Pair {
    int32_t left, right, both;
  };
  std::vector<Pair> pairs;
  size_t work = 0;
  for (int32_t both = 0; both < n_tokens(); both++) {
    const std::string_view text = vocabulary_->tokens[both];
    if (type(both) != TokenType::kNormal || text.size() > kMaxDerivedTokenBytes) continue;
    work += text.size() * text.size();
    if (work > kMaxDerivingWork) {
      return invalid("tokenizer.ggml.merges: missing, and the tokens are too long to do without");
    }
    for (size_t cut = 1; cut < text.size(); cut++) {
      if ((static_cast<uint8_t>(text[cut]) & 0xC0) == 0x80) continue;
      const int32_t left = table_.find(text.substr(0, cut));
      const int32_t right = left < 0 ? -1 : table_.find(text.substr(cut));
      if (right >= 0) pairs.push_back({left, right, both});
    }
  }
  merges_ = MergeTable(pairs.size());
  for (const Pair& pair : pairs) merges_.add(pair.left, pair.right, {static_cast<uint32_t>(pair.both), pair.both});
  return {};
}

// The word's own token, or -1.
int32_t BpeTokenizer::whole_word(std::string_view word, std::string& scratch) const {
  int32_t id = -1;
  if (spec_->form == TextForm::kByteAlphabet) {
    scratch.clear();
    ByteAlphabet::instance().append_characters(word, scratch);
    id = table_.find(scratch);
  } else {
    id = table_.find(word);
  }
  return is_text(id) ? id : -1;
}

Status BpeTokenizer::append_unmerged(std::string_view bytes, std::vector<int32_t>& out_ids) const {
  if (spec_->form != TextForm::kByteAlphabet) {
    bool was_unknown = false;
    return byte_tokens_.append(bytes, unknown_, was_unknown, out_ids);
  }
  if (unknown_ >= 0 && !is_control(unknown_)) {
    out_ids.push_back(unknown_);
    return {};
  }
  // Where the unknown token is a control token, as SmolLM2's end of text is, a byte that a user wrote must not become
  // it: the replacement character stands there, as for any byte that means nothing.
  for (const size_t byte : {0xEFU, 0xBFU, 0xBDU}) {
    if (byte_ids_[byte] < 0) {
      return invalid("the vocabulary has no token for the byte 0x{:02X}, and no unknown token that text may become",
                     static_cast<uint8_t>(bytes[0]));
    }
  }
  for (const size_t byte : {0xEFU, 0xBFU, 0xBDU}) out_ids.push_back(byte_ids_[byte]);
  return {};
}

Status BpeTokenizer::encode_word(std::string_view word, WordMerger& merger, std::vector<int32_t>& symbols,
                                 std::string& scratch, std::vector<int32_t>& out_ids) const {
  const bool in_bytes = spec_->form == TextForm::kByteAlphabet;
  const bool only_newlines = !in_bytes && word.find_first_not_of('\n') == std::string_view::npos;
  if (spec_->ignore_merges || only_newlines) {
    const int32_t id = whole_word(word, scratch);
    if (id >= 0) {
      out_ids.push_back(id);
      return {};
    }
  }
  symbols.clear();
  for (size_t position = 0; position < word.size();) {
    size_t n_bytes = 1;
    int32_t id = -1;
    if (in_bytes) {
      id = byte_ids_[static_cast<uint8_t>(word[position])];
    } else {
      n_bytes = utf8_character(word, position).n_bytes;
      id = table_.find(word.substr(position, n_bytes));
      if (!is_text(id)) id = -1;
    }
    symbols.push_back(id >= 0 ? id : kFirstUnmerged - static_cast<int32_t>(position));
    position += n_bytes;
  }
  merger.merge(symbols);
  for (const int32_t id : symbols) {
    if (id >= 0) {
      out_ids.push_back(id);
      continue;
    }
    const auto position = static_cast<size_t>(kFirstUnmerged - id);
    const size_t n_bytes = in_bytes ? 1 : utf8_character(word, position).n_bytes;
    INGOT_TRY(append_unmerged(word.substr(position, n_bytes), out_ids));
  }
  return {};
}

Status BpeTokenizer::encode_text(std::string_view text, bool after_special, std::vector<int32_t>& out_ids) const {
  std::string changed;
  if (add_space_prefix_ && after_special) changed = " ";
  if (!changed.empty() || spec_->form == TextForm::kEscapedSpaces) {
    changed += text;
    if (spec_->form == TextForm::kEscapedSpaces) {
      std::string escaped;
      escape_spaces(changed, escaped);
      changed.swap(escaped);
    }
    text = changed;
  }
  if (spec_->form == TextForm::kPlain && vocabulary_->normalizer_lowercase.value_or(false)) {
    changed = lower_case(text);
    text = changed;
  }
  INGOT_ASSIGN(const std::vector<uint32_t> ends, pretokenizer_->split(text));
  WordMerger merger(merges_);
  std::vector<int32_t> symbols;
  std::string scratch;
  std::vector<CachedWord> cache(text.size() > 4 * kCachedWordBytes ? kCachedWords : 0);
  uint32_t start = 0;
  for (const uint32_t end : ends) {
    const std::string_view word = text.substr(start, end - start);
    start = end;
    if (spec_->form == TextForm::kPlain && is_white_space(utf8_character(word, 0).code)) continue;
    CachedWord* cached = nullptr;
    if (!cache.empty() && word.size() <= kCachedWordBytes) {
      cached = &cache[std::hash<std::string_view>()(word) % kCachedWords];
      if (cached->text == word) {
        for (uint32_t k = 0; k < cached->n_ids; k++) out_ids.push_back(out_ids[cached->first_id + k]);
        continue;
      }
    }
    const size_t n_before = out_ids.size();
    INGOT_TRY(encode_word(word, merger, symbols, scratch, out_ids));
    if (cached != nullptr) {
      *cached = {word, static_cast<uint32_t>(n_before), static_cast<uint32_t>(out_ids.size() - n_before)};
    }
  }
  return {};
}

std::string BpeTokenizer::piece(int32_t id, bool show_control) const {
  const std::string& text = vocabulary_->tokens[id];
  switch (type(id)) {
    case TokenType::kControl:
    case TokenType::kUnknown:
      return show_control ? text : std::string();
    case TokenType::kUserDefined:
      return text;
    case TokenType::kByte:
      return std::string(1, static_cast<char>(*parse_byte_token(text)));
    default:
      break;
  }
  if (spec_->form == TextForm::kEscapedSpaces) return unescape_spaces(text);
  if (spec_->form == TextForm::kPlain) return text;
  std::string bytes;
  ByteAlphabet::instance().append_bytes(text, bytes);
  return bytes;
}

}  // namespace

Result<std::unique_ptr<Tokenizer>> create_bpe(std::shared_ptr<const Vocabulary> vocabulary) {
  auto tokenizer = std::make_unique<BpeTokenizer>(std::move(vocabulary));
  INGOT_TRY(tokenizer->build());
  return tokenizer;
}

}  // namespace ingot::core
