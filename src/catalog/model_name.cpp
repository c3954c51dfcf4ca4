#include "catalog/model_name.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <numeric>
#include <utility>

#include "base/utf8.h"
#include "catalog/split_name.h"

namespace ingot::core {
namespace {

constexpr std::string_view kExtension = ".gguf";
constexpr std::string_view kSeparators = "-_.";
// Beyond this a query is compared with no name: distances take the product of both lengths.
constexpr size_t kMostQueryBytes = 256;

bool is_digit(char letter) {
  return letter >= '0' && letter <= '9';
}
bool is_plain(char letter) {
  return (letter >= 'a' && letter <= 'z') || is_digit(letter);
}

// Names that converters give to any model.
bool says_nothing(std::string_view base) {
  constexpr std::array<std::string_view, 8> kNames = {
      "", "model", "ggml-model", "gguf-model", "gguf-unsloth", "pytorch_model", "consolidated", "weights"};
  return std::find(kNames.begin(), kNames.end(), base) != kNames.end();
}

std::string cleaned(std::string_view text) {
  std::string name = lower_case(text);
  const bool unicode = is_utf8(name);
  for (char& letter : name) {
    const auto byte = static_cast<uint8_t>(letter);
    const bool kept =
        byte >= 0x80 ? unicode : is_plain(letter) || letter == '.' || letter == '_' || letter == '+' || letter == '@';
    if (!kept) letter = '-';
  }
  // C1 controls are two bytes, which some terminals obey: their first byte is C2, the second below A0.
  for (size_t index = 0; index + 1 < name.size(); ++index) {
    if (static_cast<uint8_t>(name[index]) == 0xC2 && static_cast<uint8_t>(name[index + 1]) < 0xA0) {
      name.replace(index, 2, "--");
    }
  }
  // A name that began with a minus sign would be taken for a flag, and one that began with @ for a revision.
  const size_t first = name.find_first_not_of("-@+");
  return first == std::string::npos ? std::string() : name.substr(first);
}

void drop_suffix(std::string& text, std::string_view suffix) {
  if (text.ends_with(suffix)) text.resize(text.size() - suffix.size());
}

std::pair<std::string_view, std::string_view> base_and_tag(std::string_view name) {
  const size_t colon = name.find(':');
  if (colon == std::string_view::npos) return {name, {}};
  return {name.substr(0, colon), name.substr(colon + 1)};
}

std::vector<std::string_view> parts_of(std::string_view text) {
  std::vector<std::string_view> parts;
  while (!text.empty()) {
    const size_t end = std::min(text.find_first_of("-_: "), text.size());
    if (end > 0) parts.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return parts;
}

bool parts_match(std::string_view query, std::string_view name) {
  const std::vector<std::string_view> wanted = parts_of(query);
  size_t n_found = 0;
  for (const std::string_view part : parts_of(name)) {
    if (n_found < wanted.size() && part.starts_with(wanted[n_found])) ++n_found;
  }
  return !wanted.empty() && n_found == wanted.size();
}

// Letters to add, drop, change or swap until the query is a beginning of the name.
size_t distance_to_beginning(std::string_view query, std::string_view name) {
  std::vector<size_t> before_last;
  std::vector<size_t> last(query.size() + 1);
  std::iota(last.begin(), last.end(), size_t{0});
  size_t best = last.back();
  for (size_t row = 1; row <= name.size(); ++row) {
    std::vector<size_t> current(query.size() + 1);
    current[0] = row;
    for (size_t column = 1; column <= query.size(); ++column) {
      const size_t changed = last[column - 1] + (query[column - 1] == name[row - 1] ? 0 : 1);
      current[column] = std::min({changed, last[column] + 1, current[column - 1] + 1});
      const bool swapped =
          row > 1 && column > 1 && query[column - 1] == name[row - 2] && query[column - 2] == name[row - 1];
      if (swapped) current[column] = std::min(current[column], before_last[column - 2] + 1);
    }
    before_last = std::exchange(last, std::move(current));
    best = std::min(best, last.back());
  }
  return best;
}

}  // namespace

std::string lower_case(std::string_view text) {
  std::string lower(text);
  for (char& letter : lower) {
    if (letter >= 'A' && letter <= 'Z') letter = static_cast<char>(letter - 'A' + 'a');
  }
  return lower;
}

bool is_format_tag(std::string_view text) {
  if (text.starts_with("ud-")) text.remove_prefix(3);
  for (const std::string_view whole : {"f32", "fp32", "f16", "fp16", "bf16"}) {
    if (text == whole) return true;
  }
  for (const std::string_view kind : {"mxfp", "nvfp", "iq", "tq", "q"}) {
    if (!text.starts_with(kind)) continue;
    text.remove_prefix(kind.size());
    const size_t n_digits = std::min(text.find_first_not_of("0123456789"), text.size());
    if (n_digits == 0 || n_digits > 2) return false;
    text.remove_prefix(n_digits);
    return text.empty() || (text.size() > 1 && text[0] == '_' &&
                            text.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_") == std::string_view::npos);
  }
  return false;
}

std::string make_name(std::string_view base, std::string_view tag) {
  std::string name = cleaned(base);
  drop_suffix(name, "-gguf");
  drop_suffix(name, ".gguf");
  const std::string clean_tag = cleaned(tag);
  if (name.empty()) name = "unnamed";
  return clean_tag.empty() ? name : name + ":" + clean_tag;
}

std::string name_of_file(std::string_view file_name, std::string_view folder_name) {
  std::string stem = lower_case(file_name);
  drop_suffix(stem, kExtension);
  if (const auto split = parse_split_name(stem + std::string(kExtension))) stem = split->stem;
  // The first separator behind which everything is one format: "-q4_k_m", not "_k_m".
  std::string base = stem;
  std::string tag;
  if (is_format_tag(stem)) {
    base.clear();
    tag = stem;
  }
  for (size_t at = stem.find_first_of(kSeparators); tag.empty() && at != std::string::npos;
       at = stem.find_first_of(kSeparators, at + 1)) {
    if (!is_format_tag(std::string_view(stem).substr(at + 1))) continue;
    base = stem.substr(0, at);
    tag = stem.substr(at + 1);
  }
  if (!says_nothing(base) || folder_name.empty()) return make_name(base, tag);
  if (!tag.empty()) return make_name(folder_name, tag);
  return name_of_file(std::string(folder_name) + std::string(kExtension), "");
}

Match match_name(std::string_view query_given, std::string_view name) {
  if (query_given.empty() || query_given.size() > kMostQueryBytes) return Match::kNone;
  const std::string query = lower_case(query_given);
  if (query == name) return Match::kWhole;
  const auto [base, tag] = base_and_tag(name);
  if (query == base) return Match::kBase;
  if (name.starts_with(query)) return Match::kPrefix;
  const auto [query_base, query_tag] = base_and_tag(query);
  if (!query_tag.empty() && !query_base.empty() && base.starts_with(query_base) && tag.starts_with(query_tag))
    return Match::kPrefix;
  return parts_match(query, name) ? Match::kParts : Match::kNone;
}

std::vector<std::string> nearest_names(std::string_view query_given, const std::vector<std::string>& names,
                                       size_t n_most) {
  if (query_given.size() > kMostQueryBytes) return {};
  const std::string query = lower_case(query_given);
  const size_t farthest = std::max<size_t>(2, query.size() / 3);
  std::vector<std::pair<size_t, std::string>> near;
  for (const std::string& name : names) {
    const size_t distance = distance_to_beginning(query, name);
    // A query of two letters is near to everything.
    if (distance <= farthest && distance < query.size()) near.emplace_back(distance, name);
  }
  std::sort(near.begin(), near.end());
  near.erase(std::unique(near.begin(), near.end()), near.end());
  std::vector<std::string> nearest;
  for (size_t index = 0; index < std::min(near.size(), n_most); ++index) nearest.push_back(near[index].second);
  return nearest;
}

}  // namespace ingot::core
