// How much working memory a step will take, before it is run: what linear.cpp, attention.cpp, moe.cpp and
// recurrence.cpp ask of the scratch, said once more without computing anything. tests/model/working_set_test.cpp holds
// the two together.
#include <algorithm>

#include "kernels/panel_layout.h"
#include "ops/attention_args.h"
#include "ops/cpu_ops.h"
#include "ops/work_split.h"

namespace ingot::core {
namespace {

size_t float_bytes(int64_t n) {
  return static_cast<size_t>(n) * sizeof(float);
}

// The largest request of each slot of the scratch, by the operations seen so far; of the threads' slot, for one thread.
class SlotSizes {
 public:
  explicit SlotSizes(const KernelTable& table) : table_(table) {}

  size_t per_thread = 0, padded = 0, packed = 0, packed_ups = 0, packed_output = 0, partials = 0, experts = 0;

  static void include(size_t n_bytes, size_t& slot) { slot = std::max(slot, n_bytes); }

  bool in_panels(const WeightMatrix& w) const { return w.layout == WeightLayout::kPanels; }
  PackedForm form(const WeightMatrix& w) const { return table_.packed_form(TokenClass::kPrompt, w.type); }
  bool share_rows(const WeightMatrix& a, const WeightMatrix& b) const {
    if (!in_panels(a) || !in_panels(b)) return false;
    const auto alike = [&](TokenClass token_class) {
      return table_.packed_form(token_class, a.type) == table_.packed_form(token_class, b.type);
    };
    return alike(TokenClass::kPrompt) && alike(TokenClass::kGenerated);
  }

  // Of a product with n_rows rows, at most what the kernels take at once.
  size_t kernel_bytes(const WeightMatrix& w, int64_t n_rows) const {
    if (in_panels(w)) {
      PanelLinearArgs args;
      args.panel_bytes = w.panel_bytes;
      args.type = w.type;
      args.rows = w.rows;
      args.cols = w.cols;
      args.form = form(w);
      args.n_x = n_rows;
      return table_.panel_scratch_bytes(args);
    }
    LinearArgs args;
    args.type = w.type;
    args.row_bytes = w.row_bytes;
    args.cols = w.cols;
    args.x_stride = padded_columns(w.cols);
    args.n_x = n_rows;
    args.out_stride = w.rows;
    return table_.linear_scratch_bytes(args);
  }
  size_t packed_bytes(const WeightMatrix& w, int64_t n_rows) const {
    return table_.packed_bytes(form(w), w.cols, n_rows);
  }

  void add_product(const WeightMatrix& w, int64_t n_rows) {
    const int64_t at_once = std::min(n_rows, kRowsAtOnce);
    include(kernel_bytes(w, at_once), per_thread);
    if (in_panels(w)) {
      include(packed_stride(packed_bytes(w, at_once)), packed);
      include(normed_rows_bytes(w.cols), per_thread);
    } else if (padded_columns(w.cols) != w.cols) {
      include(float_bytes(n_rows * padded_columns(w.cols)), padded);
    }
  }

  // From above: as if no two of them had the same rows in the same form.
  void add_each(const StepShape::Each& each, int64_t n_rows) {
    size_t together = 0;
    for (const WeightMatrix* w : each) {
      if (w == nullptr) break;
      add_product(*w, n_rows);
      if (in_panels(*w)) together += packed_stride(packed_bytes(*w, std::min(n_rows, kRowsAtOnce)));
    }
    include(together, packed);
  }

  void add_gated(const StepShape::Gated& gated, int64_t n_rows, int n_threads) {
    add_product(*gated.gate, n_rows);
    add_product(*gated.up, n_rows);
    const bool shared = share_rows(*gated.gate, *gated.up);
    const bool packs = shared && in_panels(*gated.next);
    if (!packs) add_product(*gated.next, n_rows);
    if (!shared) return;
    const int64_t at_once = std::min(n_rows, kRowsAtOnce);
    const size_t kernels = std::max(kernel_bytes(*gated.gate, at_once), kernel_bytes(*gated.up, at_once));
    include(GatedTiles(kernels, gated.gate->rows, n_threads, at_once, packs).n_bytes, per_thread);
    if (!packs) return;
    include(kernel_bytes(*gated.next, at_once), per_thread);
    size_t n_bytes = 0;
    for_each_class({.n_prompt = n_rows},
                   [&](TokenClass, int64_t, int64_t n) { n_bytes += packed_stride(packed_bytes(*gated.next, n)); });
    include(n_bytes, packed_output);
  }

  void add_attention(const StepShape::Attention& attention, int64_t first_position, int64_t n_rows, int n_threads) {
    const TensorView rows = {nullptr, n_rows, 0, 0};
    const AttentionArgs args =
        attention_args(attention.params, attention.kv, first_position, rows, rows, TokenClass::kPrompt, n_threads);
    include(table_.attention_scratch_bytes(args), per_thread);
    if (!split_over_cache(table_, args, n_rows, n_threads)) return;
    const int64_t partial = attention_partial_floats(attention.kv.value_dim);
    include(float_bytes(seen_segments(args, n_rows).count * n_rows * attention.params.n_heads * partial), partials);
  }

  // At most: it is not known which experts the rows will choose. All of them may choose the same one, and all groups
  // but the last may begin a block of packed rows for one row.
  void add_experts(const StepShape::Experts& layer, int64_t n_rows) {
    const WeightMatrix& gate = *layer.params.gate;
    const WeightMatrix& up = *layer.params.up;
    const WeightMatrix& down = *layer.params.down;
    const int64_t at_once = std::min(n_rows, kRowsAtOnce);
    const int64_t n_pairs = at_once * layer.n_used;
    const int64_t input_width = in_panels(gate) && in_panels(up) ? 0 : padded_columns(gate.cols);
    include(float_bytes(n_pairs * (input_width + 2 * padded_columns(gate.rows) + down.rows)), experts);
    for (const WeightMatrix* w : {&gate, &up, &down}) {
      include(kernel_bytes(*w, at_once), per_thread);
      if (!in_panels(*w)) continue;
      const bool own_rows = w == &up && !(in_panels(gate) && form(gate) == form(up));
      const int64_t n_groups = std::min(n_pairs, w->n_slices);
      const int64_t n_packed = n_pairs + (n_groups - 1) * (table_.packed_block_rows(form(*w)) - 1);
      include(packed_bytes(*w, n_packed), own_rows ? packed_ups : packed);
    }
  }

 private:
  const KernelTable& table_;
};

}  // namespace

OpsMemory CpuOps::memory_for(const StepShape& step) const {
  const int n_threads = pool_->n_threads();
  SlotSizes slots(*table_);
  for (const WeightMatrix* w : step.linears) slots.add_product(*w, step.n_rows);
  for (const StepShape::Each& each : step.eachs) slots.add_each(each, step.n_rows);
  for (const StepShape::Gated& gated : step.gated) slots.add_gated(gated, step.n_rows, n_threads);
  for (const StepShape::Attention& attention : step.attentions) {
    slots.add_attention(attention, step.first_position, step.n_rows, n_threads);
  }
  for (const StepShape::Experts& layer : step.experts) slots.add_experts(layer, step.n_rows);
  if (step.time_mix_head_size > 0) {
    SlotSizes::include(time_mix_scratch_bytes(step.time_mix_head_size), slots.per_thread);
  }
  const size_t threads = Scratch::thread_stride(slots.per_thread) * static_cast<size_t>(n_threads);
  return {.attention_scratch = static_cast<int64_t>(slots.partials),
          .other_scratch = static_cast<int64_t>(threads + slots.padded + slots.packed + slots.packed_ups +
                                                slots.packed_output + slots.experts)};
}

}  // namespace ingot::core
