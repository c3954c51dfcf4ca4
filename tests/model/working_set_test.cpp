// What a step takes, foretold and then measured on operations that have run nothing else. Where this fails after a
// change of an operation's scratch, src/ops/step_memory.cpp must be told of it.
#include "model/working_set.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>

#include "model/golden_models.h"

namespace ingot::core {
namespace {

class WorkingSetTest : public ::testing::TestWithParam<std::string> {};

std::string test_name(const ::testing::TestParamInfo<std::string>& info) {
  std::string name = info.param.substr(0, info.param.rfind('.'));
  std::ranges::replace_if(
      name, [](unsigned char c) { return std::isalnum(c) == 0; }, '_');
  return name;
}

INSTANTIATE_TEST_SUITE_P(TinyModels, WorkingSetTest, ::testing::ValuesIn(golden_files()), test_name);

std::vector<int32_t> repeat(std::span<const int32_t> tokens, size_t n) {
  std::vector<int32_t> repeated(n);
  for (size_t index = 0; index < n; ++index) repeated[index] = tokens[index % tokens.size()];
  return repeated;
}

// One step of n_rows after n_before positions, each on operations of its own.
void expect_foretold(const GoldenModel& golden, NumericMode mode, int64_t n_before, int64_t n_rows) {
  const auto ops = make_ops(2, mode);
  const auto model = load_golden(golden, *ops);
  ASSERT_TRUE(model);
  SequenceState state(model->state_shape());
  const auto before = repeat(golden.tokens, static_cast<size_t>(n_before));
  run_tokens(*model, *make_ops(2, mode), state, before, 512);
  ASSERT_EQ(ops->memory().attention_scratch + ops->memory().other_scratch, 0);

  const int64_t n_vocab = model->spec().n_vocab;
  const auto tokens = repeat(golden.tokens, static_cast<size_t>(n_rows));
  std::vector<float> logits(static_cast<size_t>(n_rows * n_vocab));
  SequenceSlice slice;
  slice.state = &state;
  slice.tokens = tokens;
  slice.all_rows = true;
  ForwardScratch scratch;
  const Status status =
      forward(*model, *ops, {&slice, 1}, {.logits = TensorView::matrix(logits.data(), n_rows, n_vocab), .hidden = {}},
              nullptr, &scratch);
  ASSERT_TRUE(status) << status.error().message;

  const StepSize size{.n_rows = n_rows, .n_held = n_rows, .n_final = n_rows};
  const StepMemory foretold = WorkingSet(*model).of(*ops, size, n_before);
  EXPECT_EQ(foretold.activations, scratch.n_bytes()) << n_rows << " rows";
  EXPECT_EQ(foretold.attention_scratch, ops->memory().attention_scratch) << n_rows << " rows after " << n_before;
  const bool has_experts =
      std::ranges::any_of(model->spec().layers, [](const LayerSpec& layer) { return layer.ffn_kind == FfnKind::kMoe; });
  if (!has_experts) {
    EXPECT_EQ(foretold.kernel_scratch, ops->memory().other_scratch) << n_rows << " rows";
    return;
  }
  // Which experts the rows will choose is not known before: packed rows of each begin a block of their own.
  EXPECT_GE(foretold.kernel_scratch, ops->memory().other_scratch) << n_rows << " rows";
  EXPECT_LE(foretold.kernel_scratch, 2 * ops->memory().other_scratch) << n_rows << " rows";
}

TEST_P(WorkingSetTest, IsWhatAStepThenTakes) {
  const GoldenModel golden = read_golden(GetParam());
  for (const NumericMode mode : {NumericMode::kExact, NumericMode::kReference}) {
    for (const int64_t n_rows : {1, 7, 64, 80}) expect_foretold(golden, mode, 0, n_rows);
  }
}

TEST(WorkingSetOfALongCache, CountsThePartsThatThreadsMerge) {
  const GoldenModel golden = read_golden("llama.F32.gguf");
  for (const int64_t n_rows : {1, 16, 17}) expect_foretold(golden, NumericMode::kExact, 1100, n_rows);
  const GoldenModel windowed = read_golden("gemma2.Q8_0.gguf");
  for (const int64_t n_rows : {1, 16, 17}) expect_foretold(windowed, NumericMode::kExact, 1100, n_rows);
}

TEST(WorkingSetOfManyRows, GrowsNoFasterThanTheOperationsDo) {
  const GoldenModel golden = read_golden("llama.F32.gguf");
  for (const int64_t n_rows : {511, 512, 513, 1500}) expect_foretold(golden, NumericMode::kExact, 0, n_rows);
}

}  // namespace
}  // namespace ingot::core
