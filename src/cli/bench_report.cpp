#include "cli/bench_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <iterator>
#include <memory>
#include <system_error>
#include <vector>

#include "bench/report.h"
#include "bench/report_page.h"
#include "bench/text_file.h"
#include "cli/exit_codes.h"
#include "cli/flags.h"
#include "cli/streams.h"

namespace ingot::cli {
namespace {

constexpr const char* kBenchReportExamples = R"(Examples:
  ingot bench model.gguf --save-baseline=monday.json        ... and on other days ...
  ingot bench report monday.json tuesday.json friday.json --output report.html
  ingot bench model.gguf --format jsonl >> history.jsonl    every run of it is one of the report
  ingot bench report history.jsonl > report.html

Runs stand in the order of their times. The latest is compared with the first and with the previous one; what was
measured on other hardware is shown, but not compared. A model's file named report is ./report for ingot bench.)";

struct ReportFlags {
  std::vector<std::string> files;
  std::string output;
  std::string thresholds;
};

bool is_among(const std::string& path, const std::vector<std::string>& files) {
  return std::any_of(files.begin(), files.end(), [&](const std::string& file) {
    std::error_code error;
    return std::filesystem::equivalent(path, file, error);
  });
}

int report(const ReportFlags& flags) {
  const auto thresholds = flags.thresholds.empty() ? core::Thresholds{} : core::parse_thresholds(flags.thresholds);
  if (!thresholds) {
    report_error(thresholds.error().message);
    return kWrongUsage;
  }
  if (flags.output.empty() && stdout_is_terminal()) {
    report_error("a page is nothing for a terminal: give --output FILE.html, or send standard output somewhere");
    return kWrongUsage;
  }
  if (is_among(flags.output, flags.files)) {
    report_error(fmt::format("--output {} is one of the files to report on", flags.output));
    return kWrongUsage;
  }
  std::vector<core::ReportRun> runs;
  for (const std::string& file : flags.files) {
    auto read = core::read_report_file(file);
    if (!read) return report_error(read.error().message);
    runs.insert(runs.end(), std::make_move_iterator(read->begin()), std::make_move_iterator(read->end()));
  }
  const core::Report report = core::make_report(std::move(runs), *thresholds);
  for (const std::string& warning : core::hardware_warnings(report)) say(warning);
  const std::string page = core::report_page(report);
  if (flags.output.empty()) return write_result(page);
  if (const auto status = core::replace_text_file(flags.output, page); !status) {
    return report_error(status.error().message);
  }
  return kDone;
}

}  // namespace

Command add_bench_report(CommandLine bench) {
  auto flags = std::make_shared<ReportFlags>();
  CommandLine command = bench.add_command("report", "History and comparison of stored results, as a page");
  command.add_argument("FILE", flags->files, "Baselines, or what --json or --format jsonl printed; one or more")
      .required();
  command.add_optional("--output", flags->output, "The page; without it standard output");
  command.add_optional("--thresholds", flags->thresholds,
                       "Change for the worse that is allowed, in per cent: mean=10,median=10,p95=15,p99=20 without it");
  command.footer(kBenchReportExamples);
  return {command, [flags] { return report(*flags); }};
}

}  // namespace ingot::cli
