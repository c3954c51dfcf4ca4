// Any bytes as a safetensors file: the reader either refuses them with a message, or what it hands out can be read
// whole.
#include <cstddef>
#include <cstdint>
#include <span>

#include "base/check.h"
#include "convert/safetensors.h"

using namespace ingot::core;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t n_bytes) {
  const auto file = SafetensorsFile::parse(std::as_bytes(std::span(data, n_bytes)), "fuzz.safetensors");
  if (!file) {
    INGOT_CHECK(file.error().message.starts_with("fuzz.safetensors: "), "an error names the file");
    INGOT_CHECK(file.error().message.find('\n') == std::string::npos, "an error is one line");
    return 0;
  }
  unsigned sum = 0;
  size_t n_read = 0;
  for (const SafetensorsTensor& tensor : file->tensors()) {
    INGOT_CHECK(tensor.n_values() * tensor.type->n_bytes == static_cast<int64_t>(tensor.data.size()),
                "a tensor has the bytes that its shape and type make");
    for (const std::byte byte : tensor.data) sum += std::to_integer<unsigned>(byte);
    n_read += tensor.data.size();
  }
  INGOT_CHECK(n_read < n_bytes, "tensors do not overlap, and a header is there too");
  volatile unsigned sink = sum;
  (void)sink;
  return 0;
}
