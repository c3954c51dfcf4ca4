#include "convert/model_writer.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <utility>

#include "base/check.h"
#include "base/fp16.h"
#include "base/utf8.h"

namespace ingot::core {
namespace {

constexpr int64_t kPieceValues = int64_t{1} << 20;
constexpr float kF16Limit = 65520.0f;  // from here on rounding gives infinity

int64_t product(std::span<const int64_t> factors) {
  int64_t result = 1;
  for (const int64_t factor : factors) result *= factor;
  return result;
}

// The values of a source as rows, in the order in which the result wants them.
struct SourceRows {
  const SafetensorsTensor* source;
  RowOrder order;
  int64_t n_rows;
  int64_t n_cols;
  int64_t head_rows;  // kInterleavedPairs

  // Where the first value of a row lies, and how far the next one is from it, in values.
  int64_t first_value(int64_t row) const {
    if (order == RowOrder::kTransposed) return row;
    if (order == RowOrder::kKept) return row * n_cols;
    const int64_t head = row / head_rows;
    const int64_t pair = row % head_rows / 2;
    const int64_t half = row % 2;
    return (head * head_rows + half * (head_rows / 2) + pair) * n_cols;
  }
  int64_t stride() const { return order == RowOrder::kTransposed ? n_rows : 1; }
};

SourceRows rows_of(const TensorPlan& plan, const SafetensorsTensor& source) {
  const int64_t n_values = source.n_values();
  const bool vector = plan.shape.size() == 1;
  if (plan.order == RowOrder::kInterleavedPairs) {
    const int64_t n_rows = plan.shape[0];
    return {&source, plan.order, n_rows, n_values / n_rows, n_rows / plan.n_heads};
  }
  const int64_t n_cols = vector ? n_values : plan.shape.back();
  return {&source, plan.order, n_values / n_cols, n_cols, 0};
}

// Rows [first, first + n) as bytes of the source's type.
void gather(const SourceRows& rows, int64_t first, int64_t n, std::vector<std::byte>& out_bytes) {
  const auto value_bytes = static_cast<size_t>(rows.source->type->n_bytes);
  const auto n_cols = static_cast<size_t>(rows.n_cols);
  out_bytes.resize(static_cast<size_t>(n) * n_cols * value_bytes);
  std::byte* out = out_bytes.data();
  const auto stride = static_cast<size_t>(rows.stride()) * value_bytes;
  for (int64_t row = first; row < first + n; ++row) {
    const std::byte* in = rows.source->data.data() + static_cast<size_t>(rows.first_value(row)) * value_bytes;
    if (stride == value_bytes) {
      std::memcpy(out, in, n_cols * value_bytes);
      out += n_cols * value_bytes;
      continue;
    }
    for (size_t col = 0; col < n_cols; ++col, out += value_bytes) std::memcpy(out, in + col * stride, value_bytes);
  }
}

void decode(std::span<const std::byte> bytes, DType type, std::vector<float>& out_values) {
  out_values.resize(bytes.size() / (type == DType::kF32 ? sizeof(float) : sizeof(uint16_t)));
  if (type == DType::kF32) {
    std::memcpy(out_values.data(), bytes.data(), bytes.size());
    return;
  }
  for (size_t value_idx = 0; value_idx < out_values.size(); ++value_idx) {
    uint16_t half = 0;
    std::memcpy(&half, bytes.data() + value_idx * sizeof(half), sizeof(half));
    out_values[value_idx] = type == DType::kF16 ? fp16_to_float(half) : bf16_to_float(half);
  }
}

Status encode(std::span<const float> values, const TensorPlan& plan, std::vector<std::byte>& out_bytes) {
  if (plan.type == DType::kF32) {
    out_bytes.assign(std::as_bytes(values).begin(), std::as_bytes(values).end());
    return {};
  }
  out_bytes.resize(values.size() * sizeof(uint16_t));
  for (size_t value_idx = 0; value_idx < values.size(); ++value_idx) {
    const float value = values[value_idx];
    if (plan.type == DType::kF16 && std::isfinite(value) && std::abs(value) >= kF16Limit) {
      return invalid("tensor {} holds {}, which F16 cannot: choose the type bf16 or f32", printable(plan.name), value);
    }
    const uint16_t half = plan.type == DType::kF16 ? float_to_fp16(value) : float_to_bf16(value);
    std::memcpy(out_bytes.data() + value_idx * sizeof(half), &half, sizeof(half));
  }
  return {};
}

class TensorWriter {
 public:
  TensorWriter(const ModelPlan& plan, const WriteObserver& observer, GgufWriter& writer)
      : observer_(observer), writer_(writer) {
    for (const GgufTensorHeader& header : tensor_headers(plan)) n_bytes_total_ += header.n_bytes();
  }

  Status write(const TensorPlan& plan) {
    if (plan.sources.empty()) {
      INGOT_TRY(encode(plan.values, plan, bytes_));
      return pass_on();
    }
    for (const SafetensorsTensor* source : plan.sources) {
      const SourceRows rows = rows_of(plan, *source);
      const int64_t piece_rows = std::max<int64_t>(1, kPieceValues / rows.n_cols);
      for (int64_t first = 0; first < rows.n_rows; first += piece_rows) {
        INGOT_TRY(write_piece(plan, rows, first, std::min(piece_rows, rows.n_rows - first)));
      }
    }
    return {};
  }

 private:
  Status write_piece(const TensorPlan& plan, const SourceRows& rows, int64_t first, int64_t n) {
    gather(rows, first, n, bytes_);
    // What does not change keeps its bits, those of a NaN too.
    if (rows.source->type->readable == plan.type && plan.added == 0.0f) return pass_on();
    decode(bytes_, *rows.source->type->readable, values_);
    for (float& value : values_) value += plan.added;
    INGOT_TRY(encode(values_, plan, bytes_));
    return pass_on();
  }

  Status pass_on() {
    if (observer_.cancelled != nullptr && observer_.cancelled->load(std::memory_order_relaxed)) {
      return fail(ErrorKind::kCancelled, "the conversion was cancelled");
    }
    INGOT_TRY(writer_.write(bytes_));
    n_bytes_done_ += static_cast<int64_t>(bytes_.size());
    if (observer_.on_progress) observer_.on_progress(n_bytes_done_, n_bytes_total_);
    return {};
  }

  const WriteObserver& observer_;
  GgufWriter& writer_;
  std::vector<std::byte> bytes_;
  std::vector<float> values_;
  int64_t n_bytes_done_ = 0;
  int64_t n_bytes_total_ = 0;
};

}  // namespace

std::vector<GgufTensorHeader> tensor_headers(const ModelPlan& plan) {
  std::vector<GgufTensorHeader> headers;
  headers.reserve(plan.tensors.size());
  for (const TensorPlan& tensor : plan.tensors) {
    headers.push_back({tensor.name, tensor.type, {tensor.shape.rbegin(), tensor.shape.rend()}});
  }
  return headers;
}

Status write_tensors(const ModelPlan& plan, const WriteObserver& observer, GgufWriter& writer) {
  TensorWriter tensors(plan, observer, writer);
  for (const TensorPlan& tensor : plan.tensors) {
    int64_t n_values = static_cast<int64_t>(tensor.values.size());
    for (const SafetensorsTensor* source : tensor.sources) n_values += source->n_values();
    INGOT_CHECK(n_values == product(tensor.shape), "the sources fill the tensor");
    INGOT_TRY(tensors.write(tensor));
  }
  return {};
}

}  // namespace ingot::core
