// Real models against greedy continuations that transformers computed from the same weights in F32.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "model/golden_models.h"

namespace ingot::core {
namespace {

std::filesystem::path fetched_models() {
  if (const char* cache = std::getenv("XDG_CACHE_HOME"); cache != nullptr && *cache != '\0') {
    return std::filesystem::path(cache) / "ingot" / "models";
  }
  const char* home = std::getenv("HOME");
  return std::filesystem::path(home == nullptr ? "/" : home) / ".cache" / "ingot" / "models";
}

class RealModelTest : public ::testing::TestWithParam<const char*> {};

INSTANTIATE_TEST_SUITE_P(Fetched, RealModelTest, ::testing::Values("smollm2-135m-instruct", "gemma-3-270m"),
                         [](const auto& test) { return test.index == 0 ? "SmolLM2" : "Gemma3"; });

// Every token of a continuation must be the likeliest after those before it, but where the two best nearly tie: keys
// and values in F16 move a logit by some hundredths.
TEST_P(RealModelTest, ContinuesAsInF32) {
  constexpr double kNearTie = 0.03;
  std::ifstream stream(golden_path("../real/") + GetParam() + ".json");
  const auto golden = nlohmann::json::parse(stream);
  const auto path = fetched_models() / golden.at("model").get<std::string>();
  if (!std::filesystem::exists(path)) GTEST_SKIP() << path << " was not fetched";

  const auto file = GgufFile::open(path.string());
  ASSERT_TRUE(file) << file.error().message;
  const auto ops = make_ops(0);
  const auto model = Model::load(*file, *ops, {});
  ASSERT_TRUE(model) << model.error().message;
  const auto n_vocab = static_cast<size_t>((*model)->spec().n_vocab);
  for (const auto& prompt : golden.at("prompts")) {
    auto tokens = prompt.at("ids").get<std::vector<int32_t>>();
    const auto continuation = prompt.at("continuation").get<std::vector<int32_t>>();
    const auto margins = prompt.at("margins").get<std::vector<double>>();
    const size_t first = tokens.size() - 1;
    tokens.insert(tokens.end(), continuation.begin(), continuation.end());
    SequenceState state((*model)->state_shape());
    const auto logits = run_tokens(**model, *ops, state, tokens, 512);
    for (size_t n = 0; n < continuation.size(); ++n) {
      const auto row = std::span(logits).subspan((first + n) * n_vocab, n_vocab);
      const auto best = static_cast<int32_t>(std::ranges::max_element(row) - row.begin());
      if (margins[n] < kNearTie) continue;
      EXPECT_EQ(best, continuation[n]) << "token " << n << " after: " << prompt.at("text");
    }
  }
}

}  // namespace
}  // namespace ingot::core
