// Mixture of experts: which experts a token goes to, and their products.
//
// Tokens are sorted by expert, so that each expert's weights are decoded once for all of its tokens. The results of a
// token are added in the order of its slots, whatever the order in which experts ran.
#include <algorithm>
#include <cmath>

#include "kernels/panel_layout.h"
#include "ops/cpu_ops.h"
#include "ops/work_split.h"

namespace ingot::core {
namespace {

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

// The products of all experts with one of their matrices, whatever its layout.
struct ExpertProducts {
  const KernelTable* table;
  const WeightMatrix* w;
  TensorView x;                           // (pairs in their sorted order, w.cols), for rows of a file's layout
  PackedForm form = PackedForm::kFloats;  // for panels
  const std::byte* packed = nullptr;      // for panels: each group's rows, from its packed_first on
  TensorView out;                         // (pairs in their sorted order, w.rows)

  bool in_panels() const { return w->layout == WeightLayout::kPanels; }
  size_t scratch_bytes(const CpuOps::ExpertGroup& widest) const {
    return in_panels() ? table->panel_scratch_bytes(panel_shape(widest))
                       : table->linear_scratch_bytes(row_shape(widest));
  }
  // Weight rows [first, last) of the group's expert; first is a multiple of kPanelRows.
  void run(const CpuOps::ExpertGroup& group, int64_t first, int64_t last, std::byte* scratch) const {
    if (in_panels()) {
      PanelLinearArgs args = panel_shape(group);
      args.panels = w->slice(group.expert);
      args.x = packed + table->packed_bytes(form, w->cols, group.packed_first);
      args.out = out.data + group.first * out.row_stride;
      table->panel_linear(args, first / kPanelRows, panels_of(last), scratch);
    } else {
      LinearArgs args = row_shape(group);
      args.weights = w->slice(group.expert);
      args.x = x.data + group.first * x.row_stride;
      args.out = out.data + group.first * out.row_stride;
      table->linear(args, first, last, scratch);
    }
  }

 private:
  // Without addresses: scratch is measured before there is any.
  LinearArgs row_shape(const CpuOps::ExpertGroup& group) const {
    LinearArgs args;
    args.type = w->type;
    args.row_bytes = w->row_bytes;
    args.cols = w->cols;
    args.x_stride = x.row_stride;
    args.n_x = group.count;
    args.out_stride = out.row_stride;
    return args;
  }
  PanelLinearArgs panel_shape(const CpuOps::ExpertGroup& group) const {
    PanelLinearArgs args;
    args.panel_bytes = w->panel_bytes;
    args.type = w->type;
    args.rows = w->rows;
    args.cols = w->cols;
    args.form = form;
    args.n_x = group.count;
    args.out_stride = out.row_stride;
    return args;
  }
};

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
    if (count > 0) groups.push_back({static_cast<int64_t>(expert), next_of[expert], count, 0});
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
  for (int64_t row = 0; row < x.rows;) {
    const bool prompt = row < step.n_prompt;
    const int64_t n_rows = std::min(kRowsAtOnce, (prompt ? step.n_prompt : x.rows) - row);
    const auto first = static_cast<size_t>(row * n_used);
    const auto count = static_cast<size_t>(n_rows * n_used);
    experts_chunk(prompt ? TokenClass::kPrompt : TokenClass::kGenerated, params, ids.subspan(first, count),
                  weights.subspan(first, count), n_used, x.row_range(row, n_rows), out.row_range(row, n_rows));
    row += n_rows;
  }
}

Result<const std::byte*> CpuOps::pack_pairs(ScratchSlot slot, PackedForm form, TensorView rows, int64_t pairs_per_row) {
  const std::span<const ExpertGroup> groups = expert_order_.groups;
  const int64_t cols = rows.cols;
  const int64_t n_packed = groups.back().packed_first + groups.back().count;
  INGOT_ASSIGN(std::byte * packed, scratch_.get(slot, table_->packed_bytes(form, cols, n_packed)));
  // Where a pair went, its group is found by its expert; the pairs of a row of x lie in as many groups.
  const auto n_pairs = static_cast<int64_t>(expert_order_.sorted_at.size());
  pool_->parallel_for(n_pairs, 16, [&](int64_t begin, int64_t end, int) {
    for (int64_t pair = begin; pair < end; ++pair) {
      const int64_t at = expert_order_.sorted_at[static_cast<size_t>(pair)];
      const auto after = std::ranges::upper_bound(groups, at, {}, &ExpertGroup::first);
      const ExpertGroup& group = *(after - 1);
      const float* row = pairs_per_row > 0 ? rows.row(pair / pairs_per_row) : rows.row(at);
      const int64_t place = at - group.first;
      table_->pack({.form = form,
                    .cols = cols,
                    .x = row,
                    .first = place,
                    .end = place + 1,
                    .end_col = cols,
                    .out = packed + table_->packed_bytes(form, cols, group.packed_first)});
    }
  });
  return packed;
}

void CpuOps::experts_chunk(TokenClass token_class, const ExpertParams& params, std::span<const int32_t> ids,
                           std::span<const float> weights, int64_t n_used, TensorView x, TensorView out) {
  const auto n_pairs = static_cast<int64_t>(ids.size());
  if (n_pairs == 0) return;
  const int64_t ffn_dim = params.gate->rows;
  expert_order_.sort(ids, params.gate->n_slices);
  const std::span<ExpertGroup> groups = expert_order_.groups;
  const std::span<const int64_t> sorted_at = expert_order_.sorted_at;

  // Four matrices of n_pairs rows: inputs, gates (then hidden values), ups, outputs.
  const int64_t padded_dim = padded_columns(x.cols);
  const int64_t padded_ffn = padded_columns(ffn_dim);
  const bool copies_rows =
      params.gate->layout == WeightLayout::kRowMajor || params.up->layout == WeightLayout::kRowMajor;
  const int64_t input_width = copies_rows ? padded_dim : 0;
  const int64_t floats_per_pair = input_width + 2 * padded_ffn + out.cols;
  const Result<std::byte*> bytes =
      scratch_.get(ScratchSlot::kExperts, static_cast<size_t>(n_pairs * floats_per_pair) * sizeof(float));
  if (!bytes) return fail_step(bytes.error(), out);
  float* memory = reinterpret_cast<float*>(*bytes);
  const TensorView inputs{memory, n_pairs, x.cols, input_width};
  const TensorView gates{memory + n_pairs * input_width, n_pairs, ffn_dim, padded_ffn};
  const TensorView ups{gates.row(n_pairs), n_pairs, ffn_dim, padded_ffn};
  const TensorView outputs{ups.row(n_pairs), n_pairs, out.cols, out.cols};
  pool_->parallel_for(n_pairs, 16, [&](int64_t begin, int64_t end, int) {
    for (int64_t pair = begin; pair < end; ++pair) {
      const int64_t at = sorted_at[static_cast<size_t>(pair)];
      std::fill(gates.row(at) + ffn_dim, gates.row(at) + padded_ffn, 0.0f);
      if (!copies_rows) continue;
      std::copy_n(x.row(pair / n_used), x.cols, inputs.row(at));
      std::fill(inputs.row(at) + x.cols, inputs.row(at) + padded_dim, 0.0f);
    }
  });

  ExpertProducts gate{.table = table_, .w = params.gate, .x = inputs, .out = gates};
  ExpertProducts up{.table = table_, .w = params.up, .x = inputs, .out = ups};
  ExpertProducts down{.table = table_, .w = params.down, .x = gates, .out = outputs};
  int64_t packed_rows = 0;
  for (ExpertProducts* products : {&gate, &up, &down}) {
    if (!products->in_panels()) continue;
    products->form = table_->packed_form(token_class, products->w->type);
    packed_rows = table_->packed_block_rows(products->form);  // the same for all forms of a class
  }
  // Each group begins on a block of packed rows.
  int64_t next_packed = 0;
  for (ExpertGroup& group : groups) {
    group.packed_first = next_packed;
    if (packed_rows > 0) next_packed += (group.count + packed_rows - 1) / packed_rows * packed_rows;
  }
  const auto pack = [&](ExpertProducts& products, ScratchSlot slot, TensorView rows, int64_t pairs_per_row) -> Status {
    if (!products.in_panels()) return {};
    INGOT_ASSIGN(products.packed, pack_pairs(slot, products.form, rows, pairs_per_row));
    return {};
  };
  if (const Status status = pack(gate, ScratchSlot::kPackedRows, x, n_used); !status) {
    return fail_step(status.error(), out);
  }
  if (gate.in_panels() && up.in_panels() && gate.form == up.form) {
    up.packed = gate.packed;
  } else if (const Status status = pack(up, ScratchSlot::kPackedUps, x, n_used); !status) {
    return fail_step(status.error(), out);
  }

  const ExpertGroup& widest = *std::ranges::max_element(groups, {}, &ExpertGroup::count);
  const size_t bytes_per_thread =
      std::max({gate.scratch_bytes(widest), up.scratch_bytes(widest), down.scratch_bytes(widest)});
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
      const ExpertGroup& group = groups[static_cast<size_t>(item / ffn_pieces)];
      const int64_t first = item % ffn_pieces * kWeightRowsAtOnce;
      const int64_t last = std::min(first + kWeightRowsAtOnce, ffn_dim);
      gate.run(group, first, last, thread_scratch(thread_idx));
      up.run(group, first, last, thread_scratch(thread_idx));
      for (int64_t row = group.first; row < group.first + group.count; ++row) {
        float* values = gates.row(row) + first;
        table_->activate(nonlinearity, values, ups.row(row) + first, last - first, values);
      }
    }
  });
  if (const Status status = pack(down, ScratchSlot::kPackedRows, gates, 0); !status) {
    return fail_step(status.error(), out);
  }
  const int64_t out_pieces = (out.cols + kWeightRowsAtOnce - 1) / kWeightRowsAtOnce;
  pool_->parallel_for(n_groups * out_pieces, 1, [&](int64_t begin, int64_t end, int thread_idx) {
    for (int64_t item = begin; item < end; ++item) {
      const ExpertGroup& group = groups[static_cast<size_t>(item / out_pieces)];
      const int64_t first = item % out_pieces * kWeightRowsAtOnce;
      down.run(group, first, std::min(first + kWeightRowsAtOnce, out.cols), thread_scratch(thread_idx));
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
