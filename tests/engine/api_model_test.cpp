// The public interface as a program sees it: models and tokenizers.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <thread>

#include "ingot/ingot.h"

namespace ingot {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

const std::string kTiny = INGOT_GOLDEN_MODELS "/llama.F32.gguf";

TEST(Version, MatchesTheHeader) {
  EXPECT_TRUE(check_version());
  EXPECT_EQ(version().major, INGOT_VERSION_MAJOR);
  EXPECT_FALSE(is_compatible(INGOT_VERSION_MAJOR, INGOT_VERSION_MINOR + 1));
  EXPECT_FALSE(is_compatible(INGOT_VERSION_MAJOR + 1, 0));
  EXPECT_EQ(version_string(), std::to_string(INGOT_VERSION_MAJOR) + "." + std::to_string(INGOT_VERSION_MINOR) + "." +
                                  std::to_string(INGOT_VERSION_PATCH));
}

TEST(Model, TellsWhatItIs) {
  const auto model = Model::open(kTiny, {.threads = 2, .context = 100});
  ASSERT_TRUE(model) << model.error().message;
  const ModelInfo& info = model->info();
  EXPECT_EQ(info.architecture, "llama");
  EXPECT_EQ(info.train_context, 256);
  EXPECT_EQ(info.context, 100);
  EXPECT_EQ(info.n_layers, 2);
  EXPECT_EQ(info.threads, 2);
  EXPECT_EQ(info.vocab_size, 288);
  EXPECT_EQ(info.mode, Mode::kExact);
  EXPECT_FALSE(info.kernels.empty());
  // Two layers with two heads of keys and values of 24 and their type's two bytes.
  EXPECT_EQ(info.kv_bytes_per_token, 384);
  EXPECT_GT(info.load_ms, 0);
}

TEST(Model, SaysWhyItCannotBeOpened) {
  const auto missing = Model::open("/nonexistent/model.gguf");
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code, ErrorCode::kIo);
  EXPECT_THAT(missing.error().message, HasSubstr("/nonexistent/model.gguf"));
  EXPECT_FALSE(Model::open(kTiny, {.context = -1}));
  EXPECT_FALSE(Model::open(kTiny, {.threads = -3}));
  const auto isa = Model::open(kTiny, {.isa = "mmx"});
  ASSERT_FALSE(isa);
  EXPECT_THAT(isa.error().message, HasSubstr("mmx"));
  const auto fast = Model::open(kTiny, {.mode = Mode::kFast, .isa = "portable"});
  ASSERT_FALSE(fast);
  EXPECT_EQ(fast.error().code, ErrorCode::kUnsupported);
}

TEST(Model, RefusesAContextThatDoesNotFitTheMemory) {
  // 384 bytes a token: a billion of them are 412 GB, which no machine of the test farm has free.
  const auto model = Model::open(kTiny, {.context = int64_t{1} << 30, .kv_type = KvType::kF32});
  ASSERT_FALSE(model);
  EXPECT_EQ(model.error().code, ErrorCode::kOutOfMemory);
  EXPECT_THAT(model.error().message, HasSubstr("are free"));
}

TEST(Model, ReportsProgressAndLogs) {
  std::vector<double> fractions;
  ASSERT_TRUE(Model::open(kTiny, {.on_progress = [&](double fraction) { fractions.push_back(fraction); }}));
  ASSERT_FALSE(fractions.empty());
  EXPECT_DOUBLE_EQ(fractions.back(), 1.0);
  EXPECT_TRUE(std::is_sorted(fractions.begin(), fractions.end()));

  std::vector<std::string> lines;
  set_log_callback([&](LogLevel, std::string_view line) { lines.emplace_back(line); });
  ASSERT_TRUE(Model::open(kTiny, {.context = 1000}));
  set_log_callback({});
  EXPECT_THAT(lines, testing::Contains(HasSubstr("larger than the 256")));
}

TEST(Model, WhoseFileShrinksGivesAnError) {
#if defined(__SANITIZE_THREAD__)
  GTEST_SKIP() << "the thread sanitizer takes the page that replaces a lost one for a write by another thread";
#endif
  const std::filesystem::path path = std::filesystem::path(testing::TempDir()) / "shrinking_api_test.gguf";
  std::filesystem::copy_file(kTiny, path, std::filesystem::copy_options::overwrite_existing);
  const auto model = Model::open(path.string());
  ASSERT_TRUE(model) << model.error().message;
  std::filesystem::resize_file(path, 4096);
  const auto fed = model->new_sequence().feed(std::vector<Token>{1, 2, 3});
  ASSERT_FALSE(fed);
  EXPECT_EQ(fed.error().code, ErrorCode::kIo);
  EXPECT_THAT(fed.error().message, HasSubstr("shrinking_api_test.gguf"));
  std::filesystem::remove(path);
}

TEST(Tokenizer, GoesThereAndBack) {
  const auto tokenizer = Tokenizer::open(kTiny);
  ASSERT_TRUE(tokenizer) << tokenizer.error().message;
  const auto tokens = tokenizer->tokenize("hello world");
  ASSERT_TRUE(tokens);
  EXPECT_EQ(tokens->front(), tokenizer->bos());
  EXPECT_EQ(tokenizer->detokenize(*tokens).value(), "hello world");
  const auto without = tokenizer->tokenize("hello world", {.add_special = false});
  EXPECT_EQ(without->size() + 1, tokens->size());
  EXPECT_TRUE(tokenizer->is_control(tokenizer->bos()));
  EXPECT_TRUE(tokenizer->is_end(tokenizer->eos()));
}

TEST(Tokenizer, RefusesTokensOutsideTheVocabulary) {
  const auto tokenizer = Tokenizer::open(kTiny);
  ASSERT_TRUE(tokenizer);
  for (const Token token : {-1, 288, std::numeric_limits<Token>::max()}) {
    EXPECT_FALSE(tokenizer->piece(token));
    EXPECT_FALSE(tokenizer->detokenize(std::vector<Token>{token}));
    EXPECT_FALSE(tokenizer->is_end(token));
    EXPECT_FALSE(tokenizer->is_control(token));
  }
}

TEST(Embeddings, AreWhatTheFirstLayerSees) {
  const auto model = Model::open(kTiny);
  ASSERT_TRUE(model);
  const auto dim = static_cast<size_t>(model->info().dim);
  const std::vector<Token> tokens = {5, 100, 5};
  const auto embeddings = model->token_embeddings(tokens);
  ASSERT_TRUE(embeddings);
  ASSERT_EQ(embeddings->size(), 3 * dim);
  EXPECT_TRUE(std::equal(embeddings->begin(), embeddings->begin() + static_cast<std::ptrdiff_t>(dim),
                         embeddings->begin() + static_cast<std::ptrdiff_t>(2 * dim)));
  EXPECT_FALSE(model->token_embeddings(std::vector<Token>{288}));

  // Fed instead of the tokens they give the same logits, bit for bit.
  Sequence by_token = model->new_sequence();
  Sequence by_embedding = model->new_sequence();
  EXPECT_EQ(by_token.feed(tokens)->logits, by_embedding.feed_embeddings(*embeddings)->logits);
  EXPECT_THAT(by_embedding.tokens(), ElementsAre(-1, -1, -1));
  EXPECT_FALSE(by_embedding.feed_embeddings(std::vector<float>(dim + 1)));
}

TEST(Inspect, DescribesAModel) {
  const auto info = inspect(kTiny);
  ASSERT_TRUE(info) << info.error().message;
  EXPECT_TRUE(info->runnable) << info->reason;
  EXPECT_EQ(info->architecture, "llama");
  EXPECT_EQ(info->n_heads, 4);
  EXPECT_EQ(info->tensors.size(), 21u);
  EXPECT_EQ(info->plan.size(), 1u);
  EXPECT_EQ(info->kv_bytes_per_token, 384);
}

TEST(Threads, ShareAModel) {
  const auto model = Model::open(kTiny, {.threads = 2});
  ASSERT_TRUE(model);
  const std::vector<Token> prompt = {1, 30, 60, 90};
  const auto generate = [&] {
    GenerateOptions options;
    options.max_tokens = 20;
    options.sampling.temperature = 0;
    options.ignore_end = true;
    return model->new_sequence().generate(prompt, options)->tokens;
  };
  const std::vector<Token> expected = generate();
  std::vector<std::vector<Token>> results(4);
  std::vector<std::thread> threads;
  threads.reserve(results.size());
  for (auto& result : results) threads.emplace_back([&] { result = generate(); });
  for (std::thread& thread : threads) thread.join();
  for (const auto& result : results) EXPECT_EQ(result, expected);
}

}  // namespace
}  // namespace ingot
