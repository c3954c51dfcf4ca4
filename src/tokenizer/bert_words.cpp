#include "tokenizer/bert_words.h"

#include <utf8proc.h>

#include <array>

#include "tokenizer/utf8_character.h"

namespace ingot::core {

namespace {

// Blocks of Chinese ideographs. 0x2B920 is what the Rust tokenizer has where Unicode's block starts at 0x2B820;
// vocabularies are trained with it.
constexpr std::array<std::pair<uint32_t, uint32_t>, 8> kChinese{{
    {0x4E00, 0x9FFF},
    {0x3400, 0x4DBF},
    {0x20000, 0x2A6DF},
    {0x2A700, 0x2B73F},
    {0x2B740, 0x2B81F},
    {0x2B920, 0x2CEAF},
    {0xF900, 0xFAFF},
    {0x2F800, 0x2FA1F},
}};

bool is_chinese(uint32_t code) {
  for (const auto& [first, last] : kChinese) {
    if (code >= first && code <= last) return true;
  }
  return false;
}

enum class Role { kLetter, kSpace, kPunctuation, kNothing };

Role ascii_role(uint32_t code) {
  if (code == ' ' || code == '\t' || code == '\n' || code == '\r') return Role::kSpace;
  if (code < 0x20 || code == 0x7F) return Role::kNothing;
  const bool letter = (code >= 'a' && code <= 'z') || (code >= 'A' && code <= 'Z') || (code >= '0' && code <= '9');
  return letter ? Role::kLetter : Role::kPunctuation;
}

Role role_of(uint32_t code) {
  if (code < 0x80) return ascii_role(code);
  if (code == 0xFFFD || code >= kInvalidByte) return Role::kNothing;
  switch (utf8proc_category(static_cast<utf8proc_int32_t>(code))) {
    case UTF8PROC_CATEGORY_ZS:
    case UTF8PROC_CATEGORY_ZL:
    case UTF8PROC_CATEGORY_ZP:
      return Role::kSpace;
    case UTF8PROC_CATEGORY_PC:
    case UTF8PROC_CATEGORY_PD:
    case UTF8PROC_CATEGORY_PS:
    case UTF8PROC_CATEGORY_PE:
    case UTF8PROC_CATEGORY_PI:
    case UTF8PROC_CATEGORY_PF:
    case UTF8PROC_CATEGORY_PO:
      return Role::kPunctuation;
    case UTF8PROC_CATEGORY_CC:
    case UTF8PROC_CATEGORY_CF:
    case UTF8PROC_CATEGORY_CO:
      return Role::kNothing;
    default:
      return Role::kLetter;
  }
}

class WordBuilder {
 public:
  WordBuilder(BertNormaliser normaliser, const std::function<void(std::string_view)>& found)
      : normaliser_(normaliser), found_(found) {}

  void add(uint32_t code) {
    const Role role = role_of(code);
    if (role == Role::kNothing) return;
    if (role == Role::kSpace) return end_word();
    if (code < 0x80) return add_clean(code, role);
    const bool chinese = is_chinese(code);
    if (chinese) end_word();
    if (normaliser_.strip_accents) {
      add_decomposed(code);
    } else {
      add_clean(code, role);
    }
    if (chinese) end_word();
  }
  void end_word() {
    if (n_characters_ == 0) return;
    found_(n_characters_ <= kMaxWordCharacters ? std::string_view(word_) : std::string_view());
    word_.clear();
    n_characters_ = 0;
  }

 private:
  void add_decomposed(uint32_t code) {
    // The longest canonical decomposition has four characters.
    std::array<utf8proc_int32_t, 8> parts{};
    int boundary_class = 0;
    const utf8proc_ssize_t n_parts =
        utf8proc_decompose_char(static_cast<utf8proc_int32_t>(code), parts.data(), parts.size(),
                                static_cast<utf8proc_option_t>(UTF8PROC_DECOMPOSE), &boundary_class);
    for (utf8proc_ssize_t part = 0; part < n_parts; part++) {
      if (utf8proc_category(parts[part]) == UTF8PROC_CATEGORY_MN) continue;
      const auto part_code = static_cast<uint32_t>(parts[part]);
      add_clean(part_code, role_of(part_code));
    }
  }
  void add_clean(uint32_t code, Role role) {
    if (role == Role::kSpace) return end_word();
    if (role == Role::kPunctuation) end_word();
    if (!normaliser_.lowercase) {
      append(code);
    } else if (code < 0x80) {
      append(code >= 'A' && code <= 'Z' ? code + 32 : code);
    } else if (code == 0x130) {  // the one capital whose small form is two characters
      append('i');
      append(0x307);
    } else {
      append(static_cast<uint32_t>(utf8proc_tolower(static_cast<utf8proc_int32_t>(code))));
    }
    if (role == Role::kPunctuation) end_word();
  }
  void append(uint32_t code) {
    n_characters_++;
    if (n_characters_ > kMaxWordCharacters) return;  // its text is not needed any more
    if (code < 0x80) {
      word_.push_back(static_cast<char>(code));
      return;
    }
    std::array<utf8proc_uint8_t, 4> bytes{};
    const utf8proc_ssize_t n_bytes = utf8proc_encode_char(static_cast<utf8proc_int32_t>(code), bytes.data());
    word_.append(reinterpret_cast<const char*>(bytes.data()), static_cast<size_t>(n_bytes));
  }

  BertNormaliser normaliser_;
  const std::function<void(std::string_view)>& found_;
  std::string word_;
  size_t n_characters_ = 0;
};

}  // namespace

void each_bert_word(std::string_view text, BertNormaliser normaliser,
                    const std::function<void(std::string_view word)>& found) {
  WordBuilder builder(normaliser, found);
  for (size_t position = 0; position < text.size();) {
    const Utf8Character character = utf8_character(text, position);
    builder.add(character.code);
    position += character.n_bytes;
  }
  builder.end_word();
}

}  // namespace ingot::core
