// Binds the tensors of a file to the weights that an architecture names, checking each once.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "gguf/reader.h"
#include "model/arch/architecture.h"
#include "model/model.h"

namespace ingot::core {

struct LoadedWeights {
  Weights weights;
  std::vector<std::string> unused_tensors;  // of the file, that no row of the architecture asked for; in file order
};

// Errors name the tensor, what was found and what was expected: missing, another shape, a type without a decoder, a
// weight that is NaN or infinite (with options.check_tensors). Unused tensors are one warning, but for one that can
// only be the missing output matrix.
Result<LoadedWeights> load_weights(const GgufFile& file, const ModelSpec& spec, const Architecture& architecture,
                                   Ops& ops, const LoadOptions& options);

}  // namespace ingot::core
