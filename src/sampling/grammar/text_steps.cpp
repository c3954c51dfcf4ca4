#include "sampling/grammar/text_steps.h"

#include <algorithm>

#include "sampling/grammar/code_points.h"

namespace ingot::core {
namespace {

// All plain characters, as ranges of bytes one behind the other.
const std::vector<ByteSequence>& plain_forms() {
  static const std::vector<ByteSequence> kForms =
      utf8_sequences({{0x20, 0x21}, {0x23, 0x5B}, {0x5D, 0x7E}, {0x80, 0xD7FF}, {0xE000, kMaxCodePoint}});
  return kForms;
}

}  // namespace

// Whether every text of the form leads from state to target, over states that do nothing else than read bytes.
bool TextSteps::leads_to(uint32_t state, uint32_t form, uint32_t target) const {
  const ByteSequence& sequence = plain_forms()[form];
  std::vector<uint32_t> states = {state};
  for (uint32_t place = 0; place < sequence.n_bytes; ++place) {
    std::vector<uint32_t> after;
    for (const uint32_t from : states) {
      for (uint32_t byte = sequence.bytes[place].first; byte <= sequence.bytes[place].last; ++byte) {
        const uint32_t to = automaton_->next(from, static_cast<uint8_t>(byte));
        if (to == kNoState) return false;
        if (std::find(after.begin(), after.end(), to) == after.end()) after.push_back(to);
      }
    }
    const bool last = place + 1 == sequence.n_bytes;
    if (!last && !std::all_of(after.begin(), after.end(), [&](uint32_t to) { return automaton_->is_plain(to); })) {
      return false;
    }
    states = std::move(after);
  }
  return states.size() == 1 && states.front() == target;
}

uint32_t TextSteps::next(uint32_t state) {
  if (next_[state] != kUnknown) return next_[state];
  next_[state] = kNoState;
  const uint32_t target = automaton_->next(state, ' ');
  if (target == kNoState) return kNoState;
  for (uint32_t form = 0; form < plain_forms().size(); ++form) {
    if (!leads_to(state, form, target)) return kNoState;
  }
  return next_[state] = target;
}

bool TextSteps::refuses_all(uint32_t state) const {
  return std::all_of(plain_forms().begin(), plain_forms().end(), [&](const ByteSequence& form) {
    for (uint32_t byte = form.bytes[0].first; byte <= form.bytes[0].last; ++byte) {
      if (automaton_->next(state, static_cast<uint8_t>(byte)) != kNoState) return false;
    }
    return true;
  });
}

std::optional<uint32_t> TextSteps::plain_characters(uint32_t state, uint32_t limit) {
  for (uint32_t n_characters = 0; n_characters < limit; ++n_characters) {
    // The end of a rule or a call are other ways on. Before the first byte they are other configurations' matter.
    if (n_characters > 0 && !automaton_->is_plain(state)) return std::nullopt;
    const uint32_t after = next(state);
    if (after == kNoState) {
      if (n_characters == 0 || !refuses_all(state)) return std::nullopt;
      return n_characters;
    }
    if (after == state) return limit;
    state = after;
  }
  return limit;
}

}  // namespace ingot::core
