// BERT's basic tokenizer: a text as words, cleaned, and where the vocabulary asks for it without accents and in lower
// case. Words end at white space; a punctuation mark and a Chinese character are each a word of their own.
//
// As Hugging Face's tokenizers do it (normalizers/bert.rs, pre_tokenizers/bert.rs), with the Unicode tables of
// utf8proc. Decomposition is per character: marks are not put in canonical order, which matters only to marks that
// survive the removal of accents.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace ingot::core {

struct BertNormaliser {
  bool lowercase = true;
  bool strip_accents = true;
};

// Words longer than this are unknown to WordPiece, whatever the vocabulary (max_input_chars_per_word of the models).
constexpr size_t kMaxWordCharacters = 100;

// Calls found for each word in turn; for one of more than kMaxWordCharacters with an empty text.
void each_bert_word(std::string_view text, BertNormaliser normaliser,
                    const std::function<void(std::string_view word)>& found);

}  // namespace ingot::core
