// Any bytes as the cache of model summaries: they are read or refused with one line, and what was read is written and
// read back as the same.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.h"
#include "catalog/summary_cache.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t n_bytes) {
  using namespace ingot::core;
  const auto cache = SummaryCache::parse({reinterpret_cast<const char*>(data), n_bytes});
  if (!cache) {
    INGOT_CHECK(!cache.error().message.empty(), "an error says what is wrong");
    return 0;
  }
  const std::string text = cache->format();
  const auto again = SummaryCache::parse(text);
  INGOT_CHECK(again.has_value(), "what was written can be read");
  INGOT_CHECK(again->format() == text, "and is the same");
  return 0;
}
