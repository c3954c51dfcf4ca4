#include "engine/generation.h"

#include <chrono>
#include <optional>
#include <string>
#include <utility>

#include "engine/constrained_output.h"
#include "engine/stop_texts.h"
#include "engine/token_sampler.h"
#include "tokenizer/stream_decoder.h"

namespace ingot::core {
namespace {

using Clock = std::chrono::steady_clock;

double milliseconds_since(Clock::time_point start) {
  return std::chrono::duration<double, std::milli>(Clock::now() - start).count();
}

// Text on its way out: whole characters, then stop texts, then the caller.
class TextOutput {
 public:
  TextOutput(StreamDecoder decoder, StopTexts stops, const GenerateOptions& options, Recorder* recorder,
             std::string& out_text)
      : decoder_(std::move(decoder)),
        stops_(std::move(stops)),
        options_(options),
        recorder_(recorder),
        text_(out_text) {}

  void push(int32_t token) {
    StageZone zone(recorder_, "detokenize");
    std::string text = stops_.push(decoder_.push(token));
    zone.stop();
    emit(std::move(text));
  }
  // The generation ended by itself: what was held back is text after all.
  void finish() {
    if (stops_.found() || refused_) return;
    emit(stops_.push(decoder_.flush()));
    if (!stops_.found()) emit(stops_.flush());
  }
  bool stop_found() const { return stops_.found(); }
  bool refused() const { return refused_; }

 private:
  void emit(std::string&& text) {
    if (text.empty() || refused_) return;
    text_ += text;
    const StageZone zone(recorder_, "output");
    if (options_.on_text && !options_.on_text(text)) refused_ = true;
  }

  StreamDecoder decoder_;
  StopTexts stops_;
  const GenerateOptions& options_;
  Recorder* recorder_;
  std::string& text_;
  bool refused_ = false;
};

// One token after another until there is a reason to stop. Precondition: sequence.last_logits() are there.
Result<Finish> decode(TokenSequence& sequence, TokenSampler& sampler, Constraint* constraint, TextOutput& output,
                      const GenerateOptions& options, Clock::time_point start, GenerateResult& out_result) {
  const Tokenizer& tokenizer = *sequence.engine().tokenizer();
  const int64_t context = sequence.engine().info().context;
  const auto n_generated = [&out_result] { return static_cast<int64_t>(out_result.tokens.size()); };
  while (true) {
    if (options.cancel.cancelled()) return Finish::kInterrupted;
    if (constraint != nullptr && constraint->is_complete()) return Finish::kStop;
    if (options.max_tokens >= 0 && n_generated() >= options.max_tokens) return Finish::kLength;
    if (sequence.length() >= context) return Finish::kContext;
    if (Status status = sequence.compute_pending(/*want_logits=*/true, options.cancel.flag()); !status) {
      if (status.error().kind == ErrorKind::kCancelled) return Finish::kInterrupted;
      return tl::unexpected(std::move(status).error());
    }
    StageZone sampling_zone(sequence.engine().recorder(), "sampling");
    std::span<const uint64_t> allowed;  // of the vocabulary, a bit a token; empty: all
    if (constraint != nullptr) {
      INGOT_ASSIGN(allowed, constraint->allowed());
    }
    INGOT_ASSIGN(const int32_t token, sampler.sample(sequence.last_logits(), sequence.tokens(), allowed));
    sampling_zone.stop();
    if (out_result.first_token_ms == 0) out_result.first_token_ms = milliseconds_since(start);
    const bool in_tokenizer = token < tokenizer.n_tokens();
    if (in_tokenizer && tokenizer.is_end(token) && !options.ignore_end) return Finish::kStop;
    if (sampler.wants_probs()) {
      const StageZone zone(sequence.engine().recorder(), "probabilities");
      INGOT_ASSIGN(TokenProbs probs, sampler.probs(sequence.last_logits(), token));
      if (options.on_probs) options.on_probs(probs);
      out_result.probs.push_back(std::move(probs));
    }
    sampler.accept(token);
    if (constraint != nullptr) INGOT_TRY(constraint->accept(token));
    INGOT_TRY(sequence.append_generated(token, options.cancel.flag()));
    out_result.tokens.push_back(token);
    // A model may have more rows in its head than its vocabulary has entries; such a token has no text.
    if (in_tokenizer) output.push(token);
    if (output.stop_found()) return Finish::kStop;
    if (output.refused()) return Finish::kInterrupted;
  }
}

}  // namespace

Result<GenerateResult> generate(TokenSequence& sequence, std::span<const int32_t> prompt,
                                const GenerateOptions& options) {
  const auto start = Clock::now();
  if (options.max_tokens < -1) return invalid("{} tokens to generate, expected -1 or more", options.max_tokens);
  Engine& engine = sequence.engine();
  INGOT_ASSIGN(TokenSampler sampler, TokenSampler::create(options, *engine.tokenizer(), engine.info().vocab_size));
  GenerateResult result;
  result.seed = sampler.seed();
  result.n_prompt_tokens = static_cast<int64_t>(prompt.size());
  INGOT_ASSIGN(StopTexts stops, StopTexts::create(options.stop));
  TextOutput output(StreamDecoder(*engine.tokenizer(), /*at_start=*/false, options.spell_control), std::move(stops),
                    options, engine.recorder(), result.text);

  std::optional<Constraint> constraint;
  if (options.grammar) {
    constraint.emplace(token_masks(*options.grammar, engine.vocabulary_trie()),
                       options.ignore_end ? EndTokens::kNever : EndTokens::kAtTheEnd);
  }

  Status fed;
  if (!prompt.empty()) {
    const FeedOptions feed_options = {.logits = Rows::kLast,
                                      .chunk = options.chunk,
                                      .cancel = options.cancel,
                                      .on_progress = options.on_prompt_progress};
    fed = sequence.feed(prompt, TensorView(), feed_options).map([](FeedResult&&) {});
  } else if (sequence.length() > 0) {
    fed = sequence.compute_pending(/*want_logits=*/true, options.cancel.flag());
    if (fed && sequence.last_logits().empty()) {
      return invalid("there are no logits to continue from: feed at least one token with logits");
    }
  } else {
    return invalid("the prompt is empty, and so is the sequence");
  }
  if (!fed && fed.error().kind != ErrorKind::kCancelled) return tl::unexpected(fed.error());
  result.prefill_ms = milliseconds_since(start);
  if (!fed) {
    result.finish = Finish::kInterrupted;
    return result;
  }

  INGOT_ASSIGN(result.finish,
               decode(sequence, sampler, constraint ? &*constraint : nullptr, output, options, start, result));
  output.finish();
  result.decode_ms = result.first_token_ms > 0 ? milliseconds_since(start) - result.first_token_ms : 0;
  return result;
}

}  // namespace ingot::core
