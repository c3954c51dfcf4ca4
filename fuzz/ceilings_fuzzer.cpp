// Any bytes as the cache of measured ceilings: they are read or refused with one line, and what was read is written
// and read back as the same.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.h"
#include "bench/ceilings_cache.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t n_bytes) {
  using namespace ingot::core;
  const auto entries = parse_ceilings_cache({reinterpret_cast<const char*>(data), n_bytes});
  if (!entries) {
    INGOT_CHECK(!entries.error().message.empty(), "an error says what is wrong");
    return 0;
  }
  const std::string text = format_ceilings_cache(*entries);
  const auto again = parse_ceilings_cache(text);
  INGOT_CHECK(again.has_value(), "what was written can be read");
  INGOT_CHECK(format_ceilings_cache(*again) == text, "and is the same");
  return 0;
}
