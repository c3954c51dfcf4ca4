#include "sampling/grammar/gbnf_parser.h"

#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/utf8.h"

namespace ingot::core {
namespace {

constexpr size_t kMaxTextBytes = 4 << 20;
constexpr size_t kMaxGroupDepth = 200;
constexpr uint32_t kMaxRepeat = 100'000;

bool is_name_character(char character) {
  return (character >= 'a' && character <= 'z') || (character >= 'A' && character <= 'Z') ||
         (character >= '0' && character <= '9') || character == '-' || character == '_';
}

std::optional<uint32_t> hex_digit(char character) {
  if (character >= '0' && character <= '9') return static_cast<uint32_t>(character - '0');
  if (character >= 'a' && character <= 'f') return static_cast<uint32_t>(character - 'a') + 10;
  if (character >= 'A' && character <= 'F') return static_cast<uint32_t>(character - 'A') + 10;
  return std::nullopt;
}

class GbnfParser {
 public:
  explicit GbnfParser(std::string_view text) : text_(text) {
    for (size_t position = 0; position < text.size(); ++position) {
      if (text[position] == '\n') line_starts_.push_back(position + 1);
    }
  }

  Result<ParsedGrammar> run() {
    if (text_.size() > kMaxTextBytes) {
      return fail(ErrorKind::kUnsupported, "the grammar has {} bytes, more than {}", text_.size(), kMaxTextBytes);
    }
    skip_space(/*newlines=*/true);
    while (!at_end()) INGOT_TRY(parse_rule());
    for (const auto& [name, use] : rules_) {
      if (use.defined) continue;
      return error(use.first_use, fmt::format("the rule \"{}\" is used but not defined", name));
    }
    const auto root = rules_.find("root");
    if (root == rules_.end()) return invalid("the grammar has no rule \"root\", where every text begins");
    return ParsedGrammar{std::move(syntax_), root->second.id};
  }

 private:
  struct RuleUse {
    RuleId id = 0;
    bool defined = false;
    size_t first_use = 0;
  };
  // A group that is open: what was read of it before the item at hand.
  struct Group {
    size_t opened_at = 0;
    std::vector<Expression> choices = {};
    std::vector<Expression> items = {};  // of the last choice
  };

  bool at_end() const { return position_ >= text_.size(); }
  char peek(size_t ahead = 0) const { return position_ + ahead < text_.size() ? text_[position_ + ahead] : '\0'; }
  bool looking_at(std::string_view expected) const { return text_.substr(position_).starts_with(expected); }

  std::string place(size_t position) const {
    const auto next = std::upper_bound(line_starts_.begin(), line_starts_.end(), position);
    const auto line = static_cast<size_t>(next - line_starts_.begin());
    const size_t line_start = *(next - 1);
    return fmt::format("line {}, column {}", line, position - line_start + 1);
  }
  tl::unexpected<Error> error(size_t position, std::string_view what) const {
    return invalid("{}: {}", place(position), what);
  }
  tl::unexpected<Error> expected(std::string_view what) const {
    if (at_end()) return error(position_, fmt::format("expected {}, found the end of the grammar", what));
    return error(position_, fmt::format("expected {}, found \"{}\"", what, printable(text_.substr(position_, 12))));
  }

  void skip_space(bool newlines) {
    while (!at_end()) {
      const char character = peek();
      if (character == '#') {
        while (!at_end() && peek() != '\n' && peek() != '\r') ++position_;
      } else if (character == ' ' || character == '\t' || (newlines && (character == '\n' || character == '\r'))) {
        ++position_;
      } else {
        return;
      }
    }
  }

  Result<std::string> parse_name() {
    const size_t start = position_;
    while (is_name_character(peek()) && !at_end()) ++position_;
    if (position_ == start) return expected("the name of a rule");
    return std::string(text_.substr(start, position_ - start));
  }

  RuleId rule_named(const std::string& name, size_t position) {
    const auto [rule, is_new] = rules_.try_emplace(name);
    if (is_new) rule->second = {syntax_.add_rule(fmt::format("the rule \"{}\"", name)), false, position};
    return rule->second.id;
  }

  Status parse_rule() {
    const size_t start = position_;
    INGOT_ASSIGN(const std::string name, parse_name());
    skip_space(/*newlines=*/false);
    if (!looking_at("::=")) return expected("\"::=\" after the rule's name");
    position_ += 3;
    skip_space(/*newlines=*/true);
    const RuleId rule = rule_named(name, start);
    if (rules_[name].defined) return error(start, fmt::format("the rule \"{}\" is defined a second time", name));
    rules_[name].defined = true;
    syntax_.set_name(rule, fmt::format("the rule \"{}\" ({})", name, place(start)));
    INGOT_ASSIGN(const Expression body, parse_body());
    syntax_.set_body(rule, body);
    if (syntax_.too_large())
      return error(position_,
                   fmt::format("the grammar has more than {} rules or {} parts", Syntax::kMaxRules, Syntax::kMaxNodes));
    if (!at_end() && peek() != '\n' && peek() != '\r') return expected("the end of the line");
    skip_space(/*newlines=*/true);
    return {};
  }

  Expression choice_of(Group& group) {
    group.choices.push_back(syntax_.sequence(std::move(group.items)));
    return syntax_.choice(std::move(group.choices));
  }

  // Groups are kept on a stack of our own: a text may open as many as it likes.
  Result<Expression> parse_body() {
    std::vector<Group> groups(1);
    while (true) {
      Group& group = groups.back();
      const bool inside = groups.size() > 1;
      const char character = peek();
      if (at_end() || (!inside && (character == '\n' || character == '\r'))) {
        if (inside) return error(group.opened_at, "the parenthesis opened here is never closed");
        return choice_of(group);
      }
      if (character == '|') {
        ++position_;
        group.choices.push_back(syntax_.sequence(std::exchange(group.items, {})));
        skip_space(/*newlines=*/true);
      } else if (character == '(') {
        if (groups.size() > kMaxGroupDepth) {
          return error(position_, fmt::format("groups are nested deeper than {}", kMaxGroupDepth));
        }
        groups.push_back({.opened_at = position_++});
        skip_space(/*newlines=*/true);
      } else if (character == ')') {
        if (!inside) return error(position_, "this parenthesis closes none");
        ++position_;
        const Expression closed = choice_of(group);
        groups.pop_back();
        INGOT_TRY(add_item(closed, groups));
      } else {
        INGOT_ASSIGN(const Expression item, parse_item());
        INGOT_TRY(add_item(item, groups));
      }
      if (syntax_.too_large())
        return error(position_, fmt::format("the grammar has more than {} rules or {} parts", Syntax::kMaxRules,
                                            Syntax::kMaxNodes));
    }
  }

  // With the repetitions behind it.
  Status add_item(Expression item, std::vector<Group>& groups) {
    const bool newlines = groups.size() > 1;
    skip_space(newlines);
    size_t n_nested = 0;
    while (!at_end()) {
      const char character = peek();
      uint32_t min = 0;
      uint32_t max = kUnbounded;
      if (character == '*' || character == '+' || character == '?') {
        ++position_;
        min = character == '+' ? 1 : 0;
        max = character == '?' ? 1 : kUnbounded;
      } else if (character == '{') {
        INGOT_TRY(parse_counts(min, max));
      } else {
        break;
      }
      if (++n_nested > kMaxGroupDepth) return error(position_, "too many repetitions of the same item");
      item = syntax_.repeat(item, min, max);
      skip_space(newlines);
    }
    groups.back().items.push_back(item);
    return {};
  }

  Result<uint32_t> parse_count() {
    const size_t start = position_;
    uint64_t count = 0;
    while (peek() >= '0' && peek() <= '9') {
      count = std::min<uint64_t>(count * 10 + static_cast<uint64_t>(peek() - '0'), uint64_t{kMaxRepeat} + 1);
      ++position_;
    }
    if (position_ == start) return expected("a number of repetitions");
    if (count > kMaxRepeat) return error(start, fmt::format("more than {} repetitions", kMaxRepeat));
    return static_cast<uint32_t>(count);
  }

  Status parse_counts(uint32_t& out_min, uint32_t& out_max) {
    const size_t start = position_++;
    skip_space(/*newlines=*/false);
    INGOT_ASSIGN(out_min, parse_count());
    out_max = out_min;
    skip_space(/*newlines=*/false);
    if (peek() == ',') {
      ++position_;
      skip_space(/*newlines=*/false);
      out_max = kUnbounded;
      if (peek() != '}') {
        INGOT_ASSIGN(out_max, parse_count());
        skip_space(/*newlines=*/false);
      }
    }
    if (peek() != '}') return expected("\"}\" after the number of repetitions");
    ++position_;
    if (out_max < out_min) return error(start, fmt::format("{} to {} repetitions are none", out_min, out_max));
    return {};
  }

  Result<Expression> parse_item() {
    const char character = peek();
    if (character == '"') return parse_literal();
    if (character == '[') return parse_class();
    if (character == '.') {
      ++position_;
      return syntax_.characters(complement({}));
    }
    if (character == '<' || (character == '!' && peek(1) == '<')) {
      return tl::unexpected(Error{ErrorKind::kUnsupported,
                                  fmt::format("{}: token references (<token> and <[id]>) are not supported: write the "
                                              "text itself",
                                              place(position_))});
    }
    if (character == '*' || character == '+' || character == '?' || character == '{') {
      return error(position_, fmt::format("nothing stands before this \"{}\" that it could repeat", character));
    }
    if (!is_name_character(character)) return expected("a rule's name, \"text\", [characters], \".\" or a group");
    const size_t start = position_;
    INGOT_ASSIGN(const std::string name, parse_name());
    return syntax_.rule(rule_named(name, start));
  }

  // One character of a literal or class, escapes resolved.
  Result<uint32_t> parse_character() {
    if (at_end()) return expected("a character");
    const size_t start = position_;
    if (peek() != '\\') {
      std::string_view rest = text_.substr(position_);
      const std::optional<uint32_t> character = take_character(rest);
      if (!character) return error(start, "this is no UTF-8");
      position_ = text_.size() - rest.size();
      return *character;
    }
    const char escape = peek(1);
    position_ += 2;
    switch (escape) {
      case 'n':
        return uint32_t{'\n'};
      case 'r':
        return uint32_t{'\r'};
      case 't':
        return uint32_t{'\t'};
      case '\\':
      case '"':
      case '[':
      case ']':
      case '-':
      case '^':
        return static_cast<uint32_t>(escape);
      case 'x':
        return parse_hex(start, 2);
      case 'u':
        return parse_hex(start, 4);
      case 'U':
        return parse_hex(start, 8);
      default:
        position_ = start;
        return expected(R"(one of the escapes \n \r \t \\ \" \[ \] \- \^ \xNN \uNNNN \UNNNNNNNN)");
    }
  }

  Result<uint32_t> parse_hex(size_t start, size_t n_digits) {
    uint32_t value = 0;
    for (size_t digit = 0; digit < n_digits; ++digit) {
      const std::optional<uint32_t> nibble = at_end() ? std::nullopt : hex_digit(peek());
      if (!nibble) return expected(fmt::format("{} hexadecimal digits", n_digits));
      value = (value << 4) | *nibble;
      ++position_;
    }
    if (value > kMaxCodePoint || (value >= 0xD800 && value <= 0xDFFF)) {
      return error(start, fmt::format("U+{:04X} is no character", value));
    }
    return value;
  }

  Result<Expression> parse_literal() {
    const size_t start = position_++;
    std::string bytes;
    while (peek() != '"' || at_end()) {
      if (at_end() || peek() == '\n' || peek() == '\r') return error(start, "the text opened here is never closed");
      INGOT_ASSIGN(const uint32_t character, parse_character());
      append_utf8(character, bytes);
    }
    ++position_;
    return syntax_.literal(bytes);
  }

  Result<Expression> parse_class() {
    const size_t start = position_++;
    const bool negated = peek() == '^';
    if (negated) ++position_;
    CodeRanges ranges;
    while (peek() != ']' || at_end()) {
      if (at_end()) return error(start, "the character class opened here is never closed");
      const size_t range_start = position_;
      INGOT_ASSIGN(const uint32_t first, parse_character());
      uint32_t last = first;
      if (peek() == '-' && peek(1) != ']') {
        ++position_;
        INGOT_ASSIGN(last, parse_character());
        if (last < first) return error(range_start, "this range of characters ends before it begins");
      }
      ranges.push_back({first, last});
    }
    ++position_;
    if (ranges.empty()) return error(start, "the character class is empty");
    ranges = normalized(ranges);
    return syntax_.characters(negated ? complement(ranges) : ranges);
  }

  std::string_view text_;
  std::vector<size_t> line_starts_ = {0};
  size_t position_ = 0;
  Syntax syntax_;
  std::map<std::string, RuleUse> rules_;
};

}  // namespace

Result<ParsedGrammar> parse_gbnf(std::string_view text) {
  return GbnfParser(text).run();
}

}  // namespace ingot::core
