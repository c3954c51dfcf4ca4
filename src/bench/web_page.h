// Web pages that need nothing else: no network, no server, no library. They open from a file, in light and dark, on a
// telephone and on paper.
#pragma once

#include <string>
#include <string_view>

#include <nlohmann/json_fwd.hpp>

namespace ingot::core {

struct PageParts {
  std::string_view body;    // the whole document, with the places @style@, @data@ and @script@ in this order
  std::string_view style;   // after page_style.css.inc
  std::string_view script;  // after page_elements.js.inc; draws everything from the data
};

// Texts in data cannot become markup, whatever they are.
std::string web_page(const PageParts& parts, const nlohmann::ordered_json& data);

}  // namespace ingot::core
