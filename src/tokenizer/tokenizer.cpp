#include "tokenizer/tokenizer.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <optional>

#include "base/check.h"
#include "base/log.h"
#include "base/utf8.h"
#include "tokenizer/bpe.h"
#include "tokenizer/rwkv_trie.h"
#include "tokenizer/spm.h"
#include "tokenizer/unigram.h"
#include "tokenizer/wordpiece.h"

namespace ingot::core {

namespace {

// Far above the longest token of any known vocabulary (some hundred bytes), and small enough that work which is
// quadratic in one token's length stays bounded.
constexpr size_t kMaxTokenBytes = 65536;
constexpr size_t kMaxTokens = size_t{1} << 26;
// The automaton that finds special tokens takes 20 bytes for each byte of theirs; known vocabularies have 0.2 MB.
constexpr size_t kMaxSpecialBytes = size_t{4} << 20;
// Positions are 32 bits wide, also where a space has become three bytes.
constexpr size_t kMaxTextBytes = size_t{1} << 29;

// Texts by which known models end a turn, whatever id the file calls eos. Source: ggml-org/llama.cpp,
// src/llama-vocab.cpp, the list of end-of-generation tokens.
constexpr std::array<std::string_view, 24> kEndTexts{
    "<|eot_id|>",
    "<|im_end|>",
    "<|end|>",
    "<|return|>",
    "<|call|>",
    "<|flush|>",
    "<|calls|>",
    "<end_of_turn>",
    "<|endoftext|>",
    "</s>",
    "<|eom_id|>",
    "<EOT>",
    "_<EOT>",
    "[EOT]",
    "[EOS]",
    "<|end_of_text|>",
    "<end_of_utterance>",
    "<eos>",
    "<turn|>",
    "<|tool_response>",
    "<｜end▁of▁sentence｜>",
    "[e~[",
    "<|eot|>",
    "<|end_of_turn|>",
};

}  // namespace

Result<std::unique_ptr<Tokenizer>> Tokenizer::create(std::shared_ptr<const Vocabulary> vocabulary) {
  const std::string& model = vocabulary->model;
  if (model == "gpt2" || model == "gemma4" || model == "whitespace") return create_bpe(std::move(vocabulary));
  if (model == "llama") return create_spm(std::move(vocabulary));
  if (model == "t5") return create_unigram(std::move(vocabulary));
  if (model == "bert") return create_wordpiece(std::move(vocabulary));
  if (model == "rwkv") return create_rwkv_trie(std::move(vocabulary));
  if (model.empty()) return invalid("the file has no tokenizer: the key tokenizer.ggml.model is missing");
  return fail(
      ErrorKind::kUnsupported,
      "tokenizer.ggml.model: unknown tokenizer \"{}\"; known ones: bert, gemma4, gpt2, llama, rwkv, t5, whitespace",
      printable(model));
}

Status Tokenizer::check_vocabulary() {
  const Vocabulary& vocabulary = *vocabulary_;
  const size_t n = vocabulary.tokens.size();
  if (n == 0) return invalid("tokenizer.ggml.tokens: missing or empty");
  if (n > kMaxTokens) return invalid("tokenizer.ggml.tokens: {} tokens, at most {} are possible", n, kMaxTokens);
  for (size_t id = 0; id < n; id++) {
    if (vocabulary.tokens[id].size() > kMaxTokenBytes) {
      return invalid("tokenizer.ggml.tokens[{}]: {} bytes long, at most {} are possible", id,
                     vocabulary.tokens[id].size(), kMaxTokenBytes);
    }
  }
  if (!vocabulary.scores.empty() && vocabulary.scores.size() != n) {
    return invalid("tokenizer.ggml.scores: {} entries for {} tokens", vocabulary.scores.size(), n);
  }
  for (size_t id = 0; id < vocabulary.scores.size(); id++) {
    if (std::isnan(vocabulary.scores[id])) return invalid("tokenizer.ggml.scores[{}]: not a number", id);
  }
  if (!vocabulary.token_type.empty() && vocabulary.token_type.size() != n) {
    return invalid("tokenizer.ggml.token_type: {} entries for {} tokens", vocabulary.token_type.size(), n);
  }
  types_.assign(n, TokenType::kNormal);
  for (size_t id = 0; id < vocabulary.token_type.size(); id++) {
    const int32_t type = vocabulary.token_type[id];
    if (type < 0 || type > static_cast<int32_t>(TokenType::kByte)) {
      return invalid("tokenizer.ggml.token_type[{}]: {} is no token type (0 to 6)", id, type);
    }
    types_[id] = static_cast<TokenType>(type);
  }
  return {};
}

Status Tokenizer::read_ids(const Defaults& defaults) {
  const auto n = static_cast<int64_t>(vocabulary_->tokens.size());
  // Some converters wrote "none" as -1, in 32 unsigned bits.
  const auto is_none = [](int64_t id) { return id == -1 || id == 0xFFFFFFFF; };
  struct Entry {
    const char* key;
    const std::optional<int64_t>* value;
  };
  const Vocabulary& v = *vocabulary_;
  for (const Entry& entry :
       {Entry{"bos_token_id", &v.bos_token_id}, Entry{"eos_token_id", &v.eos_token_id},
        Entry{"eot_token_id", &v.eot_token_id}, Entry{"eom_token_id", &v.eom_token_id},
        Entry{"unknown_token_id", &v.unknown_token_id}, Entry{"seperator_token_id", &v.seperator_token_id},
        Entry{"cls_token_id", &v.cls_token_id}}) {
    if (!entry.value->has_value() || is_none(**entry.value)) continue;
    if (**entry.value < 0 || **entry.value >= n) {
      return invalid("tokenizer.ggml.{}: {} is out of range, the vocabulary has {} tokens", entry.key, **entry.value,
                     n);
    }
  }
  // Published files carry padding ids one past the end; nothing here needs them.
  if (v.padding_token_id && !is_none(*v.padding_token_id) && (*v.padding_token_id < 0 || *v.padding_token_id >= n)) {
    log_warning("tokenizer.ggml.padding_token_id: {} is out of range and ignored", *v.padding_token_id);
  }
  const auto pick = [&](const std::optional<int64_t>& value, int64_t otherwise) {
    const int64_t id = value ? *value : otherwise;
    return id >= 0 && id < n ? static_cast<int32_t>(id) : -1;
  };
  bos_ = pick(v.bos_token_id, defaults.bos);
  eos_ = pick(v.eos_token_id, defaults.eos);
  unknown_ = pick(v.unknown_token_id, defaults.unknown);
  add_bos_ = v.add_bos_token.value_or(defaults.add_bos);
  add_eos_ = v.add_eos_token.value_or(defaults.add_eos);
  if (add_bos_ && bos_ < 0) {
    if (v.add_bos_token) log_warning("tokenizer.ggml.add_bos_token is set, but the vocabulary has no BOS token");
    add_bos_ = false;
  }
  if (add_eos_ && eos_ < 0) {
    if (v.add_eos_token) log_warning("tokenizer.ggml.add_eos_token is set, but the vocabulary has no EOS token");
    add_eos_ = false;
  }
  return {};
}

Status Tokenizer::init(const Defaults& defaults) {
  INGOT_TRY(check_vocabulary());
  INGOT_TRY(read_ids(defaults));
  add_space_prefix_ = vocabulary_->add_space_prefix.value_or(defaults.add_space_prefix);
  strips_first_space_ = add_space_prefix_;
  collect_end_tokens();
  size_t special_bytes = 0;
  for (int32_t id = 0; id < n_tokens(); id++) {
    if (is_control(id) || type(id) == TokenType::kUserDefined) special_bytes += vocabulary_->tokens[id].size();
  }
  if (special_bytes > kMaxSpecialBytes) {
    return invalid("tokenizer.ggml.tokens: the special tokens have {} bytes in all, at most {} are possible",
                   special_bytes, kMaxSpecialBytes);
  }
  // Phi-3 trains with white space after special tokens taken away; GGUF has no key for it, only the name tells.
  std::string name = vocabulary_->name;
  std::transform(name.begin(), name.end(), name.begin(),
                 [](unsigned char c) { return c >= 'A' && c <= 'Z' ? c + 32 : c; });
  const bool is_phi3 = name.find("phi-3") != std::string::npos || name.find("phi3") != std::string::npos;
  special_tokens_ = SpecialTokens(*vocabulary_, types_, is_phi3);
  return {};
}

void Tokenizer::collect_end_tokens() {
  const Vocabulary& v = *vocabulary_;
  int32_t end = -1, flush = -1, calls = -1, turn_return = -1, tool_response = -1, end_of_sentence = -1;
  for (int32_t id = 0; id < n_tokens(); id++) {
    const std::string& text = v.tokens[static_cast<size_t>(id)];
    if (text.size() < 3 || text.size() > 32) continue;
    TokenType& type = types_[static_cast<size_t>(id)];
    // gpt-oss writes its answer's structure with these; readers of the stream need to see them.
    if (text == "<|channel|>" || text == "<|message|>" || text == "<|start|>" || text == "<|constrain|>") {
      type = TokenType::kUserDefined;
      continue;
    }
    if (type != TokenType::kControl && type != TokenType::kUserDefined) continue;
    if (std::find(kEndTexts.begin(), kEndTexts.end(), text) == kEndTexts.end()) continue;
    end_ids_.push_back(id);
    if (text == "<|end|>") end = id;
    if (text == "<|return|>") turn_return = id;
    if (text == "<|call|>" || text == "<|calls|>") calls = id;
    if (text == "<|flush|>") flush = id;
    if (text == "<|tool_response>") tool_response = id;
    if (text == "</s>") end_of_sentence = id;
  }
  // In gpt-oss and Solar Open <|end|> ends a message of a turn, not the turn; in Gemma 4 </s> is an HTML tag.
  if (end >= 0 && calls >= 0 && (turn_return >= 0 || flush >= 0)) {
    std::erase(end_ids_, end);
    types_[static_cast<size_t>(end)] = TokenType::kUserDefined;
  }
  if (tool_response >= 0 && end_of_sentence >= 0) std::erase(end_ids_, end_of_sentence);
  for (const auto& id : {v.eot_token_id, v.eom_token_id}) {
    if (id && *id >= 0 && *id < n_tokens()) end_ids_.push_back(static_cast<int32_t>(*id));
  }
  if (eos_ >= 0) end_ids_.push_back(eos_);
  std::sort(end_ids_.begin(), end_ids_.end());
  end_ids_.erase(std::unique(end_ids_.begin(), end_ids_.end()), end_ids_.end());
}

bool Tokenizer::is_end(int32_t id) const {
  return std::binary_search(end_ids_.begin(), end_ids_.end(), id);
}

Result<std::vector<int32_t>> Tokenizer::encode(std::string_view text, EncodeOptions options) const {
  if (text.size() > kMaxTextBytes)
    return invalid("a text of {} bytes: at most {} are possible", text.size(), kMaxTextBytes);
  size_t sorted_to = 0;
  for (const TextRange& range : options.user) {
    if (range.begin < sorted_to || range.end < range.begin || range.end > text.size()) {
      return invalid("the user's range {} to {} is out of order in a text of {} bytes", range.begin, range.end,
                     text.size());
    }
    sorted_to = range.end;
  }
  std::vector<int32_t> ids;
  if (options.add_special && add_bos_) ids.push_back(bos_);
  bool after_special = !options.continues;
  const bool marked = options.parse_special && !options.user.empty();
  for (const TextFragment& fragment :
       marked ? special_tokens_.split_marked(text, options.user) : special_tokens_.split(text, options.parse_special)) {
    if (fragment.id >= 0) {
      ids.push_back(fragment.id);
    } else {
      INGOT_TRY(encode_text(fragment.text, after_special, ids));
    }
    after_special = fragment.id >= 0;
  }
  if (options.add_special && add_eos_) ids.push_back(eos_);
  return ids;
}

Result<std::string> Tokenizer::decode(const std::vector<int32_t>& ids, bool show_control) const {
  std::string text;
  bool at_start = strips_first_space_;
  for (const int32_t id : ids) {
    if (id < 0 || id >= n_tokens()) {
      return invalid("token id {} is out of range: the vocabulary has {} tokens", id, n_tokens());
    }
    const std::string bytes = piece(id, show_control);
    if (bytes.empty()) continue;
    text.append(bytes, at_start && bytes[0] == ' ' ? 1 : 0);
    at_start = false;
  }
  return text;
}

}  // namespace ingot::core
