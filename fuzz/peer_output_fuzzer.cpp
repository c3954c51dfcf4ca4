// Whatever a program printed: refused with one line, or figures that can be compared.
//
// Input: standard output, up to a zero byte; then standard error.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <set>
#include <string>
#include <string_view>

#include "base/check.h"
#include "base/utf8.h"
#include "bench/peer_output.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t n_bytes) {
  using namespace ingot::core;
  const std::string_view text(reinterpret_cast<const char*>(data), n_bytes);
  const size_t zero = std::min(text.find('\0'), text.size());
  const std::string_view err = zero < text.size() ? text.substr(zero + 1) : std::string_view();
  const auto output = read_peer_output(text.substr(0, zero), err, {.plain_number = Direction::kHigherIsBetter});
  if (!output) {
    const std::string& message = output.error().message;
    INGOT_CHECK(!message.empty() && message.size() < 1000, "an error is short");
    INGOT_CHECK(is_utf8(message), "an error is text");
    for (const char letter : message) {
      const bool is_control = letter == '\x7f' || (letter >= 0 && letter < ' ');
      INGOT_CHECK(!is_control, "an error is one line, and nothing that a terminal would obey");
    }
    return 0;
  }
  INGOT_CHECK(!output->metrics.empty() && !output->source.empty(), "what is read says something");
  std::set<std::string> names;
  for (const PeerMetric& metric : output->metrics) {
    INGOT_CHECK(names.insert(metric.test).second, "no two figures have one name");
    INGOT_CHECK(!metric.samples.empty(), "a figure has a sample");
    INGOT_CHECK(std::isfinite(metric.tokens) && metric.tokens >= 0, "a count is a count");
    for (const char letter : metric.test) INGOT_CHECK(letter >= ' ' && letter <= '~', "a name is plain");
    for (const double sample : metric.samples) INGOT_CHECK(std::isfinite(sample) && sample > 0, "a sample is positive");
  }
  return 0;
}
