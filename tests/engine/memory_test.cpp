#include "engine/memory.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace ingot::core {
namespace {

using ::testing::HasSubstr;

constexpr int64_t kMB = 1000000;

TEST(MemoryField, IsFoundByItsWholeName) {
  const std::string meminfo = "MemTotal:       24689432 kB\nMemFree:  1 kB\nMemAvailable:   23000000 kB\n";
  EXPECT_EQ(find_memory_field(meminfo, "MemAvailable"), 23000000);
  EXPECT_EQ(find_memory_field(meminfo, "Mem"), std::nullopt);
  EXPECT_EQ(find_memory_field("active_file 12\ninactive_file 34", "inactive_file"), 34);
  EXPECT_EQ(find_memory_field("max\n", "MemAvailable"), std::nullopt);
  EXPECT_EQ(find_memory_field("", "anon"), std::nullopt);
}

TEST(MemoryLimits, OfThisMachineAreThere) {
  const MemoryLimits limits = query_memory_limits();
  EXPECT_GT(limits.physical, 0);
  EXPECT_LT(limits.physical, std::numeric_limits<int64_t>::max());
}

TEST(ChooseContext, TakesWhatWasAskedFor) {
  const MemoryNeed need = {.weights = 100 * kMB, .kv_per_token = 1000, .activations = kMB};
  EXPECT_EQ(choose_context(need, {.physical = 200 * kMB}, 5000, 1000).value(), 5000);
}

TEST(ChooseContext, TakesTheModelsIfHalfOfTheFreeMemoryHoldsIt) {
  const MemoryNeed need = {.weights = 100 * kMB, .kv_per_token = 1000, .activations = 0};
  EXPECT_EQ(choose_context(need, {.physical = 200 * kMB}, 0, 4096).value(), 4096);
  // 100 MB are free beside the weights; half of them hold 50,000 tokens.
  EXPECT_EQ(choose_context(need, {.physical = 200 * kMB}, 0, 131072).value(), 50000);
}

TEST(ChooseContext, RefusesWithBothNumbers) {
  const MemoryNeed need = {.weights = 100 * kMB, .kv_per_token = 100000, .activations = 2 * kMB};
  const auto refused = choose_context(need, {.physical = 200 * kMB}, 1000, 1000);
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().kind, ErrorKind::kOutOfMemory);
  EXPECT_THAT(refused.error().message, HasSubstr("202.0 MB"));
  EXPECT_THAT(refused.error().message, HasSubstr("200.0 MB"));
  EXPECT_TRUE(choose_context(need, {.physical = 202 * kMB}, 1000, 1000).has_value());
}

TEST(ChooseContext, NamesTheOptionsThatWouldFit) {
  const auto advice = [](MemoryNeed need, const MemoryLimits& limits, int64_t wanted) {
    const auto refused = choose_context(need, limits, wanted, 1000);
    EXPECT_FALSE(refused.has_value());
    const std::string message = refused ? "" : refused.error().message;
    return message.substr(message.find("; ") + 2);
  };
  MemoryNeed need = {.weights = 100 * kMB, .kv_per_token = 100000, .activations = 40 * kMB};
  EXPECT_EQ(advice(need, {.physical = 200 * kMB}, 1000), "would fit: a context of 600 tokens");
  need.least_kv_per_token = 50000;
  need.least_activations = kMB;
  EXPECT_EQ(advice(need, {.physical = 200 * kMB}, 1000), "would fit: a context of 600 tokens, keys and values in f16");
  EXPECT_EQ(advice(need, {.physical = 201 * kMB}, 1000),
            "would fit: a context of 610 tokens, keys and values in f16, chunk minimal");
  EXPECT_EQ(advice(need, {.address_space = 100 * kMB}, 1000),
            "would fit: a context of 600 tokens, keys and values in f16");
  // Not one of them suffices by itself.
  EXPECT_EQ(advice(need, {.physical = 120 * kMB}, 1000),
            "would fit: a context of 380 tokens with keys and values in f16 with chunk minimal");
  EXPECT_EQ(advice(need, {.physical = 100 * kMB}, 1000), "no option makes it fit");
  EXPECT_EQ(advice(need, {.physical = 99 * kMB}, 1000), "no option helps where the weights alone do not fit");
}

TEST(ChooseContext, RefusesAModelWhoseWeightsDoNotFit) {
  EXPECT_FALSE(choose_context({.weights = 300 * kMB, .kv_per_token = 1}, {.physical = 200 * kMB}, 0, 1000).has_value());
}

TEST(ChooseContext, CountsNoWeightsAgainstTheAddressSpace) {
  const MemoryNeed need = {.weights = 100 * kMB, .kv_per_token = 1000, .activations = 10 * kMB};
  EXPECT_TRUE(choose_context(need, {.address_space = 20 * kMB}, 10000, 1).has_value());
  const auto refused = choose_context(need, {.address_space = 20 * kMB - 1}, 10000, 1);
  ASSERT_FALSE(refused.has_value());
  EXPECT_THAT(refused.error().message, HasSubstr("ulimit -v"));
  EXPECT_THAT(refused.error().message, HasSubstr("20.0 MB"));
}

TEST(ChooseContext, DoesNotOverflow) {
  const int64_t huge = std::numeric_limits<int64_t>::max();
  EXPECT_FALSE(choose_context({.weights = huge, .kv_per_token = huge, .activations = huge}, {.physical = kMB},
                              int64_t{1} << 30, 1)
                   .has_value());
}

TEST(ChooseContext, OfAModelWithoutKeysAndValuesIsTheModels) {
  EXPECT_EQ(choose_context({.weights = kMB}, {.physical = 2 * kMB}, 0, 8192).value(), 8192);
}

TEST(FreeMemory, IsCheckedWithBothNumbers) {
  EXPECT_TRUE(check_free_memory(1, "one byte").has_value());
  const Status refused = check_free_memory(int64_t{1} << 60, "the outputs");
  ASSERT_FALSE(refused.has_value());
  EXPECT_THAT(refused.error().message, HasSubstr("the outputs need 1152921.50 TB"));
}

TEST(FormatBytes, UsesTheUnitThatReadsWell) {
  EXPECT_EQ(format_bytes(512), "512 bytes");
  EXPECT_EQ(format_bytes(98362432), "98.4 MB");
  EXPECT_EQ(format_bytes(1500000000), "1.50 GB");
}

}  // namespace
}  // namespace ingot::core
