#include "bench/profile_page.h"

#include <nlohmann/json.hpp>
#include <string_view>

#include "base/check.h"

namespace ingot::core {
namespace {

// The page has places for three texts: @style@, @data@ and @script@. The script draws everything from the data.
constexpr std::string_view kBody =
#include "bench/page/profile_body.html.inc"
    ;
constexpr std::string_view kStyle =
#include "bench/page/profile_style.css.inc"
    ;
constexpr std::string_view kFigures =
#include "bench/page/profile_figures.js.inc"
    ;
constexpr std::string_view kCharts =
#include "bench/page/profile_charts.js.inc"
    ;

// JSON in a script element ends at the first "</script", and "<!--" changes how it is read: as escapes of JSON these
// characters are data only. Everything beyond ASCII is escaped as well.
std::string data_text(const nlohmann::ordered_json& profile) {
  const std::string json = profile.dump(-1, ' ', /*ensure_ascii=*/true, nlohmann::json::error_handler_t::replace);
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

std::string profile_page(const nlohmann::ordered_json& profile) {
  std::string page;
  std::string_view rest = kBody;
  const auto copy_up_to = [&](std::string_view place) {
    const size_t at = rest.find(place);
    INGOT_CHECK(at != std::string_view::npos, "a place of the page");
    page += rest.substr(0, at);
    rest.remove_prefix(at + place.size());
  };
  copy_up_to("@style@");
  page += kStyle;
  copy_up_to("@data@");
  page += data_text(profile);
  copy_up_to("@script@");
  page += kFigures;
  page += kCharts;
  page += rest;
  return page;
}

}  // namespace ingot::core
