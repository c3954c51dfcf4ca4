#include "model/finite_check.h"

#include <algorithm>
#include <cmath>
#include <vector>

namespace ingot::core {

Status check_finite(const GgufTensor& tensor) {
  const QuantTraits& traits = *tensor.traits;
  // Whole blocks, few enough to stay in a cache.
  const int64_t chunk = std::max<int64_t>(1, 4096 / traits.block_values) * traits.block_values;
  std::vector<float> values(static_cast<size_t>(chunk));
  const std::byte* blocks = tensor.data.data();
  for (int64_t first = 0; first < tensor.n_values(); first += chunk) {
    const int64_t n = std::min(chunk, tensor.n_values() - first);
    traits.dequantize_row(blocks, values.data(), n);
    blocks += row_bytes(traits, n);
    const auto end = values.begin() + n;
    const auto bad = std::find_if(values.begin(), end, [](float value) { return !std::isfinite(value); });
    if (bad == end) continue;
    const int64_t index = first + (bad - values.begin());
    return invalid("the tensor {} has the value {} in row {}, column {}; expected finite weights", tensor.name, *bad,
                   index / tensor.dims[0], index % tensor.dims[0]);
  }
  return {};
}

Status check_all_finite(const GgufFile& file, const std::function<void(double)>& progress) {
  double n_done = 0;
  double n_all = 0;
  for (const GgufTensor& tensor : file.tensors()) n_all += static_cast<double>(tensor.n_values());
  for (const GgufTensor& tensor : file.tensors()) {
    if (tensor.traits->dequantize_row != nullptr) INGOT_TRY(check_finite(tensor));
    n_done += static_cast<double>(tensor.n_values());
    if (progress) progress(n_done / n_all);
  }
  return {};
}

}  // namespace ingot::core
