#include "sampling/grammar/gbnf_parser.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/cpu_time.h"
#include "constrained_text.h"

namespace ingot::core {
namespace {

using ::testing::HasSubstr;

Match match(std::string_view gbnf, std::string_view text) {
  return match(automaton_of(gbnf), text);
}

TEST(Gbnf, LiteralsWithEscapes) {
  EXPECT_EQ(match(R"(root ::= "a\n\"\\\x41\u00e9\U0001F600")", "a\n\"\\A\xC3\xA9\xF0\x9F\x98\x80"), Match::kWhole);
  EXPECT_EQ(match(R"(root ::= "ab")", "a"), Match::kPrefix);
  EXPECT_EQ(match(R"(root ::= "ab")", "b"), Match::kNo);
  EXPECT_EQ(match(R"(root ::= "")", ""), Match::kWhole);
  EXPECT_EQ(match("root ::= \"\xC3\xA9\"", "\xC3"), Match::kPrefix);
}

TEST(Gbnf, CharacterClasses) {
  EXPECT_EQ(match("root ::= [a-cx]", "b"), Match::kWhole);
  EXPECT_EQ(match("root ::= [a-cx]", "d"), Match::kNo);
  EXPECT_EQ(match("root ::= [^a-c]", "b"), Match::kNo);
  EXPECT_EQ(match("root ::= [^a-c]", "\n"), Match::kWhole);
  EXPECT_EQ(match("root ::= [^a]", "\xE4\xB8\xAD"), Match::kWhole);
  EXPECT_EQ(match("root ::= [^a]", "\xED\xA0\x80"), Match::kNo) << "a surrogate is no text";
  EXPECT_EQ(match("root ::= [\\]\\[a-]", "-"), Match::kWhole);
  EXPECT_EQ(match("root ::= [\\u4e00-\\u9fff]", "\xE4\xB8\xAD"), Match::kWhole);
  EXPECT_EQ(match("root ::= [\\u4e00-\\u9fff]", "\xE3\x81\x82"), Match::kNo);
  EXPECT_EQ(match("root ::= .", "\xF4\x8F\xBF\xBF"), Match::kWhole);
  EXPECT_EQ(match("root ::= .", "\xF4\x90"), Match::kNo);
}

TEST(Gbnf, ChoicesGroupsAndRepetitions) {
  constexpr const char* kGrammar = R"(root ::= ("a" | "b"
    # inside parentheses a line may end
    "c")+ "d"? "e"{2} "f"{1,2} "g"{3,} "h"{0,0} |
    "z")";
  for (const char* text : {"aeefggg", "bcadeeffgggggg", "z"}) EXPECT_EQ(match(kGrammar, text), Match::kWhole) << text;
  for (const char* text : {"ef", "aef", "aeefffggg", "aeefgggh"}) EXPECT_EQ(match(kGrammar, text), Match::kNo) << text;
  EXPECT_EQ(match(kGrammar, "aeefgg"), Match::kPrefix);
  EXPECT_EQ(match("root ::= \"ab\"*", "abab"), Match::kWhole) << "a literal is repeated as a whole";
  EXPECT_EQ(match("root ::= | \"a\"", ""), Match::kWhole);
}

TEST(Gbnf, RulesCallEachOther) {
  constexpr const char* kBrackets = "root ::= item*\nitem ::= \"[\" root \"]\" | \"(\" root \")\"\r\n";
  EXPECT_EQ(match(kBrackets, "[()[]]()"), Match::kWhole);
  EXPECT_EQ(match(kBrackets, "[("), Match::kPrefix);
  EXPECT_EQ(match(kBrackets, "[(]"), Match::kNo);
  // A loop over what may be empty.
  EXPECT_EQ(match("root ::= a*\na ::= b*\nb ::= \"x\"?", "xxx"), Match::kWhole);
  // Two ways to read the same text, both kept.
  EXPECT_EQ(match("root ::= a | b\na ::= \"x\" a \"y\" | \"xy\"\nb ::= \"x\" b \"z\" | \"xz\"", "xxxzzz"),
            Match::kWhole);
}

TEST(Gbnf, ErrorsNameThePlace) {
  EXPECT_THAT(refusal_of("root ::= \"a"), HasSubstr("line 1, column 10: the text opened here is never closed"));
  EXPECT_THAT(refusal_of("root ::= x\n"), HasSubstr("line 1, column 10: the rule \"x\" is used but not defined"));
  EXPECT_THAT(refusal_of("a ::= \"x\""), HasSubstr("no rule \"root\""));
  EXPECT_THAT(refusal_of("root ::= \"a\"\nroot ::= \"b\""),
              HasSubstr("line 2, column 1: the rule \"root\" is defined a second"));
  EXPECT_THAT(refusal_of("root ::= (\"a\""), HasSubstr("column 10: the parenthesis opened here"));
  EXPECT_THAT(refusal_of("root ::= \"a\")"), HasSubstr("column 13: this parenthesis closes none"));
  EXPECT_THAT(refusal_of("root ::= *"), HasSubstr("nothing stands before this \"*\""));
  EXPECT_THAT(refusal_of("root ::= [z-a]"), HasSubstr("ends before it begins"));
  EXPECT_THAT(refusal_of("root ::= []"), HasSubstr("the character class is empty"));
  EXPECT_THAT(refusal_of("root ::= \"a\"{3,2}"), HasSubstr("3 to 2 repetitions"));
  EXPECT_THAT(refusal_of("root ::= \"\\q\""), HasSubstr("column 11: expected one of the escapes"));
  EXPECT_THAT(refusal_of("root ::= \"\\ud800\""), HasSubstr("U+D800 is no character"));
  EXPECT_THAT(refusal_of("root ::= \"\xFF\""), HasSubstr("this is no UTF-8"));
  EXPECT_THAT(refusal_of("root ::= <think>"), HasSubstr("token references"));
  EXPECT_THAT(refusal_of("root ::= !<[7]>"), HasSubstr("token references"));
  EXPECT_THAT(refusal_of("root = \"a\""), HasSubstr("column 6: expected \"::=\""));
}

TEST(Gbnf, RefusesWhatNeverReadsAByteOrNeverEnds) {
  EXPECT_THAT(refusal_of("root ::= root \"a\" | \"b\""), HasSubstr("left recursion"));
  EXPECT_THAT(refusal_of("root ::= a\na ::= e b\nb ::= a | \"x\"\ne ::= \"y\"*"), HasSubstr("left recursion"));
  EXPECT_THAT(refusal_of("root ::= \"a\" root"),
              HasSubstr("the rule \"root\" (line 1, column 1) matches no finite text"));
  // What cannot end is left out where there is another way.
  EXPECT_EQ(match("root ::= a | \"b\"\na ::= \"x\" a", "x"), Match::kNo);
}

TEST(Gbnf, BoundsAreErrorsAndFast) {
  const double start = thread_cpu_seconds();
  EXPECT_THAT(refusal_of("root ::= " + std::string(60000, '(')), HasSubstr("nested deeper than 200"));
  EXPECT_THAT(refusal_of("root ::= (((\"a\"{1000}){1000}){1000})"), HasSubstr("it needs more than"));
  EXPECT_THAT(refusal_of("root ::= \"a\"{999999}"), HasSubstr("more than 100000 repetitions"));
  std::string many;
  for (int rule = 0; rule < 60000; ++rule) many += fmt::format("r{} ::= \"x\"\n", rule);
  EXPECT_THAT(refusal_of(many), HasSubstr("more than 50000 rules"));
  EXPECT_THAT(refusal_of("root ::= [ab]* \"a\" [ab]{24}"), HasSubstr("too complex"));
  const double taken = thread_cpu_seconds() - start;
  EXPECT_LT(taken, 20.0);
}

}  // namespace
}  // namespace ingot::core
