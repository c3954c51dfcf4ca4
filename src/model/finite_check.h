// --check-tensors: looks for NaN and infinite weights, also in the scales of quantised blocks.
#pragma once

#include <functional>

#include "base/result.h"
#include "gguf/reader.h"

namespace ingot::core {

// Decodes every value of a tensor. An error names the tensor and the place of the first value that is not finite.
Status check_finite(const GgufTensor& tensor);

// check_finite for all tensors that can be decoded. progress is called with 0 to 1 and may be empty.
Status check_all_finite(const GgufFile& file, const std::function<void(double)>& progress);

}  // namespace ingot::core
