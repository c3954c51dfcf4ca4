#include "ops/profiled_ops.h"

#include <algorithm>

#include "tensor/quant_traits.h"

namespace ingot::core {
namespace {

int64_t bytes_of(TensorView x) {
  return x.data == nullptr ? 0 : x.rows * x.cols * int64_t{sizeof(float)};
}

int64_t bytes_of(const WeightMatrix& w) {
  return w.slice_bytes;
}

int64_t kv_value_bytes(const KvView& kv) {
  return kv.dtype == DType::kF32 ? 4 : 2;
}

// Positions that any of the rows sees.
int64_t n_seen(const AttentionParams& params, int64_t first_position, int64_t n_rows) {
  if (params.end_seen > 0) return params.end_seen;
  const int64_t first = params.window > 0 ? std::max<int64_t>(0, first_position - params.window + 1) : 0;
  return first_position + n_rows - first;
}

}  // namespace

int64_t attention_pairs(int64_t first_position, int64_t n_rows, int64_t window) {
  const auto all_before = [](int64_t n) { return n * (n + 1) / 2; };  // rows at 0 ... n - 1 without a window
  const int64_t end = first_position + n_rows;
  if (window <= 0) return all_before(end) - all_before(first_position);
  const auto windowed = [&](int64_t n) {
    const int64_t growing = std::min(n, window);
    return all_before(growing) + (n - growing) * window;
  };
  return windowed(end) - windowed(first_position);
}

template <typename Fn>
void ProfiledOps::record(const char* fallback, const Work& work, const Fn& fn, std::span<const Part> parts) {
  OperationEvent event;
  event.layer = label_.layer;
  event.backend = inner_.backend();
  event.phase = recorder_.phase();
  event.first_loop = recorder_.n_loops();
  event.start_ns = recorder_.stamp();
  part_times_ = {};
  fn();
  event.end_ns = recorder_.stamp();
  event.end_loop = recorder_.n_loops();
  const auto add = [&](OperationEvent one, const char* name, const Work& of) {
    one.name = name;
    one.kernel = of.weight == nullptr ? inner_.kernels() : inner_.kernels_for(*of.weight);
    one.format = of.weight == nullptr ? "" : of.mixed_formats ? "mixed" : quant_traits(of.weight->type).name;
    one.n_bytes = of.n_bytes;
    one.n_flops = of.n_flops;
    one.n_rows = of.n_rows;
    one.position = of.position;
    recorder_.add_operation(one);
  };
  // In a trace they follow the rest of the operation, as if each had run in one go.
  int64_t parts_ns = 0;
  for (const Part& part : parts) parts_ns += (part_times_.*part.time).ns;
  OperationEvent rest = event;
  rest.end_ns = std::max(event.start_ns, event.end_ns - parts_ns);
  for (const Part& part : parts) rest.moved_loops_ns -= (part_times_.*part.time).shared_ns;
  add(rest, label_.name[0] == '\0' ? fallback : label_.name, work);
  for (const Part& part : parts) {
    const PartTimes::Part& time = part_times_.*part.time;
    if (time.ns == 0) continue;
    OperationEvent one = event;
    one.first_loop = one.end_loop;
    one.start_ns = rest.end_ns;
    one.end_ns = rest.end_ns = std::min(event.end_ns, one.start_ns + time.ns);
    one.moved_loops_ns = time.shared_ns;
    add(one, part.name, part.work);
  }
}

ProfiledOps::Part ProfiledOps::norm_part(const LinearInput& input) {
  const char* name = input.norm_label[0] == '\0' ? "norm" : input.norm_label;
  return {name, &PartTimes::norm, norm_work(input.x)};
}

Result<WeightMatrix> ProfiledOps::pack_weight(const HostTensor& tensor) {
  const StageZone zone(&recorder_, "pack weights");
  return inner_.pack_weight(tensor);
}

void ProfiledOps::embed(std::span<const int32_t> ids, const WeightMatrix& table, float scale, TensorView out) {
  const auto n_rows = static_cast<int64_t>(ids.size());
  record("embedding",
         {.n_bytes = n_rows * table.row_bytes + bytes_of(out),
          .n_flops = n_rows * table.cols,
          .n_rows = n_rows,
          .weight = &table},
         [&] { inner_.embed(ids, table, scale, out); });
}

ProfiledOps::Work ProfiledOps::norm_work(TensorView x) {
  return {.n_bytes = 2 * bytes_of(x), .n_flops = 4 * x.rows * x.cols, .n_rows = x.rows};
}

void ProfiledOps::norm(const NormParams& params, TensorView x, TensorView out) {
  record("norm", norm_work(x), [&] { inner_.norm(params, x, out); });
}

void ProfiledOps::linear(const StepRows& step, TensorView x, const WeightMatrix& w, const Epilogue& epilogue,
                         TensorView out) {
  const int64_t residual = epilogue.residual == nullptr ? 0 : bytes_of(*epilogue.residual);
  record("linear",
         {.n_bytes = bytes_of(w) + bytes_of(x) + bytes_of(out) + residual,
          .n_flops = 2 * x.rows * w.rows * w.cols,
          .n_rows = x.rows,
          .weight = &w},
         [&] { inner_.linear(step, x, w, epilogue, out); });
}

ProfiledOps::Work ProfiledOps::group_work(TensorView x, std::span<const LinearTarget> targets) {
  Work work{.n_bytes = bytes_of(x), .n_rows = x.rows, .weight = targets.front().w};
  for (const LinearTarget& target : targets) {
    work.n_bytes += bytes_of(*target.w) + bytes_of(target.out);
    if (target.epilogue.residual != nullptr) work.n_bytes += bytes_of(*target.epilogue.residual);
    work.n_flops += 2 * x.rows * target.w->rows * target.w->cols;
    work.mixed_formats |= target.w->type != work.weight->type;
  }
  return work;
}

void ProfiledOps::linear_group(const StepRows& step, const LinearInput& input, std::span<const LinearTarget> targets) {
  const Part norm = norm_part(input);
  record("linear", group_work(input.x, targets), [&] { inner_.linear_group(step, input, targets); }, {&norm, 1});
}

void ProfiledOps::linear_each(const StepRows& step, std::span<const LinearJob> jobs) {
  Work work{.n_rows = step.total(), .weight = jobs.front().target.w};
  for (const LinearJob& job : jobs) {
    const Work one = group_work(job.input.x, {&job.target, 1});
    work.n_bytes += one.n_bytes;
    work.n_flops += one.n_flops;
    work.mixed_formats |= one.weight->type != work.weight->type;
  }
  const Part norm = norm_part(jobs.front().input);
  record("linear", work, [&] { inner_.linear_each(step, jobs); }, {&norm, 1});
}

LinearInput ProfiledOps::gated_linear(const StepRows& step, const LinearInput& input, const GatedProduct& product) {
  const WeightMatrix& gate = *product.gate.w;
  const WeightMatrix& up = *product.up.w;
  const TensorView& x = input.x;
  const TensorView& out = product.out;
  const Part norm = norm_part(input);
  LinearInput result;
  record("gated_linear",
         {.n_bytes = bytes_of(gate) + bytes_of(up) + bytes_of(x) + bytes_of(out),
          .n_flops = 2 * x.rows * x.cols * (gate.rows + up.rows) + 5 * out.rows * out.cols,
          .n_rows = x.rows,
          .weight = &gate,
          .mixed_formats = gate.type != up.type},
         [&] { result = inner_.gated_linear(step, input, product); }, {&norm, 1});
  return result;
}

ProfiledOps::Work ProfiledOps::rope_work(const RopeParams& params, std::span<const int32_t> positions, TensorView x) {
  const int64_t turned = params.head_dim == 0 ? 0 : x.rows * (x.cols / params.head_dim) * params.rotary_dim;
  return {.n_bytes = 2 * bytes_of(x),
          .n_flops = 3 * turned,
          .n_rows = x.rows,
          .position = positions.empty() ? 0 : positions.front()};
}

void ProfiledOps::rope(const RopeParams& params, std::span<const int32_t> positions, TensorView x) {
  record("rope", rope_work(params, positions, x), [&] { inner_.rope(params, positions, x); });
}

void ProfiledOps::activate(Activation activation, TensorView gate, TensorView up, TensorView out) {
  record("activation",
         {.n_bytes = bytes_of(gate) + bytes_of(up) + bytes_of(out),
          .n_flops = 5 * gate.rows * gate.cols,
          .n_rows = gate.rows},
         [&] { inner_.activate(activation, gate, up, out); });
}

void ProfiledOps::add(TensorView a, TensorView b, float scale, TensorView out) {
  record("residual",
         {.n_bytes = bytes_of(a) + bytes_of(b) + bytes_of(out), .n_flops = 2 * a.rows * a.cols, .n_rows = a.rows},
         [&] { inner_.add(a, b, scale, out); });
}

void ProfiledOps::scale_rows_by_sigmoid(TensorView gate, TensorView x) {
  record("sigmoid_gate", {.n_bytes = 2 * bytes_of(x), .n_flops = x.rows * x.cols, .n_rows = x.rows},
         [&] { inner_.scale_rows_by_sigmoid(gate, x); });
}

void ProfiledOps::softcap(float cap, TensorView x) {
  record("softcap", {.n_bytes = 2 * bytes_of(x), .n_flops = 5 * x.rows * x.cols, .n_rows = x.rows},
         [&] { inner_.softcap(cap, x); });
}

ProfiledOps::Work ProfiledOps::kv_write_work(const KvView& kv, int64_t first_position, int64_t n_rows) {
  const auto values = n_rows * kv.n_kv_heads * (kv.key_dim + kv.value_dim);
  return {
      .n_bytes = values * (int64_t{sizeof(float)} + kv_value_bytes(kv)), .n_rows = n_rows, .position = first_position};
}

void ProfiledOps::write_kv(const KvView& kv, int64_t first_position, TensorView k, TensorView v) {
  record("kv_cache_write", kv_write_work(kv, first_position, k.rows),
         [&] { inner_.write_kv(kv, first_position, k, v); });
}

void ProfiledOps::project_heads(const StepRows& step, const LinearInput& input, std::span<const LinearTarget> targets,
                                const HeadParams& params, TensorView heads) {
  // Queries and keys lie side by side.
  const TensorView turned = heads.col_range(0, (params.n_heads + params.n_kv_heads) * params.key_dim);
  std::array<Part, 4> parts{norm_part(input), Part{"qk_norm", &PartTimes::head_norm, norm_work(turned)},
                            Part{"rope", &PartTimes::rope, {}}, Part{"kv_cache_write", &PartTimes::kv_write, {}}};
  if (params.rope) parts[2].work = rope_work(*params.rope, params.positions, turned);
  Work& written = parts[3].work;
  for (const KvRows& rows : params.sequences) {
    const Work one = kv_write_work(rows.kv, rows.first_position, rows.n_rows);
    if (written.n_rows == 0) written.position = one.position;
    written.n_bytes += one.n_bytes;
    written.n_rows += one.n_rows;
  }
  record(
      "project_heads", group_work(input.x, targets), [&] { inner_.project_heads(step, input, targets, params, heads); },
      parts);
}

void ProfiledOps::attention(const StepRows& step, const AttentionParams& params, const KvView& kv,
                            int64_t first_position, TensorView q, TensorView out) {
  const int64_t head_width = kv.key_dim + kv.value_dim;
  const int64_t n_pairs =
      params.end_seen > 0 ? q.rows * params.end_seen : attention_pairs(first_position, q.rows, params.window);
  record("attention",
         {.n_bytes = n_seen(params, first_position, q.rows) * kv.n_kv_heads * head_width * kv_value_bytes(kv) +
                     bytes_of(q) + bytes_of(out),
          .n_flops = 2 * n_pairs * params.n_heads * head_width,
          .n_rows = q.rows,
          .position = first_position},
         [&] { inner_.attention(step, params, kv, first_position, q, out); });
  if (detail_.attention) record_attention_stages(step, params, kv, first_position, q, out.cols);
}

void ProfiledOps::record_attention_stages(const StepRows& step, const AttentionParams& params, const KvView& kv,
                                          int64_t first_position, TensorView q, int64_t out_cols) {
  stages_out_.resize(static_cast<size_t>(q.rows * out_cols));
  const TensorView out = TensorView::matrix(stages_out_.data(), q.rows, out_cols);
  OperationEvent event;
  event.layer = label_.layer;
  event.backend = inner_.backend();
  event.kernel = inner_.kernels();
  event.n_rows = q.rows;
  event.position = first_position;
  event.phase = recorder_.phase();
  event.apart = true;
  event.first_loop = event.end_loop = recorder_.n_loops();
  event.end_ns = recorder_.stamp();
  const std::optional<AttentionStageTimes> times =
      inner_.time_attention_stages(step, params, kv, first_position, q, out);
  if (!times) return;

  const int64_t n_pairs =
      params.end_seen > 0 ? q.rows * params.end_seen : attention_pairs(first_position, q.rows, params.window);
  const int64_t n_scores = n_pairs * params.n_heads;
  const int64_t score_bytes = n_scores * int64_t{sizeof(float)};
  const int64_t cached = n_seen(params, first_position, q.rows) * kv.n_kv_heads * kv_value_bytes(kv);
  // One after another from where they began, as if each had run in one go.
  const auto add = [&](const char* name, int64_t duration_ns, int64_t n_bytes, int64_t n_flops) {
    event.name = name;
    event.start_ns = event.end_ns;
    event.end_ns += duration_ns;
    event.n_bytes = n_bytes;
    event.n_flops = n_flops;
    recorder_.add_operation(event);
  };
  add("qk_computation", times->scores_ns, cached * kv.key_dim + bytes_of(q) + score_bytes, 2 * n_scores * kv.key_dim);
  add("softmax", times->softmax_ns, 2 * score_bytes, 5 * n_scores);
  add("weighted_value", times->values_ns, cached * kv.value_dim + score_bytes + bytes_of(out),
      2 * n_scores * kv.value_dim);
}

void ProfiledOps::token_shift(std::span<const RecurrentRows> sequences, TensorView x, std::span<const float> mix,
                              std::span<const TensorView> outs) {
  const auto n_outs = static_cast<int64_t>(outs.size());
  record("token_shift",
         {.n_bytes = (1 + n_outs) * bytes_of(x), .n_flops = (1 + 2 * n_outs) * x.rows * x.cols, .n_rows = x.rows},
         [&] { inner_.token_shift(sequences, x, mix, outs); });
}

void ProfiledOps::time_mix(const TimeMixParams& params, std::span<const RecurrentRows> sequences,
                           const TimeMixInputs& inputs, TensorView out) {
  const int64_t state_values = params.n_heads * params.head_size * params.head_size;
  Work work{.n_rows = out.rows};
  // The state is read and written once; in each row decayed, added to twice, and multiplied with twice.
  work.n_bytes = 2 * static_cast<int64_t>(sequences.size()) * state_values * int64_t{sizeof(float)} + bytes_of(out);
  for (const TensorView& x : {inputs.r, inputs.w, inputs.k, inputs.v, inputs.a, inputs.g, inputs.value_mix}) {
    work.n_bytes += bytes_of(x);
  }
  work.n_flops = 9 * out.rows * state_values;
  record("time_mix", work, [&] { inner_.time_mix(params, sequences, inputs, out); });
}

void ProfiledOps::route(const RouteParams& params, TensorView logits, std::span<int32_t> out_ids,
                        std::span<float> out_weights) {
  record("router", {.n_bytes = bytes_of(logits), .n_flops = 3 * logits.rows * logits.cols, .n_rows = logits.rows},
         [&] { inner_.route(params, logits, out_ids, out_weights); });
}

void ProfiledOps::experts(const StepRows& step, const ExpertParams& params, std::span<const int32_t> ids,
                          std::span<const float> weights, int64_t n_used, TensorView x, TensorView out) {
  expert_used_.assign(static_cast<size_t>(params.up->n_slices), false);
  for (const int32_t id : ids) expert_used_[static_cast<size_t>(id)] = true;
  const int64_t n_expert_used = std::ranges::count(expert_used_, true);
  const int64_t expert_bytes =
      bytes_of(*params.up) + bytes_of(*params.down) + (params.gate->empty() ? 0 : bytes_of(*params.gate));
  const int64_t n_matrices = params.gate->empty() ? 2 : 3;
  record("experts",
         {.n_bytes = n_expert_used * expert_bytes + bytes_of(x) + bytes_of(out),
          .n_flops = 2 * n_matrices * x.rows * n_used * params.up->rows * params.up->cols,
          .n_rows = x.rows,
          .weight = params.up},
         [&] { inner_.experts(step, params, ids, weights, n_used, x, out); });
}

}  // namespace ingot::core
