// A GBNF grammar, a zero byte, and bytes that are fed to it: refused with one line, or masks that agree with the bytes.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "base/check.h"
#include "sampling/grammar/constraint.h"
#include "sampling/grammar/gbnf_parser.h"

using namespace ingot::core;

namespace {

std::shared_ptr<const VocabularyTrie> small_vocabulary() {
  ConstraintVocabulary vocabulary;
  for (int byte = 0; byte < 256; ++byte) vocabulary.token_bytes.emplace_back(1, static_cast<char>(byte));
  for (const char* text : {"ab", "abc", "  ", "\": ", "\"}", "},{\"", "\xC3\xA9", "\xE4\xB8", "12", "\n  "}) {
    vocabulary.token_bytes.emplace_back(text);
  }
  vocabulary.token_bytes.emplace_back();
  vocabulary.end_tokens = {static_cast<int32_t>(vocabulary.token_bytes.size()) - 1};
  return VocabularyTrie::build(std::move(vocabulary));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t n_bytes) {
  static const std::shared_ptr<const VocabularyTrie> trie = small_vocabulary();
  const std::string_view input(reinterpret_cast<const char*>(data), n_bytes);
  const size_t end = std::min(input.find('\0'), input.size());
  const auto parsed = parse_gbnf(input.substr(0, end));
  if (!parsed) {
    INGOT_CHECK(parsed.error().message.find('\n') == std::string::npos, "an error is one line");
    return 0;
  }
  const auto automaton = Automaton::compile(parsed->syntax, parsed->root);
  if (!automaton) {
    INGOT_CHECK(automaton.error().message.find('\n') == std::string::npos, "an error is one line");
    return 0;
  }
  Constraint constraint(std::make_shared<TokenMasks>(*automaton, trie));
  // In an ambiguous grammar each byte adds readings that every later mask follows: bounded, but slow under sanitizers.
  constexpr size_t kMostBytes = 64;
  std::string_view rest = input.substr(std::min(end + 1, input.size())).substr(0, kMostBytes);
  for (; !rest.empty(); rest.remove_prefix(1)) {
    const auto mask = constraint.allowed();
    if (!mask) return 0;
    const auto byte = static_cast<uint8_t>(rest.front());
    const bool allowed = (((*mask)[byte / 64] >> (byte % 64)) & 1) != 0;
    const auto accepted = constraint.accept(byte);
    // Too many readings at once: found out by moving, not by looking.
    if (!accepted && accepted.error().kind == ErrorKind::kUnsupported) return 0;
    INGOT_CHECK(allowed == accepted.has_value(), "a mask allows exactly what is accepted");
    if (!accepted) return 0;
  }
  return 0;
}
