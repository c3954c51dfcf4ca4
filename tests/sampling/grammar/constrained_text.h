// Grammars and vocabularies for the tests of sampling/grammar.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <string_view>

#include "sampling/grammar/constraint.h"
#include "sampling/grammar/gbnf_parser.h"

namespace ingot::core {

inline std::shared_ptr<const Automaton> automaton_of(std::string_view gbnf) {
  const auto grammar = parse_gbnf(gbnf);
  EXPECT_TRUE(grammar.has_value()) << grammar.error().message;
  if (!grammar) return nullptr;
  const auto automaton = Automaton::compile(grammar->syntax, grammar->root);
  EXPECT_TRUE(automaton.has_value()) << automaton.error().message;
  return automaton ? *automaton : nullptr;
}

// The message of what refuses the grammar, or "accepted".
inline std::string refusal_of(std::string_view gbnf) {
  const auto grammar = parse_gbnf(gbnf);
  if (!grammar) return grammar.error().message;
  const auto automaton = Automaton::compile(grammar->syntax, grammar->root);
  return automaton ? "accepted" : automaton.error().message;
}

// Every byte a token, then these texts, then an end token.
inline std::shared_ptr<const VocabularyTrie> trie_of(const std::vector<std::string>& texts) {
  ConstraintVocabulary vocabulary;
  for (int byte = 0; byte < 256; ++byte) vocabulary.token_bytes.emplace_back(1, static_cast<char>(byte));
  vocabulary.token_bytes.insert(vocabulary.token_bytes.end(), texts.begin(), texts.end());
  vocabulary.token_bytes.emplace_back();
  vocabulary.end_tokens = {static_cast<int32_t>(vocabulary.token_bytes.size()) - 1};
  return VocabularyTrie::build(std::move(vocabulary));
}

enum class Match { kNo, kPrefix, kWhole };

inline Match match(const std::shared_ptr<const Automaton>& automaton, std::string_view text) {
  Walker walker(*automaton);
  ConfigurationSet here;
  walker.enter({automaton->start(), kBottom}, here);
  for (const char byte : text) {
    ConfigurationSet next;
    walker.step(here, static_cast<uint8_t>(byte), next);
    here = std::move(next);
    if (here.is_dead()) return Match::kNo;
  }
  return here.at_bottom ? Match::kWhole : Match::kPrefix;
}

}  // namespace ingot::core
