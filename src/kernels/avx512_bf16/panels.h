// The products with panels of a table with two ways: bfloat16 for prompts (Prompt), else as panel_exact.h has them.
// Included by table.cpp after panel_exact.h, inside its region and namespace.

inline PackedForm bf16_form(TokenClass token_class, DType type) {
  return token_class == TokenClass::kPrompt ? PackedForm::kBf16 : exact_form(type);
}

template <typename Prompt>
int64_t block_rows_by_form(PackedForm form) {
  return form == PackedForm::kBf16 ? Prompt::kRows : 1;
}

template <typename Prompt>
size_t packed_bytes_by_form(PackedForm form, int64_t cols, int64_t n_x) {
  if (form != PackedForm::kBf16) return exact_packed_bytes(form, cols, n_x);
  return static_cast<size_t>((n_x + Prompt::kRows - 1) / Prompt::kRows) * Prompt::block_bytes(cols);
}

template <typename Prompt>
void pack_rows_by_form(PackedForm form, const float* x, int64_t x_stride, int64_t cols, int64_t first, int64_t end,
                       std::byte* out) {
  if (form != PackedForm::kBf16) return exact_pack_rows(form, x, x_stride, cols, first, end, out);
  for (int64_t row = first; row < end; ++row) {
    std::byte* block = out + static_cast<size_t>(row / Prompt::kRows) * Prompt::block_bytes(cols);
    Prompt::pack_row(x + row * x_stride, cols, row % Prompt::kRows, reinterpret_cast<uint32_t*>(block));
  }
}

template <typename Prompt>
size_t scratch_bytes_by_form(const PanelLinearArgs& args) {
  return args.form == PackedForm::kBf16 ? Prompt::scratch_bytes(args) : 0;
}

template <typename Prompt>
void panel_linear_by_form(const PanelLinearArgs& args, int64_t first, int64_t end, std::byte* scratch) {
  if (args.form == PackedForm::kBf16) return Prompt::linear(args, first, end, scratch);
  exact_panel_linear(args, first, end);
}

template <typename Prompt>
constexpr PanelKernels panels_by_form() {
  return {
      .takes = has_panels,
      .form = bf16_form,
      .packed_bytes = packed_bytes_by_form<Prompt>,
      .pack_rows = pack_rows_by_form<Prompt>,
      .block_rows = block_rows_by_form<Prompt>,
      .linear = panel_linear_by_form<Prompt>,
      .scratch_bytes = scratch_bytes_by_form<Prompt>,
  };
}
