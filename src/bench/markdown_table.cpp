#include "bench/markdown_table.h"

#include <algorithm>
#include <cstddef>
#include <string_view>
#include <utility>

#include "base/check.h"
#include "base/utf8.h"

namespace ingot::core {
namespace {

std::string escaped(std::string_view cell) {
  std::string result;
  for (const char letter : printable(cell, 1000)) {
    if (letter == '|') result += '\\';
    result += letter;
  }
  return result;
}

// Characters, not bytes; continuation bytes of UTF-8 take no room.
size_t width(std::string_view text) {
  return static_cast<size_t>(std::count_if(
      text.begin(), text.end(), [](char byte) { return (static_cast<unsigned char>(byte) & 0xC0) != 0x80; }));
}

std::string padded(std::string text, size_t n_characters, Align align) {
  const std::string space(n_characters - std::min(n_characters, width(text)), ' ');
  return align == Align::kLeft ? std::move(text) + space : space + std::move(text);
}

}  // namespace

void MarkdownTable::add_column(std::string title, Align align) {
  columns_.push_back({std::move(title), align});
}

void MarkdownTable::add_row(std::vector<std::string> cells) {
  INGOT_CHECK(cells.size() == columns_.size(), "a row has a cell for every column");
  for (std::string& cell : cells) cell = escaped(cell);
  rows_.push_back(std::move(cells));
}

std::string MarkdownTable::text() const {
  std::string head = "|";
  std::string rule = "|";
  std::vector<std::string> lines(rows_.size(), "|");
  for (size_t column = 0; column < columns_.size(); ++column) {
    const auto& [title, align] = columns_[column];
    size_t widest = 0;
    for (const auto& row : rows_) widest = std::max(widest, width(row[column]));
    if (widest == 0) continue;
    widest = std::max(widest, width(title));
    head += " " + padded(title, widest, align) + " |";
    rule += align == Align::kLeft ? std::string(widest + 2, '-') + "|" : std::string(widest + 1, '-') + ":|";
    for (size_t row = 0; row < rows_.size(); ++row)
      lines[row] += " " + padded(rows_[row][column], widest, align) + " |";
  }
  if (head == "|") return "";
  std::string result = head + "\n" + rule + "\n";
  for (const std::string& line : lines) result += line + "\n";
  return result;
}

}  // namespace ingot::core
