// Products with panels: every table, type, class of rows and ragged shape against the reference, and bit for bit
// against themselves.
#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <utility>

#include "base/aligned_buffer.h"
#include "kernels/emulated_tiles.h"
#include "kernels/panel_layout.h"
#include "random_weights.h"

namespace ingot::core {
namespace {

constexpr TokenClass kClasses[] = {TokenClass::kPrompt, TokenClass::kGenerated};

constexpr const char* kTables[] = {
    "avx2",           "avx512",    "avx512_vnni", "avx512_bf16",      "amx_bf16",
    "emulated_tiles", "avx2_fast", "avx512_fast", "avx512_vnni_fast", "avx512_bf16_fast"};
static_assert(std::size(kTables) == std::size(kPanelTables) + 1 + std::size(kFastTables));

bool is_fast(std::string_view name) {
  return name.ends_with("_fast");
}

Result<const KernelTable*> panel_table(std::string_view name) {
  if (is_fast(name)) return find_fast_kernel_table(name.substr(0, name.size() - std::string_view("_fast").size()));
  if (name != "emulated_tiles") return find_kernel_table(name);
  // It has all but the tiles themselves from there.
  INGOT_TRY(find_kernel_table("avx512_bf16"));
  return &emulated_tiles_table();
}

struct Product {
  DType type;
  int64_t rows;  // of weights
  int64_t cols;
  int64_t n_x;
  std::vector<std::byte> weights;  // (rows, cols)
  std::vector<float> x;            // (n_x, cols)
};

Product make_product(DType type, int64_t rows, int64_t cols, int64_t n_x) {
  std::mt19937 random(static_cast<uint32_t>(rows * 1000003 + cols * 1009 + n_x));
  return {type, rows, cols, n_x, random_matrix(random, type, rows, cols), random_floats(random, n_x * cols)};
}

struct Panels {
  AlignedBuffer memory;
  int64_t bytes_each = 0;
};

Panels pack_weights(const Product& product) {
  const PanelLayout& layout = *panel_layout(product.type);
  Panels panels;
  panels.bytes_each = layout.panel_bytes(product.cols);
  panels.memory = *AlignedBuffer::allocate(static_cast<size_t>(panels_of(product.rows) * panels.bytes_each));
  const int64_t bytes_per_row = row_bytes(quant_traits(product.type), product.cols);
  for (int64_t row = 0; row < product.rows; row += kPanelRows) {
    pack_panel(layout, product.weights.data() + row * bytes_per_row, bytes_per_row,
               std::min(kPanelRows, product.rows - row), product.cols,
               panels.memory.data() + row / kPanelRows * panels.bytes_each);
  }
  return panels;
}

// What a call needs, for rows [first, end) of the activations alone; out is (end - first, rows).
struct Call {
  Panels panels;
  AlignedBuffer packed;
  PanelLinearArgs args;

  Call(const KernelTable& table, TokenClass token_class, const Product& product, int64_t first, int64_t end, float* out)
      : panels(pack_weights(product)) {
    args.panels = panels.memory.data();
    args.panel_bytes = panels.bytes_each;
    args.type = product.type;
    args.rows = product.rows;
    args.cols = product.cols;
    args.form = table.packed_form(token_class, product.type);
    args.n_x = end - first;
    packed = *AlignedBuffer::allocate(table.packed_bytes(args.form, product.cols, args.n_x));
    table.pack({.form = args.form,
                .cols = product.cols,
                .x = product.x.data() + first * product.cols,
                .x_stride = product.cols,
                .end = args.n_x,
                .end_col = product.cols,
                .out = packed.data()});
    args.x = packed.data();
    args.out = out;
    args.out_stride = product.rows;
  }

  // The panels in pieces of `piece`.
  void run(const KernelTable& table, int64_t piece) const {
    const AlignedBuffer scratch = *AlignedBuffer::allocate(table.panel_scratch_bytes(args) + 1);
    for (int64_t panel = 0; panel < panels_of(args.rows); panel += piece) {
      table.panel_linear(args, panel, std::min(panel + piece, panels_of(args.rows)), scratch.data());
    }
  }
};

std::vector<float> run(const KernelTable& table, TokenClass token_class, const Product& product, int64_t first,
                       int64_t end, int64_t piece) {
  std::vector<float> out(static_cast<size_t>((end - first) * product.rows), 777.0f);
  Call(table, token_class, product, first, end, out.data()).run(table, piece);
  return out;
}

std::vector<float> run(const KernelTable& table, TokenClass token_class, const Product& product) {
  return run(table, token_class, product, 0, product.n_x, panels_of(product.rows));
}

// The bound for one output. Activations, and in the prompt's form weights too, are rounded independently of each other,
// so that their errors add like a random walk, of which six standard deviations are allowed; additions in FP32 are
// bounded by their worst case, with the largest weight of the row for whatever a code's offset or minimum adds.
double error_bound(PackedForm form, const Product& product, const std::vector<float>& w, const float* x) {
  double squares = 0.0;
  double magnitude = 0.0;
  double largest_w = 0.0;
  for (const float value : w) largest_w = std::max(largest_w, std::abs(static_cast<double>(value)));
  for (int64_t col = 0; col < product.cols; ++col) {
    const auto at = static_cast<size_t>(col);
    double rounding = 0.0;
    if (form == PackedForm::kBf16) rounding = std::abs(static_cast<double>(w[at]) * x[col]) * std::ldexp(1.0, -9);
    if (form == PackedForm::kDigits || form == PackedForm::kBytes) {
      const int64_t group = col / 32 * 32;
      const auto [low, high] = std::minmax_element(x + group, x + group + 32);
      const double largest = form == PackedForm::kDigits ? 32512.0 : 127.0;
      rounding = std::abs(w[at]) * std::max(-*low, *high) / largest / 2.0;
    }
    squares += rounding * rounding;
    magnitude += 4.0 * largest_w * std::abs(x[col]);
  }
  const bool whole_numbers = form == PackedForm::kDigits || form == PackedForm::kBytes;
  const double additions =
      whole_numbers ? static_cast<double>(product.cols) / 8.0 + 8.0 : static_cast<double>(product.cols) / 2.0 + 8.0;
  // VDPBF16PS takes subnormal operands for zero.
  const double vanished = form == PackedForm::kBf16 ? magnitude / (4.0 * largest_w + 1e-300) * 0x1p-126 : 0.0;
  return vanished + 6.0 * std::sqrt(squares) +
         0.5 * std::numeric_limits<float>::epsilon() * std::sqrt(additions) * magnitude;
}

void expect_near_exact(const KernelTable& table, TokenClass token_class, const Product& product) {
  const std::vector<float> found = run(table, token_class, product);
  const PackedForm form = table.packed_form(token_class, product.type);
  const QuantTraits& traits = quant_traits(product.type);
  std::vector<float> w(static_cast<size_t>(product.cols));
  for (int64_t row = 0; row < product.rows; ++row) {
    traits.dequantize_row(product.weights.data() + row * row_bytes(traits, product.cols), w.data(), product.cols);
    for (int64_t x_row = 0; x_row < product.n_x; ++x_row) {
      const float* x = product.x.data() + x_row * product.cols;
      double expected = 0.0;
      for (int64_t col = 0; col < product.cols; ++col) {
        expected += static_cast<double>(w[static_cast<size_t>(col)]) * static_cast<double>(x[col]);
      }
      ASSERT_NEAR(found[static_cast<size_t>(x_row * product.rows + row)], expected, error_bound(form, product, w, x))
          << traits.name << " (" << product.rows << ", " << product.cols << ") row " << row << " of x row " << x_row
          << " of " << product.n_x << (token_class == TokenClass::kPrompt ? ", prompt" : ", generated");
    }
  }
}

std::vector<DType> panel_types(const KernelTable& table) {
  std::vector<DType> types;
  for (const DType type : decodable_types()) {
    if (table.takes_panels(type)) types.push_back(type);
  }
  return types;
}

class PanelLinear : public testing::TestWithParam<const char*> {};

TEST_P(PanelLinear, EveryTypeIsWithinTheBoundOfItsClass) {
  const auto found_table = panel_table(GetParam());
  if (!found_table) GTEST_SKIP() << found_table.error().message;
  const KernelTable& table = **found_table;
  ASSERT_GE(panel_types(table).size(), 16u);
  for (const DType type : panel_types(table)) {
    for (const int64_t n_blocks : {1, 3, 5}) {
      const int64_t cols = std::max<int64_t>(32, quant_traits(type).block_values) * n_blocks;
      for (const TokenClass token_class : kClasses) {
        for (const int64_t n_x : {1, 5, 13}) {
          expect_near_exact(table, token_class, make_product(type, 37, cols, n_x));
        }
      }
    }
  }
}

TEST_P(PanelLinear, RaggedShapes) {
  const auto found_table = panel_table(GetParam());
  if (!found_table) GTEST_SKIP() << found_table.error().message;
  const KernelTable& table = **found_table;
  for (const TokenClass token_class : kClasses) {
    for (const int64_t cols : {1, 2, 3, 15, 17, 31, 33, 100, 1001}) {
      expect_near_exact(table, token_class, make_product(DType::kF32, 19, cols, 2));
      expect_near_exact(table, token_class, make_product(DType::kF32, 35, cols, 14));
      expect_near_exact(table, token_class, make_product(DType::kF16, 19, cols, 3));
      expect_near_exact(table, token_class, make_product(DType::kBF16, 19, cols, 14));
    }
    for (const int64_t rows : {1, 15, 16, 17, 32, 33, 48, 50}) {
      for (const int64_t n_x : {1, 2, 4, 11, 12, 25}) {
        expect_near_exact(table, token_class, make_product(DType::kQ4_0, rows, 96, n_x));
      }
    }
  }
}

// Columns beyond those that are unpacked at once.
TEST_P(PanelLinear, ManyColumns) {
  const auto found_table = panel_table(GetParam());
  if (!found_table) GTEST_SKIP() << found_table.error().message;
  const KernelTable& table = **found_table;
  for (const TokenClass token_class : kClasses) {
    for (const DType type : {DType::kF32, DType::kF16, DType::kQ4_1, DType::kQ6_K, DType::kIQ4_XS}) {
      expect_near_exact(table, token_class, make_product(type, 20, 8960, 2));
    }
  }
}

// Pieces of rows and of columns, as threads and fused products hand them in, lie where the whole puts them.
TEST_P(PanelLinear, PackedInPiecesIsPackedAlike) {
  const auto found_table = panel_table(GetParam());
  if (!found_table) GTEST_SKIP() << found_table.error().message;
  const KernelTable& table = **found_table;
  std::mt19937 random(11);
  std::normal_distribution<float> normal;
  constexpr int64_t kRows = 29;
  for (const TokenClass token_class : {TokenClass::kPrompt, TokenClass::kGenerated}) {
    for (const DType type : {DType::kQ4_0, DType::kF16, DType::kF32}) {
      for (const int64_t cols : {int64_t{32}, int64_t{77}, int64_t{200}, int64_t{1056}}) {
        std::vector<float> x(static_cast<size_t>(kRows * cols));
        for (float& value : x) value = normal(random);
        PackArgs args{.form = table.packed_form(token_class, type), .cols = cols, .x_stride = cols};
        const size_t n_bytes = table.packed_bytes(args.form, cols, kRows);
        const auto pack = [&](int64_t row_step, int64_t col_step) {
          std::vector<std::byte> packed(n_bytes + kCacheLineBytes);
          void* at = packed.data();
          size_t room = packed.size();
          args.out = static_cast<std::byte*>(std::align(kCacheLineBytes, n_bytes, at, room));
          for (args.first_col = 0; args.first_col < cols; args.first_col = args.end_col) {
            args.end_col = std::min(args.first_col + col_step, cols);
            for (args.first = 0; args.first < kRows; args.first = args.end) {
              args.end = std::min(args.first + row_step, kRows);
              args.x = x.data() + args.first * cols + args.first_col;
              table.pack(args);
            }
          }
          return std::vector<std::byte>(args.out, args.out + n_bytes);
        };
        const std::vector<std::byte> whole = pack(kRows, cols);
        EXPECT_TRUE(pack(1, cols) == whole);
        EXPECT_TRUE(pack(5, kPackedColumns) == whole);
        EXPECT_TRUE(pack(kRows, 3 * kPackedColumns) == whole);
      }
    }
  }
}

TEST_P(PanelLinear, UpToSixHundredRows) {
  const auto found_table = panel_table(GetParam());
  if (!found_table) GTEST_SKIP() << found_table.error().message;
  const KernelTable& table = **found_table;
  for (const TokenClass token_class : kClasses) {
    for (const int64_t n_x : {64, 512, 600}) {
      expect_near_exact(table, token_class, make_product(DType::kQ4_K, 33, 256, n_x));
    }
  }
}

TEST_P(PanelLinear, ARowDoesNotDependOnItsNeighbours) {
  const auto found_table = panel_table(GetParam());
  if (!found_table) GTEST_SKIP() << found_table.error().message;
  const KernelTable& table = **found_table;
  for (const TokenClass token_class : kClasses) {
    for (const DType type : {DType::kF32, DType::kF16, DType::kQ4_1, DType::kQ6_K, DType::kQ8_0}) {
      for (const int64_t cols : {256, 4608}) {
        const Product product = make_product(type, 83, cols, 30);
        const std::vector<float> expected = run(table, token_class, product);
        for (const int64_t piece : {1, 2, 3, 5}) {
          ASSERT_EQ(run(table, token_class, product, 0, product.n_x, piece), expected) << piece << " panels at once";
        }
        for (const auto& [first, end] : {std::pair<int64_t, int64_t>{0, 1}, {3, 4}, {7, 20}, {11, 30}, {29, 30}}) {
          const std::vector<float> found = run(table, token_class, product, first, end, 4);
          ASSERT_TRUE(std::equal(found.begin(), found.end(), expected.begin() + first * product.rows))
              << "rows " << first << " to " << end << " of " << quant_traits(type).name;
        }
      }
    }
  }
}

TEST_P(PanelLinear, NotANumberStaysInItsRow) {
  const auto found_table = panel_table(GetParam());
  if (!found_table) GTEST_SKIP() << found_table.error().message;
  const KernelTable& table = **found_table;
  for (const TokenClass token_class : kClasses) {
    for (const DType type : {DType::kF32, DType::kF16, DType::kQ4_0, DType::kQ4_K}) {
      for (const float bad : {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()}) {
        Product product = make_product(type, 35, 512, 7);
        const std::vector<float> clean = run(table, token_class, product);
        product.x[static_cast<size_t>(3 * product.cols + 200)] = bad;
        const std::vector<float> found = run(table, token_class, product);
        for (int64_t x_row = 0; x_row < product.n_x; ++x_row) {
          for (int64_t row = 0; row < product.rows; ++row) {
            const auto at = static_cast<size_t>(x_row * product.rows + row);
            if (x_row == 3) {
              // A weight of exactly zero makes NaN of infinity as well.
              EXPECT_FALSE(std::isfinite(found[at]));
            } else {
              EXPECT_EQ(found[at], clean[at]);
            }
          }
        }
      }
    }
  }
}

TEST_P(PanelLinear, TheEpilogueInItsOrder) {
  const auto found_table = panel_table(GetParam());
  if (!found_table) GTEST_SKIP() << found_table.error().message;
  const KernelTable& table = **found_table;
  for (const TokenClass token_class : kClasses) {
    const Product product = make_product(DType::kQ8_0, 21, 64, 3);
    const std::vector<float> plain = run(table, token_class, product);
    std::mt19937 random(5);
    const std::vector<float> bias = random_floats(random, 21);
    const std::vector<float> residual = random_floats(random, 3 * 21);
    std::vector<float> found = residual;  // in place
    Call call(table, token_class, product, 0, product.n_x, found.data());
    call.args.bias = bias.data();
    call.args.scale = 0.5f;
    call.args.nonlinearity = Nonlinearity::kReluSquared;
    call.args.residual = found.data();
    call.args.residual_stride = 21;
    call.run(table, panels_of(product.rows));
    for (size_t at = 0; at < found.size(); ++at) {
      const float value = std::max(0.5f * (plain[at] + bias[at % 21]), 0.0f);
      EXPECT_FLOAT_EQ(found[at], value * value + residual[at]);
    }
  }
}

// Whole numbers have one sum, and the rest is done in one order.
TEST(PanelLinearOfAllTables, GeneratedRowsHaveTheSameBits) {
  std::vector<const KernelTable*> tables;
  for (const char* name : kTables) {
    if (is_fast(name)) continue;
    if (const auto table = panel_table(name)) tables.push_back(*table);
  }
  if (tables.size() < 2) GTEST_SKIP() << "this processor has fewer than two tables with panels";
  for (const DType type : panel_types(*tables.front())) {
    const Product product = make_product(type, 37, 768, 6);
    const std::vector<float> expected = run(*tables.front(), TokenClass::kGenerated, product);
    for (const KernelTable* table : tables) {
      EXPECT_EQ(run(*table, TokenClass::kGenerated, product), expected)
          << table->name << ", " << quant_traits(type).name;
    }
  }
}

// Chains of products in FP32, in the order of the columns.
TEST(PanelLinearOfAllTables, PromptsInFloatsHaveTheSameBits) {
  const auto avx2 = find_kernel_table("avx2");
  const auto avx512 = find_kernel_table("avx512");
  if (!avx2 || !avx512) GTEST_SKIP() << "this processor lacks AVX-512";
  for (const DType type : panel_types(**avx2)) {
    const Product product = make_product(type, 37, 1280, 13);
    EXPECT_EQ((*avx2)->packed_form(TokenClass::kPrompt, type), PackedForm::kFloatBlocks);
    EXPECT_EQ(run(**avx2, TokenClass::kPrompt, product), run(**avx512, TokenClass::kPrompt, product))
        << quant_traits(type).name;
  }
}

TEST(EmulatedTiles, PassTheCheckThatARealUnitHasToPass) {
  if (!find_kernel_table("avx512_bf16")) GTEST_SKIP() << "this processor lacks AVX-512 with BF16";
  EXPECT_TRUE(emulated_tiles_multiply_as_documented());
}

// F32 weights are never rounded, in no class and no mode.
TEST_P(PanelLinear, F32WeightsMeetF32Activations) {
  const auto found_table = panel_table(GetParam());
  if (!found_table) GTEST_SKIP() << found_table.error().message;
  for (const TokenClass token_class : kClasses) {
    const PackedForm form = (*found_table)->packed_form(token_class, DType::kF32);
    EXPECT_TRUE(form == PackedForm::kFloats || form == PackedForm::kFloatBlocks);
  }
}

// In the fast mode rows of both classes are the same whole numbers.
TEST(PanelLinearOfAllTables, FastRowsHaveTheSameBits) {
  std::vector<const KernelTable*> tables;
  for (const char* name : kFastTables) {
    if (const auto table = panel_table(name)) tables.push_back(*table);
  }
  if (tables.empty()) GTEST_SKIP() << "this processor has no table of the fast mode";
  for (const DType type : panel_types(*tables.front())) {
    // As in the exact mode.
    if (type == DType::kF32 || type == DType::kF16 || type == DType::kBF16) continue;
    const Product product = make_product(type, 37, 768, 13);
    const std::vector<float> expected = run(*tables.front(), TokenClass::kGenerated, product);
    for (const KernelTable* table : tables) {
      for (const TokenClass token_class : kClasses) {
        EXPECT_EQ(table->packed_form(token_class, type), PackedForm::kBytes);
        EXPECT_EQ(run(*table, token_class, product), expected) << table->name << ", " << quant_traits(type).name;
      }
    }
  }
}

// Sums of 16 bits, where an instruction set has them, hold the largest codes times the largest activations.
TEST_P(PanelLinear, TheLargestCodesAndActivationsDoNotSaturate) {
  const auto found_table = panel_table(GetParam());
  if (!found_table) GTEST_SKIP() << found_table.error().message;
  const KernelTable& table = **found_table;
  for (const DType type : panel_types(table)) {
    const QuantTraits& traits = quant_traits(type);
    Product product = make_product(type, 16, 512, 9);
    std::vector<float> values(traits.block_values);
    // Every bit set, but in bytes of scales that would make values infinite or NaN.
    for (size_t at = 0; at < product.weights.size(); ++at) {
      const std::byte before = std::exchange(product.weights[at], std::byte{0xFF});
      traits.dequantize_row(product.weights.data() + at / traits.block_bytes * traits.block_bytes, values.data(),
                            traits.block_values);
      const bool usable = std::ranges::all_of(values, [](float v) { return std::abs(v) < 1e4f; });
      if (!usable) product.weights[at] = before;
    }
    for (size_t at = 0; at < product.x.size(); ++at) product.x[at] = at / 512 % 2 == 0 ? 1.0f : -1.0f;
    for (const TokenClass token_class : kClasses) {
      const PackedForm form = table.packed_form(token_class, type);
      if (form != PackedForm::kDigits && form != PackedForm::kBytes) continue;
      expect_near_exact(table, token_class, product);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Tables, PanelLinear, testing::ValuesIn(kTables),
                         [](const auto& test) { return std::string(test.param); });

}  // namespace
}  // namespace ingot::core
