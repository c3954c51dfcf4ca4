#include "bench/benchmark_log.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <ctime>

#include "base/utf8.h"
#include "bench/text_file.h"

namespace ingot::core {
namespace {

constexpr std::string_view kHeading = "# Benchmark Results";
constexpr std::string_view kHowTo = R"(# Benchmark Results

Each entry is one measurement of a change. Measure before it and after it under the same title, and both stand together:

```
ingot bench MODEL --title "Name of the experiment" --change "Before"
ingot bench MODEL --title "Name of the experiment" --change "What was changed"
```

The quality hash is of the tokens that greedy decoding gives for a fixed prompt: the same hash, the same tokens. It
compares entries of one model, format, mode and kernels only. Where it differs, the KL divergence from reference
arithmetic tells another rounding (tiny) from a wrong result.

---
)";

constexpr size_t kShownTokens = 16;
constexpr size_t kMostTextBytes = 500;

std::string_view without_end(std::string_view line) {
  while (!line.empty() && (line.back() == '\r' || line.back() == ' ' || line.back() == '\t')) line.remove_suffix(1);
  return line;
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  return without_end(text);
}

struct Line {
  std::string_view text;  // without its end
  size_t first = 0;       // byte of the log
  size_t end = 0;         // after its newline
};

std::vector<Line> lines_of(std::string_view log) {
  std::vector<Line> lines;
  for (size_t first = 0; first < log.size();) {
    const size_t newline = log.find('\n', first);
    const size_t end = newline == std::string_view::npos ? log.size() : newline + 1;
    lines.push_back({without_end(log.substr(first, std::min(newline, log.size()) - first)), first, end});
    first = end;
  }
  return lines;
}

struct Section {
  std::string_view title;
  size_t end = 0;  // byte after the last of its text
};

// Titles are lines "## TITLE" outside of code blocks, which people paste into their notes.
std::vector<Section> sections_of(std::string_view log) {
  std::vector<Section> sections;
  bool in_code = false;
  for (const Line& line : lines_of(log)) {
    if (line.text.starts_with("```")) in_code = !in_code;
    if (!in_code && line.text.starts_with("## ")) sections.push_back({trimmed(line.text.substr(3)), line.end});
    if (!sections.empty() && !line.text.empty()) sections.back().end = line.end;
  }
  return sections;
}

// The first line that is not empty, without a byte order mark.
std::string_view first_line(std::string_view log) {
  if (log.starts_with("\xEF\xBB\xBF")) log.remove_prefix(3);
  for (const Line& line : lines_of(log)) {
    if (!line.text.empty()) return line.text;
  }
  return "";
}

Result<std::string> one_line(std::string_view text, std::string_view what) {
  const std::string_view line = trimmed(text);
  if (line.empty()) return invalid("the {} of a log entry is empty, expected some words", what);
  const bool has_control = std::any_of(line.begin(), line.end(), [](char letter) {
    return static_cast<unsigned char>(letter) < 0x20 || letter == 0x7F;
  });
  if (has_control || !is_utf8(line) || line.size() > kMostTextBytes) {
    return invalid("the {} of a log entry is '{}', expected one line of at most {} bytes of UTF-8", what,
                   printable(line), kMostTextBytes);
  }
  return std::string(line);
}

std::string time_text(int64_t timestamp) {
  const std::time_t time = timestamp;
  std::tm calendar{};
  localtime_r(&time, &calendar);
  return fmt::format("{:04}-{:02}-{:02} {:02}:{:02}:{:02}", calendar.tm_year + 1900, calendar.tm_mon + 1,
                     calendar.tm_mday, calendar.tm_hour, calendar.tm_min, calendar.tm_sec);
}

std::string cell(std::string_view text) {
  std::string escaped;
  for (const char letter : printable(text)) {
    if (letter == '|') escaped += '\\';
    escaped += letter;
  }
  return escaped.empty() ? "unknown" : escaped;
}

std::string measured(const std::optional<double>& value, const char* unit, int n_digits) {
  return value ? fmt::format("**{:.{}f} {}**", *value, n_digits, unit) : "not measured";
}

std::string entry_text(const LogEntry& entry, std::string_view change) {
  const auto row = [](std::string_view name, std::string_view value) {
    return fmt::format("| {} | {} |\n", name, value);
  };
  std::string text = fmt::format("### {} - {}\n\n", time_text(entry.timestamp), change);
  text += row("Metric", "Value") + "|--------|-------|\n";
  text += row("Model", cell(entry.model));
  text += row("Version", cell(entry.version));
  text += row("Layers", std::to_string(entry.n_layers));
  text += row("Embedding", std::to_string(entry.embedding));
  text += row("GPU", entry.gpu.empty() ? "none" : cell(entry.gpu));
  text += row("CPU", fmt::format("{}, {} threads", cell(entry.processor), entry.threads));
  text += row("Format", cell(entry.format));
  text += row("Mode", cell(entry.mode));
  text += row("Kernels", cell(entry.kernels));
  text += row("ingot", cell(entry.engine));
  text += row("**Load Time**", measured(entry.load_ms, "ms", 2));
  text += row("**Prefill**", measured(entry.prefill, "tok/s", 2));
  text += row("**Generation**", measured(entry.generation, "tok/s", 2));
  const bool has_tokens = !entry.quality_tokens.empty();
  text += row("Quality Hash", has_tokens ? fmt::format("`{:x}`", quality_hash(entry.quality_tokens)) : "not measured");
  text += row("KL Divergence", entry.kl_mean ? fmt::format("{:.3g}", *entry.kl_mean) : "not measured");
  if (has_tokens) {
    const std::span<const int32_t> shown(entry.quality_tokens.data(),
                                         std::min(kShownTokens, entry.quality_tokens.size()));
    text += fmt::format("\n<details>\n<summary>Quality tokens (first {})</summary>\n\n```\n[{}]\n```\n\n</details>\n",
                        kShownTokens, fmt::join(shown, ", "));
  }
  return text;
}

}  // namespace

uint64_t quality_hash(std::span<const int32_t> tokens) {
  uint64_t hash = 0;
  for (const int32_t token : tokens) hash = hash * 31 + static_cast<uint32_t>(token);
  return hash;
}

Result<std::string> append_log_entry(std::string_view existing, const LogEntry& entry, std::string_view file_name) {
  INGOT_ASSIGN(const std::string title, one_line(entry.title, "title"));
  INGOT_ASSIGN(const std::string change, one_line(entry.change, "change"));
  const std::string_view first = first_line(existing);
  if (!first.empty() && first != kHeading) {
    return invalid("{}: is no benchmark log: it begins with '{}', expected '{}'", printable(file_name, 4096),
                   printable(first), kHeading);
  }
  const std::string text = entry_text(entry, change);
  std::string log(first.empty() ? kHowTo : existing);
  // The last of that title, should a file hold several: time goes downwards.
  const std::vector<Section> sections = sections_of(log);
  const auto found =
      std::find_if(sections.rbegin(), sections.rend(), [&](const Section& section) { return section.title == title; });
  if (found != sections.rend()) {
    const std::string_view gap = log[found->end - 1] == '\n' ? "\n" : "\n\n";
    log.insert(found->end, fmt::format("{}{}", gap, text));
    return log;
  }
  while (!log.ends_with("\n\n")) log += '\n';
  return log + fmt::format("## {}\n\n{}", title, text);
}

Status append_to_log_file(const std::string& path, const LogEntry& entry) {
  return edit_text_file(path, [&](std::string_view existing) { return append_log_entry(existing, entry, path); });
}

}  // namespace ingot::core
