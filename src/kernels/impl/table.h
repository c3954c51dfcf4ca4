// The table of an instruction set whose kernels all come from the templates.
// Included by table.cpp last, inside its region and namespace.

// Of a table that has panels; else all null.
struct PanelKernels {
  decltype(KernelTable::takes_panels) takes = nullptr;
  decltype(KernelTable::packed_form) form = nullptr;
  decltype(KernelTable::packed_bytes) packed_bytes = nullptr;
  decltype(KernelTable::pack) pack = nullptr;
  decltype(KernelTable::packed_block_rows) block_rows = nullptr;
  decltype(KernelTable::panel_linear) linear = nullptr;
  decltype(KernelTable::panel_scratch_bytes) scratch_bytes = nullptr;
};

constexpr KernelTable make_table(const char* name, const PanelKernels& panels = {}) {
  return {
      .name = name,
      .decoder = decoder,
      .linear = linear,
      .linear_scratch_bytes = linear_scratch_bytes,
      .takes_panels = panels.takes,
      .packed_form = panels.form,
      .packed_bytes = panels.packed_bytes,
      .pack = panels.pack,
      .packed_block_rows = panels.block_rows,
      .panel_linear = panels.linear,
      .panel_scratch_bytes = panels.scratch_bytes,
      .norm = norm,
      .rope = rope,
      .activate = activate,
      .add = add_scaled,
      .scale_in_place = scale_in_place,
      .softcap = softcap,
      .sigmoid = sigmoid_of,
      .encode_f16 = encode_f16,
      .token_shift = token_shift,
      .time_mix = time_mix,
      .time_mix_scratch_bytes = time_mix_scratch_bytes,
      .time_mix_chunks = nullptr,
      .time_mix_chunks_scratch_bytes = nullptr,
      .attend = attend<FloatProducts>,
      .attention_scratch_bytes = attention_scratch_bytes<FloatProducts>,
      .attend_segment = attend_segment<FloatProducts>,
      .merge_segments = merge_segments,
      .score_segment = score_segment<FloatProducts>,
      .softmax_segment = softmax_segment<FloatProducts>,
      .weigh_segment = weigh_segment<FloatProducts>,
  };
}
