// A conversion as data: every key of the result, and for each of its tensors where the values come from. Planning reads
// names, shapes and metadata; only model_writer touches weights.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "convert/safetensors.h"
#include "gguf/metadata.h"
#include "tensor/dtype.h"

namespace ingot::core {

// How the rows of a source become those of the result.
enum class RowOrder : uint8_t {
  kKept,
  // Of each head, pairs of rows that turn together come to lie side by side: row (half, pair) becomes (pair, half).
  // Vectors count as rows of one value.
  kInterleavedPairs,
  kTransposed,  // (in, out) becomes (out, in)
};

struct TensorPlan {
  std::string name;  // in the result
  DType type = DType::kF32;
  std::vector<int64_t> shape = {};  // of the result, PyTorch's order: the contiguous dimension last
  // One after another; all together as many values as shape has. kTransposed has one source, of two dimensions.
  std::vector<const SafetensorsTensor*> sources = {};
  RowOrder order = RowOrder::kKept;
  int64_t n_heads = 0;             // kInterleavedPairs: each has shape[0] / n_heads rows, an even number
  float added = 0.0f;              // to every value
  std::vector<float> values = {};  // in place of sources: a tensor that was computed
};

struct ModelPlan {
  std::string architecture;
  GgufMetadata metadata;
  std::vector<TensorPlan> tensors;
  std::vector<std::string> notes;  // what a user should know of what was left out
};

// What the caller chose for the matrices.
enum class MatrixType : uint8_t { kAsStored, kF32, kF16, kBf16 };

}  // namespace ingot::core
