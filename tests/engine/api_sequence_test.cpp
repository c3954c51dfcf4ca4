// The public interface as a program sees it: sequences.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <numeric>

#include "engine/tiny_model.h"
#include "ingot/ingot.h"

namespace ingot {
namespace {

using ::testing::HasSubstr;

std::vector<float> row(const std::vector<float>& rows, size_t index, size_t width) {
  const auto start = rows.begin() + static_cast<std::ptrdiff_t>(index * width);
  return {start, start + static_cast<std::ptrdiff_t>(width)};
}

TEST(Feed, GivesTheRowsAskedFor) {
  const Model model = open_tiny();
  const auto vocab = static_cast<size_t>(model.info().vocab_size);
  const auto dim = static_cast<size_t>(model.info().dim);
  const std::vector<Token> tokens = many_tokens(20);
  const auto all = model.new_sequence().feed(tokens, {.logits = Rows::kAll, .hidden = Rows::kAll});
  ASSERT_TRUE(all) << all.error().message;
  ASSERT_EQ(all->logits.size(), 20 * vocab);
  ASSERT_EQ(all->hidden.size(), 20 * dim);

  // Every combination gives the same numbers, in any chunks.
  for (const Rows logits : {Rows::kNone, Rows::kLast, Rows::kAll}) {
    for (const Rows hidden : {Rows::kNone, Rows::kLast, Rows::kAll}) {
      for (const int chunk : {1, 7, 512}) {
        const auto some = model.new_sequence().feed(tokens, {.logits = logits, .hidden = hidden, .chunk = chunk});
        ASSERT_TRUE(some) << some.error().message;
        const auto expected = [](Rows rows, const std::vector<float>& full, size_t width) {
          if (rows == Rows::kNone) return std::vector<float>();
          return rows == Rows::kAll ? full : row(full, 19, width);
        };
        EXPECT_EQ(some->logits, expected(logits, all->logits, vocab));
        EXPECT_EQ(some->hidden, expected(hidden, all->hidden, dim));
      }
    }
  }
}

TEST(Feed, ContinuesWhereItStopped) {
  const Model model = open_tiny();
  const std::vector<Token> tokens = many_tokens(100);
  const auto whole = model.new_sequence().feed(tokens);
  Sequence sequence = model.new_sequence();
  ASSERT_TRUE(sequence.feed(std::span(tokens).first(70), {.logits = Rows::kNone}));
  EXPECT_EQ(sequence.length(), 70);
  EXPECT_EQ(sequence.feed(std::span(tokens).subspan(70))->logits, whole->logits);
  EXPECT_EQ(std::vector<Token>(sequence.tokens().begin(), sequence.tokens().end()), tokens);
}

TEST(Feed, ReportsProgress) {
  const Model model = open_tiny();
  std::vector<int64_t> done;
  ASSERT_TRUE(
      model.new_sequence().feed(many_tokens(20), {.chunk = 8, .on_progress = [&](int64_t n_done, int64_t n_total) {
                                                    EXPECT_EQ(n_total, 20);
                                                    done.push_back(n_done);
                                                  }}));
  EXPECT_THAT(done, testing::ElementsAre(8, 16, 20));
}

TEST(Feed, RefusesWhatIsWrongAndChangesNothing) {
  const Model model = open_tiny("llama.F32.gguf", {.context = 64});
  Sequence sequence = model.new_sequence();
  ASSERT_TRUE(sequence.feed(many_tokens(10)));
  EXPECT_FALSE(sequence.feed({}));
  EXPECT_FALSE(sequence.feed(std::vector<Token>{288}));
  EXPECT_FALSE(sequence.feed(std::vector<Token>{-1}));
  EXPECT_FALSE(sequence.feed(std::vector<Token>{1}, {.chunk = 0}));
  const auto too_long = sequence.feed(many_tokens(55));
  ASSERT_FALSE(too_long);
  EXPECT_THAT(too_long.error().message, HasSubstr("make 65, but the context holds 64"));
  EXPECT_EQ(sequence.length(), 10);
  EXPECT_TRUE(sequence.feed(many_tokens(54)));
}

TEST(Feed, StopsBetweenChunksWhenCancelled) {
  const Model model = open_tiny();
  Sequence sequence = model.new_sequence();
  FeedOptions options;
  options.chunk = 8;
  options.on_progress = [cancel = options.cancel](int64_t n_done, int64_t) {
    if (n_done == 16) cancel.cancel();
  };
  const auto fed = sequence.feed(many_tokens(40), options);
  ASSERT_FALSE(fed);
  EXPECT_EQ(fed.error().code, ErrorCode::kCancelled);
  EXPECT_EQ(sequence.length(), 16);
}

TEST(Truncate, ForgetsTheRest) {
  const Model model = open_tiny();
  const std::vector<Token> tokens = many_tokens(90);
  Sequence sequence = model.new_sequence();
  const auto expected = sequence.feed(tokens);
  ASSERT_TRUE(sequence.truncate(65));
  EXPECT_EQ(sequence.length(), 65);
  EXPECT_EQ(sequence.feed(std::span(tokens).subspan(65))->logits, expected->logits);
  EXPECT_FALSE(sequence.truncate(91));
  EXPECT_FALSE(sequence.truncate(-1));
  ASSERT_TRUE(sequence.truncate(0));
  EXPECT_EQ(sequence.feed(tokens)->logits, expected->logits);
}

TEST(Fork, GoesItsOwnWay) {
  const Model model = open_tiny();
  const std::vector<Token> tokens = many_tokens(80);
  Sequence sequence = model.new_sequence();
  ASSERT_TRUE(sequence.feed(std::span(tokens).first(70)));
  Sequence fork = sequence.fork();
  ASSERT_TRUE(fork.feed(std::vector<Token>{3, 1, 4, 1, 5}));
  EXPECT_EQ(sequence.length(), 70);
  EXPECT_EQ(sequence.feed(std::span(tokens).subspan(70))->logits, model.new_sequence().feed(tokens)->logits);
}

TEST(Save, RestoresBitForBit) {
  const Model model = open_tiny();
  const std::vector<Token> tokens = many_tokens(80);
  Sequence sequence = model.new_sequence();
  ASSERT_TRUE(sequence.feed(std::span(tokens).first(70)));
  const auto bytes = sequence.save();
  ASSERT_TRUE(bytes) << bytes.error().message;
  Sequence restored = model.new_sequence();
  const Status status = restored.restore(*bytes);
  ASSERT_TRUE(status) << status.error().message;
  EXPECT_EQ(restored.length(), 70);
  EXPECT_EQ(restored.feed(std::span(tokens).subspan(70))->logits, sequence.feed(std::span(tokens).subspan(70))->logits);
}

TEST(Save, IsRefusedByAnotherModelAndWhenAltered) {
  const Model model = open_tiny();
  Sequence sequence = model.new_sequence();
  ASSERT_TRUE(sequence.feed(many_tokens(70)));
  std::vector<std::byte> bytes = *sequence.save();
  EXPECT_FALSE(open_tiny("llama.Q8_0.gguf").new_sequence().restore(bytes));
  EXPECT_FALSE(open_tiny("llama.F32.gguf", {.kv_type = KvType::kF32}).new_sequence().restore(bytes));
  Sequence small = open_tiny("llama.F32.gguf", {.context = 69}).new_sequence();
  EXPECT_FALSE(small.restore(bytes));
  bytes[bytes.size() / 2] ^= std::byte{1};
  Sequence other = model.new_sequence();
  ASSERT_TRUE(other.feed(many_tokens(5)));
  EXPECT_FALSE(other.restore(bytes));
  EXPECT_EQ(other.length(), 5);
}

}  // namespace
}  // namespace ingot
