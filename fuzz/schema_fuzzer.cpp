// Any bytes as a JSON Schema: refused with one line, or an automaton whose shortest ways on are JSON.
#include <cstddef>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "base/check.h"
#include "sampling/grammar/configurations.h"
#include "sampling/grammar/json_schema.h"

using namespace ingot::core;

namespace {

// Follows the ways on that the input's bytes choose, closing what is open where it can; gives the text, if it ended.
std::string some_text(const Automaton& automaton, std::string_view choices) {
  Walker walker(automaton);
  ConfigurationSet here;
  walker.enter({automaton.start(), kBottom}, here);
  std::string text;
  for (size_t step = 0; step < 300 && !here.items.empty() && !walker.exhausted(); ++step) {
    if (here.at_bottom && step > 40) break;
    std::string possible;
    for (const Configuration& item : here.items) {
      for (const Dfa::Edge& edge : automaton.edges(item.state)) {
        possible.push_back(static_cast<char>(edge.first));
        possible.push_back(static_cast<char>(edge.last));
      }
    }
    const size_t closing = possible.find_first_of("\"]}");
    const auto choice = choices.empty() ? step : static_cast<uint8_t>(choices[step % choices.size()]);
    const char byte =
        step > 60 && closing != std::string::npos ? possible[closing] : possible[choice % possible.size()];
    ConfigurationSet next;
    walker.step(here, static_cast<uint8_t>(byte), next);
    INGOT_CHECK(walker.exhausted() || !next.is_dead(), "an edge leads on");
    text.push_back(byte);
    here = std::move(next);
  }
  return here.at_bottom && !walker.exhausted() ? text : std::string();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t n_bytes) {
  const std::string_view input(reinterpret_cast<const char*>(data), n_bytes);
  const auto parsed = parse_json_schema(input);
  if (!parsed) {
    INGOT_CHECK(parsed.error().message.find('\n') == std::string::npos, "an error is one line");
    return 0;
  }
  const auto automaton = Automaton::compile(parsed->syntax, parsed->root);
  if (!automaton) {
    INGOT_CHECK(automaton.error().message.find('\n') == std::string::npos, "an error is one line");
    return 0;
  }
  const std::string text = some_text(**automaton, input);
  INGOT_CHECK(text.empty() || nlohmann::json::accept(text), "what a schema describes is JSON");
  return 0;
}
