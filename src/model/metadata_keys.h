// The metadata keys of one architecture ("llama.block_count", ...), read with their bounds.
//
// Each function returns an error that names the key, what was found and what was expected; so a hyperparameter that
// has been read needs no further check.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "gguf/metadata.h"

namespace ingot::core {

struct IntRange {
  int64_t min = 0;
  int64_t max = 0;
};

struct FloatRange {
  double min = 0.0;  // both ends included; NaN and infinities never are
  double max = 0.0;
};

class MetadataKeys {
 public:
  MetadataKeys(const GgufMetadata& metadata, std::string_view architecture)
      : metadata_(metadata), architecture_(architecture) {}

  // The key's full name: "attention.head_count" to "llama.attention.head_count".
  std::string full_name(std::string_view key) const;
  bool has(std::string_view key) const;
  bool is_array(std::string_view key) const;

  Result<int64_t> required_int(std::string_view key, IntRange range) const;
  Result<int64_t> int_or(std::string_view key, int64_t absent, IntRange range) const;
  Result<double> required_float(std::string_view key, FloatRange range) const;
  Result<double> float_or(std::string_view key, double absent, FloatRange range) const;
  Result<bool> bool_or(std::string_view key, bool absent) const;
  Result<std::string> string_or(std::string_view key, std::string_view absent) const;
  // One value a layer; the file may give a single one for all. An empty `absent` makes the key required.
  Result<std::vector<int64_t>> ints_per_layer(std::string_view key, int64_t n_layers,
                                              const std::vector<int64_t>& absent, IntRange range) const;

  // An array of n flags.
  Result<std::vector<bool>> required_flags(std::string_view key, int64_t n) const;

 private:
  const GgufMetadata& metadata_;
  std::string architecture_;
};

}  // namespace ingot::core
