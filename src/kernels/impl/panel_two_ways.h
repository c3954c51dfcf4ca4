// The products with panels of a table with two ways: Prompt's for prompts, else as panel_exact.h has them.
// Included by table.cpp after panel_exact.h, inside its region and namespace.

template <typename Prompt>
PackedForm form_by_class(TokenClass token_class, DType type) {
  return token_class == TokenClass::kPrompt ? Prompt::kForm : exact_form(type);
}

template <typename Prompt>
int64_t block_rows_two_ways(PackedForm form) {
  return form == Prompt::kForm ? Prompt::kRows : 1;
}

template <typename Prompt>
size_t packed_bytes_two_ways(PackedForm form, int64_t cols, int64_t n_x) {
  if (form != Prompt::kForm) return exact_packed_bytes(form, cols, n_x);
  return static_cast<size_t>((n_x + Prompt::kRows - 1) / Prompt::kRows) * Prompt::block_bytes(cols);
}

template <typename Prompt>
void pack_rows_two_ways(PackedForm form, const float* x, int64_t x_stride, int64_t cols, int64_t first, int64_t end,
                        std::byte* out) {
  if (form != Prompt::kForm) return exact_pack_rows(form, x, x_stride, cols, first, end, out);
  for (int64_t row = first; row < end; ++row) {
    std::byte* block = out + static_cast<size_t>(row / Prompt::kRows) * Prompt::block_bytes(cols);
    Prompt::pack_row(x + row * x_stride, cols, row % Prompt::kRows, block);
  }
}

template <typename Prompt>
size_t scratch_bytes_two_ways(const PanelLinearArgs& args) {
  return args.form == Prompt::kForm ? Prompt::scratch_bytes(args) : 0;
}

template <typename Prompt>
void panel_linear_two_ways(const PanelLinearArgs& args, int64_t first, int64_t end, std::byte* scratch) {
  if (args.form == Prompt::kForm) return Prompt::linear(args, first, end, scratch);
  exact_panel_linear(args, first, end, scratch);
}

template <typename Prompt>
constexpr PanelKernels panels_two_ways() {
  return {
      .takes = has_panels,
      .form = form_by_class<Prompt>,
      .packed_bytes = packed_bytes_two_ways<Prompt>,
      .pack_rows = pack_rows_two_ways<Prompt>,
      .block_rows = block_rows_two_ways<Prompt>,
      .linear = panel_linear_two_ways<Prompt>,
      .scratch_bytes = scratch_bytes_two_ways<Prompt>,
  };
}
