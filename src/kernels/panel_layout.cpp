#include "kernels/panel_layout.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <span>

#include "base/check.h"
#include "tensor/quant_blocks.h"
#include "tensor/quant_scales.h"
#include "tensor/quant_traits.h"

namespace ingot::core {
namespace {

// What is done to a word of quants on its way.
enum class WordForm : uint8_t {
  kAsIs,
  kSigned,     // bytes from signed to offset by 128
  kFifthBits,  // 32 single bits, one a value, spread like the fifth bits of Q5_K: bit i of byte b is that of value 4i+b
};
// A run of words inside a block of the file, and the line that each of them goes to.
struct WordRun {
  int64_t offset;
  int64_t n_words;
  int64_t (*line)(int64_t n);
  WordForm form = WordForm::kAsIs;
};

// Word: uint32_t or a vector of them.
template <typename Word>
Word spread_fifth_bits(Word x) {
  Word out{};
  for (int b = 0; b < 4; ++b) {
    Word bits = (x >> b) & 0x11111111u;  // bit 4i
    bits = (bits | (bits >> 3)) & 0x03030303u;
    bits = (bits | (bits >> 6)) & 0x000F000Fu;
    bits = (bits | (bits >> 12)) & 0x000000FFu;
    out |= bits << (8 * b);
  }
  return out;
}
uint32_t gather_fifth_bits(uint32_t x) {
  uint32_t out = 0;
  for (int b = 0; b < 4; ++b) {
    uint32_t bits = (x >> (8 * b)) & 0xFFu;
    bits = (bits | (bits << 12)) & 0x000F000Fu;
    bits = (bits | (bits << 6)) & 0x03030303u;
    bits = (bits | (bits << 3)) & 0x11111111u;
    out |= bits << b;
  }
  return out;
}

template <WordForm kForm, typename Word>
Word to_panel(Word word) {
  if constexpr (kForm == WordForm::kSigned) return word ^ 0x80808080u;
  if constexpr (kForm == WordForm::kFifthBits) return spread_fifth_bits(word);
  return word;
}
template <WordForm kForm>
uint32_t to_file(uint32_t word) {
  if constexpr (kForm == WordForm::kFifthBits) return gather_fifth_bits(word);
  return to_panel<kForm>(word);
}

// The number of row `row` among 16 that begin at an offset.
template <typename T>
void put(std::byte* block, int64_t offset, int64_t row, T value) {
  std::memcpy(block + offset + row * static_cast<int64_t>(sizeof(T)), &value, sizeof(T));
}
template <typename T>
T get(const std::byte* block, int64_t offset, int64_t row) {
  T value;
  std::memcpy(&value, block + offset + row * static_cast<int64_t>(sizeof(T)), sizeof(T));
  return value;
}

// d, at the head of the block.
template <typename B, typename P>
struct OneScale {
  using Block = B;
  using Panel = P;
  static void pack(const Block& block, int64_t row, std::byte* out) { put(out, 0, row, block.d); }
  static void restore(const std::byte* panel, int64_t row, Block& out) { out.d = get<Le16>(panel, 0, row); }
};
template <typename B, typename P>
struct ScaleAndMin {
  using Block = B;
  using Panel = P;
  static void pack(const Block& block, int64_t row, std::byte* out) {
    put(out, 0, row, block.d);
    put(out, kPanelHalfBytes, row, block.m);
  }
  static void restore(const std::byte* panel, int64_t row, Block& out) {
    out.d = get<Le16>(panel, 0, row);
    out.m = get<Le16>(panel, kPanelHalfBytes, row);
  }
};
template <typename P, int64_t kFirst>
int64_t line_from(int64_t n) {
  return P::line(kFirst + n);
}

struct Q4_0 : OneScale<BlockQ4_0, PanelBlockQ4_0> {
  static constexpr std::array kRuns{WordRun{2, 4, Panel::line}};
};
struct Q4_1 : ScaleAndMin<BlockQ4_1, PanelBlockQ4_1> {
  static constexpr std::array kRuns{WordRun{4, 4, Panel::line}};
};
struct Q5_0 : OneScale<BlockQ5_0, PanelBlockQ5_0> {
  static constexpr std::array kRuns{WordRun{2, 1, Panel::line, WordForm::kFifthBits},
                                    WordRun{6, 4, line_from<Panel, 1>}};
};
struct Q5_1 : ScaleAndMin<BlockQ5_1, PanelBlockQ5_1> {
  static constexpr std::array kRuns{WordRun{4, 1, Panel::line, WordForm::kFifthBits},
                                    WordRun{8, 4, line_from<Panel, 1>}};
};
struct Q8_0 : OneScale<BlockQ8_0, PanelBlockQ8_0> {
  static constexpr std::array kRuns{WordRun{2, 8, Panel::line, WordForm::kSigned}};
};
struct IQ4_NL : OneScale<BlockIQ4_NL, PanelBlockQ4_0> {
  static constexpr std::array kRuns{WordRun{2, 4, Panel::line}};
};
struct MXFP4 {
  using Block = BlockMXFP4;
  using Panel = PanelBlockMXFP4;
  static constexpr std::array kRuns{WordRun{1, 4, Panel::line}};
  static void pack(const Block& block, int64_t row, std::byte* out) { put(out, 0, row, block.e); }
  static void restore(const std::byte* panel, int64_t row, Block& out) { out.e = get<uint8_t>(panel, 0, row); }
};

struct Q2_K {
  using Block = BlockQ2_K;
  using Panel = PanelBlockQ2_K;
  static constexpr std::array kRuns{WordRun{16, 16, Panel::quants}};
  static void pack(const Block& block, int64_t row, std::byte* out) {
    put(out, 0, row, block.d);
    put(out, kPanelHalfBytes, row, block.dmin);
    for (int64_t group = 0; group < 16; ++group) put(out, Panel::scale(group), row, block.scales[group]);
  }
  static void restore(const std::byte* panel, int64_t row, Block& out) {
    out.d = get<Le16>(panel, 0, row);
    out.dmin = get<Le16>(panel, kPanelHalfBytes, row);
    for (int64_t group = 0; group < 16; ++group) out.scales[group] = get<uint8_t>(panel, Panel::scale(group), row);
  }
};
struct Q3_K {
  using Block = BlockQ3_K;
  using Panel = PanelBlockQ3_K;
  static constexpr std::array kRuns{WordRun{0, 8, Panel::mask}, WordRun{32, 16, Panel::quants}};
  static void pack(const Block& block, int64_t row, std::byte* out) {
    put(out, 0, row, block.d);
    const std::array<int8_t, 16> scales = q3_k_scales(block.scales);
    for (int64_t group = 0; group < 16; ++group) put(out, Panel::scale(group), row, scales[static_cast<size_t>(group)]);
  }
  // The inverse of q3_k_scales.
  static void restore(const std::byte* panel, int64_t row, Block& out) {
    out.d = get<Le16>(panel, 0, row);
    std::fill_n(out.scales, 12, uint8_t{0});
    for (int group = 0; group < 16; ++group) {
      const int value = get<int8_t>(panel, Panel::scale(group), row) + 32;
      out.scales[group % 8] |= static_cast<uint8_t>((value & 15) << (group / 8 * 4));
      out.scales[8 + group % 4] |= static_cast<uint8_t>((value >> 4) << (group / 4 * 2));
    }
  }
};
struct Q6_K {
  using Block = BlockQ6_K;
  using Panel = PanelBlockQ6_K;
  static constexpr std::array kRuns{WordRun{0, 32, Panel::low}, WordRun{128, 16, Panel::high}};
  static void pack(const Block& block, int64_t row, std::byte* out) {
    put(out, 0, row, block.d);
    for (int64_t group = 0; group < 16; ++group) put(out, Panel::scale(group), row, block.scales[group]);
  }
  static void restore(const std::byte* panel, int64_t row, Block& out) {
    out.d = get<Le16>(panel, 0, row);
    for (int64_t group = 0; group < 16; ++group) out.scales[group] = get<int8_t>(panel, Panel::scale(group), row);
  }
};
struct IQ4_XS {
  using Block = BlockIQ4_XS;
  using Panel = PanelBlockIQ4_XS;
  static constexpr std::array kRuns{WordRun{8, 32, Panel::quants}};
  static void pack(const Block& block, int64_t row, std::byte* out) {
    put(out, 0, row, block.d);
    for (int group = 0; group < 8; ++group) {
      put(out, Panel::scale(group), row, static_cast<int8_t>(iq4_xs_scale(block, group)));
    }
  }
  // The inverse of iq4_xs_scale.
  static void restore(const std::byte* panel, int64_t row, Block& out) {
    out.d = get<Le16>(panel, 0, row);
    std::fill_n(out.scales_l, 4, uint8_t{0});
    unsigned high = 0;
    for (int group = 0; group < 8; ++group) {
      const auto value = static_cast<unsigned>(get<int8_t>(panel, Panel::scale(group), row) + 32);
      out.scales_l[group / 2] |= static_cast<uint8_t>((value & 15) << (group % 2 * 4));
      high |= (value >> 4) << (group * 2);
    }
    out.scales_h = {{static_cast<uint8_t>(high), static_cast<uint8_t>(high >> 8)}};
  }
};

// Scales and minima of six bits, unpacked to bytes.
template <typename B, typename P>
struct SixBitScales {
  using Block = B;
  using Panel = P;
  static void pack(const Block& block, int64_t row, std::byte* out) {
    put(out, 0, row, block.d);
    put(out, kPanelHalfBytes, row, block.dmin);
    for (int group = 0; group < 8; ++group) {
      const ScaleMin unpacked = k4_scale_min(block.scales, group);
      put(out, Panel::scale(group), row, unpacked.scale);
      put(out, Panel::min(group), row, unpacked.min);
    }
  }
  // The inverse of k4_scale_min.
  static void restore(const std::byte* panel, int64_t row, Block& out) {
    out.d = get<Le16>(panel, 0, row);
    out.dmin = get<Le16>(panel, kPanelHalfBytes, row);
    const auto number = [&](int64_t offset) { return static_cast<unsigned>(get<uint8_t>(panel, offset, row)); };
    for (int group = 0; group < 4; ++group) {
      const unsigned scale = number(Panel::scale(group));
      const unsigned min = number(Panel::min(group));
      const unsigned later_scale = number(Panel::scale(group + 4));
      const unsigned later_min = number(Panel::min(group + 4));
      out.scales[group] = static_cast<uint8_t>(scale | (later_scale >> 4) << 6);
      out.scales[group + 4] = static_cast<uint8_t>(min | (later_min >> 4) << 6);
      out.scales[group + 8] = static_cast<uint8_t>((later_scale & 15) | (later_min & 15) << 4);
    }
  }
};
struct Q4_K : SixBitScales<BlockQ4_K, PanelBlockQ4_K> {
  static constexpr std::array kRuns{WordRun{16, 32, Panel::quants}};
};
struct Q5_K : SixBitScales<BlockQ5_K, PanelBlockQ5_K> {
  static constexpr std::array kRuns{WordRun{16, 8, Panel::high}, WordRun{48, 32, Panel::quants}};
};

// visit.operator()<kRun>() for every run of words, a constant in it.
template <typename Format, size_t kRun = 0, typename Visit>
void for_each_run(const Visit& visit) {
  if constexpr (kRun < Format::kRuns.size()) {
    visit.template operator()<kRun>();
    for_each_run<Format, kRun + 1>(visit);
  }
}

// Four words of each of four rows, turned so that each word's four rows lie side by side.
using FourWords = uint32_t __attribute__((vector_size(16)));
void transpose(FourWords (&rows)[4]) {
  const FourWords low_01 = __builtin_shufflevector(rows[0], rows[1], 0, 4, 1, 5);
  const FourWords low_23 = __builtin_shufflevector(rows[2], rows[3], 0, 4, 1, 5);
  const FourWords high_01 = __builtin_shufflevector(rows[0], rows[1], 2, 6, 3, 7);
  const FourWords high_23 = __builtin_shufflevector(rows[2], rows[3], 2, 6, 3, 7);
  rows[0] = __builtin_shufflevector(low_01, low_23, 0, 1, 4, 5);
  rows[1] = __builtin_shufflevector(low_01, low_23, 2, 3, 6, 7);
  rows[2] = __builtin_shufflevector(high_01, high_23, 0, 1, 4, 5);
  rows[3] = __builtin_shufflevector(high_01, high_23, 2, 3, 6, 7);
}

// One block of four rows, from `row` on: four times fewer stores than word by word.
template <typename Format>
void pack_four_rows(const std::byte* bytes, int64_t row_bytes, int64_t row, std::byte* out) {
  for_each_run<Format>([&]<size_t kRun>() {
    constexpr WordRun kWords = Format::kRuns[kRun];
    constexpr int64_t kAtOnce = kWords.n_words % 4 == 0 ? 4 : 1;
    for (int64_t n = 0; n < kWords.n_words; n += kAtOnce) {
      FourWords words[4] = {};
      for (int r = 0; r < 4; ++r) {
        std::memcpy(&words[r], bytes + r * row_bytes + kWords.offset + 4 * n, sizeof(uint32_t) * kAtOnce);
      }
      transpose(words);
      for (int64_t w = 0; w < kAtOnce; ++w) {
        words[w] = to_panel<kWords.form>(words[w]);
        std::memcpy(out + kWords.line(n + w) + 4 * row, &words[w], sizeof(words[w]));
      }
    }
  });
  for (int r = 0; r < 4; ++r) {
    Format::pack(*reinterpret_cast<const typename Format::Block*>(bytes + r * row_bytes), row + r, out);
  }
}

template <typename Format>
void pack_blocks(const std::byte* rows, int64_t row_bytes, int64_t n_rows, int64_t n_blocks, std::byte* out) {
  using Block = typename Format::Block;
  for (int64_t index = 0; index < n_blocks; ++index, out += Format::Panel::n_bytes()) {
    const std::byte* blocks = rows + index * static_cast<int64_t>(sizeof(Block));
    int64_t row = 0;
    for (; row + 4 <= n_rows; row += 4) pack_four_rows<Format>(blocks + row * row_bytes, row_bytes, row, out);
    for (; row < n_rows; ++row) {
      const std::byte* bytes = blocks + row * row_bytes;
      for_each_run<Format>([&]<size_t kRun>() {
        constexpr WordRun kWords = Format::kRuns[kRun];
        for (int64_t n = 0; n < kWords.n_words; ++n) {
          uint32_t word;
          std::memcpy(&word, bytes + kWords.offset + 4 * n, sizeof(word));
          put(out, kWords.line(n), row, to_panel<kWords.form>(word));
        }
      });
      Format::pack(*reinterpret_cast<const Block*>(bytes), row, out);
    }
  }
}

template <typename Format>
void restore_blocks(const std::byte* panel, int64_t row, int64_t n_blocks, std::byte* out) {
  using Block = typename Format::Block;
  for (int64_t index = 0; index < n_blocks; ++index, panel += Format::Panel::n_bytes()) {
    std::byte* bytes = out + index * static_cast<int64_t>(sizeof(Block));
    Format::restore(panel, row, *reinterpret_cast<Block*>(bytes));
    for_each_run<Format>([&]<size_t kRun>() {
      constexpr WordRun kWords = Format::kRuns[kRun];
      for (int64_t n = 0; n < kWords.n_words; ++n) {
        const uint32_t word = to_file<kWords.form>(get<uint32_t>(panel, kWords.line(n), row));
        std::memcpy(bytes + kWords.offset + 4 * n, &word, sizeof(word));
      }
    });
  }
}

// Floats and halves, Word their bits: 16 of a column, then 16 of the next.
template <typename Word>
void pack_plain(const std::byte* rows, int64_t row_bytes, int64_t n_rows, int64_t cols, std::byte* out) {
  constexpr auto kBytes = static_cast<int64_t>(sizeof(Word));
  for (int64_t row = 0; row < n_rows; ++row) {
    const std::byte* values = rows + row * row_bytes;
    for (int64_t col = 0; col < cols; ++col) {
      Word word;
      std::memcpy(&word, values + kBytes * col, sizeof(word));
      put(out, col * kBytes * kPanelRows, row, word);
    }
  }
}
template <typename Word>
void restore_plain(const std::byte* panel, int64_t row, int64_t cols, std::byte* out) {
  constexpr auto kBytes = static_cast<int64_t>(sizeof(Word));
  for (int64_t col = 0; col < cols; ++col) {
    const auto word = get<Word>(panel, col * kBytes * kPanelRows, row);
    std::memcpy(out + kBytes * col, &word, sizeof(word));
  }
}

struct Entry {
  PanelLayout layout;
  bool plain;  // no blocks: pack and restore take columns, of which a line may lack some, instead of blocks
  void (*pack)(const std::byte* rows, int64_t row_bytes, int64_t n_rows, int64_t n_blocks, std::byte* out);
  void (*restore)(const std::byte* panel, int64_t row, int64_t n_blocks, std::byte* out);
};

template <typename Format>
constexpr Entry entry_of(DType type) {
  return {{type, Format::Block::kValues, Format::Panel::n_bytes()},
          /*plain=*/false,
          pack_blocks<Format>,
          restore_blocks<Format>};
}
template <typename Word>
constexpr Entry plain_entry(DType type) {
  return {{type, kPanelLineBytes / (kPanelRows * static_cast<int64_t>(sizeof(Word))), kPanelLineBytes},
          /*plain=*/true,
          pack_plain<Word>,
          restore_plain<Word>};
}

constexpr std::array kEntries{
    plain_entry<uint32_t>(DType::kF32), plain_entry<uint16_t>(DType::kF16), plain_entry<uint16_t>(DType::kBF16),
    entry_of<Q4_0>(DType::kQ4_0),       entry_of<Q4_1>(DType::kQ4_1),       entry_of<Q5_0>(DType::kQ5_0),
    entry_of<Q5_1>(DType::kQ5_1),       entry_of<Q8_0>(DType::kQ8_0),       entry_of<Q2_K>(DType::kQ2_K),
    entry_of<Q3_K>(DType::kQ3_K),       entry_of<Q4_K>(DType::kQ4_K),       entry_of<Q5_K>(DType::kQ5_K),
    entry_of<Q6_K>(DType::kQ6_K),       entry_of<IQ4_NL>(DType::kIQ4_NL),   entry_of<IQ4_XS>(DType::kIQ4_XS),
    entry_of<MXFP4>(DType::kMXFP4),
};

const Entry& entry_of(const PanelLayout& layout) {
  const auto found = std::ranges::find(kEntries, layout.type, [](const Entry& e) { return e.layout.type; });
  INGOT_CHECK(found != kEntries.end(), "a layout of panel_layout()");
  return *found;
}

}  // namespace

const PanelLayout* panel_layout(DType type) {
  const auto found = std::ranges::find(kEntries, type, [](const Entry& e) { return e.layout.type; });
  return found == kEntries.end() ? nullptr : &found->layout;
}

void pack_panel(const PanelLayout& layout, const std::byte* rows, int64_t row_bytes, int64_t n_rows, int64_t cols,
                std::byte* out) {
  const Entry& entry = entry_of(layout);
  const bool whole = n_rows == kPanelRows && cols % layout.block_values == 0;
  if (!whole) std::memset(out, 0, static_cast<size_t>(layout.panel_bytes(cols)));
  entry.pack(rows, row_bytes, n_rows, entry.plain ? cols : layout.n_blocks(cols), out);
}

void restore_row(const PanelLayout& layout, const std::byte* panel, int64_t row, int64_t cols, std::byte* out) {
  const Entry& entry = entry_of(layout);
  entry.restore(panel, row, entry.plain ? cols : layout.n_blocks(cols), out);
}

}  // namespace ingot::core
