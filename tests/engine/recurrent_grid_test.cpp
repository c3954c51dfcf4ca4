// Recurrent models by chunks of rows, on the emulated tile unit: prompts begin on a grid of positions, whoever cuts
// them where, and the numbers stay the same.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>

#include "engine/embedding.h"
#include "engine/token_sequence.h"
#include "kernels/dispatch.h"
#include "kernels/emulated_tiles.h"
#include "model/golden_models.h"

namespace ingot::core {
namespace {

constexpr int64_t kGrid = kTimeMixChunk;

std::atomic<int> n_chunk_calls{0};

// The emulated table, which counts.
const KernelTable& counting_table() {
  static const KernelTable kTable = [] {
    KernelTable table = emulated_tiles_table();
    table.time_mix_chunks = [](const TimeMixArgs& args, std::byte* scratch) {
      ++n_chunk_calls;
      emulated_tiles_table().time_mix_chunks(args, scratch);
    };
    return table;
  }();
  return kTable;
}

std::vector<int32_t> varied_tokens(size_t count) {
  std::vector<int32_t> tokens(count);
  for (size_t n = 0; n < count; ++n) tokens[n] = static_cast<int32_t>(n * 37 % 280);
  return tokens;
}

class RecurrentGrid : public testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    if (!find_kernel_table("avx512_bf16")) GTEST_SKIP() << "the tile unit is emulated with avx512_bf16, not available";
    n_chunk_calls = 0;
    engine_ = open();
    ASSERT_NE(engine_, nullptr);
    ASSERT_EQ(engine_->model().state_shape()->recurrent_grid, kGrid);
  }
  void TearDown() override {
    if (IsSkipped()) return;
    EXPECT_GT(n_chunk_calls.load(), 0) << "nothing went by chunks";
  }

  static std::shared_ptr<Engine> open() {
    auto ops = CpuOps::create_with(counting_table(), 2);
    auto engine = Engine::open_with(std::move(*ops), path(), {});
    EXPECT_TRUE(engine) << engine.error().message;
    return engine.value_or(nullptr);
  }

  static std::string path() { return std::string(INGOT_GOLDEN_MODELS "/") + GetParam(); }

  static std::vector<float> feed(TokenSequence& sequence, std::span<const int32_t> tokens,
                                 const Chunking& chunk = Chunking::none(), bool generated = false) {
    FeedOptions options{.logits = Rows::kAll, .chunk = chunk};
    options.generated = generated;
    const auto result = sequence.feed(tokens, {}, options);
    EXPECT_TRUE(result) << result.error().message;
    return result ? result->logits : std::vector<float>();
  }

  // In calls of these many tokens, in turns.
  std::vector<float> feed_in_calls(TokenSequence& sequence, std::span<const int32_t> tokens,
                                   const std::vector<size_t>& sizes) {
    std::vector<float> logits;
    for (size_t first = 0, call = 0; first < tokens.size(); ++call) {
      const size_t n = std::min(sizes[call % sizes.size()], tokens.size() - first);
      const auto some = feed(sequence, tokens.subspan(first, n));
      logits.insert(logits.end(), some.begin(), some.end());
      first += n;
    }
    return logits;
  }

  static double largest_difference(std::span<const float> a, std::span<const float> b) {
    EXPECT_EQ(a.size(), b.size());
    double largest = 0.0;
    for (size_t n = 0; n < a.size(); ++n) largest = std::max<double>(largest, std::abs(a[n] - b[n]));
    return largest;
  }

  std::shared_ptr<Engine> engine_;
};
INSTANTIATE_TEST_SUITE_P(Models, RecurrentGrid, testing::Values("rwkv7.F32.gguf", "arwkv7.Q8_0.gguf"),
                         [](const auto& test) {
                           const std::string name = test.param;
                           return name.substr(0, name.find('.'));
                         });

TEST_P(RecurrentGrid, AgreesWithTheOracle) {
  const GoldenModel golden = read_golden(GetParam());
  TokenSequence sequence(engine_);
  const auto logits = feed(sequence, golden.tokens);
  double error = 0.0, norm = 0.0;
  const size_t n_vocab = golden.logits.size() / golden.positions.size();
  for (size_t n = 0; n < golden.logits.size(); ++n) {
    const size_t position = static_cast<size_t>(golden.positions[n / n_vocab]);
    error += std::pow(logits[position * n_vocab + n % n_vocab] - golden.logits[n], 2);
    norm += std::pow(golden.logits[n], 2);
  }
  // Roundings to bfloat16, as in the tests of the forward pass.
  const double bound = 16.0 * std::ldexp(1.0, -9) * std::sqrt(static_cast<double>(engine_->info().n_layers));
  EXPECT_LE(std::sqrt(error / norm), bound);
}

TEST_P(RecurrentGrid, EveryChunkingGivesTheSameNumbers) {
  const auto tokens = varied_tokens(90);
  TokenSequence whole(engine_);
  const auto expected = feed(whole, tokens);
  for (const Chunking& chunk :
       {Chunking(1), Chunking(7), Chunking(16), Chunking(20), Chunking(64), Chunking::automatic(),
        Chunking::incremental(), Chunking::layer_by_layer(), Chunking::minimal()}) {
    TokenSequence sequence(engine_);
    EXPECT_EQ(feed(sequence, tokens, chunk), expected) << chunking_name(chunk);
    EXPECT_EQ(sequence.save().value(), whole.save().value()) << chunking_name(chunk);
  }
}

TEST_P(RecurrentGrid, CallsOfAnySizeGiveTheSameNumbers) {
  const auto tokens = varied_tokens(75);
  TokenSequence whole(engine_);
  const auto expected = feed(whole, tokens);
  for (const std::vector<size_t>& sizes :
       {std::vector<size_t>{1}, {3}, {15}, {16}, {17}, {5, 40}, {31, 1, 2}, {48, 9}, {74, 1}}) {
    TokenSequence sequence(engine_);
    EXPECT_EQ(feed_in_calls(sequence, tokens, sizes), expected) << testing::PrintToString(sizes);
    EXPECT_EQ(sequence.save().value(), whole.save().value()) << testing::PrintToString(sizes);
  }
  // Layer by layer from between two grid positions.
  TokenSequence sequence(engine_);
  std::vector<float> found = feed(sequence, std::span(tokens).first(21));
  const auto rest = feed(sequence, std::span(tokens).subspan(21), Chunking::layer_by_layer());
  found.insert(found.end(), rest.begin(), rest.end());
  EXPECT_EQ(found, expected);
}

TEST_P(RecurrentGrid, SavedAndForkedAtEveryPositionItGoesOnAlike) {
  const auto tokens = varied_tokens(50);
  TokenSequence whole(engine_);
  const auto expected = feed(whole, tokens);
  const auto n_vocab = static_cast<size_t>(engine_->info().vocab_size);
  for (size_t n = 1; n < tokens.size(); ++n) {
    TokenSequence first(engine_);
    feed(first, std::span(tokens).first(n));
    TokenSequence fork = first.fork();
    TokenSequence restored(engine_);
    ASSERT_TRUE(restored.restore(first.save().value()));
    for (TokenSequence* sequence : {&first, &fork, &restored}) {
      const auto logits = feed(*sequence, std::span(tokens).subspan(n));
      EXPECT_TRUE(std::ranges::equal(logits, std::span(expected).subspan(n * n_vocab))) << n;
      EXPECT_EQ(sequence->save().value(), whole.save().value()) << n;
    }
  }
}

TEST_P(RecurrentGrid, PromptsGoOnAfterGeneratedTokens) {
  const auto tokens = varied_tokens(120);
  const auto all = std::span(tokens);
  const auto generate = [&](TokenSequence& sequence, size_t n_at_once) {
    for (size_t first = 21; first < 57; first += n_at_once) {
      feed(sequence, all.subspan(first, std::min(n_at_once, 57 - first)), Chunking::none(), /*generated=*/true);
    }
  };
  TokenSequence whole(engine_);
  feed(whole, all.first(21));
  generate(whole, 1);
  const auto expected = feed(whole, all.subspan(57));
  for (const size_t n_at_once : {2, 16, 36}) {
    TokenSequence sequence(engine_);
    feed(sequence, all.first(21));
    generate(sequence, n_at_once);
    EXPECT_EQ(feed_in_calls(sequence, all.subspan(57), {13, 1, 20}), expected) << n_at_once;
    EXPECT_EQ(sequence.save().value(), whole.save().value()) << n_at_once;
  }
}

TEST_P(RecurrentGrid, NoMoreMemoryIsTakenThanWasPlanned) {
  const auto tokens = varied_tokens(150);
  for (const Chunking& chunk : {Chunking(20), Chunking(48), Chunking::none(), Chunking::layer_by_layer()}) {
    TokenSequence sequence(open());  // what operations hold of earlier steps counts as theirs
    int64_t most_scratch = 0;
    for (const auto& [first, count] : {std::pair(0, 21), std::pair(21, 64), std::pair(85, 65)}) {
      feed(sequence, std::span(tokens).subspan(static_cast<size_t>(first), static_cast<size_t>(count)), chunk);
      const PrefillMemory& planned = sequence.last_prefill().plan.memory;
      const PrefillMemory& measured = sequence.last_prefill().measured;
      most_scratch = std::max(most_scratch, planned.kernel_scratch);
      const std::string where = chunking_name(chunk) + " from " + std::to_string(first);
      EXPECT_LE(measured.activations, planned.activations) << where;
      EXPECT_LE(measured.kernel_scratch, most_scratch) << where;
      EXPECT_LE(measured.kv, planned.kv) << where;
    }
  }
}

TEST_P(RecurrentGrid, ACancelledPromptGoesOnWhereItStopped) {
  const auto tokens = varied_tokens(90);
  TokenSequence whole(engine_);
  feed(whole, tokens);
  TokenSequence sequence(engine_);
  feed(sequence, std::span(tokens).first(5));
  FeedOptions options{.chunk = 20};
  options.on_progress = [&](int64_t n_done, int64_t) {
    if (n_done >= 40) options.cancel.cancel();
  };
  EXPECT_FALSE(sequence.feed(std::span(tokens).subspan(5), {}, options));
  ASSERT_EQ(sequence.length(), 45);
  feed(sequence, std::span(tokens).subspan(45));
  EXPECT_EQ(sequence.state().snapshot(), whole.state().snapshot());
}

TEST_P(RecurrentGrid, EmbeddingsAndTokensFollowOneAnother) {
  const auto tokens = varied_tokens(60);
  TokenSequence whole(engine_);
  const auto expected = feed(whole, tokens);
  const int64_t dim = engine_->info().dim;
  std::vector<float> values(tokens.size() * static_cast<size_t>(dim));
  const TensorView rows = TensorView::matrix(values.data(), static_cast<int64_t>(tokens.size()), dim);
  ASSERT_TRUE(engine_->embed(tokens, rows));
  for (const int64_t n_at_once : {1, 3, 16, 20}) {
    TokenSequence sequence(engine_);
    std::vector<float> found = feed(sequence, std::span(tokens).first(21));
    for (int64_t first = 21; first < 41; first += n_at_once) {
      const auto some =
          sequence.feed({}, rows.row_range(first, std::min<int64_t>(n_at_once, 41 - first)), {.logits = Rows::kAll});
      ASSERT_TRUE(some) << some.error().message;
      found.insert(found.end(), some->logits.begin(), some->logits.end());
    }
    TokenSequence fork = sequence.fork();
    TokenSequence restored(engine_);
    ASSERT_TRUE(restored.restore(sequence.save().value()));
    const auto last = feed(fork, std::span(tokens).subspan(41));
    // Of a saved sequence the embeddings are gone: rows up to the next grid position go row after row.
    EXPECT_LT(largest_difference(feed(restored, std::span(tokens).subspan(41)), last), 0.05);
    found.insert(found.end(), last.begin(), last.end());
    EXPECT_EQ(found, expected) << n_at_once;
  }
}

TEST_P(RecurrentGrid, StatesOfAProcessorWithoutAGridAreTaken) {
  const auto tokens = varied_tokens(60);
  TokenSequence whole(engine_);
  const auto expected = feed(whole, tokens);
  ModelOptions options;
  options.isa = "avx512_bf16";
  auto other = Engine::open(path(), options);
  ASSERT_TRUE(other);
  for (const auto& [from, to] : {std::pair(engine_, *other), std::pair(*other, engine_)}) {
    TokenSequence first(from);
    std::vector<float> found = feed(first, std::span(tokens).first(21));
    TokenSequence second(to);
    ASSERT_TRUE(second.restore(first.save().value()));
    const auto rest = feed(second, std::span(tokens).subspan(21));
    found.insert(found.end(), rest.begin(), rest.end());
    EXPECT_LT(largest_difference(found, expected), 0.05);
  }
}

TEST_P(RecurrentGrid, BatchesOfTextsAreCutOnTheGrid) {
  std::vector<std::vector<int32_t>> texts;
  for (const size_t n : {5, 40, 16, 33, 1, 70}) texts.push_back(varied_tokens(n));
  EmbedOptions options{.pooling = Pooling::kNone};
  std::vector<std::vector<float>> expected;
  for (const auto& text : texts) {
    const auto one = embed_batch(*engine_, std::span(&text, 1), options);
    ASSERT_TRUE(one);
    expected.push_back(one->front());
  }
  for (const int64_t batch_rows : {1, 7, 20, 33, 512}) {
    options.batch_rows = batch_rows;
    const auto found = embed_batch(*engine_, texts, options);
    ASSERT_TRUE(found) << found.error().message;
    EXPECT_EQ(*found, expected) << batch_rows;
  }
}

}  // namespace
}  // namespace ingot::core
