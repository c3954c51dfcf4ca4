// The products with panels of this table: bfloat16 for prompts, 16-bit activations in digits for generated tokens.
// Included by table.cpp last but one, inside its region and namespace.

bool takes_panels(DType type) {
  return panel_layout(type) != nullptr;
}

PackedForm packed_form(TokenClass token_class, DType type) {
  if (token_class == TokenClass::kPrompt) return PackedForm::kBf16;
  return type == DType::kF16 || type == DType::kBF16 ? PackedForm::kFloats : PackedForm::kDigits;
}

int64_t packed_block_rows(PackedForm form) {
  return form == PackedForm::kBf16 ? kPromptRows : 1;
}

size_t packed_bytes(PackedForm form, int64_t cols, int64_t n_x) {
  const auto n_rows = static_cast<size_t>(n_x);
  switch (form) {
    case PackedForm::kFloats:
      return n_rows * static_cast<size_t>(padded_columns(cols)) * sizeof(float);
    case PackedForm::kDigits:
      return n_rows * DigitRow::n_bytes(cols);
    case PackedForm::kBf16:
      return (n_rows + kPromptRows - 1) / kPromptRows * bf16_block_bytes(cols);
  }
  return 0;
}

void pack_rows(PackedForm form, const float* x, int64_t x_stride, int64_t cols, int64_t first, int64_t end,
               std::byte* out) {
  for (int64_t row = first; row < end; ++row) {
    const float* values = x + row * x_stride;
    switch (form) {
      case PackedForm::kFloats: {
        float* to = reinterpret_cast<float*>(out) + row * padded_columns(cols);
        std::fill(std::copy(values, values + cols, to), to + padded_columns(cols), 0.0f);
        break;
      }
      case PackedForm::kDigits:
        pack_digit_row(values, cols, out + static_cast<size_t>(row) * DigitRow::n_bytes(cols));
        break;
      case PackedForm::kBf16: {
        std::byte* block = out + static_cast<size_t>(row / kPromptRows) * bf16_block_bytes(cols);
        pack_bf16_row(values, cols, reinterpret_cast<uint32_t*>(block) + row % kPromptRows);
        break;
      }
    }
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
    .takes = takes_panels,
    .form = packed_form,
    .packed_bytes = packed_bytes,
    .pack_rows = pack_rows,
    .block_rows = packed_block_rows,
    .linear = panel_linear,
    .scratch_bytes = panel_scratch_bytes,
};
