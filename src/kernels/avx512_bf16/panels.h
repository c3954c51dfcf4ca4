// The products with panels of this table: bfloat16 for prompts, else as panel_exact.h has them.
// Included by table.cpp last, inside its region and namespace.

PackedForm packed_form(TokenClass token_class, DType type) {
  return token_class == TokenClass::kPrompt ? PackedForm::kBf16 : exact_form(type);
}

int64_t packed_block_rows(PackedForm form) {
  return form == PackedForm::kBf16 ? kPromptRows : 1;
}

size_t packed_bytes(PackedForm form, int64_t cols, int64_t n_x) {
  if (form != PackedForm::kBf16) return exact_packed_bytes(form, cols, n_x);
  return static_cast<size_t>((n_x + kPromptRows - 1) / kPromptRows) * bf16_block_bytes(cols);
}

void pack_rows(PackedForm form, const float* x, int64_t x_stride, int64_t cols, int64_t first, int64_t end,
               std::byte* out) {
  if (form != PackedForm::kBf16) return exact_pack_rows(form, x, x_stride, cols, first, end, out);
  for (int64_t row = first; row < end; ++row) {
    std::byte* block = out + static_cast<size_t>(row / kPromptRows) * bf16_block_bytes(cols);
    pack_bf16_row(x + row * x_stride, cols, reinterpret_cast<uint32_t*>(block) + row % kPromptRows);
  }
}

size_t panel_scratch_bytes(const PanelLinearArgs& args) {
  if (args.form != PackedForm::kBf16) return 0;
  return static_cast<size_t>(prompt_weight_words(args.cols)) * sizeof(uint32_t) +
         static_cast<size_t>(args.n_x * kTileWidth) * sizeof(float);
}

void panel_linear(const PanelLinearArgs& args, int64_t first, int64_t end, std::byte* scratch) {
  if (args.form == PackedForm::kBf16) return prompt_panel_linear(args, first, end, scratch);
  exact_panel_linear(args, first, end);
}

constexpr PanelKernels kPanelKernels = {
    .takes = has_panels,
    .form = packed_form,
    .packed_bytes = packed_bytes,
    .pack_rows = pack_rows,
    .block_rows = packed_block_rows,
    .linear = panel_linear,
    .scratch_bytes = panel_scratch_bytes,
};
