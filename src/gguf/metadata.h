// Typed key-value pairs of a GGUF file.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.h"

namespace ingot::core {

// GGUF's value types, under its ids.
enum class GgufType : uint32_t {
  kUint8 = 0,
  kInt8 = 1,
  kUint16 = 2,
  kInt16 = 3,
  kUint32 = 4,
  kInt32 = 5,
  kFloat32 = 6,
  kBool = 7,
  kString = 8,
  kArray = 9,
  kUint64 = 10,
  kInt64 = 11,
  kFloat64 = 12,
};

const char* gguf_type_name(GgufType type);

struct GgufValue {
  GgufType type = GgufType::kUint8;          // kArray for an array
  GgufType element_type = GgufType::kUint8;  // of an array
  // Scalars: integers (bool too) as int64 (uint64 above 2^63-1 is kept as is in uint64_t), floats as double.
  // Arrays: all integers (bool too) as vector<int64_t>, floats as vector<double>, strings. The reader refuses an array
  // with a uint64 above 2^63-1.
  std::variant<int64_t, uint64_t, double, std::string, std::vector<int64_t>, std::vector<double>,
               std::vector<std::string>>
      value;
};

class GgufMetadata {
 public:
  const GgufValue* find(std::string_view key) const;
  const std::map<std::string, GgufValue, std::less<>>& entries() const { return entries_; }
  bool insert(std::string key, GgufValue value);  // false if the key is there already

  // get_*: empty if the key is absent; an error that names key, type found and type expected if it has another type.
  // Integers of any width are accepted where an integer is expected, if the value fits int64.
  Result<std::optional<int64_t>> get_int(std::string_view key) const;
  Result<std::optional<double>> get_float(std::string_view key) const;  // float32, float64
  Result<std::optional<bool>> get_bool(std::string_view key) const;
  Result<std::optional<std::string>> get_string(std::string_view key) const;
  Result<std::optional<std::vector<int64_t>>> get_ints(std::string_view key) const;  // a scalar is one element
  Result<std::optional<std::vector<double>>> get_floats(std::string_view key) const;
  Result<std::optional<std::vector<bool>>> get_bools(std::string_view key) const;  // a scalar is one element
  Result<std::optional<std::vector<std::string>>> get_strings(std::string_view key) const;

 private:
  std::map<std::string, GgufValue, std::less<>> entries_;
};

}  // namespace ingot::core
