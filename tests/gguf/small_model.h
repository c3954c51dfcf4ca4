// A complete small GGUF file, from which the tests derive broken ones.
#pragma once

#include <span>
#include <string>

#include "gguf/gguf_builder.h"
#include "gguf/reader.h"

namespace ingot::core::test {

inline constexpr uint32_t kF32Id = 0;
inline constexpr uint32_t kQ8_0Id = 8;

// Two tensors, F32 (32, 2) and Q8_0 (64, 16), after a pair of every common kind.
inline GgufBuilder small_model() {
  GgufBuilder builder;
  builder.text("general.architecture", "llama").number<uint32_t>("llama.block_count", 1);
  builder.texts("tokenizer.ggml.tokens", {"<s>", "a", "bc"}).numbers<float>("tokenizer.ggml.scores", {0, -1, -2});
  builder.number<bool>("tokenizer.ggml.add_bos_token", true);
  builder.tensor({.name = "token_embd.weight", .dims = {32, 2}, .type = kF32Id, .data = std::string(256, '\1')});
  builder.tensor({.name = "output.weight", .dims = {64, 16}, .type = kQ8_0Id, .data = std::string(1088, '\2')});
  return builder;
}

inline Result<GgufFile> parse(const std::string& bytes) {
  return GgufFile::parse(std::as_bytes(std::span(bytes)), "test.gguf");
}

}  // namespace ingot::core::test
