#include "gguf/split.h"

namespace ingot::core {
namespace {

constexpr int64_t kMaxParts = 65'535;  // split.count is a uint16, and the names have five digits

std::string part_suffix(int64_t part, int64_t n_parts) {
  return fmt::format("-{:05}-of-{:05}.gguf", part + 1, n_parts);
}

}  // namespace

Result<SplitPlace> read_split_place(const GgufMetadata& metadata) {
  SplitPlace place;
  INGOT_ASSIGN(const auto count, metadata.get_int("split.count"));
  INGOT_ASSIGN(const auto part, metadata.get_int("split.no"));
  INGOT_ASSIGN(place.n_tensors, metadata.get_int("split.tensors.count"));
  place.part = part.value_or(0);
  // gguf-split leaves the keys in a model that it merged, with a count of 0.
  const int64_t n_parts = count.value_or(0);
  if (n_parts < 0 || n_parts > kMaxParts) {
    return invalid("key split.count: is {}, expected 0 to {}", n_parts, kMaxParts);
  }
  if (n_parts == 0) place.n_tensors.reset();
  place.n_parts = n_parts == 0 ? 1 : n_parts;
  if (place.n_parts > 1 && !part) return invalid("key split.no: is missing, but split.count is {}", n_parts);
  if (place.part < 0 || place.part >= place.n_parts) {
    return invalid("key split.no: is {}, expected 0 to {} (split.count is {})", place.part, place.n_parts - 1, n_parts);
  }
  return place;
}

std::optional<std::string> sibling_path(const std::string& path, const SplitPlace& place, int64_t sibling) {
  const std::string own_suffix = part_suffix(place.part, place.n_parts);
  if (!path.ends_with(own_suffix)) return std::nullopt;
  return path.substr(0, path.size() - own_suffix.size()) + part_suffix(sibling, place.n_parts);
}

}  // namespace ingot::core
