// The metadata of any GGUF file as a vocabulary: refused with one line that names the key, or a tokenizer that works.
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "base/check.h"
#include "gguf/reader.h"
#include "model/vocabulary.h"
#include "tokenizer/tokenizer.h"

using namespace ingot::core;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t n_bytes) {
  const auto file = GgufFile::parse(std::as_bytes(std::span(data, n_bytes)), "fuzz.gguf");
  if (!file) return 0;
  const auto vocabulary = read_vocabulary(file->metadata());
  if (!vocabulary) return 0;
  const auto tokenizer = Tokenizer::create(*vocabulary);
  if (!tokenizer) {
    INGOT_CHECK(tokenizer.error().message.find('\n') == std::string::npos, "an error is one line");
    return 0;
  }
  for (const char* text :
       {"", "the 12 cats  sat\n\n", "caf\u00e9 \u4e2d\U0001F680 <s>", "\xFF\x80 <|im_end|>aaaaaaaaaaaaaaaaaaaa"}) {
    for (const bool parse_special : {false, true}) {
      const auto ids = (*tokenizer)->encode(text, {.parse_special = parse_special, .add_special = true});
      if (!ids) continue;
      INGOT_CHECK((*tokenizer)->decode(*ids, true).has_value(), "what was encoded decodes");
      for (const int32_t id : *ids) (*tokenizer)->is_end(id);
    }
  }
  for (int32_t id = 0; id < (*tokenizer)->n_tokens(); id++) (*tokenizer)->piece(id);
  return 0;
}
