// Any bytes as a text, for a small vocabulary of every kind: encoding succeeds or gives one line of error, the ids are
// in range, and where a vocabulary has a token for each byte the text comes back from them.
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/check.h"
#include "tokenizer/byte_alphabet.h"
#include "tokenizer/stream_decoder.h"
#include "tokenizer/tokenizer.h"

namespace {

using namespace ingot::core;

struct Kind {
  std::unique_ptr<Tokenizer> tokenizer;
  bool lossless = false;
};

void add(Vocabulary& vocabulary, const std::string& text, TokenType type, float score = 0) {
  vocabulary.tokens.push_back(text);
  vocabulary.token_type.push_back(static_cast<int32_t>(type));
  vocabulary.scores.push_back(score);
}

Kind finish(Vocabulary vocabulary, bool lossless) {
  auto tokenizer = Tokenizer::create(std::make_shared<const Vocabulary>(std::move(vocabulary)));
  INGOT_CHECK(tokenizer.has_value(), "the vocabularies of this file are good");
  return {std::move(*tokenizer), lossless};
}

void add_special(Vocabulary& vocabulary) {
  for (const char* text : {"<s>", "</s>", "<|im_end|>"}) add(vocabulary, text, TokenType::kControl);
  for (const char* text : {"    ", "  ", "<tool>"}) add(vocabulary, text, TokenType::kUserDefined);
}

Kind byte_level(const char* pre) {
  Vocabulary vocabulary;
  vocabulary.model = "gpt2";
  vocabulary.pre = pre;
  const ByteAlphabet& alphabet = ByteAlphabet::instance();
  for (int byte = 0; byte < 256; byte++)
    add(vocabulary, alphabet.character(static_cast<uint8_t>(byte)), TokenType::kNormal);
  for (const auto& [left, right] : {std::pair{"a", "a"},
                                    {"aa", "a"},
                                    {"t", "h"},
                                    {"th", "e"},
                                    {" ", "t"},
                                    {" ", " "},
                                    {"\n", "\n"},
                                    {"\xC3", "\xA9"},
                                    {"1", "2"},
                                    {" t", "he"},
                                    {"h", "e"}}) {
    std::string first, second;
    alphabet.append_characters(left, first);
    alphabet.append_characters(right, second);
    vocabulary.merges.push_back(first + " " + second);
    add(vocabulary, first + second, TokenType::kNormal);
  }
  add_special(vocabulary);
  return finish(std::move(vocabulary), true);
}

void add_byte_tokens(Vocabulary& vocabulary) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  for (size_t byte = 0; byte < 256; byte++) {
    add(vocabulary, std::string("<0x") + kDigits[byte / 16] + kDigits[byte % 16] + ">", TokenType::kByte);
  }
}

Kind sentencepiece(const char* model) {
  Vocabulary vocabulary;
  vocabulary.model = model;
  add(vocabulary, "<unk>", TokenType::kUnknown);
  add_special(vocabulary);
  add_byte_tokens(vocabulary);
  float score = -1;
  for (const char* text :
       {"\u2581", "\u2581t", "he", "\u2581the", "a", "aa", "aaaa", "t", "h", "e", "\u00e9", "\u2581\u2581"}) {
    add(vocabulary, text, TokenType::kNormal, score--);
  }
  if (std::string_view(model) == "gemma4") {
    vocabulary.merges = {"h e", "\u2581 t", "\u2581t he", "a a", "aa aa", "\u2581 \u2581"};
  }
  vocabulary.unknown_token_id = 0;
  vocabulary.bos_token_id = 1;
  vocabulary.eos_token_id = 2;
  return finish(std::move(vocabulary), false);
}

Kind wordpiece() {
  Vocabulary vocabulary;
  vocabulary.model = "bert";
  add(vocabulary, "[UNK]", TokenType::kUnknown);
  for (const char* text : {"[CLS]", "[SEP]", "[PAD]"}) add(vocabulary, text, TokenType::kControl);
  for (const char* text : {"\u2581the", "\u2581a", "a", "he", "\u2581t", "\u2581.", "\u2581\u4e2d"}) {
    add(vocabulary, text, TokenType::kNormal);
  }
  vocabulary.unknown_token_id = 0;
  vocabulary.cls_token_id = 1;
  vocabulary.seperator_token_id = 2;
  return finish(std::move(vocabulary), false);
}

Kind world() {
  Vocabulary vocabulary;
  vocabulary.model = "rwkv";
  add(vocabulary, "<s>", TokenType::kControl);
  constexpr std::string_view kDigits = "0123456789abcdef";
  for (size_t byte = 0; byte < 256; byte++) {
    add(vocabulary, std::string("\\x") + kDigits[byte / 16] + kDigits[byte % 16], TokenType::kNormal);
  }
  for (const char* text : {"the", " the", "aa", "aaaa", "\\n\\n", "\\xc3\\xa9"})
    add(vocabulary, text, TokenType::kNormal);
  return finish(std::move(vocabulary), true);
}

const std::vector<Kind>& kinds() {
  static const std::vector<Kind> all = [] {
    std::vector<Kind> made;
    for (const char* pre :
         {"gpt-2", "llama-bpe", "qwen35", "gpt-4o", "deepseek-llm", "deepseek-v3", "superbpe", "jais-2", "tiny_aya",
          "kimi-k2", "chameleon", "exaone-moe", "afmoe", "bloom", "falcon", "youtu"}) {
      made.push_back(byte_level(pre));
    }
    for (const char* model : {"llama", "t5", "gemma4"}) made.push_back(sentencepiece(model));
    made.push_back(wordpiece());
    made.push_back(world());
    return made;
  }();
  return all;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t n_bytes) {
  if (n_bytes < 2) return 0;
  const Kind& kind = kinds()[data[0] % kinds().size()];
  const EncodeOptions options{.parse_special = (data[1] & 1) != 0, .add_special = (data[1] & 2) != 0};
  const std::string_view text(reinterpret_cast<const char*>(data) + 2, n_bytes - 2);
  const auto ids = kind.tokenizer->encode(text, options);
  if (!ids) {
    INGOT_CHECK(!kind.lossless, "a vocabulary with all bytes encodes everything");
    INGOT_CHECK(ids.error().message.find('\n') == std::string::npos, "an error is one line");
    return 0;
  }
  for (const int32_t id : *ids) INGOT_CHECK(id >= 0 && id < kind.tokenizer->n_tokens(), "ids are in range");
  const auto decoded = kind.tokenizer->decode(*ids, options.parse_special);
  INGOT_CHECK(decoded.has_value(), "what was encoded decodes");
  if (kind.lossless && !options.add_special) INGOT_CHECK(*decoded == text, "the text comes back");
  StreamDecoder stream(*kind.tokenizer, false, options.parse_special);
  std::string streamed;
  std::string pieces;
  for (const int32_t id : *ids) {
    streamed += stream.push(id);
    pieces += kind.tokenizer->piece(id, options.parse_special);
  }
  streamed += stream.flush();
  INGOT_CHECK(streamed == pieces, "a stream loses nothing");
  return 0;
}
