#include "convert/rwkv_vocabulary.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <utility>

#include "base/mapped_file.h"
#include "base/utf8.h"
#include "gguf/metadata_values.h"
#include "tokenizer/vocabulary.h"

namespace ingot::core {
namespace {

constexpr auto kNormal = static_cast<int64_t>(TokenType::kNormal);
constexpr auto kControl = static_cast<int64_t>(TokenType::kControl);
constexpr auto kUnused = static_cast<int64_t>(TokenType::kUnused);

template <typename Integer>
std::optional<Integer> parse_whole(std::string_view text, int base = 10) {
  Integer value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  if (error != std::errc() || end != text.data() + text.size() || text.empty()) return std::nullopt;
  return value;
}

// A Python literal of bytes or of text, which gives its UTF-8. Empty where it is not one.
class LiteralReader {
 public:
  explicit LiteralReader(std::string_view literal) : rest_(literal) {}

  std::optional<std::string> read() {
    is_bytes_ = rest_.starts_with('b');
    if (is_bytes_) rest_.remove_prefix(1);
    if (rest_.size() < 2 || (rest_[0] != '\'' && rest_[0] != '"') || rest_.back() != rest_[0]) return std::nullopt;
    const char quote = rest_[0];
    rest_ = rest_.substr(1, rest_.size() - 2);
    std::string text;
    while (!rest_.empty()) {
      const char letter = take();
      if (letter == quote) return std::nullopt;
      if (letter != '\\') {
        text.push_back(letter);
      } else if (!read_escape(text)) {
        return std::nullopt;
      }
    }
    return text;
  }

 private:
  char take() {
    const char letter = rest_[0];
    rest_.remove_prefix(1);
    return letter;
  }

  bool read_escape(std::string& out_text) {
    if (rest_.empty()) return false;
    switch (const char letter = take()) {
      case '\\':
      case '\'':
      case '"':
        return out_text.push_back(letter), true;
      case 'n':
        return out_text.push_back('\n'), true;
      case 'r':
        return out_text.push_back('\r'), true;
      case 't':
        return out_text.push_back('\t'), true;
      case 'x':
        return read_code_point(2, out_text);
      case 'u':
        return !is_bytes_ && read_code_point(4, out_text);
      case 'U':
        return !is_bytes_ && read_code_point(8, out_text);
      default:
        return false;
    }
  }

  bool read_code_point(size_t n_digits, std::string& out_text) {
    if (rest_.size() < n_digits) return false;
    const auto value = parse_whole<uint32_t>(rest_.substr(0, n_digits), 16);
    rest_.remove_prefix(n_digits);
    if (!value || *value > 0x10FFFF || (*value >= 0xD800 && *value < 0xE000)) return false;
    if (is_bytes_) {
      out_text.push_back(static_cast<char>(*value));
    } else {
      append_utf8(*value, out_text);
    }
    return true;
  }

  std::string_view rest_;
  bool is_bytes_ = false;
};

Result<std::string> parse_line(std::string_view line, int64_t expected_id) {
  const size_t first_space = line.find(' ');
  const size_t last_space = line.rfind(' ');
  if (first_space == std::string_view::npos || first_space == last_space) {
    return invalid("expected an id, a literal and a number of bytes, separated by spaces");
  }
  if (parse_whole<int64_t>(line.substr(0, first_space)) != expected_id) {
    return invalid("the id is {}, expected {}", printable(line.substr(0, first_space), 20), expected_id);
  }
  const std::string_view literal = line.substr(first_space + 1, last_space - first_space - 1);
  std::optional<std::string> bytes = LiteralReader(literal).read();
  if (!bytes) return invalid("{} is no literal of Python that ingot reads", printable(literal, 40));
  if (parse_whole<uint64_t>(line.substr(last_space + 1)) != bytes->size()) {
    return invalid("{} has {} bytes, but the line says {}", printable(literal, 40), bytes->size(),
                   printable(line.substr(last_space + 1), 20));
  }
  return std::move(*bytes);
}

}  // namespace

Result<std::vector<std::string>> parse_rwkv_vocabulary(std::string_view text, const std::string& name) {
  std::vector<std::string> tokens;
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.empty() && text.empty()) break;
    const auto id = static_cast<int64_t>(tokens.size()) + 1;
    auto token = parse_line(line, id);
    if (!token) return tl::unexpected(token.error().context(fmt::format("{}: line {}", printable(name, 4096), id)));
    tokens.push_back(std::move(*token));
  }
  if (tokens.empty()) return invalid("{}: holds no tokens", printable(name, 4096));
  return tokens;
}

std::string python_escaped(std::string_view bytes) {
  // Python quotes with ' unless that occurs and " does not; only the quote itself is escaped.
  const bool double_quotes = bytes.find('\'') != std::string_view::npos && bytes.find('"') == std::string_view::npos;
  std::string text;
  for (const char letter : bytes) {
    const auto byte = static_cast<unsigned char>(letter);
    if (letter == '\\' || (letter == '\'' && !double_quotes)) {
      text += {'\\', letter};
    } else if (letter == '\t') {
      text += "\\t";
    } else if (letter == '\n') {
      text += "\\n";
    } else if (letter == '\r') {
      text += "\\r";
    } else if (byte < 0x20 || byte >= 0x7F) {
      text += fmt::format("\\x{:02x}", byte);
    } else {
      text += letter;
    }
  }
  return text;
}

Status add_rwkv_vocabulary(const std::string& path, int64_t n_rows, GgufMetadata& out_metadata) {
  INGOT_ASSIGN(const auto file, MappedFile::open(path));
  const std::string_view text(reinterpret_cast<const char*>(file->bytes().data()), file->bytes().size());
  INGOT_ASSIGN(const std::vector<std::string> vocabulary, parse_rwkv_vocabulary(text, path));
  if (file->damaged()) return fail(ErrorKind::kIo, "{}: the file changed while it was read", printable(path, 4096));
  if (static_cast<int64_t>(vocabulary.size()) + 1 > n_rows) {
    return invalid("{}: has {} tokens, but the embedding only {} rows", printable(path, 4096), vocabulary.size() + 1,
                   n_rows);
  }
  std::vector<std::string> tokens{"<s>"};
  std::vector<int64_t> types{kControl};
  std::optional<int64_t> end_of_turn;
  for (const std::string& bytes : vocabulary) {
    if (bytes == "\n\n") end_of_turn = static_cast<int64_t>(tokens.size());
    tokens.push_back(python_escaped(bytes));
    types.push_back(kNormal);
  }
  while (static_cast<int64_t>(tokens.size()) < n_rows) {
    tokens.push_back(fmt::format("[PAD{}]", tokens.size()));
    types.push_back(kUnused);
  }
  out_metadata.insert("tokenizer.ggml.model", gguf_string("rwkv"));
  out_metadata.insert("tokenizer.ggml.tokens", gguf_strings(std::move(tokens)));
  out_metadata.insert("tokenizer.ggml.token_type", gguf_int32s(std::move(types)));
  out_metadata.insert("tokenizer.ggml.bos_token_id", gguf_uint32(0));
  out_metadata.insert("tokenizer.ggml.eos_token_id", gguf_uint32(0));
  if (end_of_turn) out_metadata.insert("tokenizer.ggml.eot_token_id", gguf_uint32(*end_of_turn));
  for (const char* flag : {"add_bos_token", "add_eos_token", "add_space_prefix"}) {
    out_metadata.insert(fmt::format("tokenizer.ggml.{}", flag), gguf_bool(false));
  }
  return {};
}

}  // namespace ingot::core
