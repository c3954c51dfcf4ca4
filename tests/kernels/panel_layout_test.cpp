#include "kernels/panel_layout.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "random_weights.h"

namespace ingot::core {
namespace {

TEST(PanelLayout, TheCommonTypesHavePanels) {
  for (const DType type : {DType::kF32, DType::kF16, DType::kBF16, DType::kQ4_0, DType::kQ4_1, DType::kQ5_0,
                           DType::kQ5_1, DType::kQ8_0, DType::kQ2_K, DType::kQ3_K, DType::kQ4_K, DType::kQ5_K,
                           DType::kQ6_K, DType::kIQ4_NL, DType::kIQ4_XS, DType::kMXFP4}) {
    ASSERT_NE(panel_layout(type), nullptr) << quant_traits(type).name;
    EXPECT_EQ(panel_layout(type)->type, type);
  }
  EXPECT_EQ(panel_layout(DType::kF64), nullptr);
  EXPECT_EQ(panel_layout(DType::kIQ2_S), nullptr);
}

// Any bits at all, so that no bit of a block is lost or moved to another row.
TEST(PanelLayout, RestoresEveryBitOfEveryRow) {
  std::mt19937 random(11);
  for (const QuantTraits& traits : all_quant_traits()) {
    const PanelLayout* layout = panel_layout(traits.type);
    if (layout == nullptr) continue;
    for (const int64_t n_rows : {1, 7, 16}) {
      for (const int64_t n_blocks : {1, 2, 5, 13}) {
        const int64_t cols = n_blocks * traits.block_values;
        const int64_t bytes_per_row = row_bytes(traits, cols);
        std::vector<std::byte> rows;
        for (int64_t n = 0; n < n_rows * n_blocks; ++n) append_random_bits(random, traits, rows);
        std::vector<std::byte> panel(static_cast<size_t>(layout->panel_bytes(cols)), std::byte{0xA5});
        pack_panel(*layout, rows.data(), bytes_per_row, n_rows, cols, panel.data());
        std::vector<std::byte> found(static_cast<size_t>(bytes_per_row));
        for (int64_t row = 0; row < n_rows; ++row) {
          restore_row(*layout, panel.data(), row, cols, found.data());
          ASSERT_TRUE(std::equal(found.begin(), found.end(), rows.begin() + row * bytes_per_row))
              << traits.name << " (" << n_rows << ", " << cols << ") row " << row;
        }
      }
    }
  }
}

// Panels cost no memory worth the name: at most a twenty-fifth more than the file.
TEST(PanelLayout, IsHardlyLargerThanTheFile) {
  for (const QuantTraits& traits : all_quant_traits()) {
    const PanelLayout* layout = panel_layout(traits.type);
    if (layout == nullptr) continue;
    const int64_t file_bytes = kPanelRows * row_bytes(traits, 2048);
    EXPECT_LE(layout->panel_bytes(2048), file_bytes + file_bytes / 25) << traits.name;
  }
}

}  // namespace
}  // namespace ingot::core
