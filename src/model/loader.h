// Binds the tensors of a file to the weights that an architecture names, checking each once.
#pragma once

#include "base/result.h"
#include "gguf/reader.h"
#include "model/arch/architecture.h"
#include "model/model.h"

namespace ingot::core {

// Errors name the tensor, what was found and what was expected: missing, another shape, a type without a decoder, a
// weight that is NaN or infinite (with options.check_tensors). Tensors that nothing asked for are one warning.
Result<Weights> load_weights(const GgufFile& file, const ModelSpec& spec, const Architecture& architecture, Ops& ops,
                             const LoadOptions& options);

}  // namespace ingot::core
