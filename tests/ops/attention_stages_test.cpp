// Attention in stages does the same work as attention in one: it keeps to the same formula within the same bound.
#include <gtest/gtest.h>

#include "attention_cases.h"
#include "ops/profiled_ops.h"
#include "profile/recorder.h"

namespace ingot::core {
namespace {

class AttentionStages : public testing::TestWithParam<const char*> {};

// As a model would: the whole prompt in chunks.
Matrix run_in_stages(CpuOps& ops, const AttentionCase& c, AttentionInputs& inputs, int64_t chunk,
                     TokenClass rows = TokenClass::kPrompt) {
  PagedCache cache(c);
  Matrix out(c.n_positions, c.n_heads * c.value_dim);
  for (int64_t first = 0; first < c.n_positions; first += chunk) {
    const int64_t n = std::min(chunk, c.n_positions - first);
    ops.write_kv(cache.view, first, inputs.k.view().row_range(first, n), inputs.v.view().row_range(first, n));
    const auto times = ops.time_attention_stages(step_of(rows, n), params_of(c, inputs), cache.view, first,
                                                 inputs.q.view().row_range(first, n), out.view().row_range(first, n));
    EXPECT_TRUE(times.has_value());
    if (!times) break;
    EXPECT_GT(times->scores_ns, 0);
    EXPECT_GT(times->softmax_ns, 0);
    EXPECT_GT(times->values_ns, 0);
  }
  EXPECT_TRUE(ops.synchronise().has_value());
  return out;
}

TEST_P(AttentionStages, FollowTheFormula) {
  INGOT_OPS_OR_SKIP(ops, GetParam(), 2);
  for (const AttentionCase& c : kAttentionCases) {
    AttentionInputs inputs(c);
    const AttentionFormula formula(c, inputs);
    for (const TokenClass rows : kBothClasses) {
      for (const int64_t chunk : {c.n_positions, int64_t{50}}) {
        formula.expect_near(run_in_stages(ops, c, inputs, chunk, rows), half_unit(GetParam(), rows));
        if (HasFatalFailure()) return;
      }
    }
  }
}

// More pieces than have room at once: of many blocks, and of one block over a long cache.
TEST_P(AttentionStages, FollowTheFormulaPieceByPiece) {
  INGOT_OPS_OR_SKIP(ops, GetParam(), 2);
  const AttentionCase c{.n_heads = 32, .n_kv_heads = 4, .key_dim = 8, .value_dim = 8, .n_positions = 1100};
  AttentionInputs inputs(c);
  AttentionFormula(c, inputs).expect_near(run_in_stages(ops, c, inputs, c.n_positions),
                                          half_unit(GetParam(), TokenClass::kPrompt));
}

TEST_P(AttentionStages, DoNotDependOnThreads) {
  INGOT_OPS_OR_SKIP(ops, GetParam(), 1);
  const AttentionCase c{.n_positions = 700};
  AttentionInputs inputs(c);
  const Matrix alone = run_in_stages(ops, c, inputs, 64);
  ASSERT_TRUE(ops.set_n_threads(3).has_value());
  EXPECT_EQ(run_in_stages(ops, c, inputs, 64).values, alone.values);
}

INSTANTIATE_TEST_SUITE_P(Tables, AttentionStages,
                         testing::Values("portable", "avx2", "avx512", "avx512_vnni", "avx512_bf16", "amx_bf16",
                                         "emulated_tiles"),
                         [](const auto& test) { return std::string(test.param); });

TEST(AttentionStages, AreNoneOfTheReference) {
  const auto ops = make_ops("reference", 1);
  EXPECT_FALSE(ops->has_attention_stages());
  const AttentionCase c{.n_positions = 8};
  AttentionInputs inputs(c);
  PagedCache cache(c);
  Matrix out(8, c.n_heads * c.value_dim);
  EXPECT_FALSE(ops->time_attention_stages({8, 0}, params_of(c, inputs), cache.view, 0, inputs.q.view(), out.view()));
}

// -- As a profile records them ----------------------------------------------------------------------------------------

TEST(ProfiledAttention, IsRecordedInStagesOnlyWhereThatIsAskedFor) {
  const auto ops = make_ops("portable", 2);
  const AttentionCase c{.n_positions = 40, .window = 16};
  AttentionInputs inputs(c);
  PagedCache cache(c);
  ops->write_kv(cache.view, 0, inputs.k.view(), inputs.v.view());
  Matrix fused(40, c.n_heads * c.value_dim), profiled_out(40, c.n_heads * c.value_dim);
  ops->attention({40, 0}, params_of(c, inputs), cache.view, 0, inputs.q.view(), fused.view());

  Recorder recorder({.n_operations = 16, .n_loops = 64, .n_threads = 2});
  ops->set_loop_recorder(&recorder);
  ProfiledOps plain(*ops, recorder);
  plain.attention({40, 0}, params_of(c, inputs), cache.view, 0, inputs.q.view(), profiled_out.view());
  EXPECT_EQ(recorder.operations().size(), 1u);
  const int32_t n_loops = recorder.n_loops();

  ProfiledOps detailed(*ops, recorder, {.attention = true});
  recorder.set_phase(StepPhase::kPrefill);
  detailed.set_label({.layer = 5, .name = "attention"});
  detailed.attention({40, 0}, params_of(c, inputs), cache.view, 0, inputs.q.view(), profiled_out.view());
  ops->set_loop_recorder(nullptr);
  EXPECT_EQ(profiled_out.values, fused.values) << "the result stays that of the fused operation";
  EXPECT_EQ(recorder.n_loops(), 2 * n_loops) << "the stages' loops are none of the model's";

  const auto events = recorder.operations().subspan(1);
  ASSERT_EQ(events.size(), 4u);
  EXPECT_STREQ(events[0].name, "attention");
  EXPECT_FALSE(events[0].apart);
  const char* names[] = {"qk_computation", "softmax", "weighted_value"};
  for (size_t stage = 0; stage < 3; ++stage) {
    const OperationEvent& event = events[stage + 1];
    EXPECT_STREQ(event.name, names[stage]);
    EXPECT_TRUE(event.apart);
    EXPECT_EQ(event.layer, 5);
    EXPECT_EQ(event.phase, StepPhase::kPrefill);
    EXPECT_EQ(event.n_rows, 40);
    EXPECT_GT(event.end_ns, event.start_ns);
    EXPECT_GE(event.start_ns, events[stage].end_ns) << "one after another";
    EXPECT_EQ(event.first_loop, event.end_loop);
  }
  EXPECT_LE(events[3].end_ns, zone_now_ns());
  // 40 rows with a window of 16: 16 * 17 / 2 + 24 * 16 = 520 pairs, of 4 heads.
  EXPECT_EQ(events[1].n_flops, 2 * 520 * 4 * 32);
  EXPECT_EQ(events[3].n_flops, 2 * 520 * 4 * 32);
  EXPECT_EQ(events[1].n_flops + events[3].n_flops, events[0].n_flops);
  EXPECT_EQ(events[2].n_bytes, 2 * 520 * 4 * 4);
  EXPECT_EQ(events[1].n_bytes, 40 * 2 * 32 * 2 + 40 * 128 * 4 + 520 * 4 * 4);  // keys, queries, scores
  EXPECT_STREQ(events[1].kernel, "portable");
}

}  // namespace
}  // namespace ingot::core
