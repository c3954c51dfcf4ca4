// What the public handles hold.
#pragma once

#include <memory>

#include "engine/engine.h"
#include "engine/token_sequence.h"
#include "ingot/model.h"
#include "ingot/sequence.h"
#include "ingot/tokenizer.h"

namespace ingot {

struct Tokenizer::Impl {
  std::shared_ptr<const core::Tokenizer> tokenizer;
};

struct Model::Impl {
  std::shared_ptr<core::Engine> engine;
  Tokenizer tokenizer;
};

struct Sequence::Impl {
  core::TokenSequence sequence;
};

}  // namespace ingot
