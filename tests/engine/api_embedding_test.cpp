// The public interface as a program sees it: embeddings.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <optional>

#include "engine/tiny_model.h"
#include "ingot/ingot.h"

namespace ingot {
namespace {

using ::testing::HasSubstr;

class Embed : public testing::TestWithParam<const char*> {};
INSTANTIATE_TEST_SUITE_P(Models, Embed,
                         testing::Values("rwkv7.Q8_0.gguf", "arwkv7-plain.F16.gguf", "llama.F16.gguf",
                                         "gemma3.Q4_0.gguf", "qwen3moe.F32.gguf"));

TEST_P(Embed, ABatchHasTheNumbersOfItsParts) {
  const Model model = open_tiny(GetParam());
  const auto dim = static_cast<size_t>(model.info().dim);
  std::vector<std::vector<Token>> sequences;
  for (const size_t length : {3, 100, 1, 17, 64, 5})
    sequences.push_back(many_tokens(length, static_cast<Token>(length)));
  for (const Pooling pooling : {Pooling::kLast, Pooling::kMean, Pooling::kFirst, Pooling::kNone}) {
    std::vector<std::vector<float>> expected;
    for (const auto& tokens : sequences) {
      Sequence sequence = model.new_sequence();
      const auto hidden = sequence.feed(tokens, {.logits = Rows::kNone, .hidden = Rows::kAll})->hidden;
      const auto row = [&](size_t idx) {
        return std::vector<float>(hidden.begin() + static_cast<ptrdiff_t>(idx * dim),
                                  hidden.begin() + static_cast<ptrdiff_t>((idx + 1) * dim));
      };
      std::vector<float> mean(dim);
      for (size_t col = 0; col < dim; ++col) {
        double sum = 0;
        for (size_t idx = 0; idx < tokens.size(); ++idx) sum += hidden[idx * dim + col];
        mean[col] = static_cast<float>(sum / static_cast<double>(tokens.size()));
      }
      expected.push_back(pooling == Pooling::kLast    ? row(tokens.size() - 1)
                         : pooling == Pooling::kFirst ? row(0)
                         : pooling == Pooling::kMean  ? mean
                                                      : hidden);
      EXPECT_EQ(model.embed(tokens, {.pooling = pooling}).value(), expected.back());
    }
    for (const int64_t batch_rows : {1, 10, 64, 512}) {
      const auto found = model.embed_batch(sequences, {.pooling = pooling, .batch_rows = batch_rows});
      ASSERT_TRUE(found) << found.error().message;
      EXPECT_EQ(*found, expected) << pooling_name(pooling) << " " << batch_rows;
    }
  }
}

class EmbedEncoder : public testing::TestWithParam<const char*> {};
INSTANTIATE_TEST_SUITE_P(Models, EmbedEncoder, testing::Values("bert.Q8_0.gguf", "nomic-bert.F32.gguf"));

TEST_P(EmbedEncoder, ABatchHasTheNumbersOfItsParts) {
  const Model model = open_tiny(GetParam());
  EXPECT_FALSE(model.info().causal);
  EXPECT_EQ(model.info().pooling, std::string(GetParam()).starts_with("bert") ? Pooling::kMean : Pooling::kFirst);
  std::vector<std::vector<Token>> sequences;
  for (const size_t length : {3, 90, 1, 17, 64, 5})
    sequences.push_back(many_tokens(length, static_cast<Token>(length)));
  for (const std::optional<Pooling> pooling : {std::optional<Pooling>(), {Pooling::kLast}, {Pooling::kNone}}) {
    std::vector<std::vector<float>> expected;
    for (const auto& tokens : sequences) expected.push_back(model.embed(tokens, {.pooling = pooling}).value());
    for (const int64_t batch_rows : {1, 10, 64, 512}) {
      const auto found = model.embed_batch(sequences, {.pooling = pooling, .batch_rows = batch_rows});
      ASSERT_TRUE(found) << found.error().message;
      EXPECT_EQ(*found, expected) << batch_rows;
    }
  }
  const auto refused = model.new_sequence().feed(sequences[0]);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kUnsupported);
  EXPECT_THAT(refused.error().message, HasSubstr("encoders"));
  EXPECT_THAT(model.embed(many_tokens(97)).error().message, HasSubstr("97 tokens, but the context holds 96"));
}

TEST_P(Embed, Normalizes) {
  const Model model = open_tiny(GetParam());
  const auto plain = model.embed(many_tokens(9), {.pooling = Pooling::kMean}).value();
  const auto unit = model.embed(many_tokens(9), {.pooling = Pooling::kMean, .normalize = true}).value();
  double squares = 0, plain_squares = 0;
  for (const float value : unit) squares += static_cast<double>(value) * value;
  for (const float value : plain) plain_squares += static_cast<double>(value) * value;
  EXPECT_NEAR(squares, 1.0, 1e-6);
  EXPECT_NEAR(unit[3], plain[3] / std::sqrt(plain_squares), 1e-6);
}

TEST_P(Embed, RefusesWhatItCannotRead) {
  const Model model = open_tiny(GetParam(), {.context = 64});
  const auto message = [&](const std::vector<std::vector<Token>>& sequences, const EmbedOptions& options = {}) {
    const auto result = model.embed_batch(sequences, options);
    return result ? std::string("no error") : result.error().message;
  };
  EXPECT_THAT(message({{1}, {}}), HasSubstr("sequence 1 has no tokens"));
  EXPECT_THAT(message({{1}, {2}, {3, 100000}}), HasSubstr("token 100000 is outside the vocabulary"));
  EXPECT_THAT(message({many_tokens(65)}), HasSubstr("sequence 0 has 65 tokens, but the context holds 64"));
  EXPECT_THAT(message({{1}}, {.batch_rows = 0}), HasSubstr("expected at least 1"));
  EXPECT_EQ(model.embed_batch({}).value().size(), 0u);
  EmbedOptions cancelled;
  cancelled.cancel.cancel();
  const auto result = model.embed(many_tokens(5), cancelled);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, ErrorCode::kCancelled);
}

}  // namespace
}  // namespace ingot
