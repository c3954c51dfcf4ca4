// The public handles of a model and its tokenizer, over engine/engine.h.
#include <memory>
#include <utility>

#include "base/log.h"
#include "engine/api_errors.h"
#include "engine/api_handles.h"
#include "engine/chat_prompt.h"
#include "engine/embedding.h"
#include "engine/file_info.h"
#include "engine/perplexity.h"
#include "gguf/reader.h"
#include "ingot/chat.h"
#include "ingot/ingot.h"

namespace ingot {
namespace {

core::Result<std::shared_ptr<const core::Tokenizer>> open_tokenizer(const std::string& path) {
  INGOT_ASSIGN(const core::GgufFile file, core::GgufFile::open(path));
  auto tokenizer = core::read_vocabulary(file.metadata()).and_then(core::Tokenizer::create);
  if (!tokenizer) return tl::unexpected(tokenizer.error().context(path));
  if (file.damaged()) return core::fail(core::ErrorKind::kIo, "{}: the file changed while it was read", path);
  return std::shared_ptr<const core::Tokenizer>(std::move(*tokenizer));
}

std::vector<core::TextRange> to_core(std::span<const ByteRange> ranges) {
  std::vector<core::TextRange> result;
  for (const ByteRange& range : ranges) result.push_back({range.begin, range.end});
  return result;
}

LogLevel to_public(core::LogLevel level) {
  switch (level) {
    case core::LogLevel::kDebug:
      return LogLevel::kDebug;
    case core::LogLevel::kInfo:
      return LogLevel::kInfo;
    case core::LogLevel::kWarning:
      break;
  }
  return LogLevel::kWarning;
}

}  // namespace

void set_log_callback(std::function<void(LogLevel level, std::string_view line)> callback) {
  if (!callback) {
    core::set_log_sink({});
    return;
  }
  core::set_log_sink([callback = std::move(callback)](core::LogLevel level, std::string_view line) {
    callback(to_public(level), line);
  });
}

Expected<Tokenizer> Tokenizer::open(const std::string& path) {
  return guarded([&]() -> Expected<Tokenizer> {
    auto tokenizer = open_tokenizer(path);
    if (!tokenizer) return to_public(std::move(tokenizer).error());
    return Tokenizer(std::make_shared<const Impl>(Impl{std::move(*tokenizer)}));
  });
}

Expected<std::vector<Token>> Tokenizer::tokenize(std::string_view text, TokenizeOptions options) const {
  return guarded([&] {
    const std::vector<core::TextRange> user = to_core(options.user_ranges);
    return to_public(impl_->tokenizer->encode(text, {.parse_special = options.parse_special,
                                                     .add_special = options.add_special,
                                                     .continues = options.continues,
                                                     .user = user}));
  });
}

Expected<std::vector<Token>> Tokenizer::tokenize(const RenderedPrompt& prompt) const {
  return guarded(
      [&] { return to_public(core::encode_rendered(*impl_->tokenizer, prompt.text, to_core(prompt.user_ranges))); });
}

Expected<std::string> Tokenizer::detokenize(std::span<const Token> tokens, bool show_control) const {
  return guarded([&] {
    return to_public(impl_->tokenizer->decode(std::vector<int32_t>(tokens.begin(), tokens.end()), show_control));
  });
}

Expected<std::string> Tokenizer::piece(Token token) const {
  if (token < 0 || token >= n_tokens()) {
    return Error{ErrorCode::kInvalidInput,
                 fmt::format("token {} is outside the vocabulary of {} tokens", token, n_tokens())};
  }
  return guarded([&]() -> Expected<std::string> { return impl_->tokenizer->piece(token, /*show_control=*/true); });
}

Token Tokenizer::n_tokens() const {
  return impl_->tokenizer->n_tokens();
}
Token Tokenizer::bos() const {
  return impl_->tokenizer->bos();
}
Token Tokenizer::eos() const {
  return impl_->tokenizer->eos();
}
bool Tokenizer::adds_bos() const {
  return impl_->tokenizer->adds_bos();
}

bool Tokenizer::is_end(Token token) const {
  return token >= 0 && token < n_tokens() && impl_->tokenizer->is_end(token);
}
bool Tokenizer::is_control(Token token) const {
  return token >= 0 && token < n_tokens() && impl_->tokenizer->is_control(token);
}

Expected<Model> Model::open(const std::string& path, const ModelOptions& options) {
  return guarded([&]() -> Expected<Model> {
    auto engine = core::Engine::open(path, options);
    if (!engine) return to_public(std::move(engine).error());
    Tokenizer tokenizer(std::make_shared<const Tokenizer::Impl>(Tokenizer::Impl{(*engine)->tokenizer()}));
    return Model(std::make_shared<const Impl>(Impl{std::move(*engine), std::move(tokenizer)}));
  });
}

const ModelInfo& Model::info() const {
  return impl_->engine->info();
}
const Tokenizer& Model::tokenizer() const {
  return impl_->tokenizer;
}

Expected<std::vector<float>> Model::token_embeddings(std::span<const Token> tokens) const {
  return guarded([&]() -> Expected<std::vector<float>> {
    const int64_t dim = info().dim;
    std::vector<float> embeddings(tokens.size() * static_cast<size_t>(dim));
    if (tokens.empty()) return embeddings;
    const auto out = core::TensorView::matrix(embeddings.data(), static_cast<int64_t>(tokens.size()), dim);
    if (core::Status status = impl_->engine->embed(tokens, out); !status) return to_public(std::move(status).error());
    return embeddings;
  });
}

Expected<std::vector<float>> Model::embed(std::span<const Token> tokens, const EmbedOptions& options) const {
  const std::vector<Token> sequence(tokens.begin(), tokens.end());
  auto embeddings = embed_batch({&sequence, 1}, options);
  if (!embeddings) return embeddings.error();
  return std::move(embeddings->front());
}

Expected<std::vector<std::vector<float>>> Model::embed_batch(std::span<const std::vector<Token>> sequences,
                                                             const EmbedOptions& options) const {
  return guarded([&] { return to_public(core::embed_batch(*impl_->engine, sequences, options)); });
}

Expected<PerplexityResult> Model::perplexity(std::string_view text, const PerplexityOptions& options) const {
  return guarded([&] { return to_public(core::measure_perplexity(impl_->engine, text, options)); });
}

Expected<FileInfo> inspect(const std::string& path, const InspectOptions& options) {
  return guarded([&] { return to_public(core::describe_file(path, options)); });
}

}  // namespace ingot
