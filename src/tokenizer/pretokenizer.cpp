#define PCRE2_CODE_UNIT_WIDTH 8
#include "tokenizer/pretokenizer.h"

#include <pcre2.h>

#include <limits>
#include <utility>

#include "tokenizer/split_rules.h"
#include "tokenizer/utf8_character.h"

namespace ingot::core {

namespace {

// Patterns with repeated groups push a frame for each repetition; a text of one endless word must not exhaust them.
constexpr size_t kJitStackStartBytes = 32 << 10;
constexpr size_t kJitStackLimitBytes = 16 << 20;
constexpr uint32_t kMatcherHeapKib = 512 << 10;

// Writes \s and \S out as Unicode's White_Space: PCRE2's own \s also takes U+180E, which no tokenizer's does.
std::string with_unicode_space(std::string_view pattern) {
  std::string written;
  bool in_class = false;
  for (size_t position = 0; position < pattern.size(); position++) {
    const char c = pattern[position];
    if (c != '\\') {
      in_class = c == '[' ? true : c == ']' ? false : in_class;
      written += c;
      continue;
    }
    const char escaped = pattern[++position];
    if (escaped == 's') {
      written += in_class ? "\\p{Z}\\x09-\\x0d\\x85" : "[\\p{Z}\\x09-\\x0d\\x85]";
    } else if (escaped == 'S') {
      written += "[^\\p{Z}\\x09-\\x0d\\x85]";
    } else {
      written += c;
      written += escaped;
    }
  }
  return written;
}

// What one call of split() needs to match; patterns are shared by threads, this is not.
struct Matcher {
  Matcher()
      : data(pcre2_match_data_create(1, nullptr)),
        context(pcre2_match_context_create(nullptr)),
        stack(pcre2_jit_stack_create(kJitStackStartBytes, kJitStackLimitBytes, nullptr)) {
    if (context == nullptr) return;
    pcre2_set_match_limit(context, std::numeric_limits<uint32_t>::max());
    pcre2_set_heap_limit(context, kMatcherHeapKib);
    if (stack != nullptr) pcre2_jit_stack_assign(context, nullptr, stack);
  }
  ~Matcher() {
    pcre2_jit_stack_free(stack);
    pcre2_match_context_free(context);
    pcre2_match_data_free(data);
  }
  Matcher(const Matcher&) = delete;
  Matcher& operator=(const Matcher&) = delete;

  pcre2_match_data* data;
  pcre2_match_context* context;
  pcre2_jit_stack* stack;
};

// The text with each byte that belongs to no character replaced by a control character, so that patterns see valid
// UTF-8 with the same offsets. Returns the text itself where it is valid; storage holds the copy.
std::string_view valid_text(std::string_view text, std::string& storage) {
  bool copied = false;
  for (size_t position = 0; position < text.size();) {
    if (static_cast<uint8_t>(text[position]) < 0x80) {
      position++;
      continue;
    }
    const Utf8Character character = utf8_character(text, position);
    if (character.code >= kInvalidByte) {
      if (!copied) storage = text;
      copied = true;
      storage[position] = '\x1A';
    }
    position += character.n_bytes;
  }
  return copied ? std::string_view(storage) : text;
}

}  // namespace

struct Pretokenizer::Pattern {
  ~Pattern() { pcre2_code_free(code); }

  Status compile(const char* pattern) {
    const std::string written = with_unicode_space(pattern);
    int error = 0;
    PCRE2_SIZE offset = 0;
    code = pcre2_compile(reinterpret_cast<PCRE2_SPTR>(written.data()), written.size(), PCRE2_UTF | PCRE2_UCP, &error,
                         &offset, nullptr);
    if (code == nullptr) {
      return fail(ErrorKind::kUnsupported, "pre-tokenizer pattern {}: PCRE2 error {} at {}", written, error, offset);
    }
    // Without a JIT (a system that forbids it) the interpreter matches the same, more slowly.
    has_jit = pcre2_jit_compile(code, PCRE2_JIT_COMPLETE) == 0;
    return {};
  }

  // Appends the ends of matches and of what lies between them. Precondition: the piece is valid UTF-8.
  Status split(std::string_view piece, uint32_t base, Matcher& matcher, std::vector<uint32_t>& out_ends) const {
    const auto* subject = reinterpret_cast<PCRE2_SPTR>(piece.data());
    const PCRE2_SIZE* range = pcre2_get_ovector_pointer(matcher.data);
    size_t done = 0;
    size_t from = 0;
    while (from < piece.size()) {
      int found = has_jit ? pcre2_jit_match(code, subject, piece.size(), from, 0, matcher.data, matcher.context)
                          : PCRE2_ERROR_JIT_STACKLIMIT;
      if (found == PCRE2_ERROR_JIT_STACKLIMIT) {
        found = pcre2_match(code, subject, piece.size(), from, PCRE2_NO_UTF_CHECK | PCRE2_NO_JIT, matcher.data,
                            matcher.context);
      }
      if (found == PCRE2_ERROR_NOMATCH) break;
      if (found < 0) {
        return fail(ErrorKind::kOutOfMemory, "the pre-tokenizer cannot match this text (PCRE2 error {})", found);
      }
      if (range[1] == range[0]) {
        from = range[1] + utf8_character(piece, std::min(range[1], piece.size() - 1)).n_bytes;
        continue;
      }
      if (range[0] > done) out_ends.push_back(static_cast<uint32_t>(base + range[0]));
      done = from = range[1];
      out_ends.push_back(static_cast<uint32_t>(base + done));
    }
    if (done < piece.size()) out_ends.push_back(static_cast<uint32_t>(base + piece.size()));
    return {};
  }

  pcre2_code* code = nullptr;
  bool has_jit = false;
};

Pretokenizer::Pretokenizer(const PretokenizerSpec& spec) : spec_(&spec) {}
Pretokenizer::Pretokenizer(Pretokenizer&&) noexcept = default;
Pretokenizer& Pretokenizer::operator=(Pretokenizer&&) noexcept = default;
Pretokenizer::~Pretokenizer() = default;

Result<Pretokenizer> Pretokenizer::create(const PretokenizerSpec& spec) {
  Pretokenizer pretokenizer(spec);
  for (const SplitStep& step : spec.steps) {
    std::unique_ptr<Pattern> pattern;
    if (step.rule == SplitRule::kPattern) {
      pattern = std::make_unique<Pattern>();
      INGOT_TRY(pattern->compile(step.pattern));
    }
    pretokenizer.patterns_.push_back(std::move(pattern));
  }
  return pretokenizer;
}

Result<std::vector<uint32_t>> Pretokenizer::split(std::string_view text) const {
  std::vector<uint32_t> ends;
  if (text.empty()) return ends;
  std::string storage;
  const std::string_view valid = valid_text(text, storage);
  Matcher matcher;
  if (matcher.data == nullptr || matcher.context == nullptr) {
    return fail(ErrorKind::kOutOfMemory, "cannot allocate the pre-tokenizer's matcher");
  }
  ends.push_back(static_cast<uint32_t>(text.size()));
  std::vector<uint32_t> finer;
  for (size_t index = 0; index < patterns_.size(); index++) {
    finer.clear();
    finer.reserve(ends.size() + text.size() / 8);
    uint32_t start = 0;
    for (const uint32_t end : ends) {
      const std::string_view piece = valid.substr(start, end - start);
      if (patterns_[index]) {
        INGOT_TRY(patterns_[index]->split(piece, start, matcher, finer));
      } else {
        split_by_rule(spec_->steps[index].rule, piece, start, finer);
      }
      start = end;
    }
    ends.swap(finer);
  }
  return ends;
}

}  // namespace ingot::core
