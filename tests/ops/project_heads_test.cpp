// Norms before products, and the way from a layer's input to its heads, in one go: the bits of their parts.
#include <gtest/gtest.h>

#include <cstring>

#include "attention_cases.h"
#include "delegating_ops.h"
#include "random_weight.h"

namespace ingot::core {
namespace {

class FusedInput : public testing::TestWithParam<const char*> {};

// What Ops itself makes of the operations that a backend need not have: one part after another.
class InParts : public DelegatingOps {
 public:
  using DelegatingOps::DelegatingOps;
};

struct Norm {
  Matrix weight;
  Matrix bias;
  NormParams params;
  Norm(std::mt19937& random, NormKind kind, int64_t width)
      : weight(Matrix::random(random, 1, width)), bias(Matrix::random(random, 1, width)) {
    params = {.kind = kind, .epsilon = 1e-5f, .weight = weight.values, .group = width};
    if (kind == NormKind::kLayer) params.bias = bias.values;
  }
};

TEST_P(FusedInput, ANormBeforeAProductHasItsBits) {
  std::mt19937 random(1);
  constexpr int64_t kDim = 288;  // no whole number of blocks of K formats, so that none is taken
  for (const int n_threads : {1, 3}) {
    INGOT_OPS_OR_SKIP(ops, GetParam(), n_threads);
    InParts parts(ops);
    for (const NormKind kind : {NormKind::kRms, NormKind::kLayer}) {
      const Norm norm(random, kind, kDim);
      // Types in panels, one without, and two that want their rows in different forms.
      for (const auto& [first, second] : {std::pair(DType::kQ4_0, DType::kQ8_0), std::pair(DType::kF16, DType::kF16),
                                          std::pair(DType::kF32, DType::kQ5_0), std::pair(DType::kQ4_1, DType::kF64)}) {
        const WeightMatrix a = random_weight(ops, random, first, 100, kDim);
        const WeightMatrix b = random_weight(ops, random, second, 100, kDim);
        for (const StepRows step : {StepRows{1, 0}, StepRows{0, 1}, StepRows{9, 6}, StepRows{525, 30}}) {
          const int64_t n = step.total();
          Matrix x = Matrix::random(random, n, kDim, 3.0f);
          Matrix spare(n, kDim);
          const LinearInput input{.x = x.view(), .norm = norm.params, .spare = spare.view()};
          const std::vector<float> before = x.values;
          const auto group = [&](Ops& with) {
            Matrix out(n, 200);
            const LinearTarget targets[] = {{&a, {.scale = 0.5f}, out.view().col_range(0, 100)},
                                            {&b, {.activation = Activation::kTanh}, out.view().col_range(100, 100)}};
            with.linear_group(step, input, targets);
            return out.values;
          };
          EXPECT_EQ(group(ops), group(parts));
          const auto gated = [&](Ops& with) {
            Matrix out(n, 100);
            Matrix up(n, 100);
            with.gated_linear(step, input, {{&a, {}, {}}, {&b, {}, {}}, Activation::kSilu, out.view(), up.view()});
            return out.values;
          };
          EXPECT_EQ(gated(ops), gated(parts));
          EXPECT_EQ(x.values, before);
        }
      }
    }
  }
}

// Ragged widths, so that the last tile ends with the matrix; and a down product of another form than the first two.
TEST_P(FusedInput, WhatIsPackedForTheNextProductHasItsBits) {
  std::mt19937 random(4);
  for (const int n_threads : {1, 3}) {
    INGOT_OPS_OR_SKIP(ops, GetParam(), n_threads);
    InParts parts(ops);
    for (const DType next_type : {DType::kQ4_0, DType::kQ8_0, DType::kF16, DType::kF32, DType::kF64}) {
      for (const int64_t width : {int64_t{32}, int64_t{224}, int64_t{1056}}) {
        const WeightMatrix gate = random_weight(ops, random, DType::kQ4_0, width, 96);
        const WeightMatrix up = random_weight(ops, random, DType::kQ4_0, width, 96);
        const WeightMatrix next = random_weight(ops, random, next_type, 50, width);
        const Matrix bias = Matrix::random(random, 1, width);
        for (const StepRows step : {StepRows{1, 0}, StepRows{0, 1}, StepRows{9, 6}, StepRows{525, 30}}) {
          const int64_t n = step.total();
          Matrix x = Matrix::random(random, n, 96, 3.0f);
          Matrix residual = Matrix::random(random, n, 50);
          const auto run = [&](Ops& with) {
            Matrix hidden(n, width);
            Matrix spare(n, width);
            Matrix out = residual;
            const TensorView out_view = out.view();
            const LinearInput input = with.gated_linear(step, {.x = x.view()},
                                                        {.gate = {&gate, {.bias = bias.values}, {}},
                                                         .up = {&up, {}, {}},
                                                         .activation = Activation::kGelu,
                                                         .out = hidden.view(),
                                                         .spare = spare.view(),
                                                         .next = &next});
            const LinearTarget target{&next, {.residual = &out_view}, out_view};
            with.linear_group(step, input, {&target, 1});
            EXPECT_TRUE(ops.synchronise().has_value());
            const bool panels = gate.layout == WeightLayout::kPanels && next.layout == WeightLayout::kPanels;
            EXPECT_EQ(input.packed != nullptr, &with == &ops && panels);
            return out.values;
          };
          EXPECT_EQ(run(ops), run(parts)) << width << " " << n;
        }
      }
    }
  }
}

struct HeadsCase {
  int64_t n_heads = 4;
  int64_t n_kv_heads = 2;
  int64_t head_dim = 64;
  DType cache = DType::kF16;
  RopeLayout layout = RopeLayout::kHalves;
  int64_t rotary_dim = 64;  // 0: no turns
  bool norms = false;       // of heads
  bool joined = false;      // Q, K and V in one matrix
  DType type = DType::kQ4_0;
  DType value_type = DType::kQ4_0;
};

constexpr HeadsCase kHeadsCases[] = {
    {},
    {.n_heads = 9, .n_kv_heads = 3, .layout = RopeLayout::kInterleaved, .type = DType::kQ4_1},
    {.n_heads = 3, .n_kv_heads = 1, .head_dim = 80, .rotary_dim = 32, .norms = true, .type = DType::kQ8_0},
    {.n_heads = 2, .n_kv_heads = 2, .head_dim = 16, .cache = DType::kF32, .rotary_dim = 16, .norms = true},
    {.n_heads = 6, .n_kv_heads = 2, .head_dim = 96, .rotary_dim = 96, .joined = true},
    {.n_heads = 1, .n_kv_heads = 1, .head_dim = 256, .rotary_dim = 0, .value_type = DType::kF16},
    {.rotary_dim = 64, .type = DType::kF64, .value_type = DType::kF64},
};

// Several sequences: rows of two prompts, one of which goes on within a page, and of three that generate.
TEST_P(FusedInput, HeadsHaveTheBitsOfTheirParts) {
  std::mt19937 random(2);
  constexpr int64_t kDim = 96;
  struct Piece {
    int64_t n_rows;
    int64_t first_position;
    bool generated;
  };
  constexpr Piece kPieces[] = {{530, 0, false}, {71, 37, false}, {1, 0, true}, {1, 63, true}, {1, 700, true}};
  for (const int n_threads : {1, 2, 5}) {
    INGOT_OPS_OR_SKIP(ops, GetParam(), n_threads);
    InParts parts(ops);
    for (const HeadsCase& c : kHeadsCases) {
      const Norm norm(random, NormKind::kRms, kDim);
      const Norm q_norm(random, NormKind::kRms, c.head_dim);
      const Norm k_norm(random, NormKind::kRms, c.head_dim);
      const int64_t n_all = c.n_heads + 2 * c.n_kv_heads;
      const WeightMatrix joined = random_weight(ops, random, c.type, n_all * c.head_dim, kDim);
      const WeightMatrix q = random_weight(ops, random, c.type, c.n_heads * c.head_dim, kDim);
      const WeightMatrix k = random_weight(ops, random, c.type, c.n_kv_heads * c.head_dim, kDim);
      const WeightMatrix v = random_weight(ops, random, c.value_type, c.n_kv_heads * c.head_dim, kDim);
      const Matrix bias = Matrix::random(random, 1, c.n_kv_heads * c.head_dim);
      std::vector<float> frequencies;
      for (int64_t pair = 0; pair < c.rotary_dim / 2; ++pair) {
        frequencies.push_back(std::pow(1000.0f, -2.0f * static_cast<float>(pair) / static_cast<float>(c.rotary_dim)));
      }
      for (const size_t n_pieces : {size_t{1}, std::size(kPieces)}) {
        const auto pieces = std::span(kPieces).first(n_pieces);
        StepRows step;
        std::vector<int32_t> positions;
        for (const Piece& piece : pieces) {
          (piece.generated ? step.n_generated : step.n_prompt) += piece.n_rows;
          for (int64_t n = 0; n < piece.n_rows; ++n) {
            positions.push_back(static_cast<int32_t>(piece.first_position + n));
          }
        }
        Matrix x = Matrix::random(random, step.total(), kDim, 3.0f);
        Matrix spare(step.total(), kDim);
        const LinearInput input{.x = x.view(), .norm = norm.params, .spare = spare.view()};
        const auto run = [&](Ops& with) {
          std::vector<PagedCache> caches;
          for (const Piece& piece : pieces) {
            caches.emplace_back(AttentionCase{.n_kv_heads = c.n_kv_heads,
                                              .key_dim = c.head_dim,
                                              .value_dim = c.head_dim,
                                              .n_positions = piece.first_position + piece.n_rows,
                                              .dtype = c.cache});
          }
          HeadParams params{.n_heads = c.n_heads,
                            .n_kv_heads = c.n_kv_heads,
                            .key_dim = c.head_dim,
                            .value_dim = c.head_dim,
                            .positions = positions};
          if (c.norms) params.q_norm = q_norm.params;
          if (c.norms) params.k_norm = k_norm.params;
          if (c.rotary_dim > 0) {
            params.rope = RopeParams{.layout = c.layout,
                                     .head_dim = c.head_dim,
                                     .rotary_dim = c.rotary_dim,
                                     .frequencies = frequencies,
                                     .magnitude = 1.1f};
          }
          std::vector<KvRows> sequences;
          int64_t row = 0;
          for (size_t n = 0; n < pieces.size(); ++n) {
            KvView view = caches[n].view;  // its pages moved with the caches
            view.key_pages = caches[n].key_pages;
            view.value_pages = caches[n].value_pages;
            sequences.push_back({row, pieces[n].n_rows, pieces[n].first_position, view});
            row += pieces[n].n_rows;
          }
          params.sequences = sequences;
          Matrix heads(step.total(), n_all * c.head_dim);
          const TensorView view = heads.view();
          const std::array apart{LinearTarget{&q, {}, params.queries(view)},
                                 LinearTarget{&k, {.bias = bias.values}, params.keys(view)},
                                 LinearTarget{&v, {.scale = 0.5f}, params.values(view)}};
          const LinearTarget one{&joined, {}, view};
          with.project_heads(step, input, c.joined ? std::span(&one, 1) : std::span(apart), params, view);
          EXPECT_TRUE(ops.synchronise().has_value());
          std::vector<std::byte> bytes;
          for (const PagedCache& cache : caches) {
            for (const std::vector<std::byte>& page : cache.storage)
              bytes.insert(bytes.end(), page.begin(), page.end());
          }
          Matrix queries(step.total(), c.n_heads * c.head_dim);
          for (int64_t r = 0; r < queries.rows; ++r) {
            std::copy_n(view.row(r), queries.cols, queries.view().row(r));
          }
          return std::pair(queries.values, bytes);
        };
        const auto fused = run(ops);
        const auto in_parts = run(parts);
        EXPECT_EQ(fused.first, in_parts.first);
        EXPECT_TRUE(fused.second == in_parts.second) << "keys or values";
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Tables, FusedInput, testing::ValuesIn(kTablesAndTiles),
                         [](const auto& test) { return std::string(test.param); });

// A part that ran inside another operation is recorded by itself, and nothing is counted twice.
TEST(PartTimes, AddUpToTheOperation) {
  std::mt19937 random(3);
  for (const char* isa : {"", "portable"}) {  // in one go, and one after another
    const auto ops = make_ops(isa, 2);
    ASSERT_NE(ops, nullptr);
    PartTimes times;
    ops->time_parts(&times);
    constexpr int64_t kDim = 512, kRows = 300;
    const Norm norm(random, NormKind::kRms, kDim);
    const WeightMatrix w = random_weight(*ops, random, DType::kQ8_0, 192, kDim);
    Matrix x = Matrix::random(random, kRows, kDim);
    Matrix spare(kRows, kDim);
    Matrix heads(kRows, 192);
    PagedCache cache({.n_kv_heads = 1, .key_dim = 64, .value_dim = 64, .n_positions = kRows});
    const KvRows rows{0, kRows, 0, cache.view};
    const HeadParams params{.n_heads = 1, .n_kv_heads = 1, .key_dim = 64, .value_dim = 64, .sequences = {&rows, 1}};
    const LinearTarget target{&w, {}, heads.view()};
    const int64_t start_ns = zone_now_ns();
    ops->project_heads({kRows, 0}, {.x = x.view(), .norm = norm.params, .spare = spare.view()}, {&target, 1}, params,
                       heads.view());
    const int64_t all_ns = zone_now_ns() - start_ns;
    EXPECT_GT(times.norm.ns, 0);
    EXPECT_GT(times.kv_write.ns, 0);
    EXPECT_EQ(times.head_norm.ns, 0);
    EXPECT_EQ(times.rope.ns, 0);
    EXPECT_LE(times.norm.ns + times.kv_write.ns, all_ns);
    EXPECT_EQ(times.norm.shared_ns, times.norm.ns);
    const PartTimes before = times;
    ops->time_parts(nullptr);
    ops->project_heads({kRows, 0}, {.x = x.view(), .norm = norm.params, .spare = spare.view()}, {&target, 1}, params,
                       heads.view());
    EXPECT_EQ(times.norm.ns, before.norm.ns);
  }
}

}  // namespace
}  // namespace ingot::core
