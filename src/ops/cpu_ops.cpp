#include "ops/cpu_ops.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "kernels/dispatch.h"
#include "tensor/quant_traits.h"
#include "threading/topology.h"

namespace ingot::core {
namespace {
constexpr std::string_view kReferenceName = "reference";
}

CpuOps::CpuOps(std::unique_ptr<ThreadPool> pool, const KernelTable* table, NumericMode mode)
    : pool_(std::move(pool)),
      table_(table),
      mode_(mode),
      scalar_decoding_name_(fmt::format("{}, scalar decoding", table->name)),
      scratch_(pool_->n_threads()),
      parts_(pool_->n_threads()) {}

Result<std::unique_ptr<CpuOps>> CpuOps::create(const CpuOpsOptions& options) {
  const bool reference = options.mode == NumericMode::kReference;
  if (reference && !options.isa.empty() && options.isa != kReferenceName) {
    return invalid("instruction set {} asked for together with the reference mode, which has only its own",
                   options.isa);
  }
  INGOT_ASSIGN(const KernelTable* table, options.mode == NumericMode::kFast
                                             ? find_fast_kernel_table(options.isa)
                                             : find_kernel_table(reference ? kReferenceName : options.isa));
  const int n_threads = options.n_threads == 0 ? default_thread_count() : options.n_threads;
  INGOT_ASSIGN(auto pool, ThreadPool::create(n_threads));
  return std::unique_ptr<CpuOps>(new CpuOps(std::move(pool), table, options.mode));
}

Result<std::unique_ptr<CpuOps>> CpuOps::create_with(const KernelTable& table, int n_threads) {
  INGOT_ASSIGN(auto pool, ThreadPool::create(n_threads));
  return std::unique_ptr<CpuOps>(new CpuOps(std::move(pool), &table, NumericMode::kExact));
}

Status CpuOps::set_n_threads(int n_threads) {
  INGOT_ASSIGN(auto pool, ThreadPool::create(n_threads));
  pool_ = std::move(pool);
  scratch_ = Scratch(n_threads);
  parts_.set_n_threads(n_threads);
  return {};
}

Result<AlignedBuffer> CpuOps::allocate(size_t n_bytes) {
  return AlignedBuffer::allocate(n_bytes);
}

const char* CpuOps::kernels_for(const WeightMatrix& w) const {
  // Floats are read as they are; and the oracle's decoders are the plain ones on purpose.
  const bool plain = table_->decoder(w.type) == quant_traits(w.type).dequantize_row;
  if (w.type == DType::kF32 || table_->name == kReferenceName || !plain) return table_->name;
  return scalar_decoding_name_.c_str();
}

OpsMemory CpuOps::memory() const {
  const size_t partials = scratch_.n_bytes(ScratchSlot::kPartials);
  // What only a profile asked for is not told as the model's.
  const size_t stages = scratch_.n_bytes(ScratchSlot::kStageScores) + scratch_.n_bytes(ScratchSlot::kStagePartials);
  return {.attention_scratch = static_cast<int64_t>(partials),
          .other_scratch = static_cast<int64_t>(scratch_.n_bytes() - partials - stages)};
}

Status CpuOps::synchronise() {
  return std::exchange(step_status_, Status());
}

void CpuOps::fail_step(Error error, TensorView out) {
  if (step_status_.has_value()) step_status_ = tl::unexpected<Error>(std::move(error));
  for (int64_t row = 0; row < out.rows; ++row) std::fill_n(out.row(row), out.cols, 0.0f);
}

Result<TensorView> CpuOps::padded_rows(TensorView x) {
  const int64_t padded = padded_columns(x.cols);
  if (padded == x.cols) return x;
  INGOT_ASSIGN(std::byte * bytes,
               scratch_.get(ScratchSlot::kPaddedRows, static_cast<size_t>(x.rows * padded) * sizeof(float)));
  float* copy = reinterpret_cast<float*>(bytes);
  for (int64_t row = 0; row < x.rows; ++row) {
    float* out = copy + row * padded;
    std::copy_n(x.row(row), x.cols, out);
    std::fill(out + x.cols, out + padded, 0.0f);
  }
  return TensorView{copy, x.rows, x.cols, padded, x.device};
}

Nonlinearity to_nonlinearity(Activation activation) {
  switch (activation) {
    case Activation::kNone:
      return Nonlinearity::kNone;
    case Activation::kSilu:
      return Nonlinearity::kSilu;
    case Activation::kGelu:
      return Nonlinearity::kGelu;
    case Activation::kGeluTanh:
      return Nonlinearity::kGeluTanh;
    case Activation::kRelu:
      return Nonlinearity::kRelu;
    case Activation::kReluSquared:
      return Nonlinearity::kReluSquared;
    case Activation::kTanh:
      return Nonlinearity::kTanh;
    case Activation::kSigmoid:
      return Nonlinearity::kSigmoid;
  }
  return Nonlinearity::kNone;
}

}  // namespace ingot::core
