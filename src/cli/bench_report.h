// ingot bench report: stored results as a page for a browser.
#pragma once

#include "cli/commands.h"

namespace ingot::cli {

// Below the command bench.
Command add_bench_report(CommandLine bench);

}  // namespace ingot::cli
