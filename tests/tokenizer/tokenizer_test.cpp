#include "tokenizer/tokenizer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "golden.h"
#include "tokenizer/byte_alphabet.h"
#include "tokenizer/special_tokens.h"
#include "tokenizer/stream_decoder.h"

namespace ingot::core {
namespace {

using test::create;
using test::must_create;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

// 256 bytes (id = byte), then these as the given type.
Vocabulary byte_vocabulary(const std::vector<std::string>& texts = {}, TokenType type = TokenType::kControl) {
  Vocabulary vocabulary;
  vocabulary.model = "gpt2";
  vocabulary.pre = "gpt-2";
  for (int byte = 0; byte < 256; byte++) {
    vocabulary.tokens.push_back(ByteAlphabet::instance().character(static_cast<uint8_t>(byte)));
  }
  vocabulary.token_type.assign(256, 1);
  for (const std::string& text : texts) {
    vocabulary.tokens.push_back(text);
    vocabulary.token_type.push_back(static_cast<int32_t>(type));
  }
  return vocabulary;
}

std::string error_of(Vocabulary vocabulary) {
  auto tokenizer = create(std::move(vocabulary));
  return tokenizer ? "no error" : tokenizer.error().message;
}

TEST(TokenizerTest, NamesAnUnknownModelAndTheKnownOnes) {
  Vocabulary vocabulary = byte_vocabulary();
  vocabulary.model = "plamo2";
  EXPECT_THAT(error_of(vocabulary), AllOf(HasSubstr("\"plamo2\""), HasSubstr("bert, gemma4, gpt2, llama, rwkv, t5")));
  vocabulary.model = "";
  EXPECT_THAT(error_of(vocabulary), HasSubstr("tokenizer.ggml.model"));
  vocabulary.model = "gpt2";
  vocabulary.tokens.clear();
  EXPECT_THAT(error_of(vocabulary), HasSubstr("tokenizer.ggml.tokens: missing"));
}

TEST(TokenizerTest, RefusesListsOfOtherLengthsAndIdsOutOfRange) {
  Vocabulary vocabulary = byte_vocabulary();
  vocabulary.scores.assign(255, 0.0f);
  EXPECT_THAT(error_of(vocabulary), HasSubstr("tokenizer.ggml.scores: 255 entries for 256 tokens"));
  vocabulary.scores.clear();
  vocabulary.token_type.pop_back();
  EXPECT_THAT(error_of(vocabulary), HasSubstr("tokenizer.ggml.token_type: 255 entries for 256 tokens"));
  vocabulary.token_type.push_back(9);
  EXPECT_THAT(error_of(vocabulary), HasSubstr("tokenizer.ggml.token_type[255]: 9"));
  vocabulary.token_type.back() = 1;
  vocabulary.tokens[3] = std::string(100'000'000, 'x');
  EXPECT_THAT(error_of(vocabulary), HasSubstr("tokenizer.ggml.tokens[3]: 100000000 bytes"));
  for (auto key : {&Vocabulary::bos_token_id, &Vocabulary::eos_token_id, &Vocabulary::eot_token_id,
                   &Vocabulary::eom_token_id, &Vocabulary::unknown_token_id}) {
    for (const int64_t id : {int64_t{256}, int64_t{-2}, int64_t{1} << 40}) {
      Vocabulary bad = byte_vocabulary();
      bad.*key = id;
      EXPECT_THAT(error_of(bad), HasSubstr("is out of range, the vocabulary has 256 tokens"));
    }
    Vocabulary none = byte_vocabulary();
    none.*key = 0xFFFFFFFF;  // written for "none"
    EXPECT_EQ(error_of(none), "no error");
  }
}

TEST(TokenizerTest, RefusesMoreSpecialTextThanMemoryShouldHold) {
  std::vector<std::string> texts;
  for (int count = 0; count < 90; count++) texts.push_back(std::to_string(count) + std::string(60000, 'x'));
  EXPECT_THAT(error_of(byte_vocabulary(texts)), HasSubstr("tokenizer.ggml.tokens: the special tokens have"));
}

TEST(TokenizerTest, EndTokensAreTheNamedIdsAndKnownControlTexts) {
  Vocabulary vocabulary = byte_vocabulary({"<|im_end|>", "<|eot_id|>", "<|im_start|>", "<end_of_turn>", "</s>"});
  vocabulary.tokens.push_back("<|end|>");
  vocabulary.token_type.push_back(1);  // an ordinary token of that text
  vocabulary.tokens.push_back("ab");
  vocabulary.token_type.push_back(1);
  vocabulary.merges = {"a b"};
  vocabulary.eos_token_id = 'e';
  vocabulary.eot_token_id = 't';
  vocabulary.eom_token_id = 'm';
  const auto tokenizer = must_create(vocabulary);
  ASSERT_TRUE(tokenizer);
  std::vector<int32_t> ends;
  for (int32_t id = 0; id < tokenizer->n_tokens(); id++) {
    if (tokenizer->is_end(id)) ends.push_back(id);
  }
  EXPECT_THAT(ends, ElementsAre('e', 'm', 't', 256, 257, 259, 260));
  EXPECT_FALSE(tokenizer->is_end(-1));
  EXPECT_FALSE(tokenizer->is_end(1 << 30));
}

TEST(TokenizerTest, AMessageEndsNoTurnInGptOss) {
  Vocabulary vocabulary = byte_vocabulary({"<|return|>", "<|call|>", "<|end|>", "<|channel|>"});
  vocabulary.eos_token_id = 256;
  const auto tokenizer = must_create(vocabulary);
  ASSERT_TRUE(tokenizer);
  EXPECT_TRUE(tokenizer->is_end(256));
  EXPECT_TRUE(tokenizer->is_end(257));
  EXPECT_FALSE(tokenizer->is_end(258));
  EXPECT_FALSE(tokenizer->is_control(259));  // shown, so that a reader can tell channels apart
}

TEST(TokenizerTest, SpecialTokensStayTextUnlessAsked) {
  Vocabulary vocabulary = byte_vocabulary({"<s>", "<s><s>"});
  vocabulary.tokens.push_back("<tool>");
  vocabulary.token_type.push_back(4);
  const auto tokenizer = must_create(vocabulary);
  ASSERT_TRUE(tokenizer);
  EXPECT_THAT(tokenizer->encode("<s>", {}).value(), ElementsAre('<', 's', '>'));
  EXPECT_THAT(tokenizer->encode("<s>x", {.parse_special = true}).value(), ElementsAre(256, 'x'));
  EXPECT_THAT(tokenizer->encode("<s><s><s>", {.parse_special = true}).value(), ElementsAre(257, 256));
  EXPECT_THAT(tokenizer->encode("a<tool>", {}).value(), ElementsAre('a', 258));
  EXPECT_EQ(tokenizer->decode({256, 'a', 258}).value(), "a<tool>");
  EXPECT_EQ(tokenizer->decode({256, 'a', 258}, true).value(), "<s>a<tool>");
  EXPECT_THAT(tokenizer->decode({'a', 259}).error().message, HasSubstr("259 is out of range"));
  EXPECT_FALSE(tokenizer->decode({-1}));
}

TEST(TokenizerTest, Phi3SwallowsSpaceAfterControlTokens) {
  Vocabulary vocabulary = byte_vocabulary({"<|user|>", "<s>"});
  vocabulary.name = "Phi-3 Mini";
  EXPECT_THAT(must_create(vocabulary)->encode("<|user|> \n a<s> b", {.parse_special = true}).value(),
              ElementsAre(256, 'a', 257, ' ', 'b'));
  vocabulary.name = "Other";
  EXPECT_THAT(must_create(vocabulary)->encode("<|user|> a", {.parse_special = true}).value(),
              ElementsAre(256, ' ', 'a'));
}

// At each place the longest token, from left to right, whatever the texts share.
TEST(SpecialTokensTest, AgreesWithTryingEveryToken) {
  test::Random random(11);
  for (int round = 0; round < 300; round++) {
    Vocabulary vocabulary;
    for (int count = 0; count < 6; count++) {
      std::string text;
      for (uint32_t length = 1 + random.below(4); length > 0; length--)
        text += static_cast<char>('a' + random.below(2));
      if (std::find(vocabulary.tokens.begin(), vocabulary.tokens.end(), text) == vocabulary.tokens.end()) {
        vocabulary.tokens.push_back(text);
      }
    }
    const SpecialTokens special(vocabulary, std::vector<TokenType>(vocabulary.tokens.size(), TokenType::kControl),
                                false);
    std::string text;
    for (int length = 0; length < 30; length++) text += static_cast<char>('a' + random.below(3));
    std::string expected;
    for (size_t position = 0; position < text.size();) {
      size_t longest = 0;
      for (const std::string& token : vocabulary.tokens) {
        if (text.compare(position, token.size(), token) == 0) longest = std::max(longest, token.size());
      }
      expected += longest > 0 ? "[" + text.substr(position, longest) + "]" : text.substr(position, 1);
      position += std::max<size_t>(longest, 1);
    }
    std::string found;
    for (const TextFragment& fragment : special.split(text, true)) {
      if (fragment.id >= 0) {
        EXPECT_EQ(vocabulary.tokens[static_cast<size_t>(fragment.id)], fragment.text);
      }
      found += fragment.id >= 0 ? "[" + std::string(fragment.text) + "]" : std::string(fragment.text);
    }
    EXPECT_EQ(found, expected) << text;
    EXPECT_EQ(special.split(text, false).size(), 1u);
  }
}

TEST(SpecialTokensTest, LongRunsTakeLinearTime) {
  Vocabulary vocabulary;
  for (size_t length = 1000; length <= 60000; length += 1000)
    vocabulary.tokens.push_back(std::string(length, ' ') + "x");
  const SpecialTokens special(vocabulary, std::vector<TokenType>(vocabulary.tokens.size(), TokenType::kUserDefined),
                              false);
  EXPECT_EQ(special.split(std::string(2000000, ' '), false).size(), 1u);
  EXPECT_EQ(special.split(std::string(2000000, ' ') + "x", false).size(), 2u);
}

TEST(StreamDecoderTest, NeverShowsHalfACharacter) {
  const auto tokenizer = must_create(byte_vocabulary({"<s>"}));
  StreamDecoder stream(*tokenizer);
  const std::string text = "a\u00e9\u4e2d\U0001F680z";
  std::string shown;
  for (const char byte : text) {
    const std::string more = stream.push(static_cast<uint8_t>(byte));
    for (const std::string& whole : {std::string("a"), std::string("\u00e9"), std::string("\u4e2d"),
                                     std::string("\U0001F680"), std::string("z"), std::string()}) {
      if (more == whole) shown += more;
    }
  }
  EXPECT_EQ(shown, text);
  EXPECT_EQ(stream.push(256), "");
  EXPECT_EQ(stream.flush(), "");
}

TEST(StreamDecoderTest, GivesOutWhatCanBecomeNoCharacter) {
  const auto tokenizer = must_create(byte_vocabulary());
  const auto push_all = [&](const std::vector<int>& bytes) {
    StreamDecoder stream(*tokenizer);
    std::vector<std::string> shown;
    for (const int byte : bytes) shown.push_back(stream.push(byte));
    shown.push_back(stream.flush());
    return shown;
  };
  EXPECT_THAT(push_all({0xFF, 'a'}), ElementsAre("\xFF", "a", ""));
  EXPECT_THAT(push_all({0xC3, 'a'}), ElementsAre("",
                                                 "\xC3"
                                                 "a",
                                                 ""));
  EXPECT_THAT(push_all({0xC0, 0x80}), ElementsAre("\xC0", "\x80", ""));                // overlong
  EXPECT_THAT(push_all({0xED, 0xA0, 0x80}), ElementsAre("", "\xED\xA0", "\x80", ""));  // a surrogate
  EXPECT_THAT(push_all({0xF5, 0x80}), ElementsAre("\xF5", "\x80", ""));                // past U+10FFFF
  EXPECT_THAT(push_all({0xF0, 0x9F, 0x9A}), ElementsAre("", "", "", "\xF0\x9F\x9A"));
  EXPECT_THAT(push_all({0xE4, 0xE4, 0xB8, 0xAD}), ElementsAre("", "\xE4", "", "\xE4\xB8\xAD", ""));
}

TEST(StreamDecoderTest, TakesTheFirstSpaceOnlyAtTheStartOfAText) {
  Vocabulary vocabulary = byte_vocabulary();
  vocabulary.add_space_prefix = true;
  const auto tokenizer = must_create(vocabulary);
  ASSERT_TRUE(tokenizer);
  const auto stream_all = [](StreamDecoder stream, std::string_view bytes) {
    std::string shown;
    for (const char byte : bytes) shown += stream.push(byte);
    return shown + stream.flush();
  };
  EXPECT_EQ(stream_all(StreamDecoder(*tokenizer, true), "  a"), " a");
  EXPECT_EQ(stream_all(StreamDecoder(*tokenizer), " a"), " a");
}

}  // namespace
}  // namespace ingot::core
