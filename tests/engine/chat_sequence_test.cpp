// What of a conversation's prompts is read again, and that it makes no difference to what comes out.
#include "engine/chat_sequence.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/generation.h"

namespace ingot::core {
namespace {

using ::testing::HasSubstr;

class Conversations : public ::testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    auto opened = Engine::open(std::string(INGOT_GOLDEN_MODELS "/") + GetParam(), {.threads = 2, .context = 512});
    ASSERT_TRUE(opened) << opened.error().message;
    engine_ = *opened;
    chat_.emplace(engine_);
    options_.max_tokens = 6;
    options_.ignore_end = true;
    options_.sampling.temperature = 0;
  }

  Result<std::vector<int32_t>> tokens_of(std::string_view text, bool continues) const {
    return engine_->tokenizer()->encode(text, {.parse_special = true, .add_special = false, .continues = continues});
  }
  Result<GenerateResult> answer(const std::string& text) {
    return chat_->generate(
        {.text = text, .tokens_from = [&](size_t first) { return tokens_of(text.substr(first), first > 0); }},
        options_);
  }
  int64_t n_read() const { return chat_->sequence()->length(); }

  std::shared_ptr<Engine> engine_;
  std::optional<ChatSequence> chat_;
  GenerateOptions options_;
};

INSTANTIATE_TEST_SUITE_P(Models, Conversations,
                         ::testing::Values("llama.F32.gguf", "gemma2.Q8_0.gguf", "rwkv7.F32.gguf"),
                         [](const auto& test) {
                           const std::string name = test.param;
                           return name.substr(0, name.find('.'));
                         });

TEST_P(Conversations, ReadOnlyWhatIsNew) {
  const std::string first = "a first question, of some length";
  const auto one = answer(first);
  ASSERT_TRUE(one) << one.error().message;
  EXPECT_EQ(one->n_cached_tokens, 0);

  // The same by hand: one sequence that is fed and generates in turn.
  TokenSequence by_hand(engine_);
  const auto expected_one = generate(by_hand, *tokens_of(first, false), options_);
  ASSERT_TRUE(expected_one);
  EXPECT_EQ(one->tokens, expected_one->tokens);
  ASSERT_TRUE(std::string_view(chat_->text()).starts_with(first));

  const int64_t n_before = n_read();
  const std::string more = " and a second one";
  const auto two = answer(std::string(chat_->text()) + more);
  ASSERT_TRUE(two) << two.error().message;
  EXPECT_EQ(two->n_cached_tokens, n_before);
  EXPECT_EQ(two->n_prompt_tokens, n_before + static_cast<int64_t>(tokens_of(more, true)->size()));
  const auto expected_two = generate(by_hand, *tokens_of(more, true), options_);
  ASSERT_TRUE(expected_two);
  EXPECT_EQ(two->tokens, expected_two->tokens);
}

TEST_P(Conversations, AnswerAgainWithoutReadingAgain) {
  const std::string prompt = "the same question";
  const auto one = answer(prompt);
  ASSERT_TRUE(one);
  const auto again = answer(prompt);
  ASSERT_TRUE(again);
  EXPECT_EQ(again->n_cached_tokens, one->n_prompt_tokens);
  EXPECT_EQ(again->n_prompt_tokens, one->n_prompt_tokens);
  EXPECT_EQ(again->tokens, one->tokens);
}

TEST_P(Conversations, GoBackToWhereTheTextIsStillTheSame) {
  const std::string first = "a question";
  const auto one = answer(first);
  ASSERT_TRUE(one);
  ASSERT_TRUE(answer(std::string(chat_->text()) + " then more"));
  // Another answer than the one that was given, as a template may shorten it.
  const std::string edited = first + " something else";
  const auto two = answer(edited);
  ASSERT_TRUE(two);
  EXPECT_EQ(two->n_cached_tokens, one->n_prompt_tokens);

  chat_.emplace(engine_);
  ASSERT_TRUE(answer(first));
  const auto again = answer(edited);
  ASSERT_TRUE(again);
  EXPECT_EQ(again->tokens, two->tokens);

  const auto other = answer("nothing in common");
  ASSERT_TRUE(other);
  EXPECT_EQ(other->n_cached_tokens, 0);
}

TEST_P(Conversations, AnErrorOrAnInterruptionLosesNothing) {
  const auto one = answer("a question");
  ASSERT_TRUE(one);
  const std::string text(chat_->text());
  const int64_t n_before = n_read();

  const auto too_long = answer(text + std::string(4000, 'x'));
  ASSERT_FALSE(too_long);
  EXPECT_THAT(too_long.error().message, HasSubstr("512"));
  EXPECT_EQ(chat_->text(), text);

  options_.cancel.cancel();
  const auto interrupted = answer(text + " and more");
  ASSERT_TRUE(interrupted);
  EXPECT_EQ(interrupted->finish, Finish::kInterrupted);
  EXPECT_EQ(chat_->text(), text);

  options_.cancel = CancelToken();
  const auto two = answer(text + " and more");
  ASSERT_TRUE(two);
  EXPECT_EQ(two->n_cached_tokens, n_before);
}

TEST_P(Conversations, OfManyTurnsKeepTheLatestPlaces) {
  std::string text = "q";
  for (int turn = 0; turn < 25; ++turn) {
    options_.max_tokens = 2;
    const auto result = answer(text);
    ASSERT_TRUE(result) << result.error().message;
    if (turn > 0) {
      EXPECT_GT(result->n_cached_tokens, 0) << "turn " << turn;
    }
    text = std::string(chat_->text()) + " q";
  }
}

}  // namespace
}  // namespace ingot::core
