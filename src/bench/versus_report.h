// A comparison of two commands, to be read by people and by scripts.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "bench/versus.h"

namespace ingot::core {

// The commands, a table in Markdown with a row for each test, what each verdict rests on, and the notes. Without
// report.failure, which is the caller's to print as an error.
std::string versus_text(const VersusReport& report);

// {"schema", "ours": {"command", "source", "wall_ns", "peak_bytes"}, "theirs": {...}, "pairs", "interrupted",
//  "verdict", "metrics": [{"test", "unit", "better", "ratio", "ci95", "ratio_of_medians", "ratio_of_best", "verdict",
//  "statistics": [{"statistic", "ours", "theirs", "change_percent", "ci95_percent", "threshold_percent", "p_value",
//  "verdict", "note"}], "ours", "theirs" (a number for each pair)}], "notes", "error"}. Ratios are ours / theirs.
nlohmann::ordered_json versus_json(const VersusReport& report);

// The worst of the four statistics of a test.
Verdict verdict_of(const VersusReport& report, const VersusMetric& metric);

}  // namespace ingot::core
