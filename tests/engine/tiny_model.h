// What the tests of the public interface share: a tiny model, and tokens for it.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "ingot/ingot.h"

namespace ingot {

inline Model open_tiny(const char* name = "llama.F32.gguf", const ModelOptions& options = {}) {
  auto model = Model::open(std::string(INGOT_GOLDEN_MODELS "/") + name, options);
  EXPECT_TRUE(model) << model.error().message;
  return *model;
}

// Varied; another salt gives other ones.
inline std::vector<Token> many_tokens(size_t count, Token salt = 0) {
  std::vector<Token> tokens(count);
  for (size_t n = 0; n < count; ++n) tokens[n] = static_cast<Token>((n * 37 + static_cast<size_t>(salt)) % 280);
  return tokens;
}

}  // namespace ingot
