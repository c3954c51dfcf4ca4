// RWKV's operations: the token shift over rows, the recurrence over sequences and heads.
#include <algorithm>
#include <cstring>

#include "ops/cpu_ops.h"

namespace ingot::core {
namespace {

TimeMixArgs::Rows rows_of(TensorView x, int64_t first_row, int64_t first_col) {
  if (x.data == nullptr) return {};
  return {.data = x.row(first_row) + first_col, .stride = x.row_stride};
}

}  // namespace

void CpuOps::token_shift(std::span<const RecurrentRows> sequences, TensorView x, std::span<const float> mix,
                         std::span<const TensorView> outs) {
  INGOT_CHECK(static_cast<int64_t>(mix.size()) == static_cast<int64_t>(outs.size()) * x.cols, "a mixture an output");
  if (x.rows == 0) return;
  previous_rows_.clear();
  for (const RecurrentRows& sequence : sequences) {
    INGOT_CHECK(sequence.first_row == static_cast<int64_t>(previous_rows_.size()), "sequences one after another");
    for (int64_t row = 0; row < sequence.n_rows; ++row) {
      previous_rows_.push_back(row == 0 ? sequence.before : x.row(sequence.first_row + row - 1));
    }
  }
  INGOT_CHECK(static_cast<int64_t>(previous_rows_.size()) == x.rows, "every row of a sequence");
  constexpr int64_t kValuesAtOnce = 16384;
  const int64_t grain = std::max<int64_t>(1, kValuesAtOnce / (x.cols * static_cast<int64_t>(outs.size())));
  pool_->parallel_for(x.rows, grain, [&](int64_t begin, int64_t end, int) {
    for (int64_t row = begin; row < end; ++row) {
      const float* mixture = mix.data();
      for (const TensorView& out : outs) {
        table_->token_shift(x.row(row), previous_rows_[static_cast<size_t>(row)], mixture, x.cols, out.row(row));
        mixture += x.cols;
      }
    }
  });
  // Not before all of them have read what may be the same place.
  const int64_t n_bytes = x.cols * int64_t{sizeof(float)};
  for (const RecurrentRows& sequence : sequences) {
    if (sequence.n_rows == 0) continue;
    if (sequence.after_grid != nullptr) {
      const int64_t n_whole = sequence.n_rows / kTimeMixChunk * kTimeMixChunk;
      const float* last = n_whole == 0 ? sequence.before : x.row(sequence.first_row + n_whole - 1);
      std::memcpy(sequence.after_grid, last, static_cast<size_t>(n_bytes));
    }
    std::memcpy(sequence.after, x.row(sequence.first_row + sequence.n_rows - 1), static_cast<size_t>(n_bytes));
  }
}

int64_t CpuOps::recurrent_grid(int64_t head_size) const {
  const bool has_chunks = table_->time_mix_chunks != nullptr && head_size == kTimeMixChunkHeadSize;
  return has_chunks ? kTimeMixChunk : 1;
}

size_t CpuOps::time_mix_scratch_bytes(int64_t head_size) const {
  const size_t n_bytes = table_->time_mix_scratch_bytes(head_size);
  return table_->time_mix_chunks == nullptr ? n_bytes : std::max(n_bytes, table_->time_mix_chunks_scratch_bytes());
}

void CpuOps::time_mix(const TimeMixParams& params, std::span<const RecurrentRows> sequences,
                      const TimeMixInputs& inputs, TensorView out) {
  const int64_t head_size = params.head_size;
  INGOT_CHECK(head_size % kColumnPadding == 0 && head_size <= kMostHeadSize, "a size of heads that kernels have");
  INGOT_CHECK(out.cols == params.n_heads * head_size && inputs.r.rows == out.rows, "shapes of time_mix");
  INGOT_CHECK(recurrent_grid(head_size) > 1 ||
                  std::ranges::all_of(sequences, [](const RecurrentRows& rows) { return rows.after_grid == nullptr; }),
              "chunks where there are some");
  const size_t scratch_bytes = time_mix_scratch_bytes(head_size);
  const Result<std::byte*> scratch = scratch_.get_per_thread(scratch_bytes);
  if (!scratch) return fail_step(scratch.error(), out);
  const auto head_vector = [](std::span<const float> all, int64_t first) {
    return all.empty() ? nullptr : all.data() + first;
  };
  // A head takes a microsecond a row, which a thread's share should not be less than by much.
  const int64_t grain = std::max<int64_t>(1, 8 / std::max<int64_t>(1, out.rows));
  const auto n_sequences = static_cast<int64_t>(sequences.size());
  pool_->parallel_for(n_sequences * params.n_heads, grain, [&](int64_t begin, int64_t end, int thread_idx) {
    for (int64_t item = begin; item < end; ++item) {
      const RecurrentRows& sequence = sequences[static_cast<size_t>(item / params.n_heads)];
      const int64_t head = item % params.n_heads;
      const int64_t first_col = head * head_size;
      const auto rows = [&](TensorView x) { return rows_of(x, sequence.first_row, first_col); };
      TimeMixArgs args;
      args.head_size = head_size;
      args.n_rows = sequence.n_rows;
      args.r = rows(inputs.r);
      args.w = rows(inputs.w);
      args.k = rows(inputs.k);
      args.v = rows(inputs.v);
      args.a = rows(inputs.a);
      args.g = rows(inputs.g);
      args.value_mix = rows(inputs.value_mix);
      args.first_v = rows(inputs.first_v);
      args.k_k = head_vector(params.k_k, first_col);
      args.k_a = head_vector(params.k_a, first_col);
      args.r_k = head_vector(params.r_k, first_col);
      args.norm_weight = head_vector(params.norm_weight, first_col);
      args.norm_bias = head_vector(params.norm_bias, first_col);
      args.norm_epsilon = params.norm_epsilon;
      const int64_t state_first = head * head_size * head_size;
      const auto state_bytes = static_cast<size_t>(head_size * head_size) * sizeof(float);
      args.state = sequence.after + state_first;
      if (sequence.before != sequence.after) std::memcpy(args.state, sequence.before + state_first, state_bytes);
      if (sequence.after_grid != nullptr) {
        args.grid_state = sequence.after_grid + state_first;
        if (sequence.n_rows < kTimeMixChunk) std::memcpy(args.grid_state, args.state, state_bytes);
      }
      args.out = out.row(sequence.first_row) + first_col;
      args.out_stride = out.row_stride;
      const auto run = sequence.after_grid != nullptr ? table_->time_mix_chunks : table_->time_mix;
      run(args, *scratch + Scratch::thread_stride(scratch_bytes) * static_cast<size_t>(thread_idx));
    }
  });
}

}  // namespace ingot::core
