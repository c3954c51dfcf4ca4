#include "bench/web_page.h"

#include <nlohmann/json.hpp>

#include "base/check.h"

namespace ingot::core {
namespace {

constexpr std::string_view kStyle =
#include "bench/page/page_style.css.inc"
    ;
constexpr std::string_view kElements =
#include "bench/page/page_elements.js.inc"
    ;

// JSON in a script element ends at the first "</script", and "<!--" changes how it is read: as escapes of JSON these
// characters are data only. Everything beyond ASCII is escaped as well.
std::string data_text(const nlohmann::ordered_json& data) {
  const std::string json = data.dump(-1, ' ', /*ensure_ascii=*/true, nlohmann::ordered_json::error_handler_t::replace);
  std::string text;
  text.reserve(json.size());
  for (const char c : json) {
    switch (c) {
      case '<':
        text += "\\u003c";
        break;
      case '>':
        text += "\\u003e";
        break;
      case '&':
        text += "\\u0026";
        break;
      default:
        text += c;
    }
  }
  return text;
}

}  // namespace

std::string web_page(const PageParts& parts, const nlohmann::ordered_json& data) {
  std::string page;
  std::string_view rest = parts.body;
  const auto copy_up_to = [&](std::string_view place) {
    const size_t at = rest.find(place);
    INGOT_CHECK(at != std::string_view::npos, "a place of the page");
    page += rest.substr(0, at);
    rest.remove_prefix(at + place.size());
  };
  copy_up_to("@style@");
  page += kStyle;
  page += parts.style;
  copy_up_to("@data@");
  page += data_text(data);
  copy_up_to("@script@");
  page += kElements;
  page += parts.script;
  page += rest;
  return page;
}

}  // namespace ingot::core
