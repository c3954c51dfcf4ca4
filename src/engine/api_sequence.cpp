// The public handle of a sequence, over engine/token_sequence.h and engine/generation.h.
#include <utility>

#include "cache/state_similarity.h"
#include "engine/api_errors.h"
#include "engine/api_handles.h"
#include "engine/chunking.h"
#include "engine/generation.h"

namespace ingot {

const char* finish_name(Finish finish) {
  switch (finish) {
    case Finish::kStop:
      return "stop";
    case Finish::kLength:
      return "length";
    case Finish::kContext:
      return "context";
    case Finish::kInterrupted:
      return "interrupted";
  }
  return "unknown";
}

Expected<Chunking> parse_chunking(std::string_view text) {
  return to_public(core::parse_chunking(text));
}

Sequence::Sequence(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Sequence::Sequence(Sequence&&) noexcept = default;
Sequence& Sequence::operator=(Sequence&&) noexcept = default;
Sequence::~Sequence() = default;

Sequence Model::new_sequence() const {
  return Sequence(std::make_unique<Sequence::Impl>(Sequence::Impl{core::TokenSequence(impl_->engine)}));
}

int64_t Sequence::length() const {
  return impl_->sequence.length();
}
std::span<const Token> Sequence::tokens() const {
  return impl_->sequence.tokens();
}

Expected<FeedResult> Sequence::feed(std::span<const Token> tokens, const FeedOptions& options) {
  return guarded([&] { return to_public(impl_->sequence.feed(tokens, core::TensorView(), options)); });
}

Expected<FeedResult> Sequence::feed_embeddings(std::span<const float> embeddings, const FeedOptions& options) {
  const auto dim = static_cast<size_t>(impl_->sequence.engine().info().dim);
  if (embeddings.size() % dim != 0) {
    return Error{ErrorCode::kInvalidInput,
                 fmt::format("{} values of embeddings are no whole rows of {}", embeddings.size(), dim)};
  }
  // The view is never written through: forward() copies embeddings into its residual.
  const auto rows = core::TensorView::matrix(const_cast<float*>(embeddings.data()),
                                             static_cast<int64_t>(embeddings.size() / dim), static_cast<int64_t>(dim));
  return guarded([&] { return to_public(impl_->sequence.feed({}, rows, options)); });
}

Expected<PrefillPlan> Sequence::plan(int64_t n_tokens, const Chunking& chunk) const {
  return guarded([&] { return to_public(impl_->sequence.plan(n_tokens, {.chunk = chunk})); });
}

Expected<GenerateResult> Sequence::generate(std::span<const Token> prompt, const GenerateOptions& options) {
  return guarded([&] { return to_public(core::generate(impl_->sequence, prompt, options)); });
}

Status Sequence::truncate(int64_t n_tokens) {
  return to_public(impl_->sequence.truncate(n_tokens));
}

Sequence Sequence::fork() const {
  return Sequence(std::make_unique<Impl>(Impl{impl_->sequence.fork()}));
}

Expected<std::vector<std::byte>> Sequence::save() const {
  return guarded([&] { return to_public(impl_->sequence.save()); });
}

Status Sequence::restore(std::span<const std::byte> bytes) {
  return guarded([&] { return to_public(impl_->sequence.restore(bytes)); });
}

Status Sequence::save_file(const std::string& path) const {
  return guarded([&] { return to_public(impl_->sequence.save_file(path)); });
}

Status Sequence::restore_file(const std::string& path) {
  return guarded([&] { return to_public(impl_->sequence.restore_file(path)); });
}

std::span<const float> Sequence::recurrent_state() const {
  return impl_->sequence.state().recurrent_values();
}

Expected<StateSimilarity> Sequence::compare(const Sequence& other) const {
  return guarded([&]() -> Expected<StateSimilarity> {
    auto compared = core::compare_states(impl_->sequence.state(), other.impl_->sequence.state());
    if (!compared) return to_public(std::move(compared).error());
    return StateSimilarity{compared->similarity, compared->distance, std::move(compared->layers)};
  });
}

}  // namespace ingot
