// The products with panels of a table with two ways: Prompt's for prompts, else as panel_exact.h has them. F32 weights
// meet prompts in FP32 whatever Prompt's numbers are: a file that keeps a matrix so (a router, the low-rank factors of
// RWKV-7) means every bit of it.
// Included by table.cpp after panel_exact.h and float_prompt.h, inside its region and namespace.

using FloatPrompt = PanelPrompt<FloatPromptProducts>;

template <typename Prompt>
PackedForm form_by_class(TokenClass token_class, DType type) {
  if (token_class != TokenClass::kPrompt) return exact_form(type);
  return type == DType::kF32 ? FloatPrompt::kForm : Prompt::kForm;
}

template <typename Prompt>
int64_t block_rows_two_ways(PackedForm form) {
  return form == Prompt::kForm ? Prompt::kRows : form == FloatPrompt::kForm ? FloatPrompt::kRows : 1;
}

template <typename Prompt>
size_t packed_blocks_bytes(int64_t cols, int64_t n_x) {
  return static_cast<size_t>((n_x + Prompt::kRows - 1) / Prompt::kRows) * Prompt::block_bytes(cols);
}
template <typename Prompt>
size_t packed_bytes_two_ways(PackedForm form, int64_t cols, int64_t n_x) {
  if (form == Prompt::kForm) return packed_blocks_bytes<Prompt>(cols, n_x);
  if (form == FloatPrompt::kForm) return packed_blocks_bytes<FloatPrompt>(cols, n_x);
  return exact_packed_bytes(form, cols, n_x);
}

template <typename Prompt>
void pack_blocks_of_rows(const PackArgs& args) {
  for (int64_t row = args.first; row < args.end;) {
    const int64_t in_block = row % Prompt::kRows;
    const int64_t n_rows = std::min(Prompt::kRows - in_block, args.end - row);
    std::byte* block = args.out + static_cast<size_t>(row / Prompt::kRows) * Prompt::block_bytes(args.cols);
    Prompt::pack_rows(args.row(row), args.x_stride, n_rows, args.first_col, args.end_col, in_block, block);
    row += n_rows;
  }
}
template <typename Prompt>
void pack_two_ways(const PackArgs& args) {
  if (args.form == Prompt::kForm) return pack_blocks_of_rows<Prompt>(args);
  if (args.form == FloatPrompt::kForm) return pack_blocks_of_rows<FloatPrompt>(args);
  exact_pack(args);
}

template <typename Prompt>
size_t scratch_bytes_two_ways(const PanelLinearArgs& args) {
  if (args.form == Prompt::kForm) return Prompt::scratch_bytes(args);
  return args.form == FloatPrompt::kForm ? FloatPrompt::scratch_bytes(args) : 0;
}

template <typename Prompt>
void panel_linear_two_ways(const PanelLinearArgs& args, int64_t first, int64_t end, std::byte* scratch) {
  if (args.form == Prompt::kForm) return Prompt::linear(args, first, end, scratch);
  if (args.form == FloatPrompt::kForm) return FloatPrompt::linear(args, first, end, scratch);
  exact_panel_linear(args, first, end, scratch);
}

template <typename Prompt>
constexpr PanelKernels panels_two_ways() {
  return {
      .takes = has_panels,
      .form = form_by_class<Prompt>,
      .packed_bytes = packed_bytes_two_ways<Prompt>,
      .pack = pack_two_ways<Prompt>,
      .block_rows = block_rows_two_ways<Prompt>,
      .linear = panel_linear_two_ways<Prompt>,
      .scratch_bytes = scratch_bytes_two_ways<Prompt>,
  };
}
