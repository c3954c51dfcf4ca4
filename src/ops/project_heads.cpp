// Q, K and V with all that happens to them before attention. A thread multiplies the weights of some heads with all
// rows, and while their results are in its cache it norms and turns them and puts keys and values into the cache of
// their sequences: heads are independent of each other in all of that.
#include <algorithm>
#include <array>

#include "kernels/panel_layout.h"
#include "ops/cpu_ops.h"
#include "ops/kv_writer.h"
#include "ops/work_split.h"

namespace ingot::core {
namespace {

// Heads that a thread takes at a time; whole ones, and of few rows as many pieces as threads can share evenly.
int64_t heads_at_once(int64_t n_heads, int64_t head_dim, int n_threads, int64_t n_rows) {
  const int64_t weight_rows = weight_rows_at_once(n_heads * head_dim, n_threads, n_rows);
  return std::clamp<int64_t>((weight_rows + head_dim - 1) / head_dim, 1, n_heads);
}

}  // namespace

// Heads [first_head, end_head) of all, queries before keys before values, in rows [first_row, first_row + n_rows).
void CpuOps::finish_heads(const HeadParams& params, const RopeTable* turns, TensorView heads, int64_t first_row,
                          int64_t n_rows, int64_t first_head, int64_t end_head, int thread_idx) {
  const TensorView rows = heads.row_range(first_row, n_rows);
  const int64_t dim = params.key_dim;
  // Heads [first, end) of one kind, counted from `kind_first` on.
  const auto of_kind = [&](int64_t kind_first, int64_t n_kind, const auto& fn) {
    const int64_t first = std::max(first_head, kind_first);
    const int64_t end = std::min(end_head, kind_first + n_kind);
    if (first < end) fn(first - kind_first, rows.col_range(first * dim, (end - first) * dim));
  };
  const auto norm_heads = [&](const std::optional<NormParams>& norm, TensorView x) {
    if (!norm) return;
    const NormArgs args = norm_args(*norm);
    parts_.time_in_loop(thread_idx, &PartTimes::head_norm, [&] {
      for (int64_t row = 0; row < n_rows; ++row) {
        for (int64_t col = 0; col < x.cols; col += dim) table_->norm(args, x.row(row) + col, dim, x.row(row) + col);
      }
    });
  };
  const auto turn_heads = [&](TensorView x) {
    if (turns == nullptr) return;
    parts_.time_in_loop(thread_idx, &PartTimes::rope, [&] {
      for (int64_t row = 0; row < n_rows; ++row) {
        table_->rope(rope_args(*params.rope, *turns, first_row + row), x.cols / dim, x.row(row));
      }
    });
  };
  const auto put_away = [&](int64_t head, TensorView x, const auto& write) {
    parts_.time_in_loop(thread_idx, &PartTimes::kv_write, [&] {
      for (const KvRows& sequence : params.sequences) {
        const int64_t first = std::max(sequence.first_row, first_row);
        const int64_t end = std::min(sequence.first_row + sequence.n_rows, first_row + n_rows);
        if (first >= end) continue;
        write(*table_, sequence.kv, sequence.first_position + first - sequence.first_row, head,
              x.row_range(first - first_row, end - first));
      }
    });
  };

  of_kind(0, params.n_heads, [&](int64_t, TensorView q) {
    norm_heads(params.q_norm, q);
    turn_heads(q);
  });
  of_kind(params.n_heads, params.n_kv_heads, [&](int64_t head, TensorView k) {
    norm_heads(params.k_norm, k);
    turn_heads(k);
    put_away(head, k, write_keys);
  });
  of_kind(params.n_heads + params.n_kv_heads, params.n_kv_heads,
          [&](int64_t head, TensorView v) { put_away(head, v, write_values); });
}

void CpuOps::project_heads_in_parts(const StepRows& step, const LinearInput& input,
                                    std::span<const LinearTarget> targets, const HeadParams& params, TensorView heads) {
  linear_group(step, input, targets);
  const bool many = heads.rows > 1;
  const TensorView q = params.queries(heads);
  const TensorView k = params.keys(heads);
  const TensorView v = params.values(heads);
  if (params.q_norm) parts_.time(&PartTimes::head_norm, many, [&] { norm(*params.q_norm, q, q); });
  if (params.k_norm) parts_.time(&PartTimes::head_norm, many, [&] { norm(*params.k_norm, k, k); });
  if (params.rope) {
    parts_.time(&PartTimes::rope, many, [&] {
      rope(*params.rope, params.positions, q);
      rope(*params.rope, params.positions, k);
    });
  }
  parts_.time(&PartTimes::kv_write, many, [&] {
    for (const KvRows& rows : params.sequences) {
      write_kv(rows.kv, rows.first_position, k.row_range(rows.first_row, rows.n_rows),
               v.row_range(rows.first_row, rows.n_rows));
    }
  });
}

void CpuOps::project_heads(const StepRows& step, const LinearInput& input, std::span<const LinearTarget> targets,
                           const HeadParams& params, TensorView heads) {
  const int64_t dim = params.key_dim;
  const int64_t n_heads = params.n_heads + 2 * params.n_kv_heads;
  INGOT_CHECK(params.value_dim == dim && dim % kPanelRows == 0, "heads of one width, whole panels");
  INGOT_CHECK(heads.cols == n_heads * dim && heads.rows == step.total() && input.x.rows == heads.rows,
              "shapes of project_heads");
  if (!share_rows(targets)) return project_heads_in_parts(step, input, targets, params, heads);
  for (const KvRows& rows : params.sequences) check_pages(rows.kv, rows.first_position, rows.n_rows);
  if (heads.rows == 0) return;

  std::array<LinearJob, 3> jobs;
  INGOT_CHECK(targets.size() <= jobs.size(), "Q, K and V at most");
  for (size_t n = 0; n < targets.size(); ++n) jobs[n] = {input, targets[n]};
  const RopeTable* turns = nullptr;
  if (params.rope && params.rope->rotary_dim > 0) {
    parts_.time(&PartTimes::rope, heads.rows > 1, [&] { turns = &rope_table(*params.rope, params.positions); });
  }
  for_each_class(step, [&](TokenClass token_class, int64_t first_row, int64_t n_rows) {
    const Result<PanelJobs> packed = pack_jobs(token_class, first_row, n_rows, std::span(jobs).first(targets.size()));
    if (!packed) return fail_step(packed.error(), heads);
    const Result<std::byte*> scratch = scratch_.get_per_thread(packed->scratch_bytes);
    if (!scratch) return fail_step(scratch.error(), heads);
    const int64_t at_once = heads_at_once(n_heads, dim, pool_->n_threads(), n_rows);
    pool_->parallel_for(n_heads, at_once, [&](int64_t begin, int64_t end, int thread_idx) {
      std::byte* own = *scratch + Scratch::thread_stride(packed->scratch_bytes) * static_cast<size_t>(thread_idx);
      // A loop of one thread hands out all heads at once; what is to stay in the cache is at_once of them.
      for (int64_t first = begin; first < end; first += at_once) {
        const int64_t last = std::min(first + at_once, end);
        int64_t target_first = 0;  // the first head of a target
        for (const PanelLinearArgs& one : packed->all()) {
          const int64_t target_end = target_first + one.rows / dim;
          const int64_t from = std::max(first, target_first) - target_first;
          const int64_t to = std::min(last, target_end) - target_first;
          if (from < to) table_->panel_linear(one, from * dim / kPanelRows, to * dim / kPanelRows, own);
          target_first = target_end;
        }
        finish_heads(params, turns, heads, first_row, n_rows, first, last, thread_idx);
      }
    });
    parts_.end_loop(shared(n_heads, at_once));
  });
}

}  // namespace ingot::core
