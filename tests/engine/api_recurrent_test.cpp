// The public interface as a program sees it: recurrent states.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sys/stat.h>

#include <filesystem>
#include <fstream>

#include "base/temporary_folder.h"
#include "engine/tiny_model.h"
#include "ingot/ingot.h"

namespace ingot {
namespace {

using ::testing::HasSubstr;

class Recurrent : public testing::TestWithParam<const char*> {
 protected:
  Model model_ = open_tiny(GetParam());
  std::vector<float> logits(Sequence& sequence, std::span<const Token> tokens, const Chunking& chunk = 512) {
    const auto result = sequence.feed(tokens, {.logits = Rows::kAll, .chunk = chunk});
    EXPECT_TRUE(result) << result.error().message;
    return result ? result->logits : std::vector<float>();
  }
};
INSTANTIATE_TEST_SUITE_P(Models, Recurrent, testing::Values("rwkv7.Q4_0.gguf", "arwkv7.F32.gguf"));

TEST_P(Recurrent, TellsItsSizeAndNeedsNothingForATokenMore) {
  EXPECT_EQ(model_.info().kv_bytes_per_token, 0);
  Sequence sequence = model_.new_sequence();
  EXPECT_TRUE(sequence.recurrent_state().empty());
  logits(sequence, many_tokens(5));
  EXPECT_EQ(sequence.recurrent_state().size_bytes(), static_cast<size_t>(model_.info().state_bytes));
}

TEST_P(Recurrent, EveryWayOfReadingGivesTheSameNumbers) {
  const auto tokens = many_tokens(150);
  Sequence whole = model_.new_sequence();
  const auto expected = logits(whole, tokens, Chunking::none());
  std::vector<Chunking> chunkings = {Chunking::automatic(), Chunking::incremental(), Chunking::layer_by_layer(),
                                     Chunking::minimal()};
  for (int64_t size = 1; size <= 64; ++size) chunkings.emplace_back(size);
  for (const Chunking& chunk : chunkings) {
    Sequence sequence = model_.new_sequence();
    EXPECT_EQ(logits(sequence, tokens, chunk), expected) << chunking_name(chunk);
    EXPECT_EQ(sequence.save().value(), whole.save().value()) << chunking_name(chunk);
  }
}

TEST_P(Recurrent, SavedAtEveryPositionItGoesOnAlike) {
  const auto tokens = many_tokens(70);
  Sequence whole = model_.new_sequence();
  const auto expected = logits(whole, tokens);
  const auto n_vocab = static_cast<size_t>(model_.info().vocab_size);
  for (size_t n = 1; n < tokens.size(); ++n) {
    Sequence first = model_.new_sequence();
    logits(first, std::span(tokens).first(n));
    Sequence second = model_.new_sequence();
    const auto restored = second.restore(first.save().value());
    ASSERT_TRUE(restored) << restored.error().message;
    const auto rest = logits(second, std::span(tokens).subspan(n));
    ASSERT_TRUE(std::equal(rest.begin(), rest.end(), expected.begin() + static_cast<ptrdiff_t>(n * n_vocab))) << n;
  }
}

TEST_P(Recurrent, CannotGoBackButToTheBeginning) {
  Sequence sequence = model_.new_sequence();
  const auto tokens = many_tokens(20);
  const auto first = logits(sequence, tokens);
  const auto refused = sequence.truncate(10);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kUnsupported);
  EXPECT_THAT(refused.error().message, HasSubstr("cannot truncate a sequence of 20 tokens to 10"));
  EXPECT_EQ(sequence.length(), 20);
  const auto overlap = sequence.feed(tokens, {.chunk = Chunking(8).with_overlap(2)});
  ASSERT_FALSE(overlap);
  EXPECT_THAT(overlap.error().message, HasSubstr("an overlap of 2 tokens"));
  EXPECT_TRUE(sequence.truncate(20));
  ASSERT_TRUE(sequence.truncate(0));
  EXPECT_EQ(logits(sequence, tokens), first) << "a second text starts clean";
}

TEST_P(Recurrent, CancelledItKeepsWholeChunks) {
  const auto tokens = many_tokens(64);
  Sequence whole = model_.new_sequence();
  const auto expected = logits(whole, tokens);
  Sequence sequence = model_.new_sequence();
  FeedOptions options{.logits = Rows::kNone, .chunk = 16};
  options.on_progress = [&](int64_t n_done, int64_t) {
    if (n_done == 32) options.cancel.cancel();
  };
  ASSERT_FALSE(sequence.feed(tokens, options));
  ASSERT_EQ(sequence.length(), 32);
  const auto rest = logits(sequence, std::span(tokens).subspan(32));
  EXPECT_TRUE(std::equal(rest.begin(), rest.end(), expected.end() - static_cast<ptrdiff_t>(rest.size())));
}

TEST_P(Recurrent, ComparesStates) {
  Sequence a = model_.new_sequence(), b = model_.new_sequence(), empty = model_.new_sequence();
  logits(a, many_tokens(60));
  Sequence twin = a.fork();
  logits(b, many_tokens(60, 5));
  const auto same = a.compare(twin);
  ASSERT_TRUE(same) << same.error().message;
  EXPECT_NEAR(same->similarity, 1.0, 1e-12);
  EXPECT_EQ(same->distance, 0.0);
  EXPECT_EQ(same->layers.size(), static_cast<size_t>(model_.info().n_layers));
  const auto other = a.compare(b);
  EXPECT_LT(other->similarity, 0.999);
  EXPECT_GT(other->distance, 0.0);
  EXPECT_EQ(other->similarity, b.compare(a)->similarity);
  EXPECT_EQ(a.compare(empty)->similarity, 0.0);
  EXPECT_EQ(empty.compare(model_.new_sequence())->similarity, 1.0);

  const Model attention = open_tiny("llama.F32.gguf");
  const auto refused = a.compare(attention.new_sequence());
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().message, HasSubstr("different models"));
  EXPECT_THAT(attention.new_sequence().compare(attention.new_sequence()).error().message,
              HasSubstr("no recurrent state"));
}

TEST_P(Recurrent, FilesAreWholePrivateAndRefusedWhenAltered) {
  const core::test::TemporaryFolder folder;
  const std::string path = folder.path("a.state");
  Sequence sequence = model_.new_sequence();
  logits(sequence, many_tokens(30));
  ASSERT_TRUE(sequence.save_file(path));
  struct stat found {};
  ASSERT_EQ(stat(path.c_str(), &found), 0);
  EXPECT_EQ(found.st_mode & 0777, 0600u);
  Sequence other = model_.new_sequence();
  ASSERT_TRUE(other.restore_file(path));
  EXPECT_EQ(other.save().value(), sequence.save().value());

  const auto n_bytes = std::filesystem::file_size(path);
  std::fstream(path, std::ios::in | std::ios::out | std::ios::binary).seekp(static_cast<std::streamoff>(n_bytes / 2))
      << '!';
  const auto altered = other.restore_file(path);
  ASSERT_FALSE(altered);
  EXPECT_THAT(altered.error().message, HasSubstr(path));
  EXPECT_THAT(altered.error().message, HasSubstr("altered"));
  std::filesystem::resize_file(path, n_bytes / 2);
  EXPECT_THAT(other.restore_file(path).error().message, HasSubstr("cut"));
  EXPECT_EQ(other.length(), 30) << "as it was";
  EXPECT_THAT(other.restore_file(folder.path("none")).error().message, HasSubstr("none"));
  EXPECT_FALSE(sequence.save_file(folder.path("no folder/a.state")));
  ASSERT_TRUE(sequence.save_file(path)) << "over the old one";
  ASSERT_TRUE(other.restore_file(path));
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder.path("")), {}), 1) << "nothing unfinished";

  const Model stranger = open_tiny("rwkv7-nodummy.F16.gguf");
  Sequence foreign = stranger.new_sequence();
  EXPECT_THAT(foreign.restore_file(path).error().message, HasSubstr("another model"));
}

}  // namespace
}  // namespace ingot
