// Mixture of experts: which experts a token goes to, and their products.
//
// Tokens are sorted by expert, so that each expert's weights are decoded once for all of its tokens. The results of a
// token are added in the order of its slots, whatever the order in which experts ran.
#include <algorithm>
#include <cmath>

#include "ops/cpu_ops.h"

namespace ingot::core {
namespace {

constexpr int64_t kExpertRows = 512;
constexpr int64_t kWeightRowsAtOnce = 32;

// NaN is worse than anything, so that any logits give distinct experts.
bool better(float a, float b) {
  return a > b || (std::isnan(b) && !std::isnan(a));
}

void choose(const float* logits, int64_t n_experts, std::span<int32_t> out_ids) {
  for (size_t slot = 0; slot < out_ids.size(); ++slot) {
    int32_t best = -1;
    for (int32_t expert = 0; expert < n_experts; ++expert) {
      const auto chosen = out_ids.first(slot);
      if (std::find(chosen.begin(), chosen.end(), expert) != chosen.end()) continue;
      if (best < 0 || better(logits[expert], logits[best])) best = expert;
    }
    out_ids[slot] = best;
  }
}

void weigh(const RouteParams& params, const float* logits, int64_t n_experts, std::span<const int32_t> ids,
           std::span<float> out_weights) {
  // The best of all is the first chosen; its logit keeps the exponentials in range.
  const double largest = logits[ids[0]];
  double total = 0.0;
  if (params.softmax_before) {
    for (int64_t expert = 0; expert < n_experts; ++expert) total += std::exp(logits[expert] - largest);
  } else {
    for (const int32_t expert : ids) total += std::exp(logits[expert] - largest);
  }
  double chosen_total = 0.0;
  for (const int32_t expert : ids) chosen_total += std::exp(logits[expert] - largest) / total;
  const double divisor = params.normalize ? chosen_total : 1.0;
  for (size_t slot = 0; slot < ids.size(); ++slot) {
    const double probability = std::exp(logits[ids[slot]] - largest) / total;
    out_weights[slot] = static_cast<float>(probability / divisor * params.scale);
  }
}

LinearArgs expert_product(const WeightMatrix& w, int64_t expert, TensorView x, TensorView out) {
  LinearArgs args;
  args.weights = w.slice(expert);
  args.type = w.type;
  args.row_bytes = w.row_bytes;
  args.cols = w.cols;
  args.x = x.data;
  args.x_stride = x.row_stride;
  args.n_x = x.rows;
  args.out = out.data;
  args.out_stride = out.row_stride;
  return args;
}

}  // namespace

// A counting sort.
void CpuOps::ExpertOrder::sort(std::span<const int32_t> ids, int64_t n_experts) {
  next_of.assign(static_cast<size_t>(n_experts) + 1, 0);
  for (const int32_t expert : ids) {
    INGOT_CHECK(expert >= 0 && expert < n_experts, "an expert that exists");
    ++next_of[static_cast<size_t>(expert) + 1];
  }
  groups.clear();
  for (size_t expert = 0; expert < static_cast<size_t>(n_experts); ++expert) {
    const int64_t count = next_of[expert + 1];
    next_of[expert + 1] += next_of[expert];
    if (count > 0) groups.push_back({static_cast<int64_t>(expert), next_of[expert], count});
  }
  sorted_at.resize(ids.size());
  for (size_t pair = 0; pair < ids.size(); ++pair) sorted_at[pair] = next_of[static_cast<size_t>(ids[pair])]++;
}

void CpuOps::route(const RouteParams& params, TensorView logits, std::span<int32_t> out_ids,
                   std::span<float> out_weights) {
  INGOT_CHECK(params.n_used > 0 && params.n_used <= logits.cols, "no more experts used than there are");
  INGOT_CHECK(
      static_cast<int64_t>(out_ids.size()) == logits.rows * params.n_used && out_ids.size() == out_weights.size(),
      "shapes of route");
  const auto n_used = static_cast<size_t>(params.n_used);
  pool_->parallel_for(logits.rows, 16, [&](int64_t begin, int64_t end, int) {
    for (int64_t row = begin; row < end; ++row) {
      const auto ids = out_ids.subspan(static_cast<size_t>(row) * n_used, n_used);
      choose(logits.row(row), logits.cols, ids);
      weigh(params, logits.row(row), logits.cols, ids, out_weights.subspan(static_cast<size_t>(row) * n_used, n_used));
    }
  });
}

void CpuOps::experts(const StepRows& step, const ExpertParams& params, std::span<const int32_t> ids,
                     std::span<const float> weights, int64_t n_used, TensorView x, TensorView out) {
  INGOT_CHECK(params.gate != nullptr && params.up != nullptr && params.down != nullptr, "three matrices an expert");
  INGOT_CHECK(params.gate->cols == x.cols && params.up->cols == x.cols && params.down->cols == params.gate->rows &&
                  params.up->rows == params.gate->rows && params.down->rows == out.cols,
              "shapes of the experts");
  INGOT_CHECK(x.rows == out.rows && step.total() == x.rows && ids.size() == weights.size() &&
                  static_cast<int64_t>(ids.size()) == x.rows * n_used,
              "shapes of experts");
  for (int64_t row = 0; row < x.rows; row += kExpertRows) {
    const int64_t n_rows = std::min(kExpertRows, x.rows - row);
    const auto first = static_cast<size_t>(row * n_used);
    const auto count = static_cast<size_t>(n_rows * n_used);
    experts_chunk(params, ids.subspan(first, count), weights.subspan(first, count), n_used, x.row_range(row, n_rows),
                  out.row_range(row, n_rows));
  }
}

void CpuOps::experts_chunk(const ExpertParams& params, std::span<const int32_t> ids, std::span<const float> weights,
                           int64_t n_used, TensorView x, TensorView out) {
  const auto n_pairs = static_cast<int64_t>(ids.size());
  if (n_pairs == 0) return;
  const int64_t ffn_dim = params.gate->rows;
  expert_order_.sort(ids, params.gate->n_slices);
  const std::span<const ExpertOrder::Group> groups = expert_order_.groups;
  const std::span<const int64_t> sorted_at = expert_order_.sorted_at;

  // Four matrices of n_pairs rows: inputs, gates (then hidden values), ups, outputs.
  const int64_t padded_dim = padded_columns(x.cols);
  const int64_t padded_ffn = padded_columns(ffn_dim);
  const int64_t floats_per_pair = padded_dim + 2 * padded_ffn + out.cols;
  const Result<std::byte*> bytes =
      scratch_.get(ScratchSlot::kExperts, static_cast<size_t>(n_pairs * floats_per_pair) * sizeof(float));
  if (!bytes) return fail_step(bytes.error(), out);
  float* memory = reinterpret_cast<float*>(*bytes);
  const TensorView inputs{memory, n_pairs, x.cols, padded_dim};
  const TensorView gates{inputs.row(n_pairs), n_pairs, ffn_dim, padded_ffn};
  const TensorView ups{gates.row(n_pairs), n_pairs, ffn_dim, padded_ffn};
  const TensorView outputs{ups.row(n_pairs), n_pairs, out.cols, out.cols};
  pool_->parallel_for(n_pairs, 16, [&](int64_t begin, int64_t end, int) {
    for (int64_t pair = begin; pair < end; ++pair) {
      const int64_t at = sorted_at[static_cast<size_t>(pair)];
      std::copy_n(x.row(pair / n_used), x.cols, inputs.row(at));
      std::fill(inputs.row(at) + x.cols, inputs.row(at) + padded_dim, 0.0f);
      std::fill(gates.row(at) + ffn_dim, gates.row(at) + padded_ffn, 0.0f);
    }
  });

  LinearArgs widest = expert_product(*params.gate, 0, inputs, gates);
  widest.n_x = std::ranges::max_element(groups, {}, &ExpertOrder::Group::count)->count;
  const LinearArgs down_widest = [&] {
    LinearArgs args = expert_product(*params.down, 0, gates, outputs);
    args.n_x = widest.n_x;
    return args;
  }();
  const LinearArgs up_widest = [&] {
    LinearArgs args = widest;
    args.type = params.up->type;
    return args;
  }();
  const size_t bytes_per_thread =
      std::max({table_->linear_scratch_bytes(widest), table_->linear_scratch_bytes(up_widest),
                table_->linear_scratch_bytes(down_widest)});
  const Result<std::byte*> scratch = scratch_.get_per_thread(bytes_per_thread);
  if (!scratch) return fail_step(scratch.error(), out);
  const auto thread_scratch = [&](int thread_idx) {
    return *scratch + Scratch::thread_stride(bytes_per_thread) * static_cast<size_t>(thread_idx);
  };
  const auto n_groups = static_cast<int64_t>(groups.size());
  const Nonlinearity nonlinearity = to_nonlinearity(params.activation);

  const int64_t ffn_pieces = (ffn_dim + kWeightRowsAtOnce - 1) / kWeightRowsAtOnce;
  pool_->parallel_for(n_groups * ffn_pieces, 1, [&](int64_t begin, int64_t end, int thread_idx) {
    for (int64_t item = begin; item < end; ++item) {
      const ExpertOrder::Group& group = groups[static_cast<size_t>(item / ffn_pieces)];
      const int64_t first = item % ffn_pieces * kWeightRowsAtOnce;
      const int64_t last = std::min(first + kWeightRowsAtOnce, ffn_dim);
      const TensorView group_inputs = inputs.row_range(group.first, group.count);
      const TensorView group_gates = gates.row_range(group.first, group.count);
      const TensorView group_ups = ups.row_range(group.first, group.count);
      table_->linear(expert_product(*params.gate, group.expert, group_inputs, group_gates), first, last,
                     thread_scratch(thread_idx));
      table_->linear(expert_product(*params.up, group.expert, group_inputs, group_ups), first, last,
                     thread_scratch(thread_idx));
      for (int64_t row = 0; row < group.count; ++row) {
        float* gate = group_gates.row(row) + first;
        table_->activate(nonlinearity, gate, group_ups.row(row) + first, last - first, gate);
      }
    }
  });
  const int64_t out_pieces = (out.cols + kWeightRowsAtOnce - 1) / kWeightRowsAtOnce;
  pool_->parallel_for(n_groups * out_pieces, 1, [&](int64_t begin, int64_t end, int thread_idx) {
    for (int64_t item = begin; item < end; ++item) {
      const ExpertOrder::Group& group = groups[static_cast<size_t>(item / out_pieces)];
      const int64_t first = item % out_pieces * kWeightRowsAtOnce;
      const int64_t last = std::min(first + kWeightRowsAtOnce, out.cols);
      table_->linear(expert_product(*params.down, group.expert, gates.row_range(group.first, group.count),
                                    outputs.row_range(group.first, group.count)),
                     first, last, thread_scratch(thread_idx));
    }
  });
  pool_->parallel_for(out.rows, 4, [&](int64_t begin, int64_t end, int) {
    for (int64_t row = begin; row < end; ++row) {
      std::fill_n(out.row(row), out.cols, 0.0f);
      for (int64_t pair = row * n_used; pair < (row + 1) * n_used; ++pair) {
        table_->add(out.row(row), outputs.row(sorted_at[static_cast<size_t>(pair)]), weights[static_cast<size_t>(pair)],
                    out.cols, out.row(row));
      }
    }
  });
}

}  // namespace ingot::core
