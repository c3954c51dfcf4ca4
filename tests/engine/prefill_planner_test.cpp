#include "engine/prefill_planner.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <numeric>

namespace ingot::core {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr int64_t kMB = 1000000;

// A model in numbers: 1 MFLOP a token, 1 kFLOP for each position before it, 1 kB of activations a row and 10 kB held
// whatever the rows are.
const PrefillWork kWork = {.flops_per_token = 1e6, .attentions = {{.flops_per_position = 1e3, .window = 0}}};

StepMemory memory_of(const StepSize& size, int64_t) {
  return {.activations = 600 * size.n_rows + 400 * size.n_held + 100 * size.n_final,
          .attention_scratch = 0,
          .kernel_scratch = 10000};
}

PrefillSetting setting(int64_t free_bytes = 1000 * kMB, std::span<const ChunkSample> samples = {}) {
  return {.work = kWork, .memory_of = memory_of, .free_bytes = free_bytes, .held = {}, .samples = samples};
}

PrefillTask task(int64_t n_tokens, const Chunking& chunking, int64_t n_before = 0) {
  PrefillTask task;
  task.n_tokens = n_tokens;
  task.n_before = n_before;
  task.final_rows = Rows::kLast;
  task.kv_block_bytes = 6400;
  task.kv_bytes = (n_tokens + kPageTokens - 1) / kPageTokens * task.kv_block_bytes;
  task.output_bytes = 4000;
  task.chunking = chunking;
  return task;
}

PrefillPlan plan(int64_t n_tokens, const Chunking& chunking, int64_t n_before = 0) {
  auto planned = plan_prefill(task(n_tokens, chunking, n_before), setting());
  EXPECT_TRUE(planned.has_value());
  return planned.value_or(PrefillPlan());
}

std::vector<int64_t> sizes(const PrefillPlan& plan) {
  std::vector<int64_t> all;
  for (const PrefillPlan::Run& run : plan.runs) {
    all.insert(all.end(), static_cast<size_t>(run.n_chunks), run.n_tokens);
  }
  return all;
}

TEST(PrefillWorkTest, CountsWhatEachTokenSees) {
  EXPECT_DOUBLE_EQ(kWork.flops(0, 1).linear, 1e6);
  EXPECT_DOUBLE_EQ(kWork.flops(0, 3).attention, (1 + 2 + 3) * 1e3);
  EXPECT_DOUBLE_EQ(kWork.flops(10, 2).attention, (11 + 12) * 1e3);
  const PrefillWork windowed = {.flops_per_token = 0, .attentions = {{.flops_per_position = 1, .window = 4}}};
  EXPECT_DOUBLE_EQ(windowed.flops(0, 6).attention, 1 + 2 + 3 + 4 + 4 + 4);
  EXPECT_DOUBLE_EQ(windowed.flops(100, 2).attention, 8);
}

TEST(PrefillPlanTest, NoneIsOneChunkAndFixedOnesAreAsLargeAsAsked) {
  EXPECT_THAT(sizes(plan(3000, Chunking::none())), ElementsAre(3000));
  EXPECT_THAT(sizes(plan(250, 100)), ElementsAre(100, 100, 50));
  EXPECT_THAT(sizes(plan(100, 100)), ElementsAre(100));
  EXPECT_THAT(sizes(plan(3, Chunking::minimal())), ElementsAre(1, 1, 1));
  EXPECT_THAT(sizes(plan(3000, Chunking::layer_by_layer())), ElementsAre(3000));
}

TEST(PrefillPlanTest, IncrementalChunksTakeEquallyLongAndAreNeverSmall) {
  const auto incremental = [](int64_t n_tokens, int base, int64_t n_before = 0) {
    return sizes(plan(n_tokens, Chunking::incremental(base), n_before));
  };
  EXPECT_THAT(incremental(40, 512), ElementsAre(40));
  EXPECT_THAT(incremental(100, 64), ElementsAre(100));  // 64 and 36 would be too small
  EXPECT_THAT(incremental(140, 64), ElementsAre(64, 76));
  for (const int64_t n_tokens : {64, 65, 127, 128, 129, 511, 512, 513, 575, 576, 577, 4000, 9999}) {
    for (const int base : {64, 100, 512, 1024}) {
      for (const int64_t n_before : {0, 5000}) {
        const std::vector<int64_t> chunks = incremental(n_tokens, base, n_before);
        EXPECT_EQ(std::accumulate(chunks.begin(), chunks.end(), int64_t{0}), n_tokens);
        const double most = kWork.flops(0, base).total();
        int64_t first = n_before;
        for (const int64_t size : chunks) {
          EXPECT_GE(size, 64) << n_tokens << " by " << base;
          EXPECT_LE(size, std::max(base, 127)) << n_tokens << " by " << base;
          if (size > 127) {
            EXPECT_LE(kWork.flops(first, size).total(), most) << n_tokens << " by " << base;
          }
          first += size;
        }
      }
    }
  }
  const std::vector<int64_t> far = incremental(4096, 1024);
  EXPECT_EQ(far.front(), 1024);
  EXPECT_LT(far[1], 1024);
  EXPECT_LT(far[2], far[1]);
}

TEST(PrefillPlanTest, MemoryIsThatOfTheLargestChunk) {
  const PrefillMemory fixed = plan(250, 100).memory;
  EXPECT_EQ(fixed.activations, 100 * 1000);  // the last chunk alone has an output row, and is smaller
  EXPECT_EQ(fixed.kernel_scratch, 10000);
  EXPECT_EQ(fixed.kv, 4 * 6400);
  EXPECT_EQ(fixed.outputs, 4000);
  EXPECT_EQ(plan(250, Chunking::none()).memory.activations, 250 * 1000 + 100);
  EXPECT_EQ(plan(250, Chunking::minimal()).memory.activations, 1000 + 100);
  EXPECT_EQ(plan(2000, Chunking::layer_by_layer()).memory.activations, 512 * 600 + 2000 * 400 + 100);
}

TEST(PrefillPlanTest, MinimalIsWhatTakesTheLeast) {
  EXPECT_EQ(plan(100, Chunking::minimal()).chunking.size, 1);
  // Up to 16 rows are split over the cache, which takes 200 bytes a row and position.
  PrefillSetting splitting = setting();
  splitting.memory_of = [](const StepSize& size, int64_t first_position) {
    StepMemory memory = memory_of(size, first_position);
    if (size.n_rows <= 16) memory.attention_scratch = 200 * size.n_rows * first_position;
    return memory;
  };
  EXPECT_EQ(plan_prefill(task(20, Chunking::minimal()), splitting)->chunking.size, 1);
  // 17 would leave a tail of 5; 20 leaves none.
  const auto planned = plan_prefill(task(1000, Chunking::minimal()), splitting);
  ASSERT_EQ(planned->runs.size(), 1u);
  EXPECT_EQ(planned->runs[0].n_tokens, 20);
  EXPECT_EQ(planned->memory.attention_scratch, 0);
}

TEST(PrefillPlanTest, RepeatedTokensTakeRowsAndHoldBlocksTwice) {
  const PrefillPlan overlapping = plan(250, Chunking(100).with_overlap(20));
  EXPECT_THAT(sizes(overlapping), ElementsAre(100, 100, 50));
  EXPECT_EQ(overlapping.largest_chunk, 120);
  EXPECT_EQ(overlapping.memory.activations, 120 * 1000);
  // The last chunk begins at 200 and repeats from 180 on: blocks 2 and 3 twice, while all four are there.
  EXPECT_EQ(overlapping.memory.kv, (4 + 2) * 6400);
}

TEST(PrefillPlanTest, AutoTakesWhatTheMemoryHolds) {
  const auto planned = plan_prefill(task(4000, Chunking::automatic(210000)), setting());
  ASSERT_TRUE(planned);
  EXPECT_EQ(planned->largest_chunk, 199);  // 199 rows, one output row, 10 kB
  EXPECT_LE(planned->memory.activations + planned->memory.kernel_scratch, 210000);
  for (const int64_t size : sizes(*planned)) EXPECT_LE(size, 199);
  EXPECT_THAT(planned->reason, HasSubstr("199 tokens fit 210.0 kB"));
  // Without a size, half of what is free beside keys, values and outputs.
  const PrefillTask unsized = task(4000, Chunking::automatic());
  const auto half = plan_prefill(unsized, setting(unsized.kv_bytes + unsized.output_bytes + 420000));
  ASSERT_TRUE(half);
  EXPECT_EQ(half->largest_chunk, 199);
  // Less than one token takes is an error with both numbers.
  const auto refused = plan_prefill(task(4000, Chunking::automatic(5000)), setting());
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, ErrorKind::kOutOfMemory);
  EXPECT_THAT(refused.error().message, HasSubstr("chunk auto:5000: one token takes 11.1 kB"));
}

TEST(PrefillPlanTest, AutoLeavesNoSmallTail) {
  for (int64_t n_tokens = 1; n_tokens < 5000; n_tokens += 7) {
    const std::vector<int64_t> chunks = sizes(plan(n_tokens, Chunking::automatic()));
    EXPECT_EQ(std::accumulate(chunks.begin(), chunks.end(), int64_t{0}), n_tokens);
    if (n_tokens < 256) continue;
    for (const int64_t size : chunks) EXPECT_GE(size, 256) << n_tokens;
    for (const int64_t size : chunks) EXPECT_LE(size, 768) << n_tokens;
  }
}

TEST(PrefillPlanTest, EstimatesFromWhatWasMeasured) {
  EXPECT_EQ(plan(1000, 500).estimated_ms, 0);
  const PrefillFlops flops = kWork.flops(0, 512);
  const std::vector<ChunkSample> samples = {
      {.n_rows = 512, .seconds = flops.total() * 1e-9, .flops = flops, .cold = false}};
  for (const Chunking& chunking : {Chunking(500), Chunking(300), Chunking::minimal(), Chunking::incremental(300)}) {
    const auto planned = plan_prefill(task(1000, chunking), setting(1000 * kMB, samples));
    ASSERT_TRUE(planned);
    EXPECT_NEAR(planned->estimated_ms, 1500.5, 1e-3) << chunking_name(chunking);
  }
}

TEST(CheckMemory, NamesNeedSupplyAndWhatWouldFit) {
  const PrefillTask none = task(4000, Chunking::none());
  const auto planned = plan_prefill(none, setting());
  ASSERT_TRUE(planned);
  EXPECT_TRUE(check_memory(*planned, none, setting(planned->memory.total())));
  EXPECT_FALSE(check_memory(*planned, none, setting(planned->memory.total() - 1)));
  // What the operations hold already is not needed once more.
  PrefillSetting warm = setting(planned->memory.total() - 10000);
  warm.held.other_scratch = 10000;
  EXPECT_TRUE(check_memory(*planned, none, warm));

  const Status refused = check_memory(*planned, none, setting(1000000));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, ErrorKind::kOutOfMemory);
  const std::string& message = refused.error().message;
  EXPECT_THAT(message, HasSubstr("reading 4000 tokens with chunk none needs 4.4 MB"));
  EXPECT_THAT(message, HasSubstr("only 1.0 MB"));
  EXPECT_THAT(message, HasSubstr("would fit: chunk 512 (929.2 kB), chunk 64 (481.2 kB), chunk minimal (418.3 kB)"));
  EXPECT_THAT(message, Not(HasSubstr("layer-by-layer")));

  const Status hopeless = check_memory(*planned, none, setting(100000));
  ASSERT_FALSE(hopeless);
  EXPECT_THAT(hopeless.error().message, HasSubstr("would fit: fewer tokens only"));
}

}  // namespace
}  // namespace ingot::core
