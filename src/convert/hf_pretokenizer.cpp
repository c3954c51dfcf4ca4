#include "convert/hf_pretokenizer.h"

#include <array>
#include <string_view>
#include <utility>
#include <vector>

#include "base/utf8.h"

namespace ingot::core {
namespace {

// Steps as they are compared: a pattern stands for itself, and two of the steps have names.
constexpr std::string_view kGpt2 = "<gpt2>";      // ByteLevel with its own pattern
constexpr std::string_view kDigits = "<digits>";  // each digit apart

#define CONTRACTION "(?i:'s|'t|'re|'ve|'m|'ll|'d)"
#define PREFIX R"([^\r\n\p{L}\p{N}]?)"
#define PUNCTUATION R"( ?[^\s\p{L}\p{N}]+[\r\n]*)"
#define SPACES R"(\s*[\r\n]+|\s+(?!\S)|\s+)"
#define CL100K(numbers) CONTRACTION "|" PREFIX R"(\p{L}+|)" numbers "|" PUNCTUATION "|" SPACES
#define UPPER R"([\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}])"
#define LOWER R"([\p{Ll}\p{Lm}\p{Lo}\p{M}])"
#define O200K(contraction, numbers)                                                             \
  PREFIX UPPER "*" LOWER "+" contraction "|" PREFIX UPPER "+" LOWER "*" contraction "|" numbers \
               "|"                                                                              \
               R"( ?[^\s\p{L}\p{N}]+[\r\n/]*)"                                                  \
               "|" SPACES

struct Row {
  std::array<std::string_view, 3> steps;  // unused ones are empty
  bool ignore_merges;
  std::string_view name;
};

// The patterns are quoted from the models' own tokenizer.json, the names are those of llama.cpp's converter. Where
// several names mean the same steps, the one of the best known model stands here.
constexpr std::array kRows = {
    Row{{kGpt2}, false, "gpt-2"},
    Row{{kDigits, kGpt2}, false, "smollm"},
    Row{{CL100K(R"(\p{N}{1,3})")}, true, "llama-bpe"},
    Row{{CL100K(R"(\p{N}{1,3})")}, false, "dbrx"},
    // The same by possessive quantifiers, as newer versions of tiktoken write it.
    Row{{R"('(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]++[\r\n]*|\s*[\r\n]|\s+(?!\S)|\s+)"},
        false,
        "dbrx"},
    Row{{CL100K(R"(\p{N})")}, false, "qwen2"},
    Row{{O200K(CONTRACTION "?", R"(\p{N}{1,3})")}, false, "gpt-4o"},
    Row{{O200K("", R"(\p{N})")}, true, "tekken"},
};

class StepReader {
 public:
  explicit StepReader(std::string name) : name_(std::move(name)) {}

  Status read(const Json& json) {
    INGOT_ASSIGN(const JsonObject step, JsonObject::make(json, name_));
    INGOT_ASSIGN(const auto type, step.get_string("type"));
    if (type == "Sequence") return read_sequence(step);
    if (type == "ByteLevel") return read_byte_level(step);
    if (type == "Digits") return read_digits(step);
    if (type == "Split") return read_split(step);
    return step.wrong("type", "Sequence, Split, Digits or ByteLevel");
  }

  const std::vector<std::string>& steps() const { return steps_; }
  bool ends_in_bytes() const { return n_byte_levels_ == 1; }

 private:
  Status read_sequence(const JsonObject& sequence) {
    const Json* list = sequence.find("pretokenizers");
    if (list == nullptr || !list->is_array()) return sequence.wrong("pretokenizers", "an array");
    if (++depth_ > 4) return invalid("{}: sequences inside sequences", name_);
    for (const Json& step : *list) INGOT_TRY(read(step));
    return {};
  }

  Status read_byte_level(const JsonObject& step) {
    INGOT_ASSIGN(const auto prefix, step.get_bool("add_prefix_space"));
    if (prefix.value_or(true)) {
      return fail(ErrorKind::kUnsupported, "{}: ByteLevel has add_prefix_space, expected false", name_);
    }
    INGOT_ASSIGN(const auto use_regex, step.get_bool("use_regex"));
    if (use_regex.value_or(true)) steps_.emplace_back(kGpt2);
    ++n_byte_levels_;
    return {};
  }

  Status read_digits(const JsonObject& step) {
    INGOT_ASSIGN(const auto apart, step.get_bool("individual_digits"));
    if (!apart || !*apart) return step.wrong("individual_digits", "true");
    steps_.emplace_back(kDigits);
    return {};
  }

  Status read_split(const JsonObject& step) {
    INGOT_ASSIGN(const auto pattern, step.get_object("pattern"));
    if (!pattern) return step.wrong("pattern", "an object with a Regex");
    INGOT_ASSIGN(const auto regex, pattern->get_string("Regex"));
    if (!regex) return pattern->wrong("Regex", "a regular expression");
    INGOT_ASSIGN(const auto behavior, step.get_string("behavior"));
    INGOT_ASSIGN(const auto invert, step.get_bool("invert"));
    // To keep what matches and to drop what does not is the same where the pattern leaves nothing out.
    const bool isolated = behavior == "Isolated" && !invert.value_or(false);
    const bool removed = behavior == "Removed" && invert.value_or(false);
    if (!isolated && !removed) return step.wrong("behavior", "Isolated");
    steps_.push_back(*regex);
    return {};
  }

  std::string name_;
  std::vector<std::string> steps_;
  int depth_ = 0;
  int n_byte_levels_ = 0;
};

bool same_steps(const std::vector<std::string>& steps, const Row& row) {
  size_t n = 0;
  while (n < row.steps.size() && !row.steps[n].empty()) ++n;
  return std::vector<std::string>(row.steps.begin(), row.steps.begin() + static_cast<std::ptrdiff_t>(n)) == steps;
}

}  // namespace

Result<std::string> find_pretokenizer_name(const Json& pre_tokenizer, const std::string& name, bool ignore_merges) {
  StepReader reader(name);
  INGOT_TRY(reader.read(pre_tokenizer));
  if (!reader.ends_in_bytes()) return invalid("{}: expected one step ByteLevel", name);
  for (const Row& row : kRows) {
    if (row.ignore_merges == ignore_merges && same_steps(reader.steps(), row)) return std::string(row.name);
  }
  return fail(ErrorKind::kUnsupported, "{} belongs to none of GGUF's names: it splits by {}{}", name,
              printable(fmt::format("{}", fmt::join(reader.steps(), ", then by ")), 300),
              ignore_merges ? ", and ignores merges" : "");
}

}  // namespace ingot::core
