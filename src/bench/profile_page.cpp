#include "bench/profile_page.h"

#include <nlohmann/json.hpp>
#include <string_view>

#include "bench/web_page.h"

namespace ingot::core {
namespace {

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

}  // namespace

std::string profile_page(const nlohmann::ordered_json& profile) {
  const std::string script = std::string(kFigures) + std::string(kCharts);
  return web_page({.body = kBody, .style = kStyle, .script = script}, profile);
}

}  // namespace ingot::core
