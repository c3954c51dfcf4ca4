// Weights of any type and shape to measure speed on: random bits whose values are finite and of the size of weights.
#pragma once

#include <cstdint>
#include <memory>

#include "base/aligned_buffer.h"
#include "base/result.h"
#include "ops/ops.h"
#include "tensor/dtype.h"

namespace ingot::core {

// (rows, cols). A few thousand different blocks in turn: kernels take no notice of values, only of bytes.
// Errors: kInvalidInput for cols that are no whole blocks, kOutOfMemory.
Result<HostTensor> make_synthetic_weights(DType type, int64_t rows, int64_t cols, uint64_t seed);

// n values, normally distributed, of standard deviation 1.
Result<AlignedBuffer> make_random_floats(int64_t n, uint64_t seed);

}  // namespace ingot::core
