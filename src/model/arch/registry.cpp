#include "model/arch/registry.h"

#include <array>

namespace ingot::core {
namespace {

#define INGOT_ARCHITECTURE_POINTER(name) &(name),
constexpr std::array kAll{INGOT_ARCHITECTURES(INGOT_ARCHITECTURE_POINTER)};
#undef INGOT_ARCHITECTURE_POINTER

}  // namespace

std::span<const Architecture* const> all_architectures() {
  return kAll;
}

const Architecture* find_architecture(std::string_view name) {
  for (const Architecture* architecture : kAll) {
    if (architecture->name == name) return architecture;
  }
  return nullptr;
}

std::string known_architectures() {
  std::string names;
  for (const Architecture* architecture : kAll) {
    if (!names.empty()) names += ", ";
    names += architecture->name;
  }
  return names;
}

}  // namespace ingot::core
