// Products: weight rows are split over threads, every thread takes all rows of activations.
#include <algorithm>
#include <array>

#include "kernels/panel_layout.h"
#include "ops/cpu_ops.h"
#include "ops/work_split.h"

namespace ingot::core {
namespace {

LinearOutput linear_output(const Epilogue& epilogue) {
  LinearOutput output;
  output.bias = epilogue.bias.empty() ? nullptr : epilogue.bias.data();
  output.scale = epilogue.scale;
  output.nonlinearity = to_nonlinearity(epilogue.activation);
  if (epilogue.residual != nullptr) {
    output.residual = epilogue.residual->data;
    output.residual_stride = epilogue.residual->row_stride;
  }
  return output;
}

// Of `n_rows` rows from first_row on.
PanelLinearArgs panel_args(const LinearTarget& target, PackedForm form, const std::byte* packed, int64_t first_row,
                           int64_t n_rows) {
  PanelLinearArgs args;
  static_cast<LinearOutput&>(args) = linear_output(target.epilogue);
  if (args.residual != nullptr) args.residual += first_row * args.residual_stride;
  if (target.out.data != nullptr) args.out = target.out.row(first_row);
  args.out_stride = target.out.row_stride;
  args.panels = target.w->data;
  args.panel_bytes = target.w->panel_bytes;
  args.type = target.w->type;
  args.rows = target.w->rows;
  args.cols = target.w->cols;
  args.form = form;
  args.x = packed;
  args.n_x = n_rows;
  return args;
}

void check_shapes(const StepRows& step, TensorView x, const WeightMatrix* w, const Epilogue& epilogue, TensorView out) {
  INGOT_CHECK(x.cols == w->cols && out.cols == w->rows && out.rows == x.rows && step.total() == x.rows,
              "shapes of linear");
  INGOT_CHECK(epilogue.bias.empty() || static_cast<int64_t>(epilogue.bias.size()) == w->rows, "one bias an output");
}

}  // namespace

bool CpuOps::share_rows(std::span<const LinearTarget> targets) const {
  const auto same = [&](const LinearTarget& target) {
    const DType first = targets.front().w->type;
    const DType type = target.w->type;
    return target.w->layout == WeightLayout::kPanels &&
           table_->packed_form(TokenClass::kPrompt, type) == table_->packed_form(TokenClass::kPrompt, first) &&
           table_->packed_form(TokenClass::kGenerated, type) == table_->packed_form(TokenClass::kGenerated, first);
  };
  return std::ranges::all_of(targets, same);
}

TensorView CpuOps::normalized_by_itself(const LinearInput& input) {
  INGOT_CHECK(input.packed == nullptr, "rows that are there");
  if (!input.norm) return input.x;
  parts_.time(&PartTimes::norm, input.x.rows > 1, [&] { norm(*input.norm, input.x, input.spare); });
  return input.spare;
}

void CpuOps::linear_group(const StepRows& step, const LinearInput& input, std::span<const LinearTarget> targets) {
  INGOT_CHECK(!targets.empty() && targets.size() <= kMostLinearJobs, "a few targets");
  if (!share_rows(targets)) {
    const TensorView x = normalized_by_itself(input);
    for (const LinearTarget& target : targets) linear(step, x, *target.w, target.epilogue, target.out);
    return;
  }
  std::array<LinearJob, kMostLinearJobs> jobs;
  for (size_t n = 0; n < targets.size(); ++n) jobs[n] = {input, targets[n]};
  linear_each(step, std::span(jobs).first(targets.size()));
}

void CpuOps::linear_each(const StepRows& step, std::span<const LinearJob> jobs) {
  INGOT_CHECK(!jobs.empty() && jobs.size() <= kMostLinearJobs, "a few jobs");
  const auto in_panels = [](const LinearJob& job) { return job.target.w->layout == WeightLayout::kPanels; };
  if (std::ranges::all_of(jobs, in_panels)) return each_in_panels(step, jobs);
  // Those in panels in one go, others by themselves.
  std::array<LinearJob, kMostLinearJobs> together;
  size_t n_together = 0;
  for (const LinearJob& job : jobs) {
    if (in_panels(job)) {
      together[n_together++] = job;
    } else {
      linear(step, normalized_by_itself(job.input), *job.target.w, job.target.epilogue, job.target.out);
    }
  }
  if (n_together > 0) each_in_panels(step, std::span(together).first(n_together));
}

void CpuOps::each_in_panels(const StepRows& step, std::span<const LinearJob> jobs) {
  for (const LinearJob& job : jobs) {
    check_shapes(step, job.input.x, job.target.w, job.target.epilogue, job.target.out);
  }
  for_each_class(step, [&](TokenClass token_class, int64_t first_row, int64_t n_rows) {
    run_jobs(token_class, first_row, n_rows, jobs);
  });
}

CpuOps::PanelJobs CpuOps::packed_before(const LinearJob& job, PackedForm form, int64_t first_row,
                                        int64_t n_rows) const {
  const auto& output = *static_cast<const PackedOutput*>(job.input.packed);
  const auto chunk = std::ranges::find(output.chunks, first_row, &PackedOutput::Chunk::first_row);
  INGOT_CHECK(chunk != output.chunks.end() && chunk->form == form, "rows packed for this product");
  PanelJobs result;
  result.n = 1;
  result.args[0] = panel_args(job.target, form, output.bytes + chunk->at, first_row, n_rows);
  result.scratch_bytes = table_->panel_scratch_bytes(result.args[0]);
  return result;
}

Result<CpuOps::PanelJobs> CpuOps::pack_jobs(TokenClass token_class, int64_t first_row, int64_t n_rows,
                                            std::span<const LinearJob> jobs) {
  // Each of the jobs' inputs, once in every form that is asked for.
  struct Packed {
    const LinearInput* input = nullptr;
    PackedForm form = PackedForm::kFloats;
    size_t at = 0;         // of its bytes
    int64_t end_unit = 0;  // of its blocks of rows among those of all
  };
  std::array<Packed, kMostLinearJobs> inputs;
  std::array<size_t, kMostLinearJobs> input_of;
  size_t n_inputs = 0;
  size_t packed_bytes = 0;
  size_t normed_bytes = 0;
  int64_t n_units = 0;
  int64_t n_values = 0;
  for (size_t n = 0; n < jobs.size(); ++n) {
    const TensorView& x = jobs[n].input.x;
    const PackedForm form = table_->packed_form(token_class, jobs[n].target.w->type);
    if (jobs[n].input.packed != nullptr) {
      INGOT_CHECK(jobs.size() == 1, "one product alone reads what was packed for it");
      return packed_before(jobs.front(), form, first_row, n_rows);
    }
    size_t input = 0;
    while (input < n_inputs && !(inputs[input].input->x.data == x.data && inputs[input].form == form)) ++input;
    input_of[n] = input;
    if (input < n_inputs) continue;
    const int64_t block_rows = table_->packed_block_rows(form);
    n_units += (n_rows + block_rows - 1) / block_rows;
    n_values += n_rows * x.cols;
    inputs[n_inputs++] = {.input = &jobs[n].input, .form = form, .at = packed_bytes, .end_unit = n_units};
    packed_bytes += packed_stride(table_->packed_bytes(form, x.cols, n_rows));
    if (jobs[n].input.norm) normed_bytes = std::max(normed_bytes, normed_rows_bytes(x.cols));
  }
  INGOT_ASSIGN(std::byte * packed, scratch_.get(ScratchSlot::kPackedRows, packed_bytes));
  INGOT_ASSIGN(std::byte * normed_rows, scratch_.get_per_thread(normed_bytes));

  const auto pack = [&](const Packed& one, int64_t first, int64_t end, int thread_idx) {
    const TensorView x = one.input->x.row_range(first_row, n_rows);
    PackArgs args{.form = one.form,
                  .cols = x.cols,
                  .x = x.row(first),
                  .x_stride = x.row_stride,
                  .first = first,
                  .end = end,
                  .end_col = x.cols,
                  .out = packed + one.at};
    if (!one.input->norm) return table_->pack(args);
    auto* normed =
        reinterpret_cast<float*>(normed_rows + Scratch::thread_stride(normed_bytes) * static_cast<size_t>(thread_idx));
    const NormArgs norm = norm_args(*one.input->norm);
    for (int64_t row = first; row < end; row += kNormedTogether) {
      const int64_t last = std::min(row + kNormedTogether, end);
      parts_.time_in_loop(thread_idx, &PartTimes::norm, [&] {
        for (int64_t n = row; n < last; ++n) table_->norm(norm, x.row(n), x.cols, normed + (n - row) * x.cols);
      });
      args.x = normed;
      args.x_stride = x.cols;
      args.first = row;
      args.end = last;
      table_->pack(args);
    }
  };
  // Less than that is done sooner than another thread is awake.
  constexpr int64_t kValuesAtOnce = 32768;
  const int64_t grain = std::max<int64_t>(1, kValuesAtOnce * n_units / std::max<int64_t>(1, n_values));
  pool_->parallel_for(n_units, grain, [&](int64_t begin, int64_t end, int thread_idx) {
    int64_t first_unit = 0;
    for (const Packed& one : std::span(inputs).first(n_inputs)) {
      const int64_t block_rows = table_->packed_block_rows(one.form);
      const int64_t first_block = std::max(begin, first_unit) - first_unit;
      const int64_t end_block = std::min(end, one.end_unit) - first_unit;
      first_unit = one.end_unit;
      if (first_block >= end_block) continue;
      pack(one, first_block * block_rows, std::min(end_block * block_rows, n_rows), thread_idx);
    }
  });
  parts_.end_loop(shared(n_units, grain));

  PanelJobs result;
  result.n = jobs.size();
  for (size_t n = 0; n < jobs.size(); ++n) {
    const Packed& input = inputs[input_of[n]];
    result.args[n] = panel_args(jobs[n].target, input.form, packed + input.at, first_row, n_rows);
    result.scratch_bytes = std::max(result.scratch_bytes, table_->panel_scratch_bytes(result.args[n]));
  }
  return result;
}

void CpuOps::run_jobs(TokenClass token_class, int64_t first_row, int64_t n_rows, std::span<const LinearJob> jobs) {
  const auto fail_all = [&](const Error& error) {
    for (const LinearJob& job : jobs) fail_step(error, job.target.out);
  };
  const Result<PanelJobs> packed = pack_jobs(token_class, first_row, n_rows, jobs);
  if (!packed) return fail_all(packed.error());
  const Result<std::byte*> scratch = scratch_.get_per_thread(packed->scratch_bytes);
  if (!scratch) return fail_all(scratch.error());
  int64_t n_panels = 0;
  bool mixed = false;
  for (const PanelLinearArgs& one : packed->all()) {
    n_panels += panels_of(one.rows);
    mixed = mixed || one.panel_bytes != packed->args[0].panel_bytes;
  }
  // The panels of all targets, one target after another. Where they differ, equal numbers of them are not equal work.
  int64_t grain = weight_rows_at_once(n_panels * kPanelRows, pool_->n_threads(), n_rows) / kPanelRows;
  if (mixed) grain = std::max<int64_t>(1, grain / 4);
  pool_->parallel_for(n_panels, grain, [&](int64_t begin, int64_t end, int thread_idx) {
    std::byte* own = *scratch + Scratch::thread_stride(packed->scratch_bytes) * static_cast<size_t>(thread_idx);
    for (const PanelLinearArgs& one : packed->all()) {
      const int64_t n = panels_of(one.rows);
      if (begin < n) table_->panel_linear(one, begin, std::min(end, n), own);
      begin = std::max<int64_t>(0, begin - n);
      end -= n;
      if (end <= 0) break;
    }
  });
}

bool CpuOps::reserve_packed(const StepRows& step, const WeightMatrix& next) {
  std::vector<PackedOutput::Chunk>& chunks = packed_output_.chunks;
  chunks.clear();
  size_t n_bytes = 0;
  for_each_class(step, [&](TokenClass token_class, int64_t first_row, int64_t n_rows) {
    const PackedForm form = table_->packed_form(token_class, next.type);
    chunks.push_back({.first_row = first_row, .form = form, .at = n_bytes});
    n_bytes += packed_stride(table_->packed_bytes(form, next.cols, n_rows));
  });
  const Result<std::byte*> bytes = scratch_.get(ScratchSlot::kPackedOutput, n_bytes);
  if (bytes) packed_output_.bytes = *bytes;
  return bytes.has_value();
}

LinearInput CpuOps::gated_linear(const StepRows& step, const LinearInput& input, const GatedProduct& product) {
  const TensorView& out = product.out;
  const std::array<LinearTarget, 2> targets{LinearTarget{product.gate.w, product.gate.epilogue, out},
                                            LinearTarget{product.up.w, product.up.epilogue, {}}};
  if (!share_rows(targets)) return Ops::gated_linear(step, {.x = normalized_by_itself(input)}, product);
  const std::array<LinearJob, 2> jobs{LinearJob{input, targets[0]}, LinearJob{input, targets[1]}};
  check_shapes(step, input.x, product.gate.w, product.gate.epilogue, out);
  check_shapes(step, input.x, product.up.w, product.up.epilogue, out);
  // Where memory does not suffice for it, the values stay as they are: the step may still succeed.
  const bool packs =
      product.next != nullptr && product.next->layout == WeightLayout::kPanels && reserve_packed(step, *product.next);
  size_t chunk = 0;
  for_each_class(step, [&](TokenClass token_class, int64_t first_row, int64_t n_rows) {
    run_gated(product, jobs, token_class, first_row, n_rows, packs ? &packed_output_.chunks[chunk++] : nullptr);
  });
  return {.x = out, .packed = packs ? &packed_output_ : nullptr};
}

void CpuOps::run_gated(const GatedProduct& product, std::span<const LinearJob> jobs, TokenClass token_class,
                       int64_t first_row, int64_t n_rows, const PackedOutput::Chunk* packed_chunk) {
  const TensorView out = product.out.row_range(first_row, n_rows);
  const Result<PanelJobs> packed = pack_jobs(token_class, first_row, n_rows, jobs);
  if (!packed) return fail_step(packed.error(), out);
  const Nonlinearity nonlinearity = to_nonlinearity(product.activation);
  const GatedTiles tiles(packed->scratch_bytes, out.cols, pool_->n_threads(), n_rows, packed_chunk != nullptr);
  const Result<std::byte*> scratch = scratch_.get_per_thread(tiles.n_bytes);
  if (!scratch) return fail_step(scratch.error(), out);
  const int64_t grain = tiles.cols / kPanelRows;
  pool_->parallel_for(panels_of(out.cols), grain, [&](int64_t begin, int64_t end, int thread_idx) {
    std::byte* own = *scratch + Scratch::thread_stride(tiles.n_bytes) * static_cast<size_t>(thread_idx);
    float* up_tile = reinterpret_cast<float*>(own + tiles.up_at);
    float* gate_tile = reinterpret_cast<float*>(own + tiles.gate_at);
    // A loop of one thread hands out all panels at once; a tile holds `grain` of them.
    for (int64_t panel = begin; panel < end; panel += grain) {
      const int64_t end_panel = std::min(panel + grain, end);
      const int64_t first = panel * kPanelRows;
      const int64_t n_cols = std::min(end_panel * kPanelRows, out.cols) - first;
      const auto into_tile = [&](PanelLinearArgs args, float* tile) {
        args.out = tile;
        args.out_stride = tiles.cols;
        args.first_out = first;
        return args;
      };
      const bool packs = packed_chunk != nullptr;
      table_->panel_linear(packs ? into_tile(packed->args[0], gate_tile) : packed->args[0], panel, end_panel, own);
      table_->panel_linear(into_tile(packed->args[1], up_tile), panel, end_panel, own);
      for (int64_t row = 0; row < n_rows; ++row) {
        float* gates = packs ? gate_tile + row * tiles.cols : out.row(row) + first;
        table_->activate(nonlinearity, gates, up_tile + row * tiles.cols, n_cols, gates);
      }
      if (!packs) continue;
      table_->pack({.form = packed_chunk->form,
                    .cols = out.cols,
                    .x = gate_tile,
                    .x_stride = tiles.cols,
                    .first = 0,
                    .end = n_rows,
                    .first_col = first,
                    .end_col = first + n_cols,
                    .out = packed_output_.bytes + packed_chunk->at});
    }
  });
}

void CpuOps::linear(const StepRows& step, TensorView x, const WeightMatrix& w, const Epilogue& epilogue,
                    TensorView out) {
  check_shapes(step, x, &w, epilogue, out);
  if (x.rows == 0) return;
  if (w.layout == WeightLayout::kPanels) {
    const LinearJob job{{.x = x}, {&w, epilogue, out}};
    return each_in_panels(step, {&job, 1});
  }
  const LinearOutput output = linear_output(epilogue);
  const Result<TensorView> padded = padded_rows(x);
  if (!padded) return fail_step(padded.error(), out);

  for (int64_t first_row = 0; first_row < x.rows; first_row += kRowsAtOnce) {
    LinearArgs args;
    static_cast<LinearOutput&>(args) = output;
    args.weights = w.data;
    args.type = w.type;
    args.row_bytes = w.row_bytes;
    args.cols = w.cols;
    args.n_x = std::min(kRowsAtOnce, x.rows - first_row);
    args.x = padded->row(first_row);
    args.x_stride = padded->row_stride;
    if (output.residual != nullptr) args.residual = output.residual + first_row * output.residual_stride;
    args.out = out.row(first_row);
    args.out_stride = out.row_stride;

    const size_t bytes_per_thread = table_->linear_scratch_bytes(args);
    const Result<std::byte*> scratch = scratch_.get_per_thread(bytes_per_thread);
    if (!scratch) return fail_step(scratch.error(), out);
    const size_t stride = Scratch::thread_stride(bytes_per_thread);
    pool_->parallel_for(w.rows, weight_rows_at_once(w.rows, pool_->n_threads(), args.n_x),
                        [&](int64_t begin, int64_t end, int thread_idx) {
                          table_->linear(args, begin, end, *scratch + stride * static_cast<size_t>(thread_idx));
                        });
  }
}

}  // namespace ingot::core
