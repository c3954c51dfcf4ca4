// Any bytes as a GGUF file: the reader either refuses them with a message, or what it hands out can be used whole.
#include <cstddef>
#include <cstdint>
#include <span>

#include "base/check.h"
#include "gguf/reader.h"

namespace {

using namespace ingot::core;

// Every getter on every key: the wrong one is an error, never a crash.
void read_metadata(const GgufMetadata& metadata) {
  for (const auto& [key, value] : metadata.entries()) {
    INGOT_CHECK(metadata.find(key) == &value, "a key is found under its name");
    const int n_fitting = metadata.get_int(key).has_value() + metadata.get_float(key).has_value() +
                          metadata.get_bool(key).has_value() + metadata.get_string(key).has_value() +
                          metadata.get_floats(key).has_value() + metadata.get_strings(key).has_value();
    const int n_lists = metadata.get_ints(key).has_value() + metadata.get_bools(key).has_value();
    INGOT_CHECK(n_fitting <= 1 && n_lists <= 1, "a value has one type");
  }
}

void read_tensors(const GgufFile& file) {
  unsigned sum = 0;
  for (const GgufTensor& tensor : file.tensors()) {
    INGOT_CHECK(file.find_tensor(tensor.name) == &tensor, "a tensor is found under its name");
    INGOT_CHECK(tensor.n_values() > 0 && !tensor.data.empty(), "a tensor has values");
    for (const std::byte byte : tensor.data) sum += std::to_integer<unsigned>(byte);
  }
  volatile unsigned sink = sum;
  (void)sink;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t n_bytes) {
  const auto file = GgufFile::parse(std::as_bytes(std::span(data, n_bytes)), "fuzz.gguf");
  if (!file) {
    INGOT_CHECK(file.error().message.starts_with("fuzz.gguf: "), "an error names the file");
    INGOT_CHECK(file.error().message.find('\n') == std::string::npos, "an error is one line");
    return 0;
  }
  read_metadata(file->metadata());
  read_tensors(*file);
  return 0;
}
