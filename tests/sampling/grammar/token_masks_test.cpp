#include "sampling/grammar/token_masks.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "constrained_text.h"
#include "sampling/rng.h"

namespace ingot::core {
namespace {

constexpr const char* kJson = R"gbnf(
root   ::= object
value  ::= object | array | string | number | ("true" | "false" | "null") ws
object ::= "{" ws ( string ":" ws value ("," ws string ":" ws value)* )? "}" ws
array  ::= "[" ws ( value ("," ws value)* )? "]" ws
string ::= "\"" ( [^"\\\x7F\x00-\x1F] | "\\" (["\\bfnrt] | "u" [0-9a-fA-F]{4}) )* "\"" ws
number ::= ("-"? ([0-9] | [1-9] [0-9]{0,15})) ("." [0-9]+)? ([eE] [-+]? [1-9] [0-9]{0,15})? ws
ws ::= | " " | "\n" [ \t]{0,20}
)gbnf";

std::vector<std::string> some_tokens() {
  return {"{\"",    "\"}",  "\":",  "\": ", "\",\"",    "\", \"",  "\": {\"", "},",       "}}",      "]}",
          "}]",     "}\n",  "{}",   "[]",   "true",     "false",   "null",    " true",    "tru",     "e}",
          "12",     "3.5",  "-1",   "1,",   "0}",       "1e5",     "hello",   " world",   "\"hello", "\\n",
          "\\u00",  "\\\"", "\xC3", "\xA9", "\xE4\xB8", "\xAD\"",  "\n  ",    "\n    \"", "  ",      "\"\"",
          "\": [1", "[[",   "]]",   "]],",  "\"}},{\"", "x\"}]}\n"};
}

bool is_allowed(std::span<const uint64_t> mask, int32_t token) {
  return ((mask[static_cast<size_t>(token) / 64] >> (token % 64)) & 1) != 0;
}

// What a mask means: each token's bytes alone, after the same text.
class TextSoFar {
 public:
  explicit TextSoFar(const Automaton& automaton) : walker_(automaton) {
    walker_.enter({automaton.start(), kBottom}, here_);
  }
  bool allows(std::string_view bytes) { return !after(bytes).is_dead(); }
  void append(std::string_view bytes) { here_ = after(bytes); }

 private:
  ConfigurationSet after(std::string_view bytes) {
    ConfigurationSet now = here_;
    for (const char byte : bytes) {
      ConfigurationSet next;
      walker_.step(now, static_cast<uint8_t>(byte), next);
      now = std::move(next);
    }
    walker_.reset_work();
    return now;
  }

  Walker walker_;
  ConfigurationSet here_;
};

class Masks : public testing::TestWithParam<const char*> {};

TEST_P(Masks, AgreeWithTryingEachTokenAlone) {
  const auto trie = trie_of(some_tokens());
  const auto masks = std::make_shared<TokenMasks>(automaton_of(GetParam()), trie);
  const int32_t end = trie->end_tokens()[0];
  Rng rng(7);
  size_t n_checked = 0;
  for (int text = 0; text < 12; ++text) {
    Constraint constraint(masks);
    TextSoFar so_far(masks->automaton());
    for (int step = 0; step < 60 && !constraint.is_complete(); ++step) {
      const auto mask = constraint.allowed();
      ASSERT_TRUE(mask.has_value()) << mask.error().message;
      std::vector<int32_t> possible;
      for (int32_t token = 0; token < trie->n_tokens(); ++token) {
        if (token == end) continue;
        const bool expected = so_far.allows(trie->token_bytes(token));
        ASSERT_EQ(is_allowed(*mask, token), expected) << trie->token_bytes(token);
        if (expected) possible.push_back(token);
        ++n_checked;
      }
      ASSERT_EQ(is_allowed(*mask, end), constraint.may_end());
      if (possible.empty()) break;
      const int32_t token = possible[rng.next() % possible.size()];
      ASSERT_TRUE(constraint.accept(token).has_value());
      so_far.append(trie->token_bytes(token));
    }
  }
  EXPECT_GT(n_checked, 3000u);
}

INSTANTIATE_TEST_SUITE_P(
    Grammars, Masks,
    testing::Values(kJson,
                    // Rules whose ends are everywhere.
                    "root ::= word (sp word)* \".\"\nword ::= x x* y?\nx ::= c+\ny ::= c sp c\n"
                    "c ::= [a-z]\nsp ::= \" \" | \", \"",
                    // Two readings at once, apart only at the end.
                    "root ::= a | b\na ::= \"[\" a \"]\" | \"[]\"\nb ::= \"[\" b \"}\" | \"[}\"", "root ::= [^x]*",
                    "root ::= \"\\\"\" char{0,5} \"\\\"\" x?\nchar ::= [^\"\\\\\\x00-\\x1F]\nx ::= \"}\" x | \"!\"",
                    "root ::= \"hello world\" \"\\n\"*"));

// Copies of a constraint share masks; each is at its own place.
TEST(Constraint, EndsWhereTheGrammarEnds) {
  const auto trie = trie_of({"abc", "bcd"});
  const auto masks = std::make_shared<TokenMasks>(automaton_of("root ::= \"ab\" \"c\"?"), trie);
  const int32_t end = trie->end_tokens()[0];
  Constraint constraint(masks);
  EXPECT_FALSE(is_allowed(*constraint.allowed(), end));
  EXPECT_TRUE(is_allowed(*constraint.allowed(), 256));
  EXPECT_FALSE(is_allowed(*constraint.allowed(), 257));
  EXPECT_FALSE(constraint.accept(257).has_value());
  EXPECT_FALSE(constraint.accept(end).has_value());
  EXPECT_FALSE(constraint.accept(-1).has_value());
  ASSERT_TRUE(constraint.accept_bytes("ab").has_value());
  EXPECT_TRUE(constraint.may_end());
  EXPECT_FALSE(constraint.is_complete());
  EXPECT_TRUE(is_allowed(*constraint.allowed(), end));
  EXPECT_TRUE(is_allowed(*constraint.allowed(), 'c'));
  ASSERT_TRUE(constraint.accept('c').has_value());
  EXPECT_TRUE(constraint.is_complete());
  const auto last = *constraint.allowed();
  for (int32_t token = 0; token < trie->n_tokens(); ++token) EXPECT_EQ(is_allowed(last, token), token == end);
}

TEST(Constraint, FailsWhereTheVocabularyCannotGoOn) {
  ConstraintVocabulary vocabulary;
  vocabulary.token_bytes = {"a", "", "b"};
  vocabulary.end_tokens = {1};
  const auto masks =
      std::make_shared<TokenMasks>(automaton_of("root ::= \"ac\""), VocabularyTrie::build(std::move(vocabulary)));
  Constraint constraint(masks);
  EXPECT_TRUE(constraint.allowed().has_value());
  ASSERT_TRUE(constraint.accept(0).has_value());
  const auto mask = constraint.allowed();
  ASSERT_FALSE(mask.has_value());
  EXPECT_THAT(mask.error().message, testing::HasSubstr("no token of the model's vocabulary"));
}

TEST(Constraint, RefusesTooManyReadingsInBoundedTime) {
  // Each byte doubles the stacks.
  const auto masks = std::make_shared<TokenMasks>(
      automaton_of("root ::= a\na ::= b | c | \"x\"\nb ::= \"(\" a \")\" a\nc ::= \"(\" a \"]\" a"), trie_of({}));
  Constraint constraint(masks);
  Status status;
  for (int byte = 0; byte < 64 && status; ++byte) status = constraint.accept_bytes("(");
  ASSERT_FALSE(status.has_value());
  EXPECT_THAT(status.error().message, testing::HasSubstr("too ambiguous"));
}

TEST(Constraint, GoesOnForLongTextsWithoutGrowing) {
  const auto masks = std::make_shared<TokenMasks>(automaton_of(kJson), trie_of(some_tokens()));
  Constraint constraint(masks);
  ASSERT_TRUE(constraint.accept_bytes("{\"a\": [").has_value());
  for (int item = 0; item < 20000; ++item) {
    ASSERT_TRUE(constraint.accept_bytes("[[[{\"k\": [1, 2]}]]], ").has_value());
    ASSERT_TRUE(constraint.allowed().has_value());
  }
  EXPECT_TRUE(constraint.accept_bytes("0]}").has_value());
  EXPECT_TRUE(constraint.may_end());
}

TEST(Constraint, NestsNoDeeperThanItsBound) {
  const auto masks = std::make_shared<TokenMasks>(automaton_of("root ::= \"x\" | \"(\" root \")\""), trie_of({}));
  Constraint constraint(masks);
  int depth = 0;
  while (depth < 100000 && constraint.accept_bytes("(").has_value()) ++depth;
  EXPECT_GE(depth, 1000);
  EXPECT_LT(depth, 100000);
}

}  // namespace
}  // namespace ingot::core
