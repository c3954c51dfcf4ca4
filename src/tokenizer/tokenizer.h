// Text to token ids and back, for every vocabulary kind that GGUF carries.
//
// This class does what all kinds share: it finds special tokens in the text, adds BOS and EOS, knows which tokens
// are hidden and which end a generation. A kind (bpe, spm, unigram, wordpiece, rwkv_trie) encodes the text between
// special tokens and gives the bytes of one token.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "tokenizer/special_tokens.h"
#include "tokenizer/vocabulary.h"

namespace ingot::core {

struct EncodeOptions {
  bool parse_special = false;  // special tokens written in the text become their ids; else they stay text
  bool add_special = true;     // BOS, EOS, CLS, SEP as the vocabulary says
  bool continues = false;      // other tokens come before: the text does not open one, and gets no space in front
  // With parse_special: bytes that a user wrote, sorted and apart; no token that steers the model takes one of them.
  std::span<const TextRange> user = {};
};

// Immutable after creation: any number of threads may encode and decode at once.
class Tokenizer {
 public:
  // Errors name the key and the entry that is wrong, or the unknown model or pre-tokenizer with the list of known ones.
  static Result<std::unique_ptr<Tokenizer>> create(std::shared_ptr<const Vocabulary> vocabulary);
  virtual ~Tokenizer() = default;
  Tokenizer(const Tokenizer&) = delete;
  Tokenizer& operator=(const Tokenizer&) = delete;

  // Any bytes are accepted; time is linear (at most n log n) in their number. User-defined tokens are found in the
  // text always, control tokens only with parse_special.
  // Errors: a text that the vocabulary cannot express (no unknown token and no byte fallback); ranges out of order.
  Result<std::vector<int32_t>> encode(std::string_view text, EncodeOptions options) const;

  // The bytes of a sequence of tokens that starts a text: where encoding puts a space in front, decoding takes it
  // away again. Control tokens give nothing unless show_control. Ids out of range are an error.
  virtual Result<std::string> decode(const std::vector<int32_t>& ids, bool show_control = false) const;
  // The bytes that one token adds in the middle of a text (no space stripped). Precondition: id in range.
  virtual std::string piece(int32_t id, bool show_control = false) const = 0;

  const Vocabulary& vocabulary() const { return *vocabulary_; }
  int32_t n_tokens() const { return static_cast<int32_t>(vocabulary_->tokens.size()); }
  // True for every id that ends a generation: eos, eot, eom, and the known end-of-turn texts.
  bool is_end(int32_t id) const;
  // True for tokens that steer the model and are no text. Precondition: id in range.
  bool is_control(int32_t id) const { return type(id) == TokenType::kControl || type(id) == TokenType::kUnknown; }
  // The token's type as this tokenizer uses it. Precondition: id in range.
  TokenType type(int32_t id) const { return types_[static_cast<size_t>(id)]; }
  bool adds_bos() const { return add_bos_; }
  int32_t bos() const { return bos_; }  // -1 where there is none
  int32_t eos() const { return eos_; }  // -1 where there is none
  // True if the first character of decode() may be a space that encode() will add again.
  bool strips_first_space() const { return strips_first_space_; }

 protected:
  // What a kind assumes where the file says nothing. Ids that the vocabulary is too small for count as absent.
  struct Defaults {
    bool add_bos = false;
    bool add_eos = false;
    bool add_space_prefix = false;
    int64_t bos = -1, eos = -1, unknown = -1;
  };

  explicit Tokenizer(std::shared_ptr<const Vocabulary> vocabulary) : vocabulary_(std::move(vocabulary)) {}

  // The first step of each kind's creation: checks lengths, types and ids of the vocabulary, applies its flags over
  // the kind's defaults, and collects special and end tokens. Afterwards all members below are set.
  Status init(const Defaults& defaults);

  // Appends the ids of a piece of text without special tokens. after_special: it opens the text or follows a special
  // token, where some kinds put a space in front. Appends nothing for an empty text.
  virtual Status encode_text(std::string_view text, bool after_special, std::vector<int32_t>& out_ids) const = 0;

  std::shared_ptr<const Vocabulary> vocabulary_;
  std::vector<TokenType> types_;  // one a token
  bool add_bos_ = false;
  bool add_eos_ = false;
  bool add_space_prefix_ = false;
  bool strips_first_space_ = false;  // decode() drops one leading space; init() sets it to add_space_prefix_
  int32_t bos_ = -1;                 // put in front if add_bos_; WordPiece: CLS
  int32_t eos_ = -1;                 // put behind if add_eos_; WordPiece: SEP
  int32_t unknown_ = -1;

 private:
  Status check_vocabulary();
  Status read_ids(const Defaults& defaults);
  void collect_end_tokens();

  SpecialTokens special_tokens_;
  std::vector<int32_t> end_ids_;  // sorted
};

}  // namespace ingot::core
