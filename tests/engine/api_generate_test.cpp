// The public interface as a program sees it: generation.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <thread>

#include "ingot/ingot.h"

namespace ingot {
namespace {

using ::testing::HasSubstr;

Model open_tiny(const ModelOptions& options = {}) {
  auto model = Model::open(INGOT_GOLDEN_MODELS "/llama.F32.gguf", options);
  EXPECT_TRUE(model) << model.error().message;
  return *model;
}

GenerateOptions greedy(int64_t max_tokens) {
  GenerateOptions options;
  options.max_tokens = max_tokens;
  options.sampling.temperature = 0;
  options.ignore_end = true;
  return options;
}

const std::vector<Token> kPrompt = {1, 30, 60, 90};

TEST(Generate, TakesTheBestTokenOfEachStep) {
  const Model model = open_tiny();
  const auto result = model.new_sequence().generate(kPrompt, greedy(12));
  ASSERT_TRUE(result) << result.error().message;
  EXPECT_EQ(result->finish, Finish::kLength);
  EXPECT_EQ(result->n_prompt_tokens, 4);
  ASSERT_EQ(result->tokens.size(), 12u);

  Sequence sequence = model.new_sequence();
  std::vector<float> logits = sequence.feed(kPrompt)->logits;
  for (const Token token : result->tokens) {
    EXPECT_EQ(token, std::max_element(logits.begin(), logits.end()) - logits.begin());
    logits = sequence.feed(std::vector<Token>{token}, {.generated = true})->logits;
  }
}

TEST(Generate, StreamsExactlyTheText) {
  const Model model = open_tiny();
  std::string streamed;
  GenerateOptions options = greedy(40);
  options.on_text = [&](std::string_view text) {
    streamed += text;
    return true;
  };
  const auto result = model.new_sequence().generate(kPrompt, options);
  ASSERT_TRUE(result);
  EXPECT_EQ(streamed, result->text);
  EXPECT_FALSE(streamed.empty());
}

TEST(Generate, EndsBeforeAStopText) {
  const Model model = open_tiny();
  const std::string whole = model.new_sequence().generate(kPrompt, greedy(40))->text;
  // A stop text from the middle of what comes anyway, over a border of tokens.
  const std::string stop = whole.substr(whole.size() / 2, 4);
  GenerateOptions options = greedy(40);
  options.stop = {"never in the text", stop};
  std::string streamed;
  options.on_text = [&](std::string_view text) {
    streamed += text;
    return true;
  };
  const auto result = model.new_sequence().generate(kPrompt, options);
  ASSERT_TRUE(result);
  EXPECT_EQ(result->finish, Finish::kStop);
  EXPECT_EQ(result->text, whole.substr(0, whole.find(stop)));
  EXPECT_EQ(streamed, result->text);
}

TEST(Generate, EndsAtAnEndToken) {
  const Model model = open_tiny();
  GenerateOptions options = greedy(40);
  options.ignore_end = false;
  // Bias leaves nothing but the end token.
  options.sampling.logit_bias = {{model.tokenizer().eos(), 1e6f}};
  const auto result = model.new_sequence().generate(kPrompt, options);
  ASSERT_TRUE(result);
  EXPECT_EQ(result->finish, Finish::kStop);
  EXPECT_TRUE(result->tokens.empty());
  EXPECT_TRUE(result->text.empty());
}

TEST(Generate, EndsWithTheContext) {
  const Model model = open_tiny({.context = 10});
  const auto result = model.new_sequence().generate(kPrompt, greedy(-1));
  ASSERT_TRUE(result) << result.error().message;
  EXPECT_EQ(result->finish, Finish::kContext);
  EXPECT_EQ(result->tokens.size(), 6u);
}

TEST(Generate, RefusesAPromptThatDoesNotFit) {
  const Model model = open_tiny({.context = 10});
  Sequence sequence = model.new_sequence();
  const auto result = sequence.generate(std::vector<Token>(11, 5), greedy(1));
  ASSERT_FALSE(result);
  EXPECT_THAT(result.error().message, HasSubstr("the prompt has 11 tokens, but the context holds 10"));
  EXPECT_EQ(sequence.length(), 0);
}

TEST(Generate, RefusesAnEmptyStart) {
  Sequence sequence = open_tiny().new_sequence();
  EXPECT_FALSE(sequence.generate({}, greedy(1)));
}

TEST(Generate, ContinuesAfterItself) {
  const Model model = open_tiny();
  const std::vector<Token> whole = model.new_sequence().generate(kPrompt, greedy(30))->tokens;
  Sequence sequence = model.new_sequence();
  std::vector<Token> tokens = sequence.generate(kPrompt, greedy(13))->tokens;
  EXPECT_EQ(sequence.length(), 17);
  const std::vector<Token> rest = sequence.generate({}, greedy(17))->tokens;
  tokens.insert(tokens.end(), rest.begin(), rest.end());
  EXPECT_EQ(tokens, whole);
}

TEST(Generate, ContinuesAfterForkAndRestore) {
  const Model model = open_tiny();
  Sequence sequence = model.new_sequence();
  ASSERT_TRUE(sequence.generate(kPrompt, greedy(5)));
  const auto bytes = sequence.save();
  ASSERT_TRUE(bytes);
  Sequence fork = sequence.fork();
  Sequence restored = model.new_sequence();
  ASSERT_TRUE(restored.restore(*bytes));
  const std::vector<Token> expected = sequence.generate({}, greedy(10))->tokens;
  EXPECT_EQ(fork.generate({}, greedy(10))->tokens, expected);
  EXPECT_EQ(restored.generate({}, greedy(10))->tokens, expected);
}

TEST(Generate, IsTheSameForTheSameSeed) {
  const Model model = open_tiny();
  GenerateOptions options;
  options.max_tokens = 30;
  options.ignore_end = true;
  const auto unseeded = model.new_sequence().generate(kPrompt, options);
  ASSERT_TRUE(unseeded);
  options.sampling.seed = unseeded->seed;
  EXPECT_EQ(model.new_sequence().generate(kPrompt, options)->tokens, unseeded->tokens);
  options.sampling.seed = unseeded->seed + 1;
  EXPECT_NE(model.new_sequence().generate(kPrompt, options)->tokens, unseeded->tokens);
}

TEST(Generate, StopsWhenTheCallbackSaysSo) {
  const Model model = open_tiny();
  GenerateOptions options = greedy(-1);
  int n_calls = 0;
  options.on_text = [&](std::string_view) { return ++n_calls < 3; };
  const auto result = model.new_sequence().generate(kPrompt, options);
  ASSERT_TRUE(result);
  EXPECT_EQ(result->finish, Finish::kInterrupted);
  EXPECT_EQ(n_calls, 3);
}

TEST(Generate, IsCancelledFromAnotherThread) {
  const Model model = open_tiny({.context = 1000000});
  const GenerateOptions options = greedy(-1);
  std::thread canceller([cancel = options.cancel] {
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    cancel.cancel();
  });
  const auto result = model.new_sequence().generate(kPrompt, options);
  canceller.join();
  ASSERT_TRUE(result) << result.error().message;
  EXPECT_EQ(result->finish, Finish::kInterrupted);
}

TEST(Generate, CancelledBeforeItBeginsIsAResult) {
  const Model model = open_tiny();
  Sequence sequence = model.new_sequence();
  ASSERT_TRUE(sequence.generate(kPrompt, greedy(3)));
  const GenerateOptions options = greedy(3);
  options.cancel.cancel();
  for (const std::span<const Token> prompt : {std::span<const Token>(kPrompt), std::span<const Token>()}) {
    const auto result = sequence.generate(prompt, options);
    ASSERT_TRUE(result) << result.error().message;
    EXPECT_EQ(result->finish, Finish::kInterrupted);
    EXPECT_TRUE(result->tokens.empty());
  }
}

TEST(Generate, NamesAnOptionOutOfItsRange) {
  Sequence sequence = open_tiny().new_sequence();
  GenerateOptions options = greedy(1);
  options.sampling.top_p = 2.0f;
  const auto top_p = sequence.generate(kPrompt, options);
  ASSERT_FALSE(top_p);
  EXPECT_THAT(top_p.error().message, HasSubstr("top-p is 2"));
  options = greedy(1);
  options.stop = {""};
  EXPECT_FALSE(sequence.generate(kPrompt, options));
  EXPECT_FALSE(sequence.generate(kPrompt, greedy(-2)));
  EXPECT_EQ(sequence.length(), 0);
}

TEST(Generate, NothingIsAlsoALength) {
  const auto result = open_tiny().new_sequence().generate(kPrompt, greedy(0));
  ASSERT_TRUE(result);
  EXPECT_EQ(result->finish, Finish::kLength);
  EXPECT_TRUE(result->tokens.empty());
}

TEST(Generate, ProbsAreTheLogSoftmaxBeforeSampling) {
  const Model model = open_tiny();
  GenerateOptions options = greedy(6);
  options.n_probs = 3;
  options.sampling.logit_bias = {{7, 1000.0f}};  // drawn always, whatever the model says
  std::vector<Token> told;
  options.on_probs = [&](const TokenProbs& probs) { told.push_back(probs.token); };
  const auto result = model.new_sequence().generate(kPrompt, options);
  ASSERT_TRUE(result) << result.error().message;
  EXPECT_EQ(result->tokens, std::vector<Token>(6, 7));
  EXPECT_EQ(told, result->tokens);
  ASSERT_EQ(result->probs.size(), 6u);

  Sequence sequence = model.new_sequence();
  std::vector<float> logits = sequence.feed(kPrompt)->logits;
  for (const TokenProbs& probs : result->probs) {
    double sum = 0;
    for (const float logit : logits) sum += std::exp(static_cast<double>(logit));
    EXPECT_NEAR(probs.logprob, logits[7] - std::log(sum), 1e-5);
    ASSERT_EQ(probs.top.size(), 3u);
    std::vector<float> best = logits;
    std::sort(best.rbegin(), best.rend());
    for (size_t rank = 0; rank < 3; ++rank) {
      EXPECT_EQ(logits[static_cast<size_t>(probs.top[rank].token)], best[rank]);
      EXPECT_NEAR(probs.top[rank].logprob, best[rank] - std::log(sum), 1e-5);
    }
    logits = sequence.feed(std::vector<Token>{7}, {.generated = true})->logits;
  }
}

TEST(Generate, EndTokensWaitForMinTokens) {
  const Model model = open_tiny();
  GenerateOptions options = greedy(20);
  options.ignore_end = false;
  options.sampling.logit_bias = {{model.tokenizer().eos(), 1000.0f}};
  EXPECT_EQ(model.new_sequence().generate(kPrompt, options)->tokens.size(), 0u);
  options.min_tokens = 9;
  const auto result = model.new_sequence().generate(kPrompt, options);
  ASSERT_TRUE(result) << result.error().message;
  EXPECT_EQ(result->tokens.size(), 9u);
  EXPECT_EQ(result->finish, Finish::kStop);
}

TEST(Generate, BannedTextsNeverStandInTheText) {
  const Model model = open_tiny();
  const std::string whole = model.new_sequence().generate(kPrompt, greedy(40))->text;
  GenerateOptions options = greedy(60);
  // Texts over borders of tokens, and one letter alone.
  for (size_t at = 0; at + 3 < whole.size(); at += 5) options.sampling.banned_texts.push_back(whole.substr(at, 3));
  options.sampling.banned_texts.push_back("e");
  const auto result = model.new_sequence().generate(kPrompt, options);
  ASSERT_TRUE(result) << result.error().message;
  EXPECT_EQ(result->tokens.size(), 60u);
  for (const std::string& banned : options.sampling.banned_texts) {
    EXPECT_EQ(result->text.find(banned), std::string::npos) << banned;
  }
}

TEST(Generate, NamesASamplingOptionThatIsWrong) {
  const Model model = open_tiny();
  const auto refusal = [&](const auto& change) {
    GenerateOptions options = greedy(1);
    change(options);
    const auto result = model.new_sequence().generate(kPrompt, options);
    return result ? std::string("accepted") : result.error().message;
  };
  EXPECT_THAT(refusal([](auto& o) { o.sampling.samplers = "top_k;magic"; }), HasSubstr("\"magic\" is no sampler"));
  EXPECT_THAT(refusal([](auto& o) { o.sampling.banned_texts = {""}; }), HasSubstr("banned text is empty"));
  EXPECT_THAT(refusal([](auto& o) { o.sampling.banned_tokens = {1 << 29}; }), HasSubstr("banned token 536870912"));
  EXPECT_THAT(refusal([](auto& o) { o.sampling.dry_base = 0; }), HasSubstr("DRY base is 0"));
  EXPECT_THAT(refusal([](auto& o) { o.min_tokens = -5; }), HasSubstr("minimum of tokens is -5"));
  EXPECT_THAT(refusal([](auto& o) { o.n_probs = -2; }), HasSubstr("expected -1 to"));
}

Grammar gbnf(std::string_view text) {
  auto grammar = Grammar::from_gbnf(text);
  EXPECT_TRUE(grammar) << grammar.error().message;
  return *grammar;
}

TEST(Generate, ObeysAGrammarAndEndsWithIt) {
  const Model model = open_tiny();
  GenerateOptions options = greedy(-1);
  options.grammar = gbnf("root ::= [ab]{3} \"-\" [0-9]{2,4}");
  for (const uint64_t seed : {1, 2, 3, 4}) {
    options.sampling.temperature = 1.5f;
    options.sampling.seed = seed;
    const auto result = model.new_sequence().generate(kPrompt, options);
    ASSERT_TRUE(result) << result.error().message;
    EXPECT_EQ(result->finish, Finish::kStop);
    EXPECT_THAT(result->text, ::testing::MatchesRegex("[ab][ab][ab]-[0-9][0-9][0-9]*"));
  }
}

TEST(Generate, CutShortAGrammarsTextIsItsBeginning) {
  const Model model = open_tiny();
  GenerateOptions options = greedy(2);
  options.grammar = gbnf("root ::= \"abcdefghijklmnopqrstuvwxyz0123456789\"");
  const auto result = model.new_sequence().generate(kPrompt, options);
  ASSERT_TRUE(result) << result.error().message;
  EXPECT_EQ(result->finish, Finish::kLength);
  EXPECT_TRUE(std::string_view("abcdefghijklmnopqrstuvwxyz0123456789").starts_with(result->text)) << result->text;
  EXPECT_FALSE(result->text.empty());
  // One grammar serves any number of generations, and the last token ends one that it completes.
  options.max_tokens = -1;
  const auto whole = model.new_sequence().generate(kPrompt, options);
  ASSERT_TRUE(whole);
  EXPECT_EQ(whole->finish, Finish::kStop);
  EXPECT_EQ(whole->text, "abcdefghijklmnopqrstuvwxyz0123456789");
}

TEST(Generate, WritesWhatASchemaDescribes) {
  const Model model = open_tiny();
  const auto grammar = Grammar::from_json_schema(
      R"({"type": "array", "items": {"enum": ["x", 12, null]}, "minItems": 2, "maxItems": 4})");
  ASSERT_TRUE(grammar) << grammar.error().message;
  GenerateOptions options = greedy(-1);
  options.sampling.temperature = 1.0f;
  options.sampling.seed = 7;
  options.grammar = *grammar;
  const auto result = model.new_sequence().generate(kPrompt, options);
  ASSERT_TRUE(result) << result.error().message;
  EXPECT_EQ(result->finish, Finish::kStop);
  EXPECT_TRUE(result->text.starts_with('[') && result->text.ends_with(']')) << result->text;
  EXPECT_TRUE(Grammar::json()) << "any value";
  EXPECT_TRUE(Grammar::json_object()) << "any object";
}

TEST(Generate, RefusesGrammarsWithTheirPlace) {
  EXPECT_THAT(Grammar::from_gbnf("root ::= (").error().message, HasSubstr("line 1, column 10"));
  const auto refused = Grammar::from_json_schema(R"({"items": {"contains": {}}})");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kUnsupported);
  EXPECT_THAT(refused.error().message, HasSubstr("#/items/contains"));
}

}  // namespace
}  // namespace ingot
