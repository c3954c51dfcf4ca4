#include "sampling/grammar/regex_parser.h"

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "base/utf8.h"

namespace ingot::core {
namespace {

constexpr size_t kMaxDepth = 100;
constexpr uint32_t kMaxRepeat = 5'000;

const CodeRanges kDigits = {{'0', '9'}};
const CodeRanges kWordCharacters = {{'0', '9'}, {'A', 'Z'}, {'_', '_'}, {'a', 'z'}};
// WhiteSpace and LineTerminator of ECMA-262.
const CodeRanges kSpaces = {{0x09, 0x0D},     {0x20, 0x20},     {0xA0, 0xA0},     {0x1680, 0x1680}, {0x2000, 0x200A},
                            {0x2028, 0x2029}, {0x202F, 0x202F}, {0x205F, 0x205F}, {0x3000, 0x3000}, {0xFEFF, 0xFEFF}};
const CodeRanges kLineTerminators = {{'\n', '\n'}, {'\r', '\r'}, {0x2028, 0x2029}};

class RegexParser {
 public:
  RegexParser(std::string_view text, Syntax& syntax, JsonText& json) : text_(text), syntax_(syntax), json_(json) {}

  Result<Expression> run() {
    INGOT_ASSIGN(const Expression body, parse_choice(0));
    if (!at_end()) return error("this parenthesis closes none");
    const Expression rest = syntax_.repeat(json_.any_character(), 0, kUnbounded);
    return syntax_.sequence({rest, body, rest});
  }

 private:
  bool at_end() const { return position_ >= text_.size(); }
  char peek(size_t ahead = 0) const { return position_ + ahead < text_.size() ? text_[position_ + ahead] : '\0'; }
  bool take(std::string_view expected) {
    if (!text_.substr(position_).starts_with(expected)) return false;
    position_ += expected.size();
    return true;
  }
  tl::unexpected<Error> error(std::string_view what) const {
    return invalid("position {} of the pattern \"{}\": {}", position_, printable(text_), what);
  }
  tl::unexpected<Error> unsupported(std::string_view what) const {
    return fail(ErrorKind::kUnsupported, "position {} of the pattern \"{}\": {} not supported", position_,
                printable(text_), what);
  }

  Result<Expression> parse_choice(size_t depth) {
    if (depth > kMaxDepth) return error(fmt::format("groups are nested deeper than {}", kMaxDepth));
    std::vector<Expression> choices;
    do {
      std::vector<Expression> items;
      while (!at_end() && peek() != '|' && peek() != ')') {
        INGOT_ASSIGN(const Expression item, parse_term(depth));
        items.push_back(item);
      }
      choices.push_back(syntax_.sequence(std::move(items)));
    } while (take("|"));
    if (syntax_.too_large()) return error("the pattern is too large");
    return syntax_.choice(std::move(choices));
  }

  Result<Expression> parse_term(size_t depth) {
    if (take("^")) return syntax_.text_begin();
    if (take("$")) return syntax_.text_end();
    if (peek() == '*' || peek() == '+' || peek() == '?')
      return error("nothing stands before this that it could repeat");
    INGOT_ASSIGN(Expression item, parse_atom(depth));
    uint32_t min = 0;
    uint32_t max = kUnbounded;
    if (take("*")) {
    } else if (take("+")) {
      min = 1;
    } else if (take("?")) {
      max = 1;
    } else if (peek() == '{' && peek(1) >= '0' && peek(1) <= '9') {
      INGOT_TRY(parse_counts(min, max));
    } else {
      return item;
    }
    take("?");  // as few as possible: the same texts
    if (peek() == '*' || peek() == '+') return error("a repetition is repeated without a group");
    return syntax_.repeat(item, min, max);
  }

  Status parse_counts(uint32_t& out_min, uint32_t& out_max) {
    ++position_;
    INGOT_ASSIGN(out_min, parse_count());
    out_max = out_min;
    if (take(",")) {
      out_max = kUnbounded;
      if (peek() != '}') {
        INGOT_ASSIGN(out_max, parse_count());
      }
    }
    if (!take("}")) return error("expected \"}\" after the number of repetitions");
    if (out_max < out_min) return error("the most repetitions are fewer than the least");
    return {};
  }

  Result<uint32_t> parse_count() {
    uint32_t count = 0;
    const size_t start = position_;
    for (; peek() >= '0' && peek() <= '9'; ++position_) {
      count = std::min(count * 10 + static_cast<uint32_t>(peek() - '0'), kMaxRepeat + 1);
    }
    if (position_ == start) return error("expected a number of repetitions");
    if (count > kMaxRepeat) return unsupported(fmt::format("more than {} repetitions are", kMaxRepeat));
    return count;
  }

  Result<Expression> parse_atom(size_t depth) {
    if (peek() == '(') return parse_group(depth);
    if (peek() == '[') {
      INGOT_ASSIGN(const CodeRanges ranges, parse_class());
      return json_.characters(ranges);
    }
    if (take(".")) return json_.characters(complement(kLineTerminators));
    if (peek() == '\\') {
      INGOT_ASSIGN(const CodeRanges ranges, parse_escape(/*in_class=*/false));
      return json_.characters(ranges);
    }
    INGOT_ASSIGN(const uint32_t character, parse_plain());
    return json_.characters({{character, character}});
  }

  Result<Expression> parse_group(size_t depth) {
    const size_t start = position_++;
    if (take("?")) {
      if (take("=") || take("!") || take("<=") || take("<!")) {
        position_ = start;
        return unsupported("look-around is");
      }
      if (take("<")) {
        while (!at_end() && peek() != '>') ++position_;
        if (!take(">")) return error("the name of a group is not closed");
      } else if (!take(":")) {
        position_ = start;
        return unsupported("this kind of group is");
      }
    }
    INGOT_ASSIGN(const Expression inner, parse_choice(depth + 1));
    if (take(")")) return inner;
    position_ = start;
    return error("the parenthesis opened here is never closed");
  }

  Result<uint32_t> parse_plain() {
    std::string_view rest = text_.substr(position_);
    const std::optional<uint32_t> character = take_character(rest);
    if (!character) return error("this is no UTF-8");
    position_ = text_.size() - rest.size();
    return *character;
  }

  Result<CodeRanges> parse_class() {
    const size_t start = position_++;
    const bool negated = take("^");
    CodeRanges ranges;
    while (!at_end() && peek() != ']') {
      INGOT_ASSIGN(const CodeRanges first, parse_class_item());
      if (peek() != '-' || peek(1) == ']' || position_ + 1 >= text_.size()) {
        ranges.insert(ranges.end(), first.begin(), first.end());
        continue;
      }
      ++position_;
      INGOT_ASSIGN(const CodeRanges last, parse_class_item());
      const bool single =
          first.size() == 1 && first[0].first == first[0].last && last.size() == 1 && last[0].first == last[0].last;
      if (!single || last[0].last < first[0].first) return error("this is no range of characters");
      ranges.push_back({first[0].first, last[0].last});
    }
    if (!take("]")) {
      position_ = start;
      return error("the character class opened here is never closed");
    }
    ranges = normalized(ranges);
    return negated ? complement(ranges) : ranges;
  }

  Result<CodeRanges> parse_class_item() {
    if (peek() == '\\') return parse_escape(/*in_class=*/true);
    INGOT_ASSIGN(const uint32_t character, parse_plain());
    return CodeRanges{{character, character}};
  }

  Result<CodeRanges> parse_escape(bool in_class) {
    const char kind = peek(1);
    position_ += 2;
    const auto single = [](uint32_t character) { return CodeRanges{{character, character}}; };
    switch (kind) {
      case 'd':
        return kDigits;
      case 'D':
        return complement(kDigits);
      case 'w':
        return kWordCharacters;
      case 'W':
        return complement(kWordCharacters);
      case 's':
        return kSpaces;
      case 'S':
        return complement(kSpaces);
      case 'n':
        return single('\n');
      case 'r':
        return single('\r');
      case 't':
        return single('\t');
      case 'f':
        return single('\f');
      case 'v':
        return single('\v');
      case 'x':
        return parse_hex(2);
      case 'u':
        return parse_unicode();
      case 'c':
        if ((peek() >= 'a' && peek() <= 'z') || (peek() >= 'A' && peek() <= 'Z')) {
          return single(static_cast<uint32_t>(text_[position_++]) & 0x1Fu);
        }
        return error("expected a letter after \\c");
      default:
        break;
    }
    if (kind == 'b' && in_class) return single('\b');
    if (kind == '0' && !(peek() >= '0' && peek() <= '9')) return single('\0');
    constexpr std::string_view kSyntaxCharacters = "^$\\.*+?()[]{}|/-\"'#@&%,;:=!<>~` ";
    if (kind != '\0' && kSyntaxCharacters.find(kind) != std::string_view::npos) {
      return single(static_cast<uint32_t>(kind));
    }
    position_ -= 2;
    if (kind == 'b' || kind == 'B') return unsupported("word borders are");
    if (kind == 'p' || kind == 'P') return unsupported("Unicode properties are");
    if ((kind >= '1' && kind <= '9') || kind == 'k') return unsupported("back-references are");
    return unsupported(fmt::format("the escape \"{}\" is", printable(text_.substr(position_, 2))));
  }

  Result<uint32_t> parse_digits(size_t n_digits) {
    uint32_t value = 0;
    for (size_t digit = 0; digit < n_digits; ++digit, ++position_) {
      const char letter = peek();
      const bool decimal = letter >= '0' && letter <= '9';
      const char lower = static_cast<char>(letter | 0x20);
      if (!decimal && (lower < 'a' || lower > 'f'))
        return error(fmt::format("expected {} hexadecimal digits", n_digits));
      value = value * 16 + static_cast<uint32_t>(decimal ? letter - '0' : lower - 'a' + 10);
    }
    return value;
  }

  Result<CodeRanges> parse_hex(size_t n_digits) {
    INGOT_ASSIGN(const uint32_t character, parse_digits(n_digits));
    return CodeRanges{{character, character}};
  }

  Result<CodeRanges> parse_unicode() {
    uint32_t character = 0;
    if (take("{")) {
      const size_t close = std::min(text_.find('}', position_), text_.size());
      if (close == position_ || close - position_ > 6) return error("expected 1 to 6 hexadecimal digits");
      INGOT_ASSIGN(character, parse_digits(close - position_));
      if (!take("}")) return error("expected \"}\"");
    } else {
      INGOT_ASSIGN(character, parse_digits(4));
      if (character >= 0xD800 && character < 0xDC00 && take("\\u")) {
        INGOT_ASSIGN(const uint32_t low, parse_digits(4));
        if (low < 0xDC00 || low > 0xDFFF) return error("a surrogate without its other half");
        character = 0x10000 + ((character - 0xD800) << 10) + (low - 0xDC00);
      }
    }
    if (character > kMaxCodePoint || (character >= 0xD800 && character <= 0xDFFF)) {
      return error(fmt::format("U+{:04X} is no character", character));
    }
    return CodeRanges{{character, character}};
  }

  std::string_view text_;
  Syntax& syntax_;
  JsonText& json_;
  size_t position_ = 0;
};

}  // namespace

Result<Expression> parse_regex(std::string_view pattern, Syntax& syntax, JsonText& json) {
  return RegexParser(pattern, syntax, json).run();
}

}  // namespace ingot::core
