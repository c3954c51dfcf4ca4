// Answers of each family and what they say.
#pragma once

#include <string>
#include <vector>

#include "parsed_output.h"

namespace ingot::core {

struct Example {
  std::string title;
  std::string format;
  std::string answer;
  std::string text = {};
  std::string reasoning = {};
  std::vector<ParsedCall> calls = {};
  bool malformed = false;
};

inline void PrintTo(const Example& example, std::ostream* out) {
  *out << example.format << ", " << example.title;  // the test's name; the answer would be lines of it
}

// What models write when all is well.
const std::vector<Example>& well_formed_examples();
// What they write when it is not, or what only looks like markup.
const std::vector<Example>& other_examples();

}  // namespace ingot::core
