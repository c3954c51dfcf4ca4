#include "convert/plan_builder.h"

#include <algorithm>
#include <charconv>
#include <map>
#include <utility>

#include "base/utf8.h"

namespace ingot::core {
namespace {

constexpr size_t kMostDimensions = 4;  // of GGUF

DType chosen_type(MatrixType choice, const TensorPlan& tensor) {
  switch (choice) {
    case MatrixType::kF32:
      return DType::kF32;
    case MatrixType::kF16:
      return DType::kF16;
    case MatrixType::kBf16:
      return DType::kBF16;
    case MatrixType::kAsStored:
      break;
  }
  return tensor.sources.empty() ? DType::kF32 : *tensor.sources.front()->type->readable;
}

}  // namespace

Result<const SafetensorsTensor*> PlanBuilder::take_if_there(const std::string& name) {
  const SafetensorsTensor* tensor = checkpoint_.find(name);
  if (tensor == nullptr) return nullptr;
  if (!tensor->type->readable) {
    return fail(ErrorKind::kUnsupported, "{}: tensor {} is of the type {}; expected F32, F16 or BF16",
                printable(checkpoint_.path(), 4096), printable(name), tensor->type->name);
  }
  if (tensor->data.empty()) {
    return invalid("{}: tensor {} has no values", printable(checkpoint_.path(), 4096), printable(name));
  }
  used_.insert(name);
  return tensor;
}

Result<const SafetensorsTensor*> PlanBuilder::take(const std::string& name) {
  INGOT_ASSIGN(const SafetensorsTensor* tensor, take_if_there(name));
  if (tensor == nullptr) {
    return invalid("{}: the tensor {} is missing", printable(checkpoint_.path(), 4096), printable(name));
  }
  return tensor;
}

Status PlanBuilder::add(TensorPlan tensor, Storage storage) {
  const std::string name = tensor.sources.empty() ? tensor.name : printable(tensor.sources.front()->name);
  int64_t n_values = static_cast<int64_t>(tensor.values.size());
  for (const SafetensorsTensor* source : tensor.sources) n_values += source->n_values();
  int64_t n_shape = 1;
  for (const int64_t dim : tensor.shape) n_shape *= dim;
  if (tensor.shape.empty() || tensor.shape.size() > kMostDimensions || n_shape != n_values) {
    return invalid("tensor {} has {} values, expected the shape ({})", name, n_values, fmt::join(tensor.shape, ", "));
  }
  if (tensor.order == RowOrder::kInterleavedPairs && tensor.shape[0] % (2 * tensor.n_heads) != 0) {
    return invalid("tensor {} has {} rows, which is no even number for each of {} heads", name, tensor.shape[0],
                   tensor.n_heads);
  }
  if (tensor.order == RowOrder::kTransposed && (tensor.sources.size() != 1 || tensor.shape.size() != 2)) {
    return invalid("tensor {} has {} dimensions, expected 2", name, tensor.shape.size());
  }
  const bool vector = tensor.shape.size() == 1;
  tensor.type = storage == Storage::kF32 || vector ? DType::kF32 : chosen_type(type_, tensor);
  plan_.tensors.push_back(std::move(tensor));
  return {};
}

Status PlanBuilder::refuse_unused(const std::function<bool(std::string_view name)>& ignorable) const {
  for (const auto& [name, tensor] : checkpoint_.tensors()) {
    if (used_.contains(name) || ignorable(name)) continue;
    return fail(ErrorKind::kUnsupported, "{}: the tensor {} has no place in a model of the architecture {}",
                printable(checkpoint_.path(), 4096), printable(name), plan_.architecture);
  }
  return {};
}

int64_t count_layers(const Checkpoint& checkpoint, std::string_view prefix) {
  int64_t n_layers = 0;
  for (const auto& [name, tensor] : checkpoint.tensors()) {
    if (!name.starts_with(prefix)) continue;
    int32_t layer_idx = -1;
    const auto [end, error] = std::from_chars(name.data() + prefix.size(), name.data() + name.size(), layer_idx);
    if (error == std::errc()) n_layers = std::max(n_layers, int64_t{layer_idx} + 1);
  }
  return n_layers;
}

int64_t file_type_of(const ModelPlan& plan) {
  std::map<DType, int64_t> n_values;
  for (const TensorPlan& tensor : plan.tensors) {
    if (tensor.shape.size() == 1) continue;
    int64_t n = 1;
    for (const int64_t dim : tensor.shape) n *= dim;
    n_values[tensor.type] += n;
  }
  const auto most = std::ranges::max_element(n_values, {}, [](const auto& entry) { return entry.second; });
  if (most == n_values.end() || most->first == DType::kF32) return 0;
  return most->first == DType::kF16 ? 1 : 32;
}

}  // namespace ingot::core
