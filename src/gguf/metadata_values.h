// Metadata values as writers of a file make them: one function for each type that is in use.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "gguf/metadata.h"

namespace ingot::core {

inline GgufValue gguf_uint32(int64_t value) {
  return {.type = GgufType::kUint32, .value = value};
}

inline GgufValue gguf_float32(double value) {
  return {.type = GgufType::kFloat32, .value = value};
}

inline GgufValue gguf_bool(bool value) {
  return {.type = GgufType::kBool, .value = int64_t{value}};
}

inline GgufValue gguf_string(std::string value) {
  return {.type = GgufType::kString, .value = std::move(value)};
}

inline GgufValue gguf_strings(std::vector<std::string> values) {
  return {.type = GgufType::kArray, .element_type = GgufType::kString, .value = std::move(values)};
}

inline GgufValue gguf_int32s(std::vector<int64_t> values) {
  return {.type = GgufType::kArray, .element_type = GgufType::kInt32, .value = std::move(values)};
}

inline GgufValue gguf_float32s(std::vector<double> values) {
  return {.type = GgufType::kArray, .element_type = GgufType::kFloat32, .value = std::move(values)};
}

inline GgufValue gguf_bools(std::vector<int64_t> values) {
  return {.type = GgufType::kArray, .element_type = GgufType::kBool, .value = std::move(values)};
}

}  // namespace ingot::core
