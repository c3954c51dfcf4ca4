// States of an automaton in which it does not matter what is written, as long as it is plain text: inside strings.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "sampling/grammar/automaton.h"

namespace ingot::core {

// A character that stands for itself in every JSON string, and looks so: no quote, backslash or control character.
constexpr bool is_plain_character(uint32_t character) {
  return character >= 0x20 && character != 0x7F && character != '"' && character != '\\';
}

// Not for several threads at once: it remembers what it found.
class TextSteps {
 public:
  explicit TextSteps(const Automaton& automaton) : automaton_(&automaton), next_(automaton.n_states(), kUnknown) {}

  // The number n for which exactly the plain texts of up to n characters go on from state (limit if as many or more
  // do), and stay in its rule. Nothing where it does matter what is written.
  std::optional<uint32_t> plain_characters(uint32_t state, uint32_t limit);

 private:
  static constexpr uint32_t kUnknown = kNoState - 1;

  // The one state that every plain character leads to; kNoState where there is none.
  uint32_t next(uint32_t state);
  bool leads_to(uint32_t state, uint32_t form, uint32_t target) const;
  bool refuses_all(uint32_t state) const;

  const Automaton* automaton_;
  std::vector<uint32_t> next_;  // (n_states)
};

}  // namespace ingot::core
