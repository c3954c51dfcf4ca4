#include "engine/constrained_output.h"

#include <utility>

#include "engine/api_errors.h"
#include "sampling/grammar/gbnf_parser.h"
#include "sampling/grammar/json_schema.h"

namespace ingot {
namespace {

Expected<Grammar> compiled(core::Result<core::ParsedGrammar> parsed) {
  if (!parsed) return to_public(std::move(parsed).error());
  auto automaton = core::Automaton::compile(parsed->syntax, parsed->root);
  if (!automaton) return to_public(std::move(automaton).error());
  auto impl = std::make_shared<Grammar::Impl>();
  impl->automaton = std::move(*automaton);
  return Grammar(std::move(impl));
}

}  // namespace

Expected<Grammar> Grammar::from_gbnf(std::string_view text) {
  return guarded([&] { return compiled(core::parse_gbnf(text)); });
}

Expected<Grammar> Grammar::from_json_schema(std::string_view text) {
  return guarded([&] { return compiled(core::parse_json_schema(text)); });
}

Expected<Grammar> Grammar::json() {
  return from_json_schema("true");
}

Expected<Grammar> Grammar::json_object() {
  return from_json_schema(R"({"type": "object"})");
}

}  // namespace ingot

namespace ingot::core {

std::shared_ptr<const VocabularyTrie> vocabulary_trie(const Tokenizer& tokenizer, int64_t n_logits) {
  ConstraintVocabulary vocabulary;
  vocabulary.n_logits = n_logits;
  for (int32_t token = 0; token < tokenizer.n_tokens(); ++token) {
    const bool is_text = !tokenizer.is_control(token) && tokenizer.type(token) != TokenType::kUnused;
    vocabulary.token_bytes.push_back(is_text ? tokenizer.piece(token) : std::string());
    if (tokenizer.is_end(token)) vocabulary.end_tokens.push_back(token);
  }
  return VocabularyTrie::build(std::move(vocabulary));
}

std::shared_ptr<TokenMasks> token_masks(const Grammar& grammar, const std::shared_ptr<const VocabularyTrie>& trie) {
  Grammar::Impl& impl = grammar.impl();
  const std::lock_guard lock(impl.mutex);
  std::erase_if(impl.masks, [](const auto& entry) { return entry.first.expired(); });
  for (const auto& [known, masks] : impl.masks) {
    if (known.lock() == trie) return masks;
  }
  auto masks = std::make_shared<TokenMasks>(impl.automaton, trie);
  impl.masks.emplace_back(trie, masks);
  return masks;
}

}  // namespace ingot::core
