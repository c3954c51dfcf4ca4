#include "engine/chat_sequence.h"

#include <chrono>
#include <utility>

#include "base/utf8.h"
#include "engine/generation.h"
#include "tokenizer/stream_decoder.h"

namespace ingot::core {
namespace {

using Clock = std::chrono::steady_clock;

double milliseconds_since(Clock::time_point start) {
  return std::chrono::duration<double, std::milli>(Clock::now() - start).count();
}

// As a template would write it: nothing stripped, control tokens spelled out, U+FFFD for what is no UTF-8.
std::string spell(const Tokenizer& tokenizer, std::span<const int32_t> tokens) {
  StreamDecoder decoder(tokenizer, /*at_start=*/false, /*show_control=*/true);
  std::string text;
  for (const int32_t token : tokens) {
    if (token < tokenizer.n_tokens()) text += decoder.push(token);
  }
  return well_formed(text + decoder.flush());
}

}  // namespace

// Of a recurrent model each is a whole state, tens of megabytes; else they share nearly all they hold.
size_t ChatSequence::most_places() const {
  return engine_->info().state_bytes > 0 ? 8 : 32;
}

const ChatSequence::Place* ChatSequence::longest_beginning_of(const PromptText& prompt) const {
  for (auto place = places_.rbegin(); place != places_.rend(); ++place) {
    if (!prompt.text.starts_with(place->text)) continue;
    if (place->text.size() < prompt.text.size() || !place->sequence.last_logits().empty()) return &*place;
  }
  return nullptr;
}

Result<GenerateResult> ChatSequence::generate(const PromptText& prompt, const GenerateOptions& options) {
  const auto start = Clock::now();
  const Place* known = longest_beginning_of(prompt);
  TokenSequence sequence = known != nullptr ? known->sequence.fork() : TokenSequence(engine_);
  const int64_t n_cached = sequence.length();
  const size_t n_known = known != nullptr ? known->text.size() : 0;
  if (n_known < prompt.text.size()) {
    INGOT_ASSIGN(const std::vector<int32_t> tokens, prompt.tokens_from(n_known));
    // Text that is no token at all would leave nothing to go on from.
    if (tokens.empty() && sequence.last_logits().empty()) return invalid("the prompt has no tokens");
    if (!tokens.empty()) {
      const FeedOptions feed_options = {.logits = Rows::kLast,
                                        .chunk = options.chunk,
                                        .cancel = options.cancel,
                                        .on_progress = options.on_prompt_progress};
      const auto fed = sequence.feed(tokens, TensorView(), feed_options);
      if (!fed && fed.error().kind == ErrorKind::kCancelled) {
        GenerateResult interrupted;
        interrupted.finish = Finish::kInterrupted;
        interrupted.n_prompt_tokens = n_cached + static_cast<int64_t>(tokens.size());
        interrupted.n_cached_tokens = n_cached;
        interrupted.prefill_ms = milliseconds_since(start);
        return interrupted;
      }
      if (!fed) return tl::unexpected(fed.error());
    }
  }
  const int64_t n_prompt = sequence.length();
  const double read_ms = milliseconds_since(start);
  Place read{std::string(prompt.text), sequence.fork()};

  INGOT_ASSIGN(GenerateResult result, core::generate(sequence, {}, options));
  result.n_prompt_tokens = n_prompt;
  result.n_cached_tokens = n_cached;
  result.prefill_ms += read_ms;
  if (result.first_token_ms > 0) result.first_token_ms += read_ms;

  std::erase_if(places_, [&](const Place& place) { return !prompt.text.starts_with(place.text); });
  if (places_.empty() || places_.back().text != read.text) {
    places_.push_back(std::move(read));
  } else {
    places_.back() = std::move(read);
  }
  if (!result.tokens.empty()) {
    std::string text = places_.back().text + spell(*engine_->tokenizer(), result.tokens);
    places_.push_back({std::move(text), std::move(sequence)});
  }
  if (places_.size() > most_places()) {
    places_.erase(places_.begin(), places_.end() - static_cast<int64_t>(most_places()));
  }
  return result;
}

void ChatSequence::set(std::string text, TokenSequence sequence) {
  places_.clear();
  places_.push_back({std::move(text), std::move(sequence)});
}

}  // namespace ingot::core
