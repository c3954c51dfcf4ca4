// A table whose columns line up in a terminal and that is Markdown at the same time.
#pragma once

#include <string>
#include <vector>

namespace ingot::core {

enum class Align { kLeft, kRight };

class MarkdownTable {
 public:
  void add_column(std::string title, Align align);
  // As many cells as columns. Cells may hold anything: bars are escaped, and what a terminal would obey is shown.
  void add_row(std::vector<std::string> cells);
  // A column that is empty in every row is left out.
  std::string text() const;

 private:
  struct Column {
    std::string title;
    Align align;
  };
  std::vector<Column> columns_;
  std::vector<std::vector<std::string>> rows_;
};

}  // namespace ingot::core
