// Prompts read in every way: the same numbers, and the memory that was planned.
#include "engine/token_sequence.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace ingot::core {
namespace {

using ::testing::HasSubstr;

constexpr const char* kModels[] = {"llama.F32.gguf", "gemma2.Q8_0.gguf", "gpt2.F32.gguf", "qwen2moe.Q8_0.gguf"};

std::shared_ptr<Engine> open_tiny(const char* name, int64_t context = 2048) {
  ModelOptions options;
  options.context = context;
  options.threads = 2;
  auto engine = Engine::open(std::string(INGOT_GOLDEN_MODELS "/") + name, options);
  EXPECT_TRUE(engine.has_value());
  return engine.value_or(nullptr);
}

std::vector<int32_t> some_tokens(int64_t count) {
  std::vector<int32_t> tokens(static_cast<size_t>(count));
  for (size_t position = 0; position < tokens.size(); ++position) {
    tokens[position] = static_cast<int32_t>(position * 37 % 280);
  }
  return tokens;
}

const std::vector<Chunking>& chunkings() {
  static const std::vector<Chunking> all = {
      1,
      7,
      64,
      Chunking(50).with_overlap(1),
      Chunking(50).with_overlap(50),
      Chunking(64).with_overlap(64),
      Chunking::none(),
      Chunking::automatic(),
      Chunking::automatic(1 << 20),
      Chunking::automatic(1 << 20).with_overlap(40),
      Chunking::incremental(64),
      Chunking::incremental(100).with_overlap(30),
      Chunking::layer_by_layer(),
      Chunking::minimal(),
  };
  return all;
}

class Reading : public ::testing::TestWithParam<const char*> {
 protected:
  int64_t context() const { return std::string_view(GetParam()).starts_with("gpt2") ? 128 : 2048; }
  int64_t n_tokens() const { return context() == 128 ? 120 : 700; }
};

INSTANTIATE_TEST_SUITE_P(Models, Reading, ::testing::ValuesIn(kModels), [](const auto& test) {
  const std::string name = test.param;
  return name.substr(0, name.find('.'));
});

TEST_P(Reading, GivesTheSameNumbersInEveryWay) {
  const auto engine = open_tiny(GetParam(), context());
  ASSERT_TRUE(engine);
  const std::vector<int32_t> tokens = some_tokens(n_tokens());
  const std::span all(tokens);
  TokenSequence whole(engine);
  const auto expected = whole.feed(tokens, {}, {.logits = Rows::kAll, .hidden = Rows::kAll});
  ASSERT_TRUE(expected) << expected.error().message;
  const auto next = whole.feed(all.first(3), {}, {});
  for (const Chunking& chunking : chunkings()) {
    // In two parts, of which the second continues a cache; each by itself, and all rows of both.
    TokenSequence sequence(engine);
    const auto first =
        sequence.feed(all.first(33), {}, {.logits = Rows::kAll, .hidden = Rows::kAll, .chunk = chunking});
    ASSERT_TRUE(first) << chunking_name(chunking) << ": " << first.error().message;
    auto both = *first;
    const auto rest =
        sequence.feed(all.subspan(33), {}, {.logits = Rows::kAll, .hidden = Rows::kAll, .chunk = chunking});
    ASSERT_TRUE(rest) << chunking_name(chunking) << ": " << rest.error().message;
    both.logits.insert(both.logits.end(), rest->logits.begin(), rest->logits.end());
    both.hidden.insert(both.hidden.end(), rest->hidden.begin(), rest->hidden.end());
    EXPECT_EQ(both.logits, expected->logits) << chunking_name(chunking);
    EXPECT_EQ(both.hidden, expected->hidden) << chunking_name(chunking);
    EXPECT_EQ(sequence.tokens(), tokens) << chunking_name(chunking);
    // What is remembered is the same, too.
    EXPECT_EQ(sequence.feed(all.first(3), {}, {})->logits, next->logits) << chunking_name(chunking);
    // Outputs of one row, or of some rows only.
    for (const auto& [logits, hidden] : {std::pair(Rows::kLast, Rows::kNone), std::pair(Rows::kLast, Rows::kAll),
                                         std::pair(Rows::kNone, Rows::kLast)}) {
      TokenSequence other(engine);
      const auto some = other.feed(tokens, {}, {.logits = logits, .hidden = hidden, .chunk = chunking});
      ASSERT_TRUE(some) << some.error().message;
      const auto ends_as = [](const std::vector<float>& part, const std::vector<float>& full) {
        return std::equal(part.rbegin(), part.rend(), full.rbegin());
      };
      EXPECT_TRUE(ends_as(some->logits, expected->logits)) << chunking_name(chunking);
      EXPECT_TRUE(ends_as(some->hidden, expected->hidden)) << chunking_name(chunking);
    }
  }
}

TEST_P(Reading, EmbeddingsAreReadLikeTokensInEveryWay) {
  const auto engine = open_tiny(GetParam(), context());
  ASSERT_TRUE(engine);
  const std::vector<int32_t> tokens = some_tokens(100);
  std::vector<float> values(tokens.size() * static_cast<size_t>(engine->info().dim));
  const TensorView embeddings = TensorView::matrix(values.data(), 100, engine->info().dim);
  ASSERT_TRUE(engine->embed(tokens, embeddings));
  TokenSequence whole(engine);
  const auto expected = whole.feed(tokens, {}, {.logits = Rows::kAll});
  for (const Chunking& chunking : chunkings()) {
    TokenSequence sequence(engine);
    const auto read = sequence.feed({}, embeddings, {.logits = Rows::kAll, .chunk = chunking});
    ASSERT_TRUE(read) << read.error().message;
    EXPECT_EQ(read->logits, expected->logits) << chunking_name(chunking);
  }
}

TEST_P(Reading, TakesTheMemoryThatWasPlanned) {
  const std::vector<int32_t> tokens = some_tokens(n_tokens());
  for (const Chunking& chunking : chunkings()) {
    for (const int64_t n_before : {0, 33}) {
      for (const Rows logits : {Rows::kLast, Rows::kAll}) {
        const auto engine = open_tiny(GetParam(), context());  // whose operations hold nothing yet
        ASSERT_TRUE(engine);
        TokenSequence sequence(engine);
        const auto before = std::span(tokens).first(static_cast<size_t>(n_before));
        if (n_before > 0) {
          ASSERT_TRUE(sequence.feed(before, {}, {.logits = Rows::kNone, .chunk = Chunking::minimal()}));
        }
        const auto now = std::span(tokens).subspan(static_cast<size_t>(n_before));
        const FeedOptions options = {.logits = logits, .chunk = chunking};
        const auto plan = sequence.plan(static_cast<int64_t>(now.size()), options);
        ASSERT_TRUE(plan) << plan.error().message;
        ASSERT_TRUE(sequence.feed(now, {}, options));
        const PrefillMemory& measured = sequence.last_prefill().measured;
        const PrefillMemory& planned = plan->memory;
        const std::string where = chunking_name(chunking) + " after " + std::to_string(n_before);
        EXPECT_EQ(planned.outputs, measured.outputs) << where;
        EXPECT_GE(planned.kv, measured.kv) << where;
        if (chunking.strategy == Chunking::Strategy::kAuto) {  // which may not come to its largest chunk
          EXPECT_GE(planned.total(), measured.total()) << where;
          continue;
        }
        EXPECT_EQ(planned.kv, measured.kv) << where;
        EXPECT_EQ(planned.activations, measured.activations) << where;
        if (std::string_view(GetParam()).find("moe") == std::string_view::npos) {
          EXPECT_EQ(planned.kernel_scratch, measured.kernel_scratch) << where;
        } else {  // it is not known before which experts the tokens choose
          EXPECT_GE(planned.kernel_scratch, measured.kernel_scratch) << where;
        }
        EXPECT_EQ(planned.attention_scratch, measured.attention_scratch) << where;
      }
    }
  }
}

TEST_P(Reading, CancelledItKeepsCompleteChunks) {
  const auto engine = open_tiny(GetParam(), context());
  ASSERT_TRUE(engine);
  const std::vector<int32_t> tokens = some_tokens(110);
  TokenSequence whole(engine);
  const auto expected = whole.feed(tokens, {}, {});
  for (const Chunking& chunking : {Chunking(30), Chunking(30).with_overlap(30), Chunking::layer_by_layer()}) {
    TokenSequence sequence(engine);
    FeedOptions options = {.chunk = chunking};
    int n_calls = 0;
    options.on_progress = [&, cancel = options.cancel](int64_t, int64_t) {
      if (++n_calls == (chunking.strategy == Chunking::Strategy::kLayerByLayer ? 1 : 2)) cancel.cancel();
    };
    const auto cut = sequence.feed(tokens, {}, options);
    ASSERT_FALSE(cut);
    EXPECT_EQ(cut.error().kind, ErrorKind::kCancelled);
    const int64_t kept = chunking.strategy == Chunking::Strategy::kLayerByLayer ? 0 : 60;
    EXPECT_EQ(sequence.length(), kept) << chunking_name(chunking);
    const auto rest = sequence.feed(std::span(tokens).subspan(static_cast<size_t>(kept)), {}, {});
    EXPECT_EQ(rest->logits, expected->logits) << chunking_name(chunking);
  }
}

// What a chunk repeats lies in blocks that a fork may be reading: it must be written elsewhere.
TEST_P(Reading, RepeatedTokensDoNotTouchAFork) {
  const auto engine = open_tiny(GetParam(), context());
  ASSERT_TRUE(engine);
  const std::vector<int32_t> tokens = some_tokens(110);
  TokenSequence whole(engine);
  const auto expected = whole.feed(tokens, {}, {});
  TokenSequence sequence(engine);
  FeedOptions options = {.chunk = Chunking(40).with_overlap(40)};
  std::vector<TokenSequence> forks;
  options.on_progress = [&](int64_t, int64_t) { forks.push_back(sequence.fork()); };
  EXPECT_EQ(sequence.feed(tokens, {}, options)->logits, expected->logits);
  ASSERT_EQ(forks.size(), 3u);
  const std::vector<int64_t> lengths = {40, 80, 110};
  for (size_t n = 0; n < 2; ++n) {
    EXPECT_EQ(forks[n].length(), lengths[n]);
    EXPECT_EQ(forks[n].feed(std::span(tokens).subspan(static_cast<size_t>(lengths[n])), {}, {})->logits,
              expected->logits);
  }
}

TEST(ReadingPlan, LearnsFromWhatWasRead) {
  const auto engine = open_tiny("llama.F32.gguf");
  ASSERT_TRUE(engine);
  TokenSequence sequence(engine);
  EXPECT_EQ(sequence.plan(600, {.chunk = 100})->estimated_ms, 0);
  const std::vector<int32_t> tokens = some_tokens(600);
  ASSERT_TRUE(sequence.feed(tokens, {}, {.chunk = 100}));
  EXPECT_EQ(engine->chunk_samples().size(), 6u);
  EXPECT_TRUE(engine->chunk_samples().front().cold);
  EXPECT_FALSE(engine->chunk_samples().back().cold);
  EXPECT_GT(sequence.plan(600, {.chunk = 100})->estimated_ms, 0);
  // Generated tokens teach nothing about prompts.
  ASSERT_TRUE(sequence.feed(std::span(tokens).first(20), {}, {.generated = true}));
  EXPECT_EQ(engine->chunk_samples().size(), 6u);
}

TEST(ReadingPlan, RefusesWhatMakesNoSense) {
  const auto engine = open_tiny("llama.F32.gguf", 256);
  ASSERT_TRUE(engine);
  TokenSequence sequence(engine);
  EXPECT_FALSE(sequence.plan(0, {}));
  EXPECT_FALSE(sequence.plan(257, {}));
  EXPECT_FALSE(sequence.plan(100, {.chunk = Chunking::none().with_overlap(5)}));
  const auto refused = sequence.feed(some_tokens(100), {}, {.chunk = Chunking::automatic(100)});
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().message, HasSubstr("chunk auto:100: one token takes"));
  EXPECT_EQ(sequence.length(), 0);
}

}  // namespace
}  // namespace ingot::core
