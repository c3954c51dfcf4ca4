#include "kernels/fast_tables.h"

#include "kernels/tables.h"

namespace ingot::core {
namespace {

template <const KernelTable& (*kExact)(), const BytePanels& (*kBytes)()>
struct Fast {
  static PackedForm form(TokenClass token_class, DType type) {
    return kBytes().takes(type) ? PackedForm::kBytes : kExact().packed_form(token_class, type);
  }
  static size_t packed_bytes(PackedForm form, int64_t cols, int64_t n_x) {
    return form == PackedForm::kBytes ? kBytes().packed_bytes(cols, n_x) : kExact().packed_bytes(form, cols, n_x);
  }
  static void pack(const PackArgs& args) { (args.form == PackedForm::kBytes ? kBytes().pack : kExact().pack)(args); }
  static int64_t block_rows(PackedForm form) {
    return form == PackedForm::kBytes ? 1 : kExact().packed_block_rows(form);
  }
  static void linear(const PanelLinearArgs& args, int64_t first, int64_t end, std::byte* scratch) {
    if (args.form == PackedForm::kBytes) return kBytes().linear(args, first, end, scratch);
    kExact().panel_linear(args, first, end, scratch);
  }
  static size_t scratch_bytes(const PanelLinearArgs& args) {
    return args.form == PackedForm::kBytes ? kBytes().scratch_bytes(args) : kExact().panel_scratch_bytes(args);
  }

  static KernelTable table(const char* name) {
    KernelTable table = kExact();
    table.name = name;
    table.packed_form = form;
    table.packed_bytes = packed_bytes;
    table.pack = pack;
    table.packed_block_rows = block_rows;
    table.panel_linear = linear;
    table.panel_scratch_bytes = scratch_bytes;
    return table;
  }
};

}  // namespace

#if defined(__x86_64__)
const KernelTable& avx2_fast_table() {
  static const KernelTable table = Fast<avx2_kernel_table, avx2_byte_panels>::table("avx2_fast");
  return table;
}
const KernelTable& avx512_fast_table() {
  static const KernelTable table = Fast<avx512_kernel_table, avx512_byte_panels>::table("avx512_fast");
  return table;
}
const KernelTable& avx512_vnni_fast_table() {
  static const KernelTable table = Fast<avx512_vnni_kernel_table, avx512_vnni_byte_panels>::table("avx512_vnni_fast");
  return table;
}
// Whole numbers as VPDPBUSD multiplies them; what is left exact is in bfloat16.
const KernelTable& avx512_bf16_fast_table() {
  static const KernelTable table = Fast<avx512_bf16_kernel_table, avx512_vnni_byte_panels>::table("avx512_bf16_fast");
  return table;
}
#endif

}  // namespace ingot::core
