#include "kernels/reference/reference.h"
#include "kernels/tables.h"
#include "tensor/quant_traits.h"

namespace ingot::core {

const KernelTable& reference_kernel_table() {
  static constexpr KernelTable kTable = {
      .name = "reference",
      .decoder = [](DType type) { return quant_traits(type).dequantize_row; },
      .linear = reference::linear,
      .linear_scratch_bytes = reference::linear_scratch_bytes,
      .takes_panels = nullptr,
      .packed_form = nullptr,
      .packed_bytes = nullptr,
      .pack = nullptr,
      .packed_block_rows = nullptr,
      .panel_linear = nullptr,
      .panel_scratch_bytes = nullptr,
      .norm = reference::norm,
      .rope = reference::rope,
      .activate = reference::activate,
      .add = reference::add,
      .scale_in_place = reference::scale_in_place,
      .softcap = reference::softcap,
      .sigmoid = reference::sigmoid,
      .encode_f16 = reference::encode_f16,
      .token_shift = reference::token_shift,
      .time_mix = reference::time_mix,
      .time_mix_scratch_bytes = reference::time_mix_scratch_bytes,
      .time_mix_chunks = nullptr,
      .time_mix_chunks_scratch_bytes = nullptr,
      .attend = reference::attend,
      .attention_scratch_bytes = reference::attention_scratch_bytes,
      .attend_segment = nullptr,
      .merge_segments = nullptr,
      .score_segment = nullptr,
      .softmax_segment = nullptr,
      .weigh_segment = nullptr,
  };
  return kTable;
}

}  // namespace ingot::core
