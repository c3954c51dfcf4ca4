// Products, decoding of weights and attention by themselves, through the operations that models use.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <memory>
#include <set>

#include "bench/operation_case.h"
#include "bench/suites.h"
#include "bench/synthetic_weights.h"
#include "kernels/dispatch.h"
#include "ops/cpu_ops.h"
#include "ops/profiled_ops.h"
#include "tensor/quant_traits.h"

namespace ingot::core {
namespace {

// The fifteen formats that are owed a figure, then the others that models use.
constexpr std::array kFormats = {DType::kF32,  DType::kF16,    DType::kQ4_0,  DType::kQ4_1,       DType::kQ5_0,
                                 DType::kQ5_1, DType::kQ8_0,   DType::kQ2_K,  DType::kQ3_K,       DType::kQ4_K,
                                 DType::kQ5_K, DType::kQ6_K,   DType::kMXFP4, DType::kMXFP6_E2M3, DType::kMXFP6_E3M2,
                                 DType::kBF16, DType::kIQ4_NL, DType::kIQ4_XS};

constexpr int64_t kSide = 4096;  // of the matrices that are decoded

double bits_per_value(const QuantTraits& traits) {
  return 8.0 * traits.block_bytes / traits.block_values;
}

// ---- Products ----------------------------------------------------------------------------------------------------

// (m, k) times (n, k) transposed.
struct ProductShape {
  int64_t m = 0;
  int64_t n = 0;
  int64_t k = 0;
  int n_batch = 1;  // so many products with a matrix each, one after another
  bool operator<(const ProductShape& other) const {
    return std::tie(m, n, k, n_batch) < std::tie(other.m, other.n, other.k, other.n_batch);
  }
};

struct Product {
  AlignedBuffer x, out;
  std::vector<WeightMatrix> weights;
};

Status fill(CpuOps& ops, const ProductShape& shape, DType type, Product& out_product) {
  if (!out_product.weights.empty()) return {};
  INGOT_ASSIGN(out_product.x, make_random_floats(shape.m * shape.k, 1));
  INGOT_ASSIGN(out_product.out, ops.allocate(static_cast<size_t>(shape.m * shape.n) * sizeof(float)));
  for (int index = 0; index < shape.n_batch; ++index) {
    INGOT_ASSIGN(const HostTensor tensor,
                 make_synthetic_weights(type, shape.n, shape.k, static_cast<uint64_t>(index) + 1));
    INGOT_ASSIGN(WeightMatrix packed, ops.pack_weight(tensor));
    out_product.weights.push_back(std::move(packed));
  }
  return {};
}

BenchCase product_case(const std::shared_ptr<CpuOps>& ops, const ProductShape& shape, DType type) {
  auto product = std::make_shared<Product>();
  BenchCase bench;
  const std::string batch = shape.n_batch == 1 ? std::string() : fmt::format("{} of ", shape.n_batch);
  bench.row = operation_row(*ops, fmt::format("matmul {}{}x{}x{}", batch, shape.m, shape.n, shape.k), type);
  WeightMatrix of_type;
  of_type.type = type;
  bench.row.kernels = ops->kernels_for(of_type);
  bench.prepare = [=] { return fill(*ops, shape, type, *product); };
  bench.row.work = 1;
  bench.row.work_unit = "operations";
  bench.fine_grained = true;
  bench.run = [ops, product, shape]() -> Status {
    const TensorView x = TensorView::matrix(product->x.as<float>().data(), shape.m, shape.k);
    const TensorView out = TensorView::matrix(product->out.as<float>().data(), shape.m, shape.n);
    const StepRows rows = shape.m == 1 ? StepRows{.n_generated = 1} : StepRows{.n_prompt = shape.m};
    for (const WeightMatrix& w : product->weights) ops->linear(rows, x, w, {}, out);
    return ops->synchronise();
  };
  bench.finish = [shape, type](BenchResult& row) {
    const auto n_values = static_cast<double>(shape.n * shape.k * shape.n_batch);
    add_rate(row, "gflop_per_second", 2.0 * static_cast<double>(shape.m) * n_values);
    add_rate(row, "weights_gb_per_second", n_values * bits_per_value(quant_traits(type)) / 8);
    row.figures["compression_ratio"] = 32.0 / bits_per_value(quant_traits(type));
  };
  return bench;
}

// The distinct products of a model's step, for one row and for 512.
std::set<std::pair<DType, ProductShape>> shapes_of(const Engine& engine) {
  std::set<std::pair<DType, ProductShape>> shapes;
  const auto add = [&shapes](const LinearWeights& w) {
    if (w.empty() || w.matrix.n_slices > 1) return;
    for (const int64_t m : {int64_t{1}, int64_t{512}}) {
      shapes.insert({w.matrix.type, {.m = m, .n = w.matrix.rows, .k = w.matrix.cols}});
    }
  };
  const Weights& weights = engine.model().weights();
  for (const LayerWeights& layer : weights.layers) {
    for (const LinearWeights* w : {&layer.wqkv, &layer.wq, &layer.wk, &layer.wv, &layer.wo, &layer.gate, &layer.up,
                                   &layer.gate_up, &layer.down}) {
      add(*w);
    }
  }
  if (!weights.output.empty()) {
    shapes.insert(
        {weights.output.matrix.type, {.m = 1, .n = weights.output.matrix.rows, .k = weights.output.matrix.cols}});
  }
  return shapes;
}

// ---- Attention ---------------------------------------------------------------------------------------------------

struct HeadLayout {
  int64_t n_heads = 0;
  int64_t n_kv_heads = 0;
  int64_t head_dim = 0;
};

// What rows of the prompt see.
enum class Sight : uint8_t { kCausal, kSliding, kFull };
constexpr int64_t kWindow = 256;

struct AttentionBed {
  AlignedBuffer q, k, v, out, keys, values;
  std::vector<std::byte*> key_pages, value_pages;
  KvView view() const {
    return {.dtype = DType::kF16,
            .n_kv_heads = layout.n_kv_heads,
            .key_dim = layout.head_dim,
            .value_dim = layout.head_dim,
            .key_pages = key_pages,
            .value_pages = value_pages};
  }
  HeadLayout layout;
};

Result<std::shared_ptr<AttentionBed>> make_attention_bed(CpuOps& ops, const HeadLayout& layout, int64_t length) {
  auto bed = std::make_shared<AttentionBed>();
  bed->layout = layout;
  const int64_t kv_width = layout.n_kv_heads * layout.head_dim;
  const int64_t n_pages = (length + kPageTokens - 1) / kPageTokens;
  const auto page_bytes = static_cast<size_t>(kPageTokens * kv_width) * 2;
  INGOT_ASSIGN(bed->q, make_random_floats(length * layout.n_heads * layout.head_dim, 1));
  INGOT_ASSIGN(bed->k, make_random_floats(length * kv_width, 2));
  INGOT_ASSIGN(bed->v, make_random_floats(length * kv_width, 3));
  INGOT_ASSIGN(bed->out, ops.allocate(bed->q.n_bytes()));
  INGOT_ASSIGN(bed->keys, ops.allocate(page_bytes * static_cast<size_t>(n_pages)));
  INGOT_ASSIGN(bed->values, ops.allocate(page_bytes * static_cast<size_t>(n_pages)));
  for (int64_t page = 0; page < n_pages; ++page) {
    bed->key_pages.push_back(bed->keys.data() + static_cast<size_t>(page) * page_bytes);
    bed->value_pages.push_back(bed->values.data() + static_cast<size_t>(page) * page_bytes);
  }
  ops.write_kv(bed->view(), 0, TensorView::matrix(bed->k.as<float>().data(), length, kv_width),
               TensorView::matrix(bed->v.as<float>().data(), length, kv_width));
  return bed;
}

Result<BenchCase> attention_case(const std::shared_ptr<CpuOps>& ops, const HeadLayout& layout, int64_t length,
                                 Sight sight) {
  INGOT_ASSIGN(const auto bed, make_attention_bed(*ops, layout, length));
  const char* name = sight == Sight::kCausal ? "causal" : sight == Sight::kSliding ? "sliding 256" : "full";
  BenchCase bench;
  bench.row = operation_row(
      *ops,
      fmt::format("attention {} {} heads {}/{}x{}", name, length, layout.n_heads, layout.n_kv_heads, layout.head_dim),
      DType::kF16);
  // In full sight every row sees every position: one row at the end of the cache, as in decoding.
  const int64_t n_rows = sight == Sight::kFull ? 1 : length;
  const int64_t first = length - n_rows;
  const int64_t width = layout.n_heads * layout.head_dim;
  const int64_t window = sight == Sight::kSliding ? kWindow : 0;
  bench.row.work = static_cast<double>(n_rows);
  bench.fine_grained = true;
  bench.run = [=]() -> Status {
    const AttentionParams params = {.n_heads = layout.n_heads, .scale = 0.1f, .window = window};
    const StepRows rows = n_rows == 1 ? StepRows{.n_generated = 1} : StepRows{.n_prompt = n_rows};
    ops->attention(rows, params, bed->view(), first, TensorView::matrix(bed->q.as<float>().data(), n_rows, width),
                   TensorView::matrix(bed->out.as<float>().data(), n_rows, width));
    return ops->synchronise();
  };
  bench.finish = [=](BenchResult& row) {
    const auto pairs = static_cast<double>(attention_pairs(first, n_rows, window));
    const auto seq = static_cast<double>(length);
    const auto heads = static_cast<double>(layout.n_heads), dim = static_cast<double>(layout.head_dim);
    add_rate(row, "gflop_per_second", 4.0 * pairs * heads * dim);
    // The estimates that other documents give, beside what was held in truth: a whole matrix of scores was never there.
    row.figures["estimated_whole_matrix_bytes"] = 4 * (seq * seq + 4 * seq * heads * dim);
    row.figures["estimated_flash_bytes"] = seq * dim * 4;
    row.figures["scratch_bytes"] = static_cast<double>(ops->memory().attention_scratch + ops->memory().other_scratch);
  };
  return bench;
}

}  // namespace

Result<std::vector<BenchCase>> matmul_cases(const OperationSuite& suite) {
  INGOT_ASSIGN(const auto ops, make_bench_ops(suite));
  std::vector<BenchCase> cases;
  const auto add = [&](const ProductShape& shape, DType type) { cases.push_back(product_case(ops, shape, type)); };
  for (const ProductShape& shape :
       {ProductShape{512, 512, 512}, ProductShape{1024, 1024, 1024}, ProductShape{2048, 2048, 2048},
        ProductShape{4096, 4096, 4096}, ProductShape{2048, 4096, 2048}, ProductShape{1, 4096, 4096},
        ProductShape{32, 128, 4096}, ProductShape{128, 128, 1024}, ProductShape{32, 32, 768},
        ProductShape{128, 128, 1024, 8}}) {
    add(shape, DType::kF32);
  }
  for (const DType type : kFormats) {
    if (type != DType::kF32) add({1, 4096, 4096}, type);
    add({128, 4096, 4096}, type);
  }
  for (const BenchModel& model : suite.models) {
    for (const auto& [type, shape] : shapes_of(*model.engine)) {
      add(shape, type);
      cases.back().row.model = model.name;
    }
  }
  return cases;
}

Result<std::vector<BenchCase>> dequant_cases(const OperationSuite& suite) {
  INGOT_ASSIGN(const auto ops, make_bench_ops(suite));
  INGOT_ASSIGN(const KernelTable* table, find_kernel_table(suite.isa));
  INGOT_ASSIGN(AlignedBuffer buffer, ops->allocate(kSide * kSide * sizeof(float)));
  const auto out = std::make_shared<AlignedBuffer>(std::move(buffer));
  std::vector<BenchCase> cases;
  const auto add = [&](DType type) {
    const auto w = std::make_shared<WeightMatrix>();
    w->type = type;
    BenchCase bench;
    bench.row = operation_row(*ops, fmt::format("dequant {}x{}", kSide, kSide), type);
    bench.row.kernels = ops->kernels_for(*w);
    bench.prepare = [ops, w]() -> Status {
      if (!w->empty()) return {};
      INGOT_ASSIGN(HostTensor tensor, make_synthetic_weights(w->type, kSide, kSide, 1));
      tensor.for_products = false;
      INGOT_ASSIGN(*w, ops->pack_weight(tensor));
      return {};
    };
    bench.row.work = static_cast<double>(kSide * kSide);
    bench.row.work_unit = "values";
    bench.run = [ops, table, w, out]() -> Status {
      ops->pool().parallel_for(kSide, 16, [&](int64_t begin, int64_t end, int) {
        for (int64_t row = begin; row < end; ++row) {
          table->decoder(w->type)(w->row(0, row), out->as<float>().data() + row * kSide, kSide);
        }
      });
      return {};
    };
    bench.finish = [w](BenchResult& row) {
      const auto n_values = static_cast<double>(kSide * kSide);
      add_rate(row, "melem_per_second", 1000 * n_values);
      add_rate(row, "gb_in_per_second", static_cast<double>(w->rows * w->row_bytes));
      add_rate(row, "gb_out_per_second", 4 * n_values);
      row.figures["compression_ratio"] = 4 * n_values / static_cast<double>(w->rows * w->row_bytes);
    };
    cases.push_back(std::move(bench));
  };
  for (const DType type : kFormats) add(type);
  for (const QuantTraits& traits : all_quant_traits()) {
    const bool listed = std::ranges::find(kFormats, traits.type) != kFormats.end();
    if (!listed && traits.dequantize_row != nullptr && traits.block_values > 1) add(traits.type);
  }
  return cases;
}

Result<std::vector<BenchCase>> attention_cases(const OperationSuite& suite) {
  INGOT_ASSIGN(const auto ops, make_bench_ops(suite));
  std::vector<BenchCase> cases;
  for (const HeadLayout& layout : {HeadLayout{32, 8, 128}, HeadLayout{9, 3, 64}, HeadLayout{8, 8, 64}}) {
    for (const Sight sight : {Sight::kCausal, Sight::kSliding, Sight::kFull}) {
      for (int64_t length = 32; length <= 4096; length *= 2) {
        if (sight == Sight::kSliding && length <= kWindow) continue;  // the same as causal
        INGOT_ASSIGN(BenchCase bench, attention_case(ops, layout, length, sight));
        cases.push_back(std::move(bench));
      }
    }
  }
  return cases;
}

}  // namespace ingot::core
