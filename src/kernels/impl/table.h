// The table of an instruction set whose kernels all come from the templates.
// Included by table.cpp last, inside its region and namespace.

constexpr KernelTable make_table(const char* name) {
  return {
      .name = name,
      .decoder = decoder,
      .linear = linear,
      .linear_scratch_bytes = linear_scratch_bytes,
      .norm = norm,
      .rope = rope,
      .activate = activate,
      .add = add_scaled,
      .scale_in_place = scale_in_place,
      .softcap = softcap,
      .sigmoid = sigmoid_of,
      .encode_f16 = encode_f16,
      .attend = attend,
      .attention_scratch_bytes = attention_scratch_bytes,
      .attend_segment = attend_segment,
      .merge_segments = merge_segments,
      .score_segment = score_segment,
      .softmax_segment = softmax_segment,
      .weigh_segment = weigh_segment,
  };
}
