// The products with panels of a table that has one way for both classes of rows: activations of 16 bits with quantised
// weights, as they are with floats and halves.
// Included by table.cpp after panel_digits.h and table.h, inside its region and namespace.

inline bool has_panels(DType type) {
  return panel_layout(type) != nullptr;
}

inline PackedForm exact_form(DType type) {
  const bool plain = type == DType::kF32 || type == DType::kF16 || type == DType::kBF16;
  return plain ? PackedForm::kFloats : PackedForm::kDigits;
}
inline PackedForm exact_form_of_class(TokenClass, DType type) {
  return exact_form(type);
}

inline PanelRowsKernels exact_panel_kernels(DType type) {
  switch (type) {
    case DType::kF32:
      return plain_kernels<PanelF32>();
    case DType::kF16:
      return plain_kernels<PanelF16>();
    case DType::kBF16:
      return plain_kernels<PanelBF16>();
    default:
      return digit_kernels_of<WideActivations>(type);
  }
}

inline int64_t exact_block_rows(PackedForm) {
  return 1;
}

inline size_t exact_packed_bytes(PackedForm form, int64_t cols, int64_t n_x) {
  const size_t row_bytes = form == PackedForm::kFloats ? static_cast<size_t>(padded_columns(cols)) * sizeof(float)
                                                       : DigitRow<WideActivations>::n_bytes(cols);
  return static_cast<size_t>(n_x) * row_bytes;
}

inline void exact_pack(const PackArgs& args) {
  for (int64_t row = args.first; row < args.end; ++row) {
    const float* values = args.row(row);
    std::byte* packed = args.out + exact_packed_bytes(args.form, args.cols, row);
    if (args.form == PackedForm::kDigits) {
      pack_digit_row<WideActivations>(values, args.cols, args.first_col, args.end_col, packed);
    } else {
      float* to = reinterpret_cast<float*>(packed);
      float* end = std::copy(values, values + (args.end_col - args.first_col), to + args.first_col);
      if (args.end_col == args.cols) std::fill(end, to + padded_columns(args.cols), 0.0f);
    }
  }
}

inline size_t exact_scratch_bytes(const PanelLinearArgs&) {
  return 0;
}
inline void exact_panel_linear(const PanelLinearArgs& args, int64_t first, int64_t end, std::byte*) {
  panel_rows(exact_panel_kernels(args.type), args, first, end);
}

constexpr PanelKernels kExactPanelKernels = {
    .takes = has_panels,
    .form = exact_form_of_class,
    .packed_bytes = exact_packed_bytes,
    .pack = exact_pack,
    .block_rows = exact_block_rows,
    .linear = exact_panel_linear,
    .scratch_bytes = exact_scratch_bytes,
};
