// Every tiny model against the logits of the NumPy oracle, and the invariants that make logits reproducible.
#include "model/forward.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <cctype>
#include <cmath>
#include <cstring>

#include "model/buffers.h"
#include "model/golden_models.h"

namespace ingot::core {
namespace {

using ::testing::HasSubstr;

constexpr int64_t kAll = 1 << 20;  // a chunk that takes every token

class ForwardTest : public ::testing::TestWithParam<std::string> {
 protected:
  void SetUp() override {
    ops_ = make_ops(2);
    model_ = load_golden(golden_, *ops_);
    ASSERT_TRUE(model_);
    n_vocab_ = static_cast<size_t>(model_->spec().n_vocab);
  }

  SequenceState new_state() const { return SequenceState(model_->state_shape()); }
  std::span<const int32_t> tokens(size_t first, size_t count) const {
    return std::span(golden_.tokens).subspan(first, count);
  }
  // The rows [first, first + count) of logits.
  std::span<const float> rows(const std::vector<float>& logits, size_t first, size_t count) const {
    return std::span(logits).subspan(first * n_vocab_, count * n_vocab_);
  }
  std::vector<float> run(SequenceState& state, std::span<const int32_t> ids, int64_t chunk = kAll) {
    // Those that the state has seen are the ones before them, unless it went astray.
    const auto first = static_cast<size_t>(ids.data() - golden_.tokens.data());
    const bool follows = static_cast<int64_t>(first) == state.length();
    return run_tokens(*model_, *ops_, state, ids, chunk, /*generated=*/false, tokens(0, follows ? first : 0));
  }
  // n, or where the recurrence has a grid the position on it before n.
  int64_t on_grid(int64_t n) const {
    const int64_t grid = model_->state_shape()->recurrent_grid;
    return n / grid * grid;
  }

  GoldenModel golden_ = read_golden(GetParam());
  std::unique_ptr<CpuOps> ops_;
  std::shared_ptr<const Model> model_;
  size_t n_vocab_ = 0;
};

std::string test_name(const ::testing::TestParamInfo<std::string>& info) {
  std::string name = info.param.substr(0, info.param.rfind('.'));
  std::ranges::replace_if(
      name, [](unsigned char c) { return std::isalnum(c) == 0; }, '_');
  return name;
}

INSTANTIATE_TEST_SUITE_P(TinyModels, ForwardTest, ::testing::ValuesIn(golden_files()), test_name);

// Bit for bit; NaN never occurs in these models, and the two zeros count as different.
bool identical(std::span<const float> a, std::span<const float> b) {
  return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size_bytes()) == 0;
}

// |found - expected| / |expected| over the positions with expected logits [first, end).
double relative_error(const GoldenModel& golden, const std::vector<float>& logits, size_t first, size_t end) {
  const size_t n_vocab = golden.logits.size() / golden.positions.size();
  double error = 0.0;
  double norm = 0.0;
  for (size_t n = first; n < end; ++n) {
    const float* found = logits.data() + static_cast<size_t>(golden.positions[n]) * n_vocab;
    const float* expected = golden.logits.data() + n * n_vocab;
    for (size_t token = 0; token < n_vocab; ++token) {
      error += std::pow(static_cast<double>(found[token]) - static_cast<double>(expected[token]), 2);
      norm += std::pow(static_cast<double>(expected[token]), 2);
    }
  }
  return std::sqrt(error / norm);
}

// A layer rounds what passes through it some 16 times, each time by at most half a unit in the last place, and the
// errors of layers add like steps of a random walk. What dominates is the coarsest rounding: that of float32, of the
// keys and values in F16, or of what a table multiplies: in 16 bits, or in bf16 for prompts.
double tolerance(const Model& model, DType kv_dtype, std::string_view kernels, bool generated) {
  constexpr double kRoundings = 16.0;
  double half_unit = kv_dtype == DType::kF32 ? std::ldexp(1.0, -24) : std::ldexp(1.0, -12);
  if (kernels != "reference" && kernels != "portable") half_unit = std::max(half_unit, std::ldexp(1.0, -16));
  if ((kernels == "avx512_bf16" || kernels == "amx_bf16") && !generated) half_unit = std::ldexp(1.0, -9);
  return kRoundings * half_unit * std::sqrt(static_cast<double>(model.spec().n_layers()));
}

double relative_error(const GoldenModel& golden, const std::vector<float>& logits) {
  return relative_error(golden, logits, 0, golden.positions.size());
}

// The part of the positions whose logits are further off than that.
double part_beyond(const GoldenModel& golden, const std::vector<float>& logits, double bound) {
  const size_t n_positions = golden.positions.size();
  size_t n_beyond = 0;
  for (size_t n = 0; n < n_positions; ++n) n_beyond += relative_error(golden, logits, n, n + 1) > bound ? 1 : 0;
  return static_cast<double>(n_beyond) / static_cast<double>(n_positions);
}

TEST_P(ForwardTest, AgreesWithTheOracle) {
  for (const NumericMode mode : {NumericMode::kReference, NumericMode::kExact}) {
    for (const DType kv_dtype : {DType::kF32, DType::kF16}) {
      const auto ops = make_ops(2, mode);
      const auto model = load_golden(golden_, *ops, kv_dtype);
      ASSERT_TRUE(model);
      for (const bool generated : {false, true}) {
        SequenceState state(model->state_shape());
        const auto logits = run_tokens(*model, *ops, state, golden_.tokens, kAll, generated);
        const double bound = tolerance(*model, kv_dtype, ops->kernels(), generated);
        const std::string run =
            fmt::format("{}, keys and values {}, {}", ops->kernels(), kv_dtype == DType::kF32 ? "F32" : "F16",
                        generated ? "generated" : "prompt");
        if (model->spec().layers.front().ffn_kind == FfnKind::kMoe && bound > 0.01) {
          // Where two experts are nearly as good, a rounding of bf16 chooses another one, and no bound of roundings
          // holds for that position; but such positions are few.
          EXPECT_LE(part_beyond(golden_, logits, bound), 0.25) << run;
        } else {
          EXPECT_LE(relative_error(golden_, logits), bound) << run;
        }
      }
    }
  }
}

TEST_P(ForwardTest, TheFastModeIsWithinItsBoundWhateverTheChunks) {
  auto created = CpuOps::create({.n_threads = 2, .mode = NumericMode::kFast});
  if (!created) GTEST_SKIP() << created.error().message;
  CpuOps& ops = **created;
  const auto model = load_golden(golden_, ops, DType::kF32);
  ASSERT_TRUE(model);
  const bool experts = model->spec().layers.front().ffn_kind == FfnKind::kMoe;
  for (const bool generated : {false, true}) {
    SequenceState state(model->state_shape());
    const auto logits = run_tokens(*model, ops, state, golden_.tokens, kAll, generated);
    // Half a unit of 8 bits with a sign, for values as large as the largest of 32.
    const double bound = 16.0 * std::ldexp(1.0, -8) * std::sqrt(static_cast<double>(model->spec().n_layers()));
    if (experts) {
      EXPECT_LE(part_beyond(golden_, logits, bound), 0.25);
    } else {
      EXPECT_LE(relative_error(golden_, logits), bound);
    }
    for (const int64_t chunk : {1, 7, 64}) {
      SequenceState other(model->state_shape());
      EXPECT_TRUE(identical(logits, run_tokens(*model, ops, other, golden_.tokens, chunk, generated))) << chunk;
    }
  }
}

TEST_P(ForwardTest, LogitsDependNeitherOnThreadsNorOnChunks) {
  SequenceState state = new_state();
  const auto expected = run(state, golden_.tokens);
  for (const int n_threads : {1, 3, 4}) {
    const auto ops = make_ops(n_threads);
    SequenceState other = new_state();
    EXPECT_TRUE(identical(expected, run_tokens(*model_, *ops, other, golden_.tokens, kAll))) << n_threads << " threads";
  }
  for (const int64_t chunk : {1, 7, 64}) {
    SequenceState other = new_state();
    EXPECT_TRUE(identical(expected, run(other, golden_.tokens, chunk))) << "chunks of " << chunk;
  }
}

TEST_P(ForwardTest, LayerByLayerGivesTheSameNumbers) {
  SequenceState state = new_state();
  const auto expected = run(state, golden_.tokens);
  const size_t n_all = golden_.tokens.size();
  for (const size_t n_before : {size_t{0}, static_cast<size_t>(on_grid(37))}) {
    for (const int64_t chunk : {int64_t{1}, int64_t{7}, int64_t{64}, kAll}) {
      SequenceState other = new_state();
      run(other, tokens(0, n_before));
      SequenceSlice slice;
      slice.state = &other;
      slice.tokens = tokens(n_before, n_all - n_before);
      slice.all_rows = true;
      const auto n_rows = static_cast<int64_t>(slice.tokens.size());
      std::vector<float> logits(slice.tokens.size() * n_vocab_);
      ForwardScratch scratch;
      std::vector<int64_t> layers_done;
      const Status status = forward_by_layer(
          *model_, *ops_, slice, chunk,
          {.logits = TensorView::matrix(logits.data(), n_rows, static_cast<int64_t>(n_vocab_)), .hidden = {}}, nullptr,
          &scratch, [&](int64_t n_done) { layers_done.push_back(n_done); });
      ASSERT_TRUE(status) << status.error().message;
      EXPECT_TRUE(identical(rows(expected, n_before, n_all - n_before), logits)) << n_before << " + " << chunk;
      EXPECT_EQ(static_cast<int64_t>(layers_done.size()), model_->spec().n_layers());
      EXPECT_EQ(other.length(), static_cast<int64_t>(n_all));
      const BufferWidths widths(model_->spec());
      const int64_t grid = model_->state_shape()->recurrent_grid;
      const int64_t n_together = std::min(on_grid(chunk + grid - 1), n_rows);
      EXPECT_EQ(scratch.n_bytes(), widths.n_bytes({.n_rows = n_together, .n_held = n_rows, .n_final = n_together}));
    }
  }
}

TEST_P(ForwardTest, LayerByLayerGivesOnlyTheLastRowWhereNoMoreIsWanted) {
  SequenceState state = new_state();
  const auto expected = run(state, golden_.tokens);
  SequenceState other = new_state();
  SequenceSlice slice;
  slice.state = &other;
  slice.tokens = tokens(0, 30);
  std::vector<float> logits(n_vocab_);
  std::vector<float> hidden(static_cast<size_t>(model_->spec().dim));
  ASSERT_TRUE(forward_by_layer(*model_, *ops_, slice, 8,
                               {.logits = TensorView::matrix(logits.data(), 1, static_cast<int64_t>(n_vocab_)),
                                .hidden = TensorView::matrix(hidden.data(), 1, model_->spec().dim)},
                               nullptr));
  EXPECT_TRUE(identical(rows(expected, 29, 1), logits));
  EXPECT_TRUE(identical(rows(expected, 30, 20), run(other, tokens(30, 20))));
}

TEST_P(ForwardTest, RepeatedRowsHaveNoOutputsAndChangeNothing) {
  SequenceState state = new_state();
  const auto expected = run(state, golden_.tokens);
  SequenceState other = new_state();
  run(other, tokens(0, 66));
  if (is_recurrent(model_->spec())) {
    EXPECT_FALSE(other.can_truncate(60));
    EXPECT_TRUE(other.can_truncate(66));
    other.truncate(0);
    EXPECT_TRUE(identical(expected, run(other, golden_.tokens))) << "begun anew";
    return;
  }
  other.truncate(60);
  SequenceSlice slice;
  slice.state = &other;
  slice.tokens = tokens(60, 14);
  slice.all_rows = true;
  slice.n_repeated = 6;
  std::vector<float> logits(8 * n_vocab_);
  ASSERT_TRUE(forward(*model_, *ops_, {&slice, 1},
                      {.logits = TensorView::matrix(logits.data(), 8, static_cast<int64_t>(n_vocab_)), .hidden = {}},
                      nullptr));
  EXPECT_TRUE(identical(rows(expected, 66, 8), logits));
}

TEST_P(ForwardTest, SavedRestoredAndForkedStatesContinueAlike) {
  const size_t n_all = golden_.tokens.size();
  SequenceState whole = new_state();
  const auto expected = run(whole, golden_.tokens);
  for (const size_t n_first : {size_t{1}, size_t{37}, size_t{64}, size_t{70}}) {
    SequenceState state = new_state();
    run(state, tokens(0, n_first));
    SequenceState restored = new_state();
    const Status status = restored.restore(state.snapshot());
    ASSERT_TRUE(status) << status.error().message;
    SequenceState forked = state.fork();
    const auto rest = rows(expected, n_first, n_all - n_first);
    // The fork goes elsewhere first: what it writes must not show in the state that it came from.
    SequenceState astray = forked.fork();
    run(astray, tokens(0, 5));
    run(forked, tokens(0, 5));
    if (forked.can_truncate(static_cast<int64_t>(n_first))) {
      forked.truncate(static_cast<int64_t>(n_first));
    } else {
      forked = state.fork();
    }
    EXPECT_TRUE(identical(rest, run(state, tokens(n_first, n_all - n_first)))) << "after " << n_first;
    EXPECT_TRUE(identical(rest, run(restored, tokens(n_first, n_all - n_first)))) << "restored after " << n_first;
    EXPECT_TRUE(identical(rest, run(forked, tokens(n_first, n_all - n_first)))) << "forked after " << n_first;
  }
}

TEST_P(ForwardTest, ABatchOfSequencesIsLikeEachByItself) {
  struct Part {
    size_t n_before;
    size_t n_now;
    bool generated;
  };
  const std::vector<Part> parts{{0, 30, false}, {66, 5, false}, {0, 1, false}, {63, 2, true}, {10, 1, true}};
  std::vector<SequenceState> states;
  std::vector<SequenceSlice> slices;
  std::vector<std::vector<float>> expected;
  int64_t n_rows = 0;
  for (const Part& part : parts) {
    states.push_back(new_state());
    run(states.back(), tokens(0, part.n_before));
    SequenceState single = states.back().fork();
    SequenceSlice slice;
    slice.state = &single;
    slice.tokens = tokens(part.n_before, part.n_now);
    slice.generated = part.generated;
    slice.all_rows = true;
    expected.emplace_back(part.n_now * n_vocab_);
    const auto n_now = static_cast<int64_t>(part.n_now);
    const auto logits = TensorView::matrix(expected.back().data(), n_now, static_cast<int64_t>(n_vocab_));
    ASSERT_TRUE(forward(*model_, *ops_, {&slice, 1}, {.logits = logits, .hidden = {}}, nullptr));
    slices.push_back(slice);
    n_rows += n_now;
  }
  for (size_t n = 0; n < slices.size(); ++n) slices[n].state = &states[n];

  std::vector<float> logits(static_cast<size_t>(n_rows) * n_vocab_);
  const auto out = TensorView::matrix(logits.data(), n_rows, static_cast<int64_t>(n_vocab_));
  ASSERT_TRUE(forward(*model_, *ops_, slices, {.logits = out, .hidden = {}}, nullptr));
  size_t first = 0;
  for (size_t n = 0; n < parts.size(); ++n) {
    EXPECT_TRUE(identical(rows(logits, first, parts[n].n_now), expected[n])) << "sequence " << n;
    EXPECT_EQ(states[n].length(), static_cast<int64_t>(parts[n].n_before + parts[n].n_now));
    first += parts[n].n_now;
  }
}

TEST_P(ForwardTest, OnlyWantedRowsAreGiven) {
  SequenceState whole = new_state();
  const auto expected = run(whole, golden_.tokens);
  // Three sequences: the last row, nothing before it, all rows.
  std::vector<SequenceState> states;
  for (int n = 0; n < 3; ++n) states.push_back(new_state());
  std::vector<SequenceSlice> slices(3);
  const std::vector<size_t> counts{20, 40, 3};
  for (size_t n = 0; n < 3; ++n) {
    slices[n].state = &states[n];
    slices[n].tokens = tokens(0, counts[n]);
  }
  slices[2].all_rows = true;
  std::vector<float> logits(5 * n_vocab_);
  std::vector<float> hidden(static_cast<size_t>(5 * model_->spec().dim));
  ForwardScratch scratch;
  ASSERT_TRUE(forward(*model_, *ops_, slices,
                      {.logits = TensorView::matrix(logits.data(), 5, static_cast<int64_t>(n_vocab_)),
                       .hidden = TensorView::matrix(hidden.data(), 5, model_->spec().dim)},
                      nullptr, &scratch));
  EXPECT_TRUE(identical(rows(logits, 0, 1), rows(expected, 19, 1)));
  EXPECT_TRUE(identical(rows(logits, 1, 1), rows(expected, 39, 1)));
  EXPECT_TRUE(identical(rows(logits, 2, 3), rows(expected, 0, 3)));
  EXPECT_TRUE(std::ranges::all_of(hidden, [](float value) { return std::isfinite(value); }));

  // A step of which nothing is wanted fills the cache all the same.
  SequenceState silent = new_state();
  SequenceSlice slice;
  slice.state = &silent;
  slice.tokens = tokens(0, 20);
  ASSERT_TRUE(forward(*model_, *ops_, {&slice, 1}, {}, nullptr, &scratch));
  EXPECT_TRUE(identical(rows(expected, 20, 10), run(silent, tokens(20, 10))));
}

TEST_P(ForwardTest, EmbeddingsOfTokensAreLikeTokens) {
  const size_t n = 30;
  SequenceState by_tokens = new_state();
  const auto expected = run(by_tokens, tokens(0, n));
  const int64_t dim = model_->spec().dim;
  std::vector<float> embeddings(n * static_cast<size_t>(dim));
  const auto view = TensorView::matrix(embeddings.data(), static_cast<int64_t>(n), dim);
  token_embeddings(*model_, *ops_, tokens(0, n), view);
  SequenceState state = new_state();
  SequenceSlice slice;
  slice.state = &state;
  slice.embeddings = view;
  slice.all_rows = true;
  std::vector<float> logits(n * n_vocab_);
  const auto out = TensorView::matrix(logits.data(), static_cast<int64_t>(n), static_cast<int64_t>(n_vocab_));
  ASSERT_TRUE(forward(*model_, *ops_, {&slice, 1}, {.logits = out, .hidden = {}}, nullptr));
  EXPECT_TRUE(identical(expected, logits));
}

TEST_P(ForwardTest, ACancelledStepLeavesTheStateAsItWas) {
  SequenceState whole = new_state();
  const auto expected = run(whole, golden_.tokens);
  SequenceState state = new_state();
  run(state, tokens(0, 20));
  const std::atomic<bool> cancel{true};
  SequenceSlice slice;
  slice.state = &state;
  slice.tokens = tokens(40, 30);
  const Status status = forward(*model_, *ops_, {&slice, 1}, {}, &cancel);
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().kind, ErrorKind::kCancelled);
  EXPECT_EQ(state.length(), 20);
  EXPECT_TRUE(identical(rows(expected, 20, 60), run(state, tokens(20, 60))));
}

TEST_P(ForwardTest, CancelledLayerByLayerItLeavesTheStateAsItWas) {
  SequenceState whole = new_state();
  const auto expected = run(whole, golden_.tokens);
  SequenceState state = new_state();
  run(state, tokens(0, 20));
  std::atomic<bool> cancel{false};
  SequenceSlice slice;
  slice.state = &state;
  slice.tokens = tokens(20, 40);
  const Status status = forward_by_layer(*model_, *ops_, slice, 16, {}, &cancel, nullptr,
                                         [&](int64_t) { cancel.store(true, std::memory_order_relaxed); });
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().kind, ErrorKind::kCancelled);
  EXPECT_EQ(state.length(), 20);
  EXPECT_TRUE(identical(rows(expected, 20, 60), run(state, tokens(20, 60))));
}

TEST(ForwardLimitTest, LearnedPositionsEndWithTheirTable) {
  const auto ops = make_ops(1);
  const auto model = load_golden(read_golden("gpt2.F32.gguf"), *ops);
  ASSERT_TRUE(model);
  SequenceState state(model->state_shape());
  const std::vector<int32_t> too_many(static_cast<size_t>(model->spec().context_length) + 1, 3);
  SequenceSlice slice;
  slice.state = &state;
  slice.tokens = too_many;
  const Status status = forward(*model, *ops, {&slice, 1}, {}, nullptr);
  ASSERT_FALSE(status);
  EXPECT_THAT(status.error().message, HasSubstr("129 tokens after 0 exceed the 128 positions"));
  EXPECT_EQ(state.length(), 0);
}

}  // namespace
}  // namespace ingot::core
