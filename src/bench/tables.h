// Results as people and programs read them: a table in Markdown, JSON, JSON lines, CSV.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "bench/result.h"
#include "bench/verdict.h"

namespace ingot::core {

enum class TableFormat { kMarkdown, kJson, kJsonLines, kCsv };
Result<TableFormat> parse_table_format(std::string_view name);  // "md", "json", "jsonl", "csv"

std::string format_run(const BenchRun& run, TableFormat format);

// Aligned, for a terminal and for Markdown; what holds for every row stands above the table, not in it.
std::string markdown_of(const BenchRun& run);
// {"schema", "timestamp", "machine", "results": [...]}. A result has "tokens_per_second" where its work is tokens,
// "rate" with "unit" where it is something else, neither where the time is the result. worst5 is the 5th percentile of
// speed, ci95 the 95 % interval of the mean.
std::string json_of(const BenchRun& run);
// One result a line, each with schema, timestamp and machine.
std::string json_lines_of(const BenchRun& run);
// RFC 4180 with \n at the end of a line; one row a result, lists separated by ";".
std::string csv_of(const BenchRun& run);

// The verdict of each metric, what could not be compared, and a last line that sums it up.
std::string markdown_of(const ComparisonReport& report);
// {"schema", "overall", "regressions", "improvements", "verdicts": [...], "not_in_baseline", "not_measured"}
std::string json_of(const ComparisonReport& report);

}  // namespace ingot::core
