// Real models against what their weights say in F32 in another engine (tests/golden/real): greedy continuations,
// wherever the two best logits do not nearly tie, and perplexity.
#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>

#include "ingot/ingot.h"

namespace ingot {
namespace {

using Json = nlohmann::json;

// The margin below which rounding may decide; logits of these models have a deviation of some 3 to 5.
double near_tie(const std::string& kernels) {
  // bfloat16 rounds each factor of a prompt's products by up to 2^-9, which moves logits by some hundredths.
  return kernels == "avx512_bf16" || kernels == "amx_bf16" ? 0.1 : 0.02;
}

struct RealModel {
  const char* golden;
  double perplexity_tolerance;  // relative: what F16 keys and values and another order of sums may change
};

void PrintTo(const RealModel& model, std::ostream* out) {
  *out << model.golden;
}

// Where scripts/fetch_model.py puts models.
std::string cached_model(const std::string& name) {
  const char* cache = std::getenv("XDG_CACHE_HOME");
  const char* home = std::getenv("HOME");
  const std::filesystem::path folder = cache != nullptr && *cache != '\0'
                                           ? std::filesystem::path(cache)
                                           : std::filesystem::path(home ? home : "") / ".cache";
  return (folder / "ingot" / "models" / name).string();
}

class RealModels : public testing::TestWithParam<RealModel> {
 protected:
  void SetUp() override {
    std::ifstream file(std::string(INGOT_GOLDEN_REAL "/") + GetParam().golden);
    golden_ = Json::parse(file);
    path_ = cached_model(golden_["model"].get<std::string>());
    if (!std::filesystem::exists(path_)) GTEST_SKIP() << path_ << " is absent: scripts/fetch_model.py fetches it";
  }

  Model open(int64_t context) {
    auto model = Model::open(path_, {.context = context});
    EXPECT_TRUE(model) << model.error().message;
    return *model;
  }

  Json golden_;
  std::string path_;
};

TEST_P(RealModels, ContinueAsInF32) {
  const Model model = open(512);
  for (const Json& prompt : golden_["prompts"]) {
    const auto text = prompt["text"].get<std::string>();
    const auto ids = model.tokenizer().tokenize(text, {.parse_special = prompt["parse_special"].get<bool>()});
    ASSERT_TRUE(ids) << ids.error().message;
    EXPECT_EQ(*ids, prompt["ids"].get<std::vector<Token>>()) << text;

    const auto expected = prompt["continuation"].get<std::vector<Token>>();
    const auto margins = prompt["margins"].get<std::vector<double>>();
    GenerateOptions options;
    options.max_tokens = static_cast<int64_t>(expected.size());
    options.sampling.temperature = 0;
    options.ignore_end = true;
    const auto result = model.new_sequence().generate(*ids, options);
    ASSERT_TRUE(result) << result.error().message;
    for (size_t step = 0; step < expected.size(); ++step) {
      if (result->tokens[step] == expected[step]) continue;
      // From here on the texts differ; that is in order only where the choice was a toss-up.
      EXPECT_LT(margins[step], near_tie(model.info().kernels)) << text << ", step " << step;
      break;
    }
  }
}

TEST_P(RealModels, PredictATextAsInF32) {
  const Json& expected = golden_["perplexity"];
  std::ifstream file(expected["text"].get<std::string>());
  if (!file) GTEST_SKIP() << expected["text"] << " is absent";
  const std::string text{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  const auto window = expected["context"].get<int64_t>();
  PerplexityOptions options;
  options.window = window;
  const auto result = open(window).perplexity(text, options);
  ASSERT_TRUE(result) << result.error().message;
  EXPECT_EQ(result->n_tokens, expected["tokens"].get<int64_t>());
  EXPECT_EQ(result->n_windows, expected["windows"].get<int64_t>());
  const auto perplexity = expected["perplexity"].get<double>();
  EXPECT_NEAR(result->perplexity, perplexity, GetParam().perplexity_tolerance * perplexity);
  EXPECT_NEAR(result->standard_error, expected["standard_error"].get<double>(), 0.01);
  RecordProperty("perplexity", std::to_string(result->perplexity));
}

INSTANTIATE_TEST_SUITE_P(, RealModels,
                         testing::Values(RealModel{"smollm2-135m-instruct.json", 0.002},
                                         RealModel{"gemma-3-270m.json", 0.003}),
                         [](const auto& param) { return std::string(param.index == 0 ? "SmolLM2" : "Gemma3"); });

// Sentences of 3 to 253 tokens, embedded together, against transformers in F32.
TEST(RealEncoder, EmbedsAsItsOwnLibraries) {
  std::ifstream file(std::string(INGOT_GOLDEN_REAL "/") + "all-minilm-l6-v2.json");
  const Json golden = Json::parse(file);
  const std::string path = cached_model("all-MiniLM-L6-v2.F32.gguf");
  if (!std::filesystem::exists(path)) {
    GTEST_SKIP() << path << " is absent: tools/bert_to_gguf.py makes it of " << golden["package"];
  }
  const auto model = Model::open(path);
  ASSERT_TRUE(model) << model.error().message;
  std::vector<std::vector<Token>> sequences;
  for (const Json& sentence : golden["sentences"]) {
    const auto tokens = model->tokenizer().tokenize(sentence["text"].get<std::string>());
    EXPECT_EQ(tokens.value(), sentence["ids"].get<std::vector<Token>>()) << sentence["text"];
    sequences.push_back(tokens.value());
  }
  const auto embeddings = model->embed_batch(sequences, {.normalize = true});
  ASSERT_TRUE(embeddings) << embeddings.error().message;
  for (size_t n = 0; n < sequences.size(); ++n) {
    const auto expected = golden["sentences"][n]["embedding"].get<std::vector<double>>();
    double cosine = 0;
    for (size_t col = 0; col < expected.size(); ++col) cosine += (*embeddings)[n][col] * expected[col];
    EXPECT_GE(cosine, 0.9999) << golden["sentences"][n]["text"];
    EXPECT_EQ((*embeddings)[n], model->embed(sequences[n], {.normalize = true}).value()) << "alone";
  }
}

}  // namespace
}  // namespace ingot
