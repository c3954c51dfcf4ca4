// Unigram: the text is normalised, then cut into the pieces whose scores (log probabilities) have the greatest sum.
//
// Viterbi's search over the character boundaries of the text: best[n] is the best way to reach position n. Wherever
// no piece reaches over a boundary, every way leads through it; there the best way so far is written out and the
// search starts anew, so that memory follows the longest tangle of pieces and not the text.
//
// Facts from google/sentencepiece, src/normalizer.cc and src/unigram_model.cc: the order of the steps of
// normalisation; an unknown character scores 10 below the lowest piece; control, unknown, byte and unused pieces are
// never found in a text. Sums are double and start anew with each word, as in Hugging Face's tokenizers: this decides
// between segmentations whose scores are equal but for rounding. (SentencePiece sums floats over the whole text.)
#include "tokenizer/unigram.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "tokenizer/byte_tokens.h"
#include "tokenizer/byte_trie.h"
#include "tokenizer/charsmap.h"
#include "tokenizer/default_ids.h"
#include "tokenizer/escaped_space.h"
#include "tokenizer/utf8_character.h"

namespace ingot::core {

namespace {

constexpr std::string_view kReplacementCharacter = "\xEF\xBF\xBD";
constexpr double kUnknownPenalty = 10.0;

// The best way to a boundary: the piece that ends there, and where it begins.
struct Step {
  double score = -std::numeric_limits<double>::infinity();
  uint32_t begin = 0;
  int32_t id = -1;  // -1: an unknown character
};

class UnigramTokenizer final : public Tokenizer {
 public:
  explicit UnigramTokenizer(std::shared_ptr<const Vocabulary> vocabulary) : Tokenizer(std::move(vocabulary)) {}

  Status build();
  std::string piece(int32_t id, bool show_control) const override;

 protected:
  Status encode_text(std::string_view text, bool after_special, std::vector<int32_t>& out_ids) const override;

 private:
  std::string normalise(std::string_view text, bool add_prefix) const;
  // The next stretch of the text as normalisation leaves it; advances position.
  std::string_view normalised_prefix(std::string_view text, size_t& position) const;
  // Appends the ids of the best way to the last boundary of best.
  Status append_best(std::string_view text, const std::vector<Step>& best, bool& was_unknown,
                     std::vector<int32_t>& out_ids) const;
  double score(int32_t id, size_t n_bytes) const;

  ByteTokens bytes_;
  Charsmap charsmap_;
  ByteTrie trie_;
  double highest_score_ = 0;
  double unknown_score_ = -kUnknownPenalty;
};

Status UnigramTokenizer::build() {
  Defaults defaults{.add_eos = true};
  defaults.eos = default_control(*vocabulary_, 1);
  defaults.unknown = default_unknown(*vocabulary_);
  INGOT_TRY(init(defaults));
  INGOT_ASSIGN(bytes_, ByteTokens::collect(*vocabulary_, types_));
  INGOT_ASSIGN(charsmap_, Charsmap::parse(vocabulary_->precompiled_charsmap));
  const std::vector<float>& scores = vocabulary_->scores;
  if (scores.empty()) return invalid("tokenizer.ggml.scores: missing; a Unigram vocabulary needs them");

  std::vector<ByteTrie::Entry> entries;
  double lowest_score = std::numeric_limits<double>::infinity();
  highest_score_ = -std::numeric_limits<double>::infinity();
  for (int32_t id = 0; id < n_tokens(); id++) {
    const double id_score = scores[static_cast<size_t>(id)];
    if (!std::isfinite(id_score)) return invalid("tokenizer.ggml.scores[{}]: {} is not finite", id, id_score);
    const TokenType id_type = type(id);
    if (id_type == TokenType::kNormal) {
      lowest_score = std::min(lowest_score, id_score);
      highest_score_ = std::max(highest_score_, id_score);
    }
    if (id_type == TokenType::kNormal || id_type == TokenType::kUserDefined || id_type == TokenType::kUndefined) {
      entries.push_back({vocabulary_->tokens[static_cast<size_t>(id)], id});
    }
  }
  if (lowest_score > highest_score_) lowest_score = highest_score_ = 0;
  unknown_score_ = lowest_score - kUnknownPenalty;
  trie_ = ByteTrie(std::move(entries));
  return {};
}

std::string UnigramTokenizer::piece(int32_t id, bool show_control) const {
  const std::string& text = vocabulary_->tokens[static_cast<size_t>(id)];
  if (type(id) == TokenType::kByte) return std::string(1, static_cast<char>(*parse_byte_token(text)));
  if (is_control(id)) return show_control ? text : std::string();
  return unescape_spaces(text);
}

double UnigramTokenizer::score(int32_t id, size_t n_bytes) const {
  // The special tokens of the base find user-defined pieces first; here are only those which hold U+2581.
  if (type(id) == TokenType::kUserDefined) return static_cast<double>(n_bytes) * highest_score_ - 0.1;
  return vocabulary_->scores[static_cast<size_t>(id)];
}

std::string_view UnigramTokenizer::normalised_prefix(std::string_view text, size_t& position) const {
  const std::string_view rest = text.substr(position);
  const Charsmap::Rule rule = charsmap_.longest_rule(rest);
  if (rule.n_bytes > 0) {
    position += rule.n_bytes;
    return rule.replacement;
  }
  const Utf8Character character = utf8_character(rest, 0);
  position += character.n_bytes;
  // SentencePiece replaces a stray byte even where a byte token could spell it; here it survives.
  if (character.code >= kInvalidByte && !bytes_.complete()) return kReplacementCharacter;
  return rest.substr(0, character.n_bytes);
}

std::string UnigramTokenizer::normalise(std::string_view text, bool add_prefix) const {
  const bool remove_extra = vocabulary_->remove_extra_whitespaces.value_or(false);
  size_t position = 0;
  if (remove_extra) {
    for (size_t next = 0; position < text.size(); position = next) {
      if (normalised_prefix(text, next) != " ") break;
    }
    if (position == text.size()) return {};
  }
  std::string normalised;
  normalised.reserve(text.size() + text.size() / 2);
  if (add_prefix) normalised = kEscapedSpace;
  bool after_space = remove_extra;
  while (position < text.size()) {
    std::string_view part = normalised_prefix(text, position);
    while (after_space && part.starts_with(' ')) part.remove_prefix(1);
    if (part.empty()) continue;
    escape_spaces(part, normalised);
    after_space = remove_extra && part.ends_with(' ');
  }
  while (remove_extra && normalised.ends_with(kEscapedSpace)) {
    normalised.resize(normalised.size() - kEscapedSpace.size());
  }
  return normalised;
}

Status UnigramTokenizer::encode_text(std::string_view text, bool after_special, std::vector<int32_t>& out_ids) const {
  if (text.empty()) return {};
  const std::string normalised = normalise(text, add_space_prefix_ && after_special);
  const std::string_view all = normalised;

  // Positions within one search fit in 32 bits.
  constexpr size_t kMaxSearchBytes = size_t{1} << 30;
  std::vector<Step> best(1);
  best[0].score = 0;
  size_t search_begin = 0;
  bool was_unknown = false;
  for (size_t position = 0; position < all.size();) {
    size_t here = position - search_begin;
    if (here > 0 && (here + 1 == best.size() || here >= kMaxSearchBytes)) {
      best.resize(here + 1);
      INGOT_TRY(append_best(all.substr(search_begin, here), best, was_unknown, out_ids));
      const bool word_starts = all.substr(position).starts_with(kEscapedSpace);
      const double score_so_far = word_starts ? 0 : best.back().score;
      best.assign(1, Step());
      best[0].score = score_so_far;
      search_begin = position;
      here = 0;
    }
    const size_t character_bytes = utf8_character(all, position).n_bytes;
    const double score_here = best[here].score;
    bool is_known = false;
    const auto offer = [&](size_t n_bytes, double step_score, int32_t id) {
      if (best.size() <= here + n_bytes) best.resize(here + n_bytes + 1);
      Step& step = best[here + n_bytes];
      if (score_here + step_score > step.score) {
        step = {score_here + step_score, static_cast<uint32_t>(here), id};
      }
    };
    trie_.each_prefix(all.substr(position), [&](size_t n_bytes, int32_t id) {
      is_known = is_known || n_bytes == character_bytes;
      offer(n_bytes, score(id, n_bytes), id);
    });
    if (!is_known) offer(character_bytes, unknown_score_, -1);
    position += character_bytes;
  }
  // The last boundary is the end of the text: no piece reaches further.
  return append_best(all.substr(search_begin), best, was_unknown, out_ids);
}

Status UnigramTokenizer::append_best(std::string_view text, const std::vector<Step>& best, bool& was_unknown,
                                     std::vector<int32_t>& out_ids) const {
  std::vector<size_t> ends;  // of the steps, the last first
  for (size_t end = text.size(); end > 0; end = best[end].begin) ends.push_back(end);
  for (auto end = ends.rbegin(); end != ends.rend(); ++end) {
    const Step& step = best[*end];
    if (step.id >= 0) {
      out_ids.push_back(step.id);
      was_unknown = false;
    } else {
      INGOT_TRY(bytes_.append(text.substr(step.begin, *end - step.begin), unknown_, was_unknown, out_ids));
    }
  }
  return {};
}

}  // namespace

Result<std::unique_ptr<Tokenizer>> create_unigram(std::shared_ptr<const Vocabulary> vocabulary) {
  auto tokenizer = std::make_unique<UnigramTokenizer>(std::move(vocabulary));
  INGOT_TRY(tokenizer->build());
  return tokenizer;
}

}  // namespace ingot::core
