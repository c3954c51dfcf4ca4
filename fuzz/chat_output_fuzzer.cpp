// Whatever a model writes: parsed in pieces and whole alike, nothing lost, and calls with JSON for arguments.
//
// Input: the first byte chooses the format and whether the prompt has begun the reasoning, the second how small a call
// must be, the third how the answer is cut; the rest is the answer.
#include <algorithm>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/check.h"
#include "chat/output_parser.h"

namespace {

using namespace ingot::core;
using Kind = OutputDeltaKind;

struct Parsed {
  std::vector<OutputDelta> deltas;
  std::optional<size_t> malformed_at;
};

Parsed parse(const OutputFormat& format, const OutputParser::Options& options, std::string_view answer, uint32_t cuts) {
  OutputParser parser(format, options);
  Parsed parsed;
  while (!answer.empty()) {
    cuts = cuts * 1664525U + 1013904223U;
    const size_t n_bytes = std::min<size_t>(answer.size(), cuts == 0 ? answer.size() : (cuts >> 24) % 13);
    parser.push(answer.substr(0, n_bytes), parsed.deltas);
    answer.remove_prefix(n_bytes);
  }
  parser.finish(parsed.deltas);
  parsed.malformed_at = parser.malformed_at();
  return parsed;
}

Parsed parse_whole(const OutputFormat& format, const OutputParser::Options& options, std::string_view answer) {
  OutputParser parser(format, options);
  Parsed parsed;
  parser.push(answer, parsed.deltas);
  parser.finish(parsed.deltas);
  parsed.malformed_at = parser.malformed_at();
  return parsed;
}

// Every byte of part is in whole, in this order.
bool is_within(std::string_view part, std::string_view whole) {
  size_t n_found = 0;
  for (const char byte : whole) n_found += n_found < part.size() && part[n_found] == byte ? 1 : 0;
  return n_found == part.size();
}

void check_deltas(const Parsed& parsed, std::string_view answer, const OutputFormat& format, bool in_reasoning) {
  std::string text;
  std::string reasoning;
  std::string arguments;
  bool is_open = false;
  bool only_text = true;
  size_t n_calls = 0;
  for (const OutputDelta& delta : parsed.deltas) {
    switch (delta.kind) {
      case Kind::kText:
        INGOT_CHECK(!is_open && !delta.text.empty(), "text is not inside a call");
        text += delta.text;
        break;
      case Kind::kReasoning:
        INGOT_CHECK(!is_open && !delta.text.empty(), "reasoning is not inside a call");
        reasoning += delta.text;
        only_text = false;
        break;
      case Kind::kCallBegin:
        INGOT_CHECK(!is_open && delta.call == n_calls++ && !delta.name.empty(), "calls come one by one");
        is_open = true;
        arguments.clear();
        break;
      case Kind::kCallArguments:
        INGOT_CHECK(is_open && delta.call + 1 == n_calls && !delta.text.empty(), "arguments are of the open call");
        arguments += delta.text;
        break;
      case Kind::kCallEnd:
        INGOT_CHECK(is_open && delta.call + 1 == n_calls, "the open call ends");
        INGOT_CHECK(is_json_object(arguments), "the arguments of a call are an object");
        // Another parser agrees, but for numbers beyond double precision's range.
        INGOT_CHECK(arguments.size() > 300 || arguments.find_first_of("eE") != std::string::npos ||
                        nlohmann::json::accept(arguments),
                    "and another parser agrees");
        is_open = false;
        only_text = false;
        break;
      case Kind::kCallFailed:
        INGOT_CHECK(is_open && parsed.malformed_at, "the open call fails, and that is said");
        is_open = false;
        break;
    }
  }
  INGOT_CHECK(!is_open, "every call ends or fails");
  INGOT_CHECK(is_within(text, answer) && is_within(reasoning, answer), "nothing is made up");
  INGOT_CHECK(!parsed.malformed_at || *parsed.malformed_at <= answer.size(), "the fault is in the answer");
  if (format.markers.empty()) INGOT_CHECK(text == answer, "plain text stays what it is");
  // Sections without content (an empty list of calls, a closed empty reasoning) are markup that leaves no delta.
  const bool has_sections = std::any_of(format.markers.begin(), format.markers.end(), [&](const Marker& marker) {
    return marker.then != Marker::Then::kStray && marker.then != Marker::Then::kRun &&
           answer.find(marker.text) != std::string_view::npos;
  });
  const bool may_switch = has_sections || in_reasoning || !format.start.empty() ||
                          answer.find('[') != std::string_view::npos || format.name == "deepseek";
  if (only_text && !may_switch) INGOT_CHECK(text == answer, "what is no call and no section stays text");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t n_bytes) {
  if (n_bytes < 3) return 0;
  const auto formats = output_formats();
  const OutputFormat& format = *formats[data[0] % formats.size()];
  const OutputParser::Options options{
      .in_reasoning = data[0] >= 240, .max_call_bytes = data[1] < 128 ? size_t{4} << 20 : data[1], .types = {}};
  const std::string_view answer(reinterpret_cast<const char*>(data) + 3, n_bytes - 3);
  const Parsed whole = parse_whole(format, options, answer);
  const Parsed pieces = parse(format, options, answer, data[2]);
  check_deltas(whole, answer, format, options.in_reasoning);
  INGOT_CHECK(whole.malformed_at == pieces.malformed_at, "the place of a fault does not depend on the pieces");
  INGOT_CHECK(whole.deltas.size() == pieces.deltas.size(), "nor do the deltas");
  for (size_t index = 0; index < whole.deltas.size(); ++index) {
    const OutputDelta& one = whole.deltas[index];
    const OutputDelta& other = pieces.deltas[index];
    INGOT_CHECK(one.kind == other.kind && one.call == other.call && one.text == other.text && one.name == other.name &&
                    one.id == other.id,
                "nor what they say");
  }
  return 0;
}
