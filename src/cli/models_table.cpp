#include "cli/models_table.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>

#include "base/utf8.h"
#include "cli/terminal_text.h"
#include "engine/memory.h"

namespace ingot::cli {
namespace {

constexpr int kGap = 2;
constexpr size_t kMaxTextBytes = 60;  // of what a file says about itself

struct Column {
  const char* title;
  bool right;    // numbers
  int priority;  // the lowest goes first where the terminal is too narrow; names never go
  std::string (*text)(const CatalogModel& model);
};

std::string or_dash(const std::string& text) {
  return text.empty() ? "-" : core::printable(text, kMaxTextBytes);
}

constexpr std::array kColumns = {
    Column{"name", false, 9, [](const CatalogModel& model) { return model.name; }},
    Column{"size", true, 8, [](const CatalogModel& model) { return core::format_bytes(model.file_bytes); }},
    Column{"format", false, 6, [](const CatalogModel& model) { return or_dash(model.format); }},
    Column{"architecture", false, 5,
           [](const CatalogModel& model) { return or_dash(model.architecture) + (model.supported ? "" : "*"); }},
    Column{"parameters", true, 4, [](const CatalogModel& model) { return format_parameters(model.n_parameters); }},
    Column{"context", true, 3,
           [](const CatalogModel& model) { return model.context > 0 ? std::to_string(model.context) : "-"; }},
    Column{"from", false, 7, [](const CatalogModel& model) { return std::string(owner_name(model.owner)); }},
};
constexpr size_t kNameColumn = 0;

using Row = std::array<std::string, kColumns.size()>;

int total_width(const std::array<int, kColumns.size()>& widths) {
  int total = -kGap;
  for (const int width : widths) total += width > 0 ? width + kGap : 0;
  return total;
}

// Sets the widths of columns that have to go to 0, and narrows names.
void fit(std::array<int, kColumns.size()>& widths, int available) {
  constexpr int kLeastName = 12;
  std::array<size_t, kColumns.size()> order{};
  for (size_t column = 0; column < order.size(); ++column) order[column] = column;
  std::sort(order.begin(), order.end(),
            [](size_t left, size_t right) { return kColumns[left].priority < kColumns[right].priority; });
  for (const size_t column : order) {
    const int excess = total_width(widths) - available;
    if (excess <= 0) return;
    if (column != kNameColumn && widths[kNameColumn] - excess < kLeastName + kLeastName) widths[column] = 0;
  }
  const int excess = std::max(0, total_width(widths) - available);
  widths[kNameColumn] = std::max(kLeastName, widths[kNameColumn] - excess);
}

}  // namespace

std::string format_parameters(int64_t n_parameters) {
  if (n_parameters <= 0) return "-";
  const auto number = static_cast<double>(n_parameters);
  if (number >= 1e9) return fmt::format("{:.2f}B", number * 1e-9);
  if (number >= 1e6) return fmt::format("{:.1f}M", number * 1e-6);
  return fmt::format("{:.1f}K", number * 1e-3);
}

std::string models_table(const std::vector<CatalogModel>& models, int width) {
  std::vector<Row> rows(models.size() + 1);
  std::array<int, kColumns.size()> widths{};
  for (size_t column = 0; column < kColumns.size(); ++column) {
    rows[0][column] = kColumns[column].title;
    for (size_t index = 0; index < models.size(); ++index)
      rows[index + 1][column] = kColumns[column].text(models[index]);
    for (const Row& row : rows) widths[column] = std::max(widths[column], column_width(row[column]));
  }
  if (width > 0) fit(widths, width);
  std::string out;
  for (const Row& row : rows) {
    std::string line;
    for (size_t column = 0; column < kColumns.size(); ++column) {
      if (widths[column] == 0) continue;
      const std::string text = cut_to_columns(row[column], widths[column]);
      const std::string padding(static_cast<size_t>(std::max(0, widths[column] - column_width(text))), ' ');
      line += kColumns[column].right ? padding + text : text + padding;
      line += std::string(kGap, ' ');
    }
    out += line.substr(0, line.find_last_not_of(' ') + 1) + "\n";
  }
  return out;
}

}  // namespace ingot::cli
