#include "sampling/grammar/json_text.h"

#include <fmt/format.h>

#include <utility>

#include "sampling/grammar/nfa.h"

namespace ingot::core {
namespace {

constexpr uint32_t kMaxIndentation = 20;

// How JSON writes what it must escape; empty for every other character.
std::string escape_of(uint32_t character) {
  switch (character) {
    case '"':
      return "\\\"";
    case '\\':
      return "\\\\";
    case '\b':
      return "\\b";
    case '\f':
      return "\\f";
    case '\n':
      return "\\n";
    case '\r':
      return "\\r";
    case '\t':
      return "\\t";
    default:
      return character < 0x20 ? fmt::format("\\u{:04x}", character) : std::string();
  }
}

const CodeRanges kUnescaped = {{0x20, 0x21}, {0x23, 0x5B}, {0x5D, 0xD7FF}, {0xE000, kMaxCodePoint}};

}  // namespace

JsonText::JsonText(Syntax& syntax) : syntax_(syntax) {
  const Expression space = syntax.literal(" ");
  line_break_ = syntax.choice(
      {syntax.optional(space), syntax.sequence({syntax.literal("\n"), syntax.repeat(space, 0, kMaxIndentation)})});
  colon_ = syntax.sequence({syntax.literal(":"), syntax.optional(space)});
  any_character_ = characters(complement({}));

  const Expression hex = syntax.bytes({{'0', '9'}, {'A', 'F'}, {'a', 'f'}});
  const Expression no_d = syntax.bytes({{'0', '9'}, {'A', 'C'}, {'E', 'F'}, {'a', 'c'}, {'e', 'f'}});
  const Expression d = syntax.bytes({{'D', 'D'}, {'d', 'd'}});
  const Expression u = syntax.literal("u");
  const Expression low = syntax.sequence({syntax.literal("\\u"), d, syntax.bytes({{'C', 'F'}, {'c', 'f'}}), hex, hex});
  const Expression escape = syntax.choice(
      {syntax.bytes({{'"', '"'}, {'/', '/'}, {'\\', '\\'}, {'b', 'b'}, {'f', 'f'}, {'n', 'n'}, {'r', 'r'}, {'t', 't'}}),
       syntax.sequence({u, no_d, hex, hex, hex}), syntax.sequence({u, d, syntax.bytes({{'0', '7'}}), hex, hex}),
       syntax.sequence({u, d, syntax.bytes({{'8', '9'}, {'A', 'B'}, {'a', 'b'}}), hex, hex, low})});
  free_character_ =
      compact(syntax.choice({syntax.characters(kUnescaped), syntax.sequence({syntax.literal("\\"), escape})}));
}

// A character is repeated often: the fewest states for it are worth their making.
Expression JsonText::compact(Expression expression) {
  DfaBudget budget;
  auto dfa = make_dfa(syntax_, expression, budget);
  return dfa ? syntax_.dfa(std::move(*dfa)) : expression;
}

Expression JsonText::characters(const CodeRanges& ranges) {
  std::vector<Expression> forms = {syntax_.characters(intersection(ranges, kUnescaped))};
  for (uint32_t character = 0; character <= '\\'; ++character) {
    const std::string escape = escape_of(character);
    if (escape.empty()) continue;
    for (const CodeRange& range : ranges) {
      if (range.first <= character && character <= range.last) forms.push_back(syntax_.literal(escape));
    }
  }
  return forms.size() == 1 ? forms.front() : compact(syntax_.choice(std::move(forms)));
}

Expression JsonText::quoted(Expression body) {
  const Expression quote = syntax_.literal("\"");
  return syntax_.sequence({quote, body, quote});
}

Expression JsonText::free_string() {
  return quoted(syntax_.repeat(free_character_, 0, kUnbounded));
}

Expression JsonText::free_integer() {
  const Expression digit = syntax_.bytes({{'0', '9'}});
  const Expression whole = syntax_.choice(
      {syntax_.literal("0"), syntax_.sequence({syntax_.bytes({{'1', '9'}}), syntax_.repeat(digit, 0, kUnbounded)})});
  return syntax_.sequence({syntax_.optional(syntax_.literal("-")), whole});
}

Expression JsonText::free_number() {
  const Expression digits = syntax_.repeat(syntax_.bytes({{'0', '9'}}), 1, kUnbounded);
  const Expression fraction = syntax_.sequence({syntax_.literal("."), digits});
  const Expression exponent = syntax_.sequence(
      {syntax_.bytes({{'E', 'E'}, {'e', 'e'}}), syntax_.optional(syntax_.bytes({{'+', '+'}, {'-', '-'}})), digits});
  return syntax_.sequence({free_integer(), syntax_.optional(fraction), syntax_.optional(exponent)});
}

std::string JsonText::escaped(std::string_view text) {
  std::string result;
  for (const char character : text) {
    const std::string escape = escape_of(static_cast<uint8_t>(character));
    if (escape.empty()) result += character;
    result += escape;
  }
  return result;
}

}  // namespace ingot::core
