#include "ops/profiled_ops.h"

#include <gtest/gtest.h>

#include <cmath>
#include <set>

#include "base/fp16.h"
#include "base/sanitizer.h"
#include "delegating_ops.h"
#include "make_ops.h"
#include "ops/allocation_counter.h"

namespace ingot::core {
namespace {

constexpr int64_t kRows = 5, kDim = 48, kHidden = 64, kHeads = 4, kKvHeads = 2, kHeadDim = 16, kVocab = 30;
constexpr int64_t kExperts = 6, kUsed = 2;

// Inputs of every operation, and what each has computed.
struct Work {
  Matrix x, weight_values, table_values, gate_values, up_values, down_values, heads, q, k, v, logits;
  WeightMatrix weight, table, gate, up, down;
  std::vector<std::byte> quantized;  // (kHidden, kDim) of Q8_0
  WeightMatrix quantized_weight;
  std::vector<std::byte> key_page, value_page;
  std::vector<std::byte*> key_pages, value_pages;
  std::vector<int32_t> positions{3, 4, 5, 6, 7};
  std::vector<float> frequencies;
  std::vector<int32_t> ids{7, 3, 3, 0, 29};

  Matrix embedded{kRows, kDim}, normed{kRows, kDim}, product{kRows, kHidden}, quantized_product{kRows, kHidden},
      turned{kRows, kHeads*kHeadDim}, activated{kRows, kHidden}, sum{kRows, kDim}, gated{kRows, kDim},
      capped{kRows, kDim}, mixed{kRows, kHeads*kHeadDim}, expert_sum{kRows, kDim};
  std::vector<int32_t> expert_ids = std::vector<int32_t>(kRows * kUsed);
  std::vector<float> expert_weights = std::vector<float>(kRows * kUsed);

  explicit Work(CpuOps& ops)
      : x(0, 0),
        weight_values(0, 0),
        table_values(0, 0),
        gate_values(0, 0),
        up_values(0, 0),
        down_values(0, 0),
        heads(0, 0),
        q(0, 0),
        k(0, 0),
        v(0, 0),
        logits(0, 0) {
    std::mt19937 random(1);
    x = Matrix::random(random, kRows, kDim);
    weight_values = Matrix::random(random, kHidden, kDim);
    table_values = Matrix::random(random, kVocab, kDim);
    gate_values = Matrix::random(random, kExperts * kHidden, kDim);
    up_values = Matrix::random(random, kExperts * kHidden, kDim);
    down_values = Matrix::random(random, kExperts * kDim, kHidden);
    heads = Matrix::random(random, kRows, kHeads * kHeadDim);
    q = Matrix::random(random, kRows, kHeads * kHeadDim);
    k = Matrix::random(random, kRows, kKvHeads * kHeadDim);
    v = Matrix::random(random, kRows, kKvHeads * kHeadDim);
    logits = Matrix::random(random, kRows, kExperts);
    weight = weight_of(ops, weight_values);
    table = weight_of(ops, table_values);
    gate = weight_of(ops, gate_values, kExperts);
    up = weight_of(ops, up_values, kExperts);
    down = weight_of(ops, down_values, kExperts);
    // Blocks of 34 bytes: a scale of 1/64 and 32 bytes that are small numbers. kDim is no whole number of blocks: the
    // matrix is one of 32 columns.
    for (int64_t block = 0; block < kHidden; ++block) {
      const uint16_t scale = float_to_fp16(1.0f / 64);
      quantized.push_back(static_cast<std::byte>(scale & 0xFF));
      quantized.push_back(static_cast<std::byte>(scale >> 8));
      for (int64_t n = 0; n < 32; ++n) quantized.push_back(static_cast<std::byte>((block * 7 + n * 3) % 100));
    }
    HostTensor tensor{.data = quantized.data(), .type = DType::kQ8_0, .rows = kHidden, .cols = 32, .owner = {}};
    quantized_weight = *ops.pack_weight(tensor);
    for (int64_t pair = 0; pair < kHeadDim / 2; ++pair) {
      frequencies.push_back(std::pow(10000.0f, -2.0f * static_cast<float>(pair) / kHeadDim));
    }
    key_page.resize(static_cast<size_t>(kKvHeads * kPageTokens * kHeadDim * 2));
    value_page.resize(key_page.size());
    key_pages = {key_page.data()};
    value_pages = {value_page.data()};
  }

  KvView kv() const { return {DType::kF16, kKvHeads, kHeadDim, kHeadDim, key_pages, value_pages}; }

  // Every operation once, with a label of its own where the model gives one.
  void run(Ops& ops) {
    const StepRows rows{kRows, 0};
    ops.set_label({.layer = -1, .name = "embedding"});
    ops.embed(ids, table, 2.0f, embedded.view());
    ops.set_label({.layer = 3, .name = "attention_norm"});
    ops.norm({.weight = std::span(weight_values.values).first(kDim)}, x.view(), normed.view());
    ops.set_label({.layer = 3, .name = "qkv_projection"});
    ops.linear(rows, x.view(), weight, {}, product.view());
    ops.linear(rows, x.view().col_range(0, 32), quantized_weight, {}, quantized_product.view());
    std::copy(heads.values.begin(), heads.values.end(), turned.values.begin());
    ops.set_label({.layer = 3, .name = "rope"});
    ops.rope({.head_dim = kHeadDim, .rotary_dim = kHeadDim, .frequencies = frequencies}, positions, turned.view());
    ops.set_label({.layer = 3});  // none: the operation's own name
    ops.activate(Activation::kSilu, product.view(), quantized_product.view(), activated.view());
    ops.add(x.view(), embedded.view(), 0.5f, sum.view());
    std::copy(x.values.begin(), x.values.end(), gated.values.begin());
    ops.scale_rows_by_sigmoid(logits.view().col_range(0, 1), gated.view());
    std::copy(x.values.begin(), x.values.end(), capped.values.begin());
    ops.softcap(0.5f, capped.view());
    ops.write_kv(kv(), 3, k.view(), v.view());
    ops.attention(rows, {.n_heads = kHeads, .scale = 0.25f, .sinks = {}}, kv(), 3, q.view(), mixed.view());
    ops.route({.n_used = kUsed}, logits.view(), expert_ids, expert_weights);
    ops.experts(rows, {&gate, &up, &down, Activation::kSilu}, expert_ids, expert_weights, kUsed, x.view(),
                expert_sum.view());
  }

  std::vector<std::vector<float>> results() const {
    std::vector<std::vector<float>> all;
    for (const Matrix* matrix : {&embedded, &normed, &product, &quantized_product, &turned, &activated, &sum, &gated,
                                 &capped, &mixed, &expert_sum}) {
      all.push_back(matrix->values);
    }
    all.push_back(expert_weights);
    return all;
  }
};

constexpr int kOperations = 13;

struct Recorded {
  std::vector<OperationEvent> events;
  const OperationEvent& named(std::string_view name, size_t nth = 0) const {
    for (const OperationEvent& event : events) {
      if (name == event.name && nth-- == 0) return event;
    }
    ADD_FAILURE() << "no operation " << name;
    return events.front();
  }
};

Recorded record(CpuOps& ops, Work& work) {
  Recorder recorder({.n_operations = 64, .n_loops = 256, .n_threads = ops.n_threads()});
  ops.set_loop_recorder(&recorder);
  recorder.set_phase(StepPhase::kPrefill);
  ProfiledOps profiled(ops, recorder);
  work.run(profiled);
  ops.set_loop_recorder(nullptr);
  EXPECT_EQ(recorder.n_dropped(), 0);
  return {{recorder.operations().begin(), recorder.operations().end()}};
}

TEST(ProfiledOps, RecordsEveryOperationUnderItsLabel) {
  const auto ops = make_ops("portable", 2);
  Work work(*ops);
  const Recorded recorded = record(*ops, work);
  ASSERT_EQ(recorded.events.size(), static_cast<size_t>(kOperations));
  std::vector<std::string> names;
  int32_t loop = 0;
  for (const OperationEvent& event : recorded.events) {
    names.emplace_back(event.name);
    EXPECT_STREQ(event.backend, "cpu");
    EXPECT_STREQ(event.kernel, "portable") << event.name;
    EXPECT_EQ(event.phase, StepPhase::kPrefill);
    EXPECT_EQ(event.n_rows, kRows);
    EXPECT_LE(event.start_ns, event.end_ns);
    EXPECT_EQ(event.first_loop, loop) << event.name << ": loops of an operation follow those of the one before";
    EXPECT_GE(event.end_loop, event.first_loop);
    EXPECT_FALSE(event.apart);
    loop = event.end_loop;
  }
  EXPECT_EQ(names, (std::vector<std::string>{"embedding", "attention_norm", "qkv_projection", "qkv_projection", "rope",
                                             "activation", "residual", "sigmoid_gate", "softcap", "kv_cache_write",
                                             "attention", "router", "experts"}));
  EXPECT_EQ(recorded.named("embedding").layer, -1);
  EXPECT_EQ(recorded.named("rope").layer, 3);
  EXPECT_EQ(recorded.named("rope").position, 3);
  EXPECT_EQ(recorded.named("kv_cache_write").position, 3);
  EXPECT_STREQ(recorded.named("qkv_projection", 0).format, "F32");
  EXPECT_STREQ(recorded.named("qkv_projection", 1).format, "Q8_0");
  EXPECT_STREQ(recorded.named("rope").format, "");
}

// By hand, from the shapes: what the mathematics reads and writes once, and its products and sums.
TEST(ProfiledOps, BytesAndFlopsAreThoseOfTheMathematics) {
  const auto ops = make_ops("portable", 1);
  Work work(*ops);
  const Recorded recorded = record(*ops, work);
  const OperationEvent& linear = recorded.named("qkv_projection", 0);
  EXPECT_EQ(linear.n_bytes, 64 * 48 * 4 + 5 * 48 * 4 + 5 * 64 * 4);  // W, x, y
  EXPECT_EQ(linear.n_flops, 2 * 5 * 64 * 48);
  const OperationEvent& quantized = recorded.named("qkv_projection", 1);
  EXPECT_EQ(quantized.n_bytes, 64 * 34 + 5 * 32 * 4 + 5 * 64 * 4);  // rows of one block of 34 bytes
  EXPECT_EQ(quantized.n_flops, 2 * 5 * 64 * 32);

  const OperationEvent& embedding = recorded.named("embedding");
  EXPECT_EQ(embedding.n_bytes, 5 * 48 * 4 + 5 * 48 * 4);  // five rows of the table, not the table
  EXPECT_EQ(embedding.n_flops, 5 * 48);

  // Rows at 3 to 7 see 4, 5, 6, 7, 8 positions: 30 pairs; each 16 products and sums for q.k and as many for values.
  const OperationEvent& attention = recorded.named("attention");
  EXPECT_EQ(attention.n_flops, 30 * 4 * (2 * 16 + 2 * 16));
  // Eight positions of two heads of keys and values in half precision, once; q and the result.
  EXPECT_EQ(attention.n_bytes, 8 * 2 * (16 + 16) * 2 + 2 * 5 * 64 * 4);

  const OperationEvent& written = recorded.named("kv_cache_write");
  EXPECT_EQ(written.n_bytes, 2 * 5 * 32 * 4 + 2 * 5 * 32 * 2);  // read as floats, stored as halves
  EXPECT_EQ(written.n_flops, 0);
  EXPECT_EQ(recorded.named("rope").n_bytes, 2 * 5 * 64 * 4);
  EXPECT_EQ(recorded.named("rope").n_flops, 3 * 5 * 64);
  EXPECT_EQ(recorded.named("residual").n_bytes, 3 * 5 * 48 * 4);
  EXPECT_EQ(recorded.named("residual").n_flops, 2 * 5 * 48);

  // Only the experts that a row goes to are read, and each once.
  const std::set<int32_t> used(work.expert_ids.begin(), work.expert_ids.end());
  ASSERT_LT(used.size(), static_cast<size_t>(kExperts)) << "the test wants an expert that is not used";
  const OperationEvent& experts = recorded.named("experts");
  EXPECT_EQ(experts.n_bytes, static_cast<int64_t>(used.size()) * 3 * 64 * 48 * 4 + 2 * 5 * 48 * 4);
  EXPECT_EQ(experts.n_flops, 2 * 3 * (5 * 2) * 64 * 48);
}

TEST(ProfiledOps, AResidualIsReadToo) {
  const auto ops = make_ops("portable", 1);
  Work work(*ops);
  Recorder recorder({.n_operations = 2});
  ProfiledOps profiled(*ops, recorder);
  Matrix residual(kRows, kHidden);
  const TensorView residual_view = residual.view();
  profiled.linear({kRows, 0}, work.x.view(), work.weight, {}, work.product.view());
  profiled.linear({kRows, 0}, work.x.view(), work.weight, {.residual = &residual_view}, work.product.view());
  const auto events = recorder.operations();
  EXPECT_STREQ(events[0].name, "linear");
  EXPECT_EQ(events[1].n_bytes - events[0].n_bytes, 5 * 64 * 4);
}

TEST(ProfiledOps, AWindowLeavesPositionsOut) {
  const auto ops = make_ops("portable", 1);
  Work work(*ops);
  Recorder recorder({.n_operations = 2});
  ProfiledOps profiled(*ops, recorder);
  ops->write_kv(work.kv(), 3, work.k.view(), work.v.view());
  const AttentionParams params{.n_heads = kHeads, .scale = 0.25f, .window = 4, .sinks = {}};
  profiled.attention({kRows, 0}, params, work.kv(), 3, work.q.view(), work.mixed.view());
  const OperationEvent& event = recorder.operations()[0];
  EXPECT_EQ(event.n_flops, 5 * 4 * 4 * (2 * 16 + 2 * 16));  // four positions for each row
  // Position 0 is the first that a window of 4 shows row 3; the last row stands at 7.
  EXPECT_EQ(event.n_bytes, 8 * 2 * 32 * 2 + 2 * 5 * 64 * 4);
  profiled.attention({1, 0}, params, work.kv(), 7, work.q.view().row_range(4, 1), work.mixed.view().row_range(4, 1));
  EXPECT_EQ(recorder.operations()[1].n_bytes, 4 * 2 * 32 * 2 + 2 * 64 * 4);
}

// What tells the same times whatever it computes.
class FixedParts : public DelegatingOps {
 public:
  using DelegatingOps::DelegatingOps;
  void time_parts(PartTimes* times) override { times_ = times; }
  void project_heads(const StepRows&, const LinearInput&, std::span<const LinearTarget>, const HeadParams&,
                     TensorView) override {
    const int64_t start_ns = zone_now_ns();
    while (zone_now_ns() - start_ns < 100'000) continue;
    times_->norm = {.ns = 20'000, .shared_ns = 0};
    times_->rope = {.ns = 30'000, .shared_ns = 30'000};
    times_->kv_write = {.ns = 10'000, .shared_ns = 10'000};
  }

 private:
  PartTimes* times_ = nullptr;
};

TEST(ProfiledOps, PartsOfAnOperationAreRecordedByThemselves) {
  const auto ops = make_ops("portable", 1);
  Work work(*ops);
  FixedParts fixed(*ops);
  Recorder recorder({.n_operations = 8});
  ProfiledOps profiled(fixed, recorder);
  const KvRows rows{0, kRows, 3, work.kv()};
  HeadParams params{.n_heads = kHeads, .n_kv_heads = kKvHeads, .key_dim = kHeadDim, .value_dim = kHeadDim};
  params.positions = work.positions;
  params.sequences = {&rows, 1};
  params.rope = RopeParams{.head_dim = kHeadDim, .rotary_dim = kHeadDim, .frequencies = work.frequencies};
  Matrix heads(kRows, (kHeads + 2 * kKvHeads) * kHeadDim);
  const LinearTarget target{&work.weight, {}, heads.view().col_range(0, kHidden)};
  profiled.set_label({.layer = 3, .name = "qkv_projection"});
  profiled.project_heads({kRows, 0}, {.x = work.x.view(), .norm = NormParams{}, .norm_label = "attention_norm"},
                         {&target, 1}, params, heads.view());
  const auto events = recorder.operations();
  ASSERT_EQ(events.size(), 4u) << "no norms of heads, for which no time was told";
  const std::vector<std::string> names{"qkv_projection", "attention_norm", "rope", "kv_cache_write"};
  const std::vector<int64_t> part_ns{0, 20'000, 30'000, 10'000};
  const std::vector<int64_t> moved_ns{-40'000, 0, 30'000, 10'000};
  for (size_t n = 0; n < events.size(); ++n) {
    EXPECT_EQ(events[n].name, names[n]);
    EXPECT_EQ(events[n].layer, 3);
    EXPECT_EQ(events[n].n_rows, kRows);
    EXPECT_EQ(events[n].moved_loops_ns, moved_ns[n]);
    if (n == 0) continue;
    EXPECT_EQ(events[n].end_ns - events[n].start_ns, part_ns[n]);
    EXPECT_EQ(events[n].start_ns, events[n - 1].end_ns);
    EXPECT_EQ(events[n].first_loop, events[n].end_loop);
  }
  EXPECT_GE(events[0].end_ns - events[0].start_ns, 40'000);
  EXPECT_STREQ(events[1].format, "");
  EXPECT_EQ(events[2].n_bytes, 2 * 5 * 6 * 16 * 4);  // four heads of queries and two of keys
  EXPECT_EQ(events[2].position, 3);
  EXPECT_EQ(events[3].n_bytes, 2 * 5 * 32 * 4 + 2 * 5 * 32 * 2);
  EXPECT_EQ(events[3].position, 3);
}

TEST(AttentionPairs, AreWhatCountingGives) {
  for (const int64_t window : {0, 1, 2, 5, 16, 100}) {
    for (int64_t first = 0; first < 24; ++first) {
      for (int64_t n_rows = 0; n_rows < 24; ++n_rows) {
        int64_t n_pairs = 0;
        for (int64_t row = first; row < first + n_rows; ++row) {
          for (int64_t position = 0; position <= row; ++position) n_pairs += window == 0 || position > row - window;
        }
        ASSERT_EQ(attention_pairs(first, n_rows, window), n_pairs) << first << " " << n_rows << " window " << window;
      }
    }
  }
}

TEST(ProfiledOps, ComputesTheSameBits) {
  for (const char* isa : kAllTables) {
    const auto ops = make_ops(isa, 2);
    if (ops == nullptr) continue;  // not this processor's
    Work plain(*ops), profiled(*ops);
    plain.run(*ops);
    record(*ops, profiled);
    const auto expected = plain.results(), found = profiled.results();
    for (size_t n = 0; n < expected.size(); ++n) ASSERT_EQ(found[n], expected[n]) << isa << ", result " << n;
    ASSERT_EQ(profiled.expert_ids, plain.expert_ids);
    ASSERT_EQ(profiled.key_page, plain.key_page);
  }
}

TEST(ProfiledOps, PassesOnWhatItDoesNotRecord) {
  const auto ops = make_ops("portable", 1);
  Recorder recorder({});
  ProfiledOps profiled(*ops, recorder);
  EXPECT_STREQ(profiled.kernels(), ops->kernels());
  EXPECT_STREQ(profiled.backend(), "cpu");
  EXPECT_TRUE(profiled.allocate(64).has_value());
  EXPECT_TRUE(profiled.synchronise().has_value());
  EXPECT_EQ(profiled.memory().other_scratch, ops->memory().other_scratch);
}

// The operations allocate here and there; recording them adds nothing to that.
TEST(ProfiledOps, RecordingDoesNotAllocate) {
  if (INGOT_UNDER_SANITIZER) GTEST_SKIP() << "the sanitizer takes over allocation";
  const auto ops = make_ops("portable", 2);
  Work work(*ops);
  Recorder recorder({.n_operations = 256, .n_loops = 1024, .n_threads = 2});
  ProfiledOps profiled(*ops, recorder);
  work.run(profiled);  // scratch, tables of angles, the list of experts
  const auto count = [&](Ops& which) {
    const int64_t before = count_allocations() + allocation_counts().n_allocations.load();
    work.run(which);
    return count_allocations() + allocation_counts().n_allocations.load() - before;
  };
  const int64_t without = count(*ops);
  ops->set_loop_recorder(&recorder);
  EXPECT_EQ(count(profiled), without);
  ops->set_loop_recorder(nullptr);
  EXPECT_EQ(recorder.n_dropped(), 0);

  Recorder full({});
  ProfiledOps dropping(*ops, full);
  dropping.experts({kRows, 0}, {&work.gate, &work.up, &work.down, Activation::kSilu}, work.expert_ids,
                   work.expert_weights, kUsed, work.x.view(), work.expert_sum.view());
  EXPECT_EQ(count(dropping), without) << "nor does counting what finds no room";
  EXPECT_EQ(full.n_dropped(), 1 + kOperations);
}

}  // namespace
}  // namespace ingot::core
