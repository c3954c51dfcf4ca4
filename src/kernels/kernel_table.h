// The arithmetic of one instruction set, as one table of plain functions; ops/ picks a table once and calls it.
//
// Every function is serial: it works on the range it is given and knows nothing of threads. Within one table each
// element of a result is reduced in one fixed order, which depends on the shapes of the weight alone: not on the
// number of activation rows, not on the range handed out, not on neighbours. So a product of one row is, bit for bit,
// the same row of a product of 512.
//
// A later instruction set starts as a copy of an earlier table and replaces entries.
#pragma once

#include <cstddef>
#include <cstdint>

#include "tensor/dtype.h"
#include "tensor/kv_view.h"

namespace ingot::core {

// Rows of activations are read in whole vectors: with a number of columns that is no multiple of this, zeros follow.
inline constexpr int64_t kColumnPadding = 16;
inline constexpr int64_t padded_columns(int64_t cols) {
  return (cols + kColumnPadding - 1) / kColumnPadding * kColumnPadding;
}

// Attention goes over the cache in segments of this many positions from position 0 on; each has a softmax of its own
// and they are merged in order. So one thread may take all segments of a row or many threads one each.
inline constexpr int64_t kSegmentTokens = 8 * kPageTokens;

enum class Nonlinearity : uint8_t { kNone, kSilu, kGelu, kGeluTanh, kRelu, kReluSquared, kTanh, kSigmoid };

// out[r, c] = nonlinearity(scale * (W[c] . x[r] + bias[c])) + residual[r, c]
struct LinearOutput {
  const float* bias = nullptr;  // (weight rows) or null
  float scale = 1.0f;
  Nonlinearity nonlinearity = Nonlinearity::kNone;
  const float* residual = nullptr;  // (n_x, weight rows) or null; may be out
  int64_t residual_stride = 0;
  float* out = nullptr;  // (n_x, weight rows from first_out on)
  int64_t out_stride = 0;
  int64_t first_out = 0;
};

struct LinearArgs : LinearOutput {
  const std::byte* weights = nullptr;  // (weight rows, cols), row-major, row_bytes apart
  DType type = DType::kF32;
  int64_t row_bytes = 0;
  int64_t cols = 0;
  const float* x = nullptr;  // (n_x, padded_columns(cols)): zeros from cols on
  int64_t x_stride = 0;
  int64_t n_x = 0;
};

// What a row of activations belongs to. Within a class each row has the same bits, whatever else is computed with it.
enum class TokenClass : uint8_t { kPrompt, kGenerated };

// How rows of activations are laid out for products with panels.
enum class PackedForm : uint8_t {
  kFloats,       // as they are, rows padded with zeros
  kFloatBlocks,  // as they are, some rows side by side
  kBf16,         // rounded to bfloat16
  kDigits,       // whole numbers of 16 bits and a scale for each 32 columns, in two signed bytes: 256 * high + low
  kBytes,        // whole numbers of 8 bits and a scale for each 32 columns
};

// A part of activations, (n_x, cols), on its way into a packed form: rows [first, end), columns [first_col, end_col).
// Columns begin at a multiple of kPackedColumns, and end at one or with the matrix.
inline constexpr int64_t kPackedColumns = 32;
struct PackArgs {
  PackedForm form = PackedForm::kFloats;
  int64_t cols = 0;
  const float* x = nullptr;  // (end - first, end_col - first_col)
  int64_t x_stride = 0;
  int64_t first = 0;
  int64_t end = 0;
  int64_t first_col = 0;
  int64_t end_col = 0;
  std::byte* out = nullptr;  // of all rows and columns

  const float* row(int64_t idx) const { return x + (idx - first) * x_stride; }
};

// Products with weights in panels (panel_layout.h).
struct PanelLinearArgs : LinearOutput {
  const std::byte* panels = nullptr;
  int64_t panel_bytes = 0;
  DType type = DType::kF32;
  int64_t rows = 0;  // of weights
  int64_t cols = 0;
  PackedForm form = PackedForm::kFloats;
  const std::byte* x = nullptr;  // n_x rows as pack() left them
  int64_t n_x = 0;
};

struct NormArgs {
  bool subtract_mean = false;
  float epsilon = 0.0f;
  const float* weight = nullptr;  // (n) or null: ones
  const float* bias = nullptr;    // (n) or null
};

// One head's turn; tables hold one entry a value, so that both layouts are two products and a sum:
//   interleaved: y[2p] = x[2p] cos[2p] + x[2p+1] sin[2p],  y[2p+1] = x[2p+1] cos[2p+1] + x[2p] sin[2p+1],  sin[2p] < 0
//   halves:      y[p] = x[p] cos[p] + x[p+h] sin[p],       y[p+h] = x[p+h] cos[p+h] + x[p] sin[p+h]
struct RopeArgs {
  bool interleaved = true;
  int64_t head_dim = 0;
  int64_t rotary_dim = 0;
  const float* cosines = nullptr;       // (rotary_dim)
  const float* signed_sines = nullptr;  // (rotary_dim), the minus of the first of each pair included
};

struct AttentionArgs {
  const KvView* kv = nullptr;
  int64_t n_heads = 0;
  float scale = 1.0f;
  float softcap = 0.0f;          // 0 = none
  int64_t window = 0;            // 0 = none
  const float* sinks = nullptr;  // (n_heads) or null
  const float* q = nullptr;      // (n_rows, n_heads * key_dim)
  int64_t q_stride = 0;
  float* out = nullptr;  // (n_rows, n_heads * value_dim)
  int64_t out_stride = 0;
  int64_t first_position = 0;  // of row 0
  int64_t end_seen = 0;        // 0: a row sees up to itself; else every row sees up to here
  // Of all rows. Generated ones keep FP32 products; those of prompts may round to bf16.
  TokenClass token_class = TokenClass::kPrompt;
  int64_t block_rows = 0;  // rows of an item at most; changes no bits
};

// One behind the last position that a row sees.
inline int64_t end_seen_by(const AttentionArgs& args, int64_t row) {
  return args.end_seen > 0 ? args.end_seen : args.first_position + row + 1;
}

// Query rows [first_row, end_row), at most block_rows of them, of all heads that share one head of keys.
struct AttentionItem {
  int64_t first_row = 0;
  int64_t end_row = 0;
  int64_t kv_head = 0;
};

using DecodeRow = void (*)(const std::byte* blocks, float* out_values, int64_t n_values);

// Rows of one sequence through one head of RWKV-7's recurrence, with what comes before and after it there. With w, a
// and the value's mixture still without their nonlinearities, per row, by columns j (keys) and i (values) of the head:
//
//   w_j = exp(-e^-0.5 sigmoid(w_j)),  a_j = sigmoid(a_j),  v_i += (first_v_i - v_i) sigmoid(value_mix_i)
//   kk = k k_k / max(|k k_k|, 1e-12),  k_j *= 1 + (a_j - 1) k_a_j
//   u_i = -sum_j S_ji kk_j,  S_ji = S_ji w_j + u_i kk_j a_j + v_i k_j,  y_i = sum_j S_ji r_j
//   out_i = (norm(y)_i + v_i sum_j r_j k_j r_k_j) g_i
//
// Source: "RWKV-7 Goose with Expressive Dynamic State Evolution", arXiv 2503.14456, section 4. Rows follow one another
// in FP32, so a row's bits depend on the rows before it alone, however they are cut into calls.
struct TimeMixArgs {
  int64_t head_size = 0;  // a multiple of kColumnPadding, at most kMostHeadSize
  int64_t n_rows = 0;
  // First values of the head in the first row; rows are their strides apart. g, value_mix and first_v may be null.
  struct Rows {
    const float* data = nullptr;
    int64_t stride = 0;
    const float* row(int64_t idx) const { return data == nullptr ? nullptr : data + idx * stride; }
  };
  Rows r, w, k, v, a, g, value_mix, first_v;
  const float* k_k = nullptr;  // (head_size), as are the next ones
  const float* k_a = nullptr;
  const float* r_k = nullptr;
  const float* norm_weight = nullptr;  // null: no norm
  const float* norm_bias = nullptr;
  float norm_epsilon = 0.0f;
  float* state = nullptr;  // (head_size keys, head_size values), from row to row
  // By chunks: gets the state after the last whole chunk, if there is one. May be null.
  float* grid_state = nullptr;
  float* out = nullptr;  // (n_rows, head_size)
  int64_t out_stride = 0;
};

inline constexpr int64_t kMostHeadSize = 256;

// Rows that the recurrence takes together where a table can, of heads of one size: that of every RWKV-7 model.
inline constexpr int64_t kTimeMixChunk = 16;
inline constexpr int64_t kTimeMixChunkHeadSize = 64;

struct KernelTable {
  const char* name;

  // The decoder of a type, bit-identical with the scalar one of quant_traits. Precondition: the type has one.
  DecodeRow (*decoder)(DType type);

  // Columns [first, end) of out: weight rows [first, end). scratch: linear_scratch_bytes(args), aligned to 64.
  void (*linear)(const LinearArgs& args, int64_t first, int64_t end, std::byte* scratch);
  size_t (*linear_scratch_bytes)(const LinearArgs& args);

  // Products with weights in panels; all null in a table that has none.
  // Whether weights of this type are to lie in panels.
  bool (*takes_panels)(DType type);
  // The form of activations for a product; then its bytes for n_x rows.
  PackedForm (*packed_form)(TokenClass token_class, DType type);
  size_t (*packed_bytes)(PackedForm form, int64_t cols, int64_t n_x);
  void (*pack)(const PackArgs& args);
  // Rows are packed in blocks of so many that share cache lines: one thread packs a whole block.
  int64_t (*packed_block_rows)(PackedForm form);
  // Outputs of panels [first, end). scratch: panel_scratch_bytes(args), aligned to 64.
  void (*panel_linear)(const PanelLinearArgs& args, int64_t first, int64_t end, std::byte* scratch);
  size_t (*panel_scratch_bytes)(const PanelLinearArgs& args);

  // n values normalised together; out may be x.
  void (*norm)(const NormArgs& args, const float* x, int64_t n, float* out);
  // One row of n_heads heads, in place.
  void (*rope)(const RopeArgs& args, int64_t n_heads, float* x);
  // out = nonlinearity(gate) * up, or nonlinearity(gate) when up is null; out may be either.
  void (*activate)(Nonlinearity nonlinearity, const float* gate, const float* up, int64_t n, float* out);
  // out = a + scale * b; out may be either.
  void (*add)(const float* a, const float* b, float scale, int64_t n, float* out);
  void (*scale_in_place)(float factor, int64_t n, float* x);
  void (*softcap)(float cap, int64_t n, float* x);
  // 1 / (1 + exp(-x))
  float (*sigmoid)(float x);
  // Rounds to nearest, ties to even: equal bits in every table.
  void (*encode_f16)(const float* x, int64_t n, uint16_t* out);

  // out = x + (previous - x) * mix
  void (*token_shift)(const float* x, const float* previous, const float* mix, int64_t n, float* out);
  // scratch: time_mix_scratch_bytes(head_size), aligned to 64.
  void (*time_mix)(const TimeMixArgs& args, std::byte* scratch);
  size_t (*time_mix_scratch_bytes)(int64_t head_size);
  // The same by chunks of kTimeMixChunk rows, of which the last may have fewer, for heads of kTimeMixChunkHeadSize;
  // null in a table that has no such form. A row's bits depend on the state before its chunk and the rows since then:
  // they are the same in any cut into calls that begin with a chunk.
  void (*time_mix_chunks)(const TimeMixArgs& args, std::byte* scratch);
  size_t (*time_mix_chunks_scratch_bytes)();

  // The whole of an item. scratch: attention_scratch_bytes(args), aligned to 64.
  void (*attend)(const AttentionArgs& args, const AttentionItem& item, std::byte* scratch);
  size_t (*attention_scratch_bytes)(const AttentionArgs& args);
  // The same in two steps, for few rows over a long cache, with the same bits; null where a table has no such split.
  // First each segment by itself: out_partials gets, for each row and each head of the group, a partial result of
  // attention_partial_floats(value_dim) floats. Then, for one row and one query head, n_segments partials of
  // consecutive segments, partial_stride floats apart, become the row's output; scratch_total is as large as one.
  void (*attend_segment)(const AttentionArgs& args, const AttentionItem& item, int64_t segment, std::byte* scratch,
                         float* out_partials);
  void (*merge_segments)(const AttentionArgs& args, int64_t row, int64_t head, const float* partials,
                         int64_t n_segments, int64_t partial_stride, float* scratch_total);
  // attend_segment() in three stages, each over the whole segment, for profiles; null where attend_segment is. The
  // scores of a segment are segment_scores_floats() floats: first plain products, then weights. weigh_segment adds to
  // the partials that softmax_segment has begun; merge_segments ends both ways.
  void (*score_segment)(const AttentionArgs& args, const AttentionItem& item, int64_t segment, std::byte* scratch,
                        float* out_scores);
  void (*softmax_segment)(const AttentionArgs& args, const AttentionItem& item, int64_t segment, float* scores,
                          float* out_partials);
  void (*weigh_segment)(const AttentionArgs& args, const AttentionItem& item, int64_t segment, const float* weights,
                        std::byte* scratch, float* partials);
};

// Of n_rows rows of group heads each.
inline constexpr int64_t segment_scores_floats(int64_t n_rows, int64_t group) {
  return kSegmentTokens * n_rows * group;
}

// A partial result of attention: a reference score, the sum of powers, room for that sum in lanes, then value_dim sums,
// padded.
inline constexpr int64_t attention_partial_floats(int64_t value_dim) {
  return 2 * kColumnPadding + padded_columns(value_dim);
}

}  // namespace ingot::core
