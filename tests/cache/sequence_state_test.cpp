#include "cache/sequence_state.h"

#include <gmock/gmock.h>

#include <cstring>
#include <random>

namespace ingot::core {
namespace {

using ::testing::HasSubstr;

std::shared_ptr<const StateShape> make_shape(uint64_t fingerprint = 7) {
  auto shape = std::make_shared<StateShape>();
  shape->layers = {
      {.n_kv_heads = 2, .key_dim = 8, .value_dim = 4}, {}, {.n_kv_heads = 1, .key_dim = 4, .value_dim = 4}};
  shape->model_fingerprint = fingerprint;
  return shape;
}

// The value that append() writes for a position, so that every position of every head can be told apart.
uint16_t value_at(int64_t layer, bool is_value, int64_t head, int64_t position, uint16_t salt) {
  return static_cast<uint16_t>(position * 31 + layer * 7 + (is_value ? 3 : 0) + head + salt);
}

// Calls fn(half, what it should be) for all values of positions [first, end).
template <typename Fn>
void for_each_value(const SequenceState& state, int64_t first, int64_t end, uint16_t salt, const Fn& fn) {
  const auto n_layers = static_cast<int64_t>(state.shape().layers.size());
  for (int64_t layer = 0; layer < n_layers; ++layer) {
    const KvView kv = state.layer(layer);
    for (const bool is_value : {false, true}) {
      const auto pages = is_value ? kv.value_pages : kv.key_pages;
      const int64_t dim = is_value ? kv.value_dim : kv.key_dim;
      for (int64_t head = 0; head < kv.n_kv_heads; ++head) {
        for (int64_t position = first; position < end; ++position) {
          std::byte* page = pages[static_cast<size_t>(position / kPageTokens)];
          auto* matrix = reinterpret_cast<uint16_t*>(page) + head * kPageTokens * dim;
          const int64_t slot = position % kPageTokens;
          for (int64_t n = 0; n < dim; ++n) {
            fn(matrix[is_value ? slot * dim + n : n * kPageTokens + slot],
               value_at(layer, is_value, head, position, salt));
          }
        }
      }
    }
  }
}

void append(SequenceState& state, int64_t n_tokens, uint16_t salt = 0) {
  ASSERT_TRUE(state.reserve(n_tokens));
  for_each_value(state, state.length(), state.length() + n_tokens, salt,
                 [](uint16_t& half, uint16_t value) { half = value; });
  state.advance(n_tokens);
}

bool holds(const SequenceState& state, int64_t first, int64_t end, uint16_t salt = 0) {
  bool same = true;
  for_each_value(state, first, end, salt, [&](uint16_t half, uint16_t value) { same = same && half == value; });
  return same;
}

TEST(SequenceStateTest, KnowsItsSize) {
  // Layer 0: 2 heads of 8 + 4 halves; layer 2: one of 4 + 4.
  EXPECT_EQ(make_shape()->bytes_per_token(), 2 * (2 * 12 + 8));
}

TEST(SequenceStateTest, GrowsAndTruncates) {
  SequenceState state(make_shape());
  append(state, 100);
  append(state, 60);
  EXPECT_EQ(state.length(), 160);
  EXPECT_TRUE(holds(state, 0, 160));
  state.truncate(65);
  append(state, 10, 1);
  EXPECT_TRUE(holds(state, 0, 65));
  EXPECT_TRUE(holds(state, 65, 75, 1));
}

TEST(SequenceStateTest, ForksShareFullBlocksOnly) {
  SequenceState state(make_shape());
  append(state, 100);
  SequenceState fork = state.fork();
  EXPECT_EQ(fork.layer(0).key_pages[0], state.layer(0).key_pages[0]);
  append(fork, 50, 1);
  append(state, 50, 2);
  EXPECT_EQ(fork.layer(0).key_pages[0], state.layer(0).key_pages[0]);
  EXPECT_NE(fork.layer(0).key_pages[1], state.layer(0).key_pages[1]);
  EXPECT_TRUE(holds(state, 0, 100) && holds(state, 100, 150, 2));
  EXPECT_TRUE(holds(fork, 0, 100) && holds(fork, 100, 150, 1));
}

TEST(SequenceStateTest, ATruncatedForkDoesNotWriteToSharedBlocks) {
  SequenceState state(make_shape());
  append(state, 200);
  SequenceState fork = state.fork();
  fork.truncate(30);
  append(fork, 100, 1);
  EXPECT_TRUE(holds(state, 0, 200));
  EXPECT_TRUE(holds(fork, 0, 30) && holds(fork, 30, 130, 1));
  SequenceState second = fork.fork();
  fork.truncate(64);
  append(fork, 1, 2);
  EXPECT_TRUE(holds(second, 30, 130, 1));
}

TEST(SequenceStateTest, SurvivesTheStateItWasForkedFrom) {
  auto state = std::make_unique<SequenceState>(make_shape());
  append(*state, 70);
  SequenceState fork = state->fork();
  state.reset();
  append(fork, 70);
  EXPECT_TRUE(holds(fork, 0, 140));
}

TEST(SequenceStateTest, IsRestoredFromItsBytes) {
  for (const int64_t length : {0, 1, 63, 64, 65, 200}) {
    SequenceState state(make_shape());
    append(state, length);
    SequenceState restored(make_shape());
    append(restored, 10, 9);
    const Status status = restored.restore(state.snapshot());
    ASSERT_TRUE(status) << status.error().message;
    EXPECT_EQ(restored.length(), length);
    EXPECT_TRUE(holds(restored, 0, length));
    EXPECT_EQ(restored.snapshot(), state.snapshot());
    append(restored, 70, 3);
    EXPECT_TRUE(holds(restored, 0, length) && holds(restored, length, length + 70, 3));
  }
}

TEST(SequenceStateTest, ASnapshotSharesNothing) {
  SequenceState state(make_shape());
  append(state, 100);
  const auto bytes = state.snapshot();
  state.truncate(0);
  append(state, 100, 5);
  SequenceState restored(make_shape());
  ASSERT_TRUE(restored.restore(bytes));
  EXPECT_TRUE(holds(restored, 0, 100));
}

class RefusedSnapshotTest : public ::testing::Test {
 protected:
  void SetUp() override {
    append(state_, 70);
    bytes_ = state_.snapshot();
    append(target_, 20, 4);
  }
  // Refused, with this in the message, and the state as it was.
  void expect_refusal(std::span<const std::byte> bytes, const char* text) {
    const Status status = target_.restore(bytes);
    ASSERT_FALSE(status);
    EXPECT_THAT(status.error().message, HasSubstr(text));
    EXPECT_EQ(target_.length(), 20);
    EXPECT_TRUE(holds(target_, 0, 20, 4));
  }
  SequenceState state_{make_shape()};
  SequenceState target_{make_shape()};
  std::vector<std::byte> bytes_;
};

TEST_F(RefusedSnapshotTest, OfAnotherModelOrShape) {
  SequenceState other(make_shape(8));
  expect_refusal(other.snapshot(), "of another model");
  auto f32 = std::make_shared<StateShape>(*make_shape());
  f32->kv_dtype = DType::kF32;
  expect_refusal(SequenceState(f32).snapshot(), "type f32; expected f16");
  auto more = std::make_shared<StateShape>(*make_shape());
  more->layers.push_back({});
  expect_refusal(SequenceState(more).snapshot(), "has 4 layers");
  auto wider = std::make_shared<StateShape>(*make_shape());
  wider->layers[0].key_dim = 16;
  expect_refusal(SequenceState(wider).snapshot(), "layers of another shape");
}

TEST_F(RefusedSnapshotTest, ThatIsNone) {
  expect_refusal({}, "has 0 bytes; expected at least 40");
  expect_refusal(std::as_bytes(std::span("{\"this\": \"is a text file, not a state\"} ")), "not a saved state");
  bytes_[4] = std::byte{1};
  expect_refusal(bytes_, "version 1; expected 3 or 4");
}

TEST_F(RefusedSnapshotTest, TruncatedAnywhere) {
  for (size_t n_bytes = 0; n_bytes < bytes_.size(); ++n_bytes) {
    ASSERT_FALSE(target_.restore(std::span(bytes_).first(n_bytes))) << n_bytes;
  }
  bytes_.push_back(std::byte{0});
  expect_refusal(bytes_, "truncated or altered");
}

TEST_F(RefusedSnapshotTest, AlteredAnywhere) {
  for (size_t n = 0; n < bytes_.size(); ++n) {
    auto altered = bytes_;
    altered[n] ^= std::byte{0x10};
    ASSERT_FALSE(target_.restore(altered)) << n;
  }
  EXPECT_TRUE(holds(target_, 0, 20, 4));
}

TEST_F(RefusedSnapshotTest, WithAnAbsurdLength) {
  for (const int64_t length : {int64_t{-1}, int64_t{1} << 40, std::numeric_limits<int64_t>::max()}) {
    std::memcpy(bytes_.data() + 24, &length, sizeof(length));
    expect_refusal(bytes_, "truncated or altered");
  }
}

// Layers 0 and 2 are recurrent, layer 1 has keys and values too.
std::shared_ptr<const StateShape> make_recurrent_shape(bool with_attention) {
  auto shape = std::make_shared<StateShape>();
  shape->layers = {
      {}, with_attention ? KvLayerShape{.n_kv_heads = 2, .key_dim = 8, .value_dim = 4} : KvLayerShape(), {}};
  shape->recurrent = {{.n_shifts = 2, .dim = 5, .n_heads = 1, .head_size = 4},
                      {},
                      {.n_shifts = 1, .dim = 5, .n_heads = 1, .head_size = 4}};
  shape->model_fingerprint = 7;
  return shape;
}

// A step: each value becomes half of what it was, and some.
void step(SequenceState& state, int64_t n_tokens, float added) {
  ASSERT_TRUE(state.reserve(n_tokens));
  for (const int64_t layer : {0, 2}) {
    const int64_t n_floats = state.shape().recurrent[static_cast<size_t>(layer)].n_floats();
    const RecurrentView view = state.recurrent(layer, /*continued=*/false);
    for (int64_t n = 0; n < n_floats; ++n)
      view.after[n] = 0.5f * view.before[n] + added + static_cast<float>(n + layer);
  }
  state.advance(n_tokens);
}

// With a grid: the same values, and at the last grid position those of one that ended there.
std::shared_ptr<const StateShape> make_grid_shape() {
  auto shape = std::make_shared<StateShape>(*make_recurrent_shape(false));
  shape->recurrent_grid = 16;
  return shape;
}

// Token by token each value becomes half of what it was, and the token's position.
void take_tokens(SequenceState& state, int64_t n_tokens, bool generated) {
  ASSERT_TRUE(state.reserve(n_tokens));
  const int64_t grid = state.shape().recurrent_grid;
  for (const int64_t layer : {0, 2}) {
    const int64_t n_floats = state.shape().recurrent[static_cast<size_t>(layer)].n_floats();
    const RecurrentView view = state.recurrent(layer, /*continued=*/false, generated);
    for (int64_t n = 0; n < n_floats; ++n) {
      float value = view.before[n];
      if (view.after_grid != nullptr) view.after_grid[n] = value;
      for (int64_t position = state.length(); position < state.length() + n_tokens; ++position) {
        value = 0.5f * value + static_cast<float>(position + n);
        if (view.after_grid != nullptr && (position + 1) % grid == 0) view.after_grid[n] = value;
      }
      view.after[n] = value;
    }
  }
  state.advance(n_tokens, generated);
}

std::vector<float> values_of(const SequenceState& state) {
  const auto values = state.recurrent_values();
  return {values.begin(), values.end()};
}

TEST(RecurrentStateTest, BeginsWithZerosAndKeepsWhatAStepLeaves) {
  SequenceState state(make_recurrent_shape(false));
  EXPECT_TRUE(state.recurrent_values().empty()) << "nothing before the first token";
  EXPECT_EQ(state.n_bytes(), 0);
  EXPECT_EQ(state.shape().recurrent_floats(), 26 + 21);
  const int64_t growth = state.growth_bytes(100);
  step(state, 100, 1.0f);
  EXPECT_EQ(state.n_bytes(), growth);
  EXPECT_EQ(state.growth_bytes(1000000), 0) << "of a fixed size";
  EXPECT_EQ(state.recurrent_values()[0], 1.0f);
  EXPECT_EQ(state.recurrent_values()[26], 3.0f);
  step(state, 1, 2.0f);
  EXPECT_EQ(state.recurrent_values()[0], 2.5f);
  EXPECT_EQ(state.length(), 101);
}

TEST(RecurrentStateTest, AStepThatIsNotAdvancedLeavesNoTrace) {
  SequenceState state(make_recurrent_shape(true));
  step(state, 3, 1.0f);
  const auto before = values_of(state);
  ASSERT_TRUE(state.reserve(5));
  state.recurrent(0, false).after[0] = 99.0f;
  EXPECT_EQ(state.recurrent(0, true).before[0], 99.0f) << "a later part of the same step reads what it wrote";
  EXPECT_EQ(values_of(state), before);
  step(state, 1, 0.0f);
  EXPECT_EQ(state.recurrent_values()[0], 0.5f * before[0]);
}

TEST(RecurrentStateTest, ForksGoTheirOwnWays) {
  SequenceState state(make_recurrent_shape(false));
  SequenceState empty = state.fork();
  step(state, 10, 1.0f);
  SequenceState fork = state.fork();
  SequenceState second = fork.fork();
  const auto before = values_of(state);
  step(state, 1, 5.0f);
  step(fork, 1, 7.0f);
  step(fork, 1, 7.0f);
  step(empty, 10, 1.0f);
  EXPECT_EQ(values_of(second), before);
  EXPECT_EQ(values_of(empty), before);
  step(second, 1, 5.0f);
  EXPECT_EQ(values_of(second), values_of(state));
  EXPECT_NE(values_of(fork), values_of(state));
}

TEST(RecurrentGridTest, EveryStepKnowsTheStateOnTheGrid) {
  for (int64_t n_prompt = 0; n_prompt <= 40; ++n_prompt) {
    for (int64_t n_generated = 0; n_generated <= 20; ++n_generated) {
      SequenceState state(make_grid_shape());
      if (n_prompt > 0) take_tokens(state, n_prompt, /*generated=*/false);
      for (int64_t n = 0; n < n_generated; ++n) take_tokens(state, 1, /*generated=*/true);
      const auto values = values_of(state);
      const SequenceState fork = state.fork();
      ASSERT_TRUE(state.knows_grid()) << n_prompt << " " << n_generated;
      const int64_t length = state.length() / 16 * 16;
      SequenceState expected(make_grid_shape());
      if (length > 0) take_tokens(expected, length, /*generated=*/false);
      state.return_to_grid();
      ASSERT_EQ(state.length(), length);
      ASSERT_EQ(state.off_grid(), 0);
      ASSERT_EQ(values_of(state), values_of(expected)) << n_prompt << " " << n_generated;
      // Repeated and gone on with, it is where it was; its fork never moved.
      if (fork.length() > length) take_tokens(state, fork.length() - length, /*generated=*/false);
      ASSERT_EQ(values_of(state), values);
      ASSERT_EQ(values_of(fork), values);
    }
  }
}

TEST(RecurrentGridTest, AStepThatIsNotAdvancedLeavesNoTrace) {
  SequenceState state(make_grid_shape());
  take_tokens(state, 21, /*generated=*/false);
  const std::vector<std::byte> bytes = state.snapshot();
  state.return_to_grid();
  ASSERT_TRUE(state.reserve(20));
  const RecurrentView view = state.recurrent(0, /*continued=*/false);
  ASSERT_NE(view.after_grid, nullptr);
  view.after[0] = view.after_grid[0] = 99.0f;
  take_tokens(state, 5, /*generated=*/false);
  EXPECT_EQ(state.snapshot(), bytes);
}

TEST(RecurrentGridTest, ItIsUnknownBehindRowsThatWentPastIt) {
  SequenceState state(make_grid_shape());
  take_tokens(state, 10, /*generated=*/false);
  take_tokens(state, 10, /*generated=*/true);
  EXPECT_FALSE(state.knows_grid());
  EXPECT_EQ(state.recurrent(0, false).after_grid, nullptr) << "rows of a prompt go row after row";
  take_tokens(state, 12, /*generated=*/false);
  EXPECT_TRUE(state.knows_grid());
}

TEST(RecurrentGridTest, SnapshotsCarryItAndAreTakenWithoutIt) {
  SequenceState state(make_grid_shape());
  take_tokens(state, 21, /*generated=*/false);
  const std::vector<std::byte> bytes = state.snapshot();
  SequenceState restored(make_grid_shape());
  ASSERT_TRUE(restored.restore(bytes));
  EXPECT_TRUE(restored.knows_grid());
  EXPECT_EQ(restored.snapshot(), bytes);
  state.return_to_grid();
  restored.return_to_grid();
  EXPECT_EQ(values_of(restored), values_of(state));

  SequenceState plain(make_recurrent_shape(false));
  ASSERT_TRUE(plain.restore(bytes)) << "by a processor without a grid";
  EXPECT_EQ(plain.length(), 21);
  SequenceState again(make_grid_shape());
  ASSERT_TRUE(again.restore(plain.snapshot()));
  EXPECT_EQ(values_of(again), values_of(plain));
  EXPECT_FALSE(again.knows_grid());

  SequenceState target(make_grid_shape());
  for (size_t n = 0; n < bytes.size(); ++n) {
    auto altered = bytes;
    altered[n] ^= std::byte{0x07};
    ASSERT_FALSE(target.restore(altered)) << n;
    ASSERT_FALSE(target.restore(std::span(bytes).first(n))) << n;
  }
}

TEST(RecurrentGridTest, ItsMemoryIsPlanned) {
  SequenceState state(make_grid_shape());
  const int64_t growth = state.growth_bytes(100);
  EXPECT_EQ(growth, 4 * state.shape().recurrent_floats() * 4);
  for (const int64_t n_tokens : {21, 20, 7}) {
    take_tokens(state, n_tokens, /*generated=*/false);
    if (state.off_grid() > 0) state.return_to_grid();
    EXPECT_EQ(state.n_bytes() + state.growth_bytes(1), growth);
  }
}

TEST(RecurrentStateTest, ForgetsAllOrNothing) {
  SequenceState state(make_recurrent_shape(false));
  step(state, 10, 1.0f);
  const auto first = values_of(state);
  EXPECT_FALSE(state.can_truncate(9));
  EXPECT_TRUE(state.can_truncate(10));
  state.truncate(10);
  EXPECT_EQ(values_of(state), first);
  state.truncate(0);
  EXPECT_EQ(state.length(), 0);
  step(state, 10, 1.0f);
  EXPECT_EQ(values_of(state), first);
}

TEST(RecurrentStateTest, SnapshotsCarryItAndNoDamageToThemIsTaken) {
  for (const bool with_attention : {false, true}) {
    SequenceState state(make_recurrent_shape(with_attention));
    SequenceState restored(make_recurrent_shape(with_attention));
    ASSERT_TRUE(restored.restore(state.snapshot())) << "of nothing";
    EXPECT_EQ(restored.length(), 0);
    step(state, 70, 1.0f);
    const std::vector<std::byte> bytes = state.snapshot();
    ASSERT_TRUE(restored.restore(bytes));
    EXPECT_EQ(restored.length(), 70);
    EXPECT_EQ(values_of(restored), values_of(state));
    EXPECT_EQ(restored.snapshot(), bytes);
    step(state, 1, 2.0f);
    step(restored, 1, 2.0f);
    EXPECT_EQ(values_of(restored), values_of(state));

    SequenceState target(make_recurrent_shape(with_attention));
    for (size_t n = 0; n < bytes.size(); ++n) {
      auto altered = bytes;
      altered[n] ^= std::byte{0x10};
      ASSERT_FALSE(target.restore(altered)) << n;
      ASSERT_FALSE(target.restore(std::span(bytes).first(n))) << n;
    }
    SequenceState other(make_recurrent_shape(!with_attention));
    EXPECT_FALSE(other.restore(bytes));
    EXPECT_EQ(target.length(), 0);
  }
}

}  // namespace
}  // namespace ingot::core
