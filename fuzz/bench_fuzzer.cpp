// What benchmarks read: a file of baselines, thresholds, and a log to which an entry is added. A baseline that was read
// is written, read again and compared with itself.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.h"
#include "bench/baseline.h"
#include "bench/benchmark_log.h"
#include "bench/number_list.h"
#include "bench/report.h"
#include "bench/tables.h"

using namespace ingot::core;

namespace {

template <typename T>
bool is_read(const Result<T>& result) {
  INGOT_CHECK(result || result.error().message.find('\n') == std::string::npos, "an error is one line");
  return result.has_value();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t n_bytes) {
  const std::string_view text(reinterpret_cast<const char*>(data), n_bytes);
  is_read(parse_thresholds(text));
  is_read(parse_number_list(text, 0, 1 << 20));
  is_read(parse_pair_list(text, 0, 1 << 20));
  is_read(parse_report_file(text, "report.json"));
  const auto log = append_log_entry(text, {.title = "A", .change = "b"}, "log.md");
  if (is_read(log)) {
    const auto again = append_log_entry(*log, {.title = "A", .change = "c"}, "log.md");
    INGOT_CHECK(again && log->size() < again->size(), "a log that was written can be added to");
  }
  const auto baseline = parse_baseline(text, "baseline.json");
  if (!is_read(baseline)) return 0;
  const auto again = parse_baseline(baseline_json(*baseline), "baseline.json");
  INGOT_CHECK(again && again->entries.size() == baseline->entries.size(), "a baseline that was written can be read");
  const ComparisonReport report = compare_baselines(*baseline, *again, {});
  INGOT_CHECK(!has_regression(report), "nothing is slower than itself");
  INGOT_CHECK(!markdown_of(report).empty() && !json_of(report).empty(), "a report can be printed");
  return 0;
}
