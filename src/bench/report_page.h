// A report of many runs as one web page (web_page.h): tables of what changed, and plots of every sample.
#pragma once

#include <string>

#include <nlohmann/json_fwd.hpp>

#include "bench/report.h"

namespace ingot::core {

// What the page draws: {"runs", "machines", "warnings", "in_common", "tests"}. Of a test: its "unit", in which its
// "points" have median, 95 % interval of the median, quartiles, extremes and samples, and in which "first" and
// "previous" have their change. Speeds where every run says how much work a sample was, else times.
nlohmann::ordered_json report_json(const Report& report);

std::string report_page(const Report& report);

}  // namespace ingot::core
