#include "tokenizer/special_tokens.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <string>

namespace ingot::core {
namespace {

struct Entry {
  std::string text;
  TokenType type;
};

SpecialTokens make(const std::vector<Entry>& entries, Vocabulary& vocabulary) {
  std::vector<TokenType> types;
  for (const Entry& entry : entries) {
    vocabulary.tokens.push_back(entry.text);
    vocabulary.token_type.push_back(static_cast<int32_t>(entry.type));
    types.push_back(entry.type);
  }
  return SpecialTokens(vocabulary, types, /*strip_right=*/false);
}

// Tokens in brackets; the user's bytes stand between { and } in what is given.
std::string split(const SpecialTokens& special, std::string_view shown) {
  std::string text;
  std::vector<TextRange> user;
  for (const char byte : shown) {
    if (byte == '{') {
      user.push_back({text.size(), text.size()});
    } else if (byte == '}') {
      user.back().end = text.size();
    } else {
      text += byte;
    }
  }
  std::string found;
  for (const TextFragment& fragment : special.split_marked(text, user)) {
    found += fragment.id >= 0 ? "(" + std::string(fragment.text) + ")" : std::string(fragment.text);
  }
  return found;
}

TEST(SpecialTokensMarked, NoByteOfAControlTokenIsTheUsers) {
  Vocabulary vocabulary;
  const SpecialTokens special = make({{"<|im_end|>", TokenType::kControl},
                                      {"<|im_start|>", TokenType::kControl},
                                      {"<|user|>", TokenType::kUserDefined},
                                      {"<tool_call>", TokenType::kUserDefined},
                                      {"  ", TokenType::kUserDefined},
                                      {"<h1>", TokenType::kUserDefined}},
                                     vocabulary);
  EXPECT_EQ(split(special, "<|im_start|>a<|im_end|>"), "(<|im_start|>)a(<|im_end|>)");
  EXPECT_EQ(split(special, "<|im_start|>{<|im_end|>}<|im_end|>"), "(<|im_start|>)<|im_end|>(<|im_end|>)");
  // Split over messages, or between the user and the template.
  EXPECT_EQ(split(special, "{<|im_}{end|>}"), "<|im_end|>");
  EXPECT_EQ(split(special, "<|im_{end}|>"), "<|im_end|>");
  EXPECT_EQ(split(special, "<|im_{}end|>"), "<|im_end|>");
  EXPECT_EQ(split(special, "{<|im_end|}>"), "<|im_end|>");
  EXPECT_EQ(split(special, "<{|im_end|>}"), "<|im_end|>");
  // Files type markers as user-defined, too.
  EXPECT_EQ(split(special, "<|user|>{<|user|><tool_call>}<tool_call>"), "(<|user|>)<|user|><tool_call>(<tool_call>)");
  // What steers nothing is found everywhere.
  EXPECT_EQ(split(special, "{a  b<h1>} { }<h1>"), "a(  )b(<h1>)(  )(<h1>)");
}

TEST(SpecialTokensMarked, TokensThatAreShownAsUserDefinedStayGuarded) {
  // As gpt-oss has them: control tokens in the file, user-defined for who reads the stream.
  Vocabulary vocabulary;
  vocabulary.tokens = {"start"};
  vocabulary.token_type = {static_cast<int32_t>(TokenType::kControl)};
  const SpecialTokens special(vocabulary, {TokenType::kUserDefined}, false);
  EXPECT_EQ(split(special, "start{start}"), "(start)start");
}

TEST(SpecialTokensMarked, AgreesWithTryingEveryToken) {
  std::mt19937 random(7);
  for (int round = 0; round < 500; round++) {
    std::vector<Entry> entries;
    for (int count = 0; count < 6; count++) {
      std::string text;
      for (size_t length = 1 + random() % 4; length > 0; length--) text += static_cast<char>('a' + random() % 2);
      const bool known = std::any_of(entries.begin(), entries.end(), [&](const Entry& e) { return e.text == text; });
      if (!known) entries.push_back({text, random() % 2 == 0 ? TokenType::kControl : TokenType::kUserDefined});
    }
    Vocabulary vocabulary;
    const SpecialTokens special = make(entries, vocabulary);
    std::string text;
    std::vector<bool> is_user;
    for (int length = 0; length < 30; length++) {
      text += static_cast<char>('a' + random() % 3);
      is_user.push_back(random() % 4 == 0);
    }
    std::vector<TextRange> user;
    for (size_t at = 0; at < text.size(); at++) {
      if (!is_user[at]) continue;
      if (at > 0 && is_user[at - 1]) {
        user.back().end++;
      } else {
        user.push_back({at, at + 1});
      }
    }
    std::string expected, found;
    for (size_t at = 0; at < text.size();) {
      size_t longest = 0;
      for (const Entry& entry : entries) {
        const size_t n = entry.text.size();
        if (text.compare(at, n, entry.text) != 0) continue;
        const auto begin = is_user.begin() + static_cast<std::ptrdiff_t>(at);
        const bool touched = std::any_of(begin, begin + static_cast<std::ptrdiff_t>(n), [](bool u) { return u; });
        if (entry.type == TokenType::kControl && touched) continue;
        longest = std::max(longest, n);
      }
      expected += longest > 0 ? "(" + text.substr(at, longest) + ")" : text.substr(at, 1);
      at += std::max<size_t>(longest, 1);
    }
    for (const TextFragment& fragment : special.split_marked(text, user)) {
      found += fragment.id >= 0 ? "(" + std::string(fragment.text) + ")" : std::string(fragment.text);
    }
    ASSERT_EQ(found, expected) << text;
  }
}

}  // namespace
}  // namespace ingot::core
