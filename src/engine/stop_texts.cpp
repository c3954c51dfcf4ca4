#include "engine/stop_texts.h"

#include <algorithm>
#include <utility>

namespace ingot::core {

Result<StopTexts> StopTexts::create(const std::vector<std::string>& texts) {
  StopTexts stops;
  for (const std::string& text : texts) {
    if (text.empty()) return invalid("a stop text is empty");
    Automaton automaton{.text = text, .fallback = std::vector<size_t>(text.size() + 1, 0)};
    size_t border = 0;
    for (size_t end = 1; end < text.size(); ++end) {
      while (border > 0 && text[end] != text[border]) border = automaton.fallback[border];
      if (text[end] == text[border]) ++border;
      automaton.fallback[end + 1] = border;
    }
    stops.automata_.push_back(std::move(automaton));
  }
  return stops;
}

// Precondition: n_matched < text.size(): the first complete match ends everything.
void StopTexts::Automaton::step(char byte) {
  while (n_matched > 0 && byte != text[n_matched]) n_matched = fallback[n_matched];
  if (byte == text[n_matched]) ++n_matched;
}

std::string StopTexts::push(std::string_view piece) {
  size_t n_held = 0;
  for (const char byte : piece) {
    held_.push_back(byte);
    n_held = 0;
    for (Automaton& automaton : automata_) {
      automaton.step(byte);
      n_held = std::max(n_held, automaton.n_matched);
      found_ = found_ || automaton.n_matched == automaton.text.size();
    }
    if (!found_) continue;
    // Of stop texts that end here, the longest; a longer one that is only half there does not count.
    size_t n_stop = 0;
    for (const Automaton& automaton : automata_) {
      if (automaton.n_matched == automaton.text.size()) n_stop = std::max(n_stop, automaton.n_matched);
    }
    std::string certain = held_.substr(0, held_.size() - n_stop);
    held_.clear();
    return certain;
  }
  if (piece.empty()) return {};
  std::string certain = held_.substr(0, held_.size() - n_held);
  held_.erase(0, certain.size());
  return certain;
}

std::string StopTexts::flush() {
  return std::exchange(held_, {});
}

}  // namespace ingot::core
