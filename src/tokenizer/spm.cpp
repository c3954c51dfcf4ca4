// SentencePiece's BPE: a text starts as single characters; of all neighbours whose joined text is a piece, the pair
// with the highest score (of equals the leftmost) is joined, until no pair is left. What is no piece then is spelt in
// bytes. Spaces are written as U+2581 throughout.
//
// A heap of pairs makes that n log n, but over a text of megabytes such a heap misses the cache at every step. So the
// text is first cut wherever no piece contains the two characters beside each other: no join can ever cross such a
// cut, and in practice it falls at every word.
//
// Facts from google/sentencepiece, src/bpe_model.cc: control, unknown and byte pieces take no part in joining, and a
// piece marked unused joins but is taken apart again at the end.
#include "tokenizer/spm.h"

#include <algorithm>
#include <functional>
#include <unordered_map>
#include <utility>

#include "base/log.h"
#include "tokenizer/byte_tokens.h"
#include "tokenizer/default_ids.h"
#include "tokenizer/escaped_space.h"
#include "tokenizer/piece_table.h"
#include "tokenizer/utf8_character.h"

namespace ingot::core {

namespace {

// Which pairs of characters stand beside each other in some piece. A hashed bit set: a collision only forgoes a cut.
class NeighbourSet {
 public:
  NeighbourSet() : words_(kBits / 64) {}

  void add_all(std::string_view piece) {
    uint32_t left = 0;
    for (size_t position = 0; position < piece.size();) {
      const Utf8Character right = utf8_character(piece, position);
      if (position > 0) {
        const uint32_t bit = bit_of(left, right.code);
        words_[bit / 64] |= uint64_t{1} << (bit % 64);
      }
      left = right.code;
      position += right.n_bytes;
    }
  }
  bool contains(uint32_t left, uint32_t right) const {
    const uint32_t bit = bit_of(left, right);
    return ((words_[bit / 64] >> (bit % 64)) & 1) != 0;
  }

 private:
  // 512 KiB. Gemma's 262,144 tokens fill 4 % of it.
  static constexpr uint32_t kBits = uint32_t{1} << 22;
  static uint32_t bit_of(uint32_t left, uint32_t right) {
    const uint64_t pair = (uint64_t{left} << 32) | right;
    return static_cast<uint32_t>((pair * 0x9E3779B97F4A7C15u) >> 42);
  }
  std::vector<uint64_t> words_;
};

// A stretch of the text, linked to its neighbours; an empty one has been joined to the one before.
struct Symbol {
  uint32_t begin = 0;
  uint32_t n_bytes = 0;
  int32_t previous = -1;
  int32_t next = -1;
};

struct Join {
  float score;
  int32_t left;
  int32_t right;
  uint32_t n_bytes;  // of both together, to see that neither has grown since
};

// std::*_heap keep the greatest in front: the higher score, then the one further left.
bool joins_later(const Join& a, const Join& b) {
  return a.score < b.score || (a.score == b.score && a.left > b.left);
}

// Chunks are mostly words, and most words of a text come again. A slot remembers where in the output the ids of a
// chunk stand; a chunk that falls on a taken slot takes it over.
class SeenChunks {
 public:
  struct Slot {
    std::string_view chunk;
    size_t ids_begin = 0;
    size_t ids_end = 0;
  };
  // A short text does without.
  explicit SeenChunks(size_t text_bytes) : slots_(text_bytes < 4096 ? 0 : kSlots) {}
  // A null pointer if this chunk is not worth remembering.
  Slot* slot(std::string_view chunk) {
    if (slots_.empty() || chunk.size() > 64) return nullptr;
    return &slots_[std::hash<std::string_view>{}(chunk) % kSlots];
  }

 private:
  static constexpr size_t kSlots = 16384;
  std::vector<Slot> slots_;
};

// What a call of encode_text works with, kept over its chunks so that they allocate nothing.
struct Workspace {
  SeenChunks seen;
  std::vector<Symbol> symbols{};
  std::vector<Join> heap{};
  // By the id of an unused piece: the two texts that were to be joined to it.
  std::unordered_map<int32_t, std::pair<std::string_view, std::string_view>> parts{};
  std::vector<std::string_view> to_resegment{};
  bool was_unknown = false;
};

class SpmTokenizer final : public Tokenizer {
 public:
  explicit SpmTokenizer(std::shared_ptr<const Vocabulary> vocabulary) : Tokenizer(std::move(vocabulary)) {}

  Status build();
  std::string piece(int32_t id, bool show_control) const override;

 protected:
  Status encode_text(std::string_view text, bool after_special, std::vector<int32_t>& out_ids) const override;

 private:
  // Appends the ids of a chunk: those of its first occurrence, or by join_chunk. Precondition: not empty.
  Status encode_chunk(std::string_view chunk, Workspace& work, std::vector<int32_t>& out_ids) const;
  Status join_chunk(std::string_view chunk, Workspace& work, std::vector<int32_t>& out_ids) const;
  void push_join(std::string_view chunk, int32_t left, int32_t right, Workspace& work) const;
  Status append_symbol(std::string_view symbol, Workspace& work, std::vector<int32_t>& out_ids) const;

  float score(int32_t id) const {
    return vocabulary_->scores.empty() ? 0.0F : vocabulary_->scores[static_cast<size_t>(id)];
  }

  ByteTokens bytes_;
  PieceTable pieces_;
  NeighbourSet neighbours_;
};

Status SpmTokenizer::build() {
  Defaults defaults{.add_bos = true, .add_space_prefix = true};
  defaults.bos = default_control(*vocabulary_, 1);
  defaults.eos = default_control(*vocabulary_, 2);
  defaults.unknown = default_unknown(*vocabulary_);
  INGOT_TRY(init(defaults));
  INGOT_ASSIGN(bytes_, ByteTokens::collect(*vocabulary_, types_));
  if (vocabulary_->scores.empty()) {
    log_warning("tokenizer.ggml.scores: missing; without them every text is cut from left to right");
  }
  pieces_ = PieceTable(&vocabulary_->tokens, vocabulary_->tokens.size());
  for (int32_t id = 0; id < n_tokens(); id++) {
    if (is_control(id) || type(id) == TokenType::kByte) continue;
    pieces_.add(id);
    neighbours_.add_all(vocabulary_->tokens[static_cast<size_t>(id)]);
  }
  return {};
}

std::string SpmTokenizer::piece(int32_t id, bool show_control) const {
  const std::string& text = vocabulary_->tokens[static_cast<size_t>(id)];
  if (type(id) == TokenType::kByte) return std::string(1, static_cast<char>(*parse_byte_token(text)));
  if (is_control(id)) return show_control ? text : std::string();
  return unescape_spaces(text);
}

Status SpmTokenizer::encode_text(std::string_view text, bool after_special, std::vector<int32_t>& out_ids) const {
  if (text.empty()) return {};
  std::string escaped;
  escaped.reserve(text.size() + text.size() / 2 + kEscapedSpace.size());
  // User-defined tokens are words of the text to SentencePiece, so only its start and control tokens call for a space.
  const bool after_user_defined = !out_ids.empty() && type(out_ids.back()) == TokenType::kUserDefined;
  if (add_space_prefix_ && after_special && !after_user_defined) escaped = kEscapedSpace;
  escape_spaces(text, escaped);

  // Positions within a chunk fit in 32 bits.
  constexpr size_t kMaxChunkBytes = size_t{1} << 30;
  Workspace work{.seen = SeenChunks(escaped.size())};
  const std::string_view all = escaped;
  size_t chunk_begin = 0;
  uint32_t left = 0;
  for (size_t position = 0; position < all.size();) {
    const Utf8Character right = utf8_character(all, position);
    const size_t chunk_bytes = position - chunk_begin;
    if (chunk_bytes > 0 && (!neighbours_.contains(left, right.code) || chunk_bytes >= kMaxChunkBytes)) {
      INGOT_TRY(encode_chunk(all.substr(chunk_begin, chunk_bytes), work, out_ids));
      chunk_begin = position;
    }
    left = right.code;
    position += right.n_bytes;
  }
  return encode_chunk(all.substr(chunk_begin), work, out_ids);
}

Status SpmTokenizer::encode_chunk(std::string_view chunk, Workspace& work, std::vector<int32_t>& out_ids) const {
  SeenChunks::Slot* slot = work.was_unknown ? nullptr : work.seen.slot(chunk);
  if (slot != nullptr && slot->chunk == chunk) {
    for (size_t index = slot->ids_begin; index < slot->ids_end; index++) out_ids.push_back(out_ids[index]);
    return {};
  }
  const size_t ids_begin = out_ids.size();
  INGOT_TRY(join_chunk(chunk, work, out_ids));
  if (slot != nullptr && !work.was_unknown) *slot = {chunk, ids_begin, out_ids.size()};
  return {};
}

Status SpmTokenizer::join_chunk(std::string_view chunk, Workspace& work, std::vector<int32_t>& out_ids) const {
  std::vector<Symbol>& symbols = work.symbols;
  symbols.clear();
  for (size_t position = 0; position < chunk.size();) {
    const auto index = static_cast<int32_t>(symbols.size());
    const uint32_t n_bytes = utf8_character(chunk, position).n_bytes;
    symbols.push_back({static_cast<uint32_t>(position), n_bytes, index - 1, index + 1});
    position += n_bytes;
  }
  symbols.back().next = -1;
  const auto n_symbols = static_cast<int32_t>(symbols.size());
  for (int32_t right = 1; right < n_symbols; right++) push_join(chunk, right - 1, right, work);

  while (!work.heap.empty()) {
    std::pop_heap(work.heap.begin(), work.heap.end(), joins_later);
    const Join join = work.heap.back();
    work.heap.pop_back();
    Symbol& left = symbols[static_cast<size_t>(join.left)];
    Symbol& right = symbols[static_cast<size_t>(join.right)];
    if (left.n_bytes == 0 || right.n_bytes == 0 || left.n_bytes + right.n_bytes != join.n_bytes) continue;
    left.n_bytes = join.n_bytes;
    right.n_bytes = 0;
    left.next = right.next;
    if (right.next >= 0) symbols[static_cast<size_t>(right.next)].previous = join.left;
    if (left.previous >= 0) push_join(chunk, left.previous, join.left, work);
    if (left.next >= 0) push_join(chunk, join.left, left.next, work);
  }
  for (int32_t index = 0; index >= 0; index = symbols[static_cast<size_t>(index)].next) {
    const Symbol& symbol = symbols[static_cast<size_t>(index)];
    INGOT_TRY(append_symbol(chunk.substr(symbol.begin, symbol.n_bytes), work, out_ids));
  }
  work.parts.clear();
  return {};
}

void SpmTokenizer::push_join(std::string_view chunk, int32_t left, int32_t right, Workspace& work) const {
  const Symbol& left_symbol = work.symbols[static_cast<size_t>(left)];
  const Symbol& right_symbol = work.symbols[static_cast<size_t>(right)];
  const uint32_t n_bytes = left_symbol.n_bytes + right_symbol.n_bytes;
  const int32_t id = pieces_.find(chunk.substr(left_symbol.begin, n_bytes));
  if (id < 0) return;
  work.heap.push_back({score(id), left, right, n_bytes});
  std::push_heap(work.heap.begin(), work.heap.end(), joins_later);
  if (type(id) == TokenType::kUnused) {
    work.parts[id] = {chunk.substr(left_symbol.begin, left_symbol.n_bytes),
                      chunk.substr(right_symbol.begin, right_symbol.n_bytes)};
  }
}

Status SpmTokenizer::append_symbol(std::string_view symbol, Workspace& work, std::vector<int32_t>& out_ids) const {
  work.to_resegment.assign(1, symbol);
  while (!work.to_resegment.empty()) {
    const std::string_view text = work.to_resegment.back();
    work.to_resegment.pop_back();
    const int32_t id = pieces_.find(text);
    if (id < 0) {
      INGOT_TRY(bytes_.append(text, unknown_, work.was_unknown, out_ids));
      continue;
    }
    const auto parts = type(id) == TokenType::kUnused ? work.parts.find(id) : work.parts.end();
    if (parts != work.parts.end()) {
      work.to_resegment.push_back(parts->second.second);
      work.to_resegment.push_back(parts->second.first);
      continue;
    }
    out_ids.push_back(id);
    work.was_unknown = false;
  }
  return {};
}

}  // namespace

Result<std::unique_ptr<Tokenizer>> create_spm(std::shared_ptr<const Vocabulary> vocabulary) {
  auto tokenizer = std::make_unique<SpmTokenizer>(std::move(vocabulary));
  INGOT_TRY(tokenizer->build());
  return tokenizer;
}

}  // namespace ingot::core
