#include "ops/ops.h"

namespace ingot::core {

void Ops::project_heads(const StepRows& step, const LinearInput& input, std::span<const LinearTarget> targets,
                        const HeadParams& params, TensorView heads) {
  linear_group(step, input, targets);
  const TensorView q = params.queries(heads);
  const TensorView k = params.keys(heads);
  const TensorView v = params.values(heads);
  if (params.q_norm) norm(*params.q_norm, q, q);
  if (params.k_norm) norm(*params.k_norm, k, k);
  if (params.rope) {
    rope(*params.rope, params.positions, q);
    rope(*params.rope, params.positions, k);
  }
  for (const KvRows& rows : params.sequences) {
    write_kv(rows.kv, rows.first_position, k.row_range(rows.first_row, rows.n_rows),
             v.row_range(rows.first_row, rows.n_rows));
  }
}

}  // namespace ingot::core
