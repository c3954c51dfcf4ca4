#include "chat/jinja/lexer.h"

#include <algorithm>
#include <array>

#include "base/utf8.h"
#include "chat/jinja/unicode.h"

namespace ingot::core::jinja {
namespace {

bool is_digit_byte(char byte) {
  return byte >= '0' && byte <= '9';
}
char lower_byte(char byte) {
  return byte >= 'A' && byte <= 'Z' ? static_cast<char>(byte + 32) : byte;
}

class Lexer {
 public:
  explicit Lexer(std::string_view source) : source_(source) {}

  Result<std::vector<Token>> run() {
    while (at_ < source_.size()) INGOT_TRY(text_until_tag());
    add(TokenKind::kEnd, {});
    return std::move(tokens_);
  }

 private:
  void add(TokenKind kind, std::string_view text) { tokens_.push_back({kind, line_, text}); }
  // Everything is passed over through this, so that lines are counted.
  void advance(size_t to) {
    line_ += static_cast<uint32_t>(std::count(source_.begin() + static_cast<std::ptrdiff_t>(at_),
                                              source_.begin() + static_cast<std::ptrdiff_t>(to), '\n'));
    at_ = to;
  }
  char byte(size_t at) const { return at < source_.size() ? source_[at] : '\0'; }
  bool starts(size_t at, std::string_view text) const { return source_.substr(at).starts_with(text); }
  size_t skip_space(size_t at) const {
    while (at < source_.size() && is_space(code_point(source_, at))) at += character_bytes(source_, at);
    return at;
  }
  template <typename... Args>
  tl::unexpected<Error> error(fmt::format_string<Args...> format, Args&&... args) const {
    return invalid("line {}: {}", line_, fmt::format(format, std::forward<Args>(args)...));
  }

  // Text up to the next tag, without the white space that the tag takes away in front of it.
  void add_data(size_t end, char sign, bool strips_line) {
    std::string_view text = source_.substr(at_, end - at_);
    if (sign == '-') {
      while (!text.empty()) {
        const size_t last = previous_character(text, text.size());
        if (!is_space(code_point(text, last))) break;
        text = text.substr(0, last);
      }
    } else if (sign != '+' && strips_line) {
      const size_t newline = text.rfind('\n');
      const size_t line_begin = newline == std::string_view::npos ? 0 : newline + 1;
      const bool opens_line = line_begin > 0 || at_ == 0 || source_[at_ - 1] == '\n';
      if (opens_line && skip_space(at_ + line_begin) >= end) text = text.substr(0, line_begin);
    }
    if (!text.empty()) add(TokenKind::kData, text);
    advance(end);
  }

  // The end of a tag at a place: its bytes with the white space that it takes away behind it, 0 if there is none.
  size_t closing(size_t at, std::string_view close, bool trims_newline) const {
    if (byte(at) == '-' && starts(at + 1, close)) return skip_space(at + 1 + close.size()) - at;
    if (trims_newline && byte(at) == '+' && starts(at + 1, close)) return 1 + close.size();
    if (!starts(at, close)) return 0;
    return close.size() + (trims_newline && byte(at + close.size()) == '\n' ? 1 : 0);
  }

  Status text_until_tag() {
    size_t tag = at_;
    while (true) {
      tag = source_.find('{', tag);
      if (tag == std::string_view::npos || tag + 1 >= source_.size()) {
        add_data(source_.size(), '+', /*strips_line=*/false);
        return {};
      }
      const char next = source_[tag + 1];
      if (next == '%' || next == '{' || next == '#') break;
      tag++;
    }
    const char kind = source_[tag + 1];
    const char sign = byte(tag + 2) == '-' || byte(tag + 2) == '+' ? byte(tag + 2) : '\0';
    const size_t inside = tag + (sign == '\0' ? 2 : 3);
    add_data(tag, sign, kind != '{');
    if (kind == '#') return skip_comment(inside);
    if (kind == '%') {
      if (const size_t raw = raw_begin(inside); raw != 0) return raw_text(raw);
    }
    add(kind == '%' ? TokenKind::kBlockBegin : TokenKind::kVariableBegin, source_.substr(tag, 2));
    advance(inside);
    return tag_tokens(kind == '%');
  }

  Status skip_comment(size_t inside) {
    const size_t end = source_.find("#}", inside);
    if (inside >= source_.size()) {  // Jinja sees no comment in one that has nothing at all
      advance(inside);
      return {};
    }
    if (end == std::string_view::npos) return error("a comment has no end, #}} is missing");
    const bool signed_end = end > inside && (source_[end - 1] == '-' || source_[end - 1] == '+');
    const size_t from = signed_end ? end - 1 : end;
    advance(from + closing(from, "#}", /*trims_newline=*/true));
    return {};
  }

  // Where the text of a raw block begins if the tag opens one, else 0.
  size_t raw_begin(size_t inside) const {
    size_t at = skip_space(inside);
    if (!starts(at, "raw")) return 0;
    at = skip_space(at + 3);
    const size_t n_bytes = closing(at, "%}", /*trims_newline=*/false);
    return n_bytes == 0 ? 0 : at + n_bytes;
  }

  Status raw_text(size_t begin) {
    const uint32_t opened = line_;
    advance(begin);
    if (begin >= source_.size()) return {};
    for (size_t tag = source_.find("{%", begin); tag != std::string_view::npos; tag = source_.find("{%", tag + 1)) {
      const char sign = byte(tag + 2) == '-' || byte(tag + 2) == '+' ? byte(tag + 2) : '\0';
      size_t at = skip_space(tag + (sign == '\0' ? 2 : 3));
      if (!starts(at, "endraw")) continue;
      at = skip_space(at + 6);
      const size_t n_bytes = closing(at, "%}", /*trims_newline=*/true);
      if (n_bytes == 0) continue;
      add_data(tag, sign, /*strips_line=*/true);
      advance(at + n_bytes);
      return {};
    }
    line_ = opened;
    return error("a raw block has no end, {{% endraw %}} is missing");
  }

  Status tag_tokens(bool block) {
    const std::string_view close = block ? "%}" : "}}";
    const uint32_t opened = line_;
    brackets_.clear();
    while (true) {
      advance(skip_space(at_));
      if (at_ >= source_.size()) {
        line_ = opened;
        return error("a tag has no end, {} is missing", close);
      }
      if (brackets_.empty()) {
        if (const size_t n_bytes = closing(at_, close, block); n_bytes != 0) {
          add(block ? TokenKind::kBlockEnd : TokenKind::kVariableEnd, source_.substr(at_, n_bytes));
          advance(at_ + n_bytes);
          return {};
        }
      }
      INGOT_TRY(one_token());
    }
  }

  Status one_token() {
    const char first = source_[at_];
    size_t n_bytes = 0;
    TokenKind kind = TokenKind::kOperator;
    if (is_digit_byte(first)) {
      n_bytes = float_bytes();
      kind = TokenKind::kFloat;
      if (n_bytes == 0) {
        n_bytes = integer_bytes();
        kind = TokenKind::kInteger;
      }
    } else if (first == '\'' || first == '"') {
      n_bytes = string_bytes();
      if (n_bytes == 0) return error("a string has no end, {} is missing", first);
      kind = TokenKind::kString;
    } else if (is_word(code_point(source_, at_))) {
      while (at_ + n_bytes < source_.size() && is_word(code_point(source_, at_ + n_bytes))) {
        n_bytes += character_bytes(source_, at_ + n_bytes);
      }
      kind = TokenKind::kName;
    } else {
      n_bytes = operator_bytes();
      const std::string_view character = source_.substr(at_, character_bytes(source_, at_));
      if (n_bytes == 0) return error("'{}' is no character of the template language", printable(character));
      INGOT_TRY(balance(first));
    }
    add(kind, source_.substr(at_, n_bytes));
    advance(at_ + n_bytes);
    return {};
  }

  Status balance(char first) {
    if (first == '(' || first == '[' || first == '{') {
      brackets_.push_back(first == '(' ? ')' : first == '[' ? ']' : '}');
    } else if (first == ')' || first == ']' || first == '}') {
      if (brackets_.empty()) return error("'{}' closes nothing", first);
      if (brackets_.back() != first) return error("'{}' where '{}' was expected", first, brackets_.back());
      brackets_.pop_back();
    }
    return {};
  }

  // Digits with single underscores between them.
  size_t digits(size_t at, bool (*is)(char)) const {
    size_t end = at;
    while (is(byte(end)) || (byte(end) == '_' && end > at && is(byte(end + 1)))) end++;
    return end - at;
  }

  size_t float_bytes() const {
    if (at_ > 0 && source_[at_ - 1] == '.') return 0;
    size_t end = at_ + digits(at_, is_digit_byte);
    bool is_float = false;
    if (byte(end) == '.' && is_digit_byte(byte(end + 1))) {
      end += 1 + digits(end + 1, is_digit_byte);
      is_float = true;
    }
    if (lower_byte(byte(end)) == 'e') {
      const size_t sign = byte(end + 1) == '+' || byte(end + 1) == '-' ? 1 : 0;
      if (is_digit_byte(byte(end + 1 + sign))) {
        end += 1 + sign + digits(end + 1 + sign, is_digit_byte);
        is_float = true;
      }
    }
    return is_float ? end - at_ : 0;
  }

  size_t integer_bytes() const {
    const char base = source_[at_] == '0' ? lower_byte(byte(at_ + 1)) : '\0';
    const auto prefixed = [&](bool (*is)(char)) {
      const size_t from = at_ + 2 + (byte(at_ + 2) == '_' ? 1 : 0);
      const size_t n = digits(from, is);
      return n == 0 ? size_t{1} : from + n - at_;
    };
    if (base == 'b') return prefixed([](char b) { return b == '0' || b == '1'; });
    if (base == 'o') return prefixed([](char b) { return b >= '0' && b <= '7'; });
    if (base == 'x') {
      return prefixed([](char b) { return is_digit_byte(b) || (lower_byte(b) >= 'a' && lower_byte(b) <= 'f'); });
    }
    if (source_[at_] == '0') return digits(at_, [](char b) { return b == '0'; });
    return digits(at_, is_digit_byte);
  }

  size_t string_bytes() const {
    const char quote = source_[at_];
    for (size_t end = at_ + 1; end < source_.size(); end++) {
      if (source_[end] == quote) return end + 1 - at_;
      if (source_[end] == '\\') end++;
    }
    return 0;
  }

  size_t operator_bytes() const {
    constexpr std::array<std::string_view, 6> kLong{"//", "**", "==", "!=", "<=", ">="};
    for (const std::string_view text : kLong) {
      if (starts(at_, text)) return 2;
    }
    return std::string_view("+-*/%~[](){}><=.:|,;").find(source_[at_]) == std::string_view::npos ? 0 : 1;
  }

  std::string_view source_;
  size_t at_ = 0;
  uint32_t line_ = 1;
  std::vector<char> brackets_;  // the closing ones that are awaited
  std::vector<Token> tokens_;
};

}  // namespace

std::string normalized_source(std::string_view source) {
  std::string text;
  text.reserve(source.size());
  for (size_t at = 0; at < source.size(); at++) {
    if (source[at] != '\r') {
      text += source[at];
    } else {
      text += '\n';
      if (at + 1 < source.size() && source[at + 1] == '\n') at++;
    }
  }
  if (!text.empty() && text.back() == '\n') text.pop_back();
  return text;
}

Result<std::vector<Token>> tokenize(std::string_view normalized) {
  return Lexer(normalized).run();
}

}  // namespace ingot::core::jinja
