// Models as a table that fits its terminal.
#pragma once

#include <string>
#include <vector>

#include "ingot/catalog.h"

namespace ingot::cli {

// A line for each model, under a line of titles. width in columns, 0 for no limit: where it is too narrow, columns that
// say less go first, then the ends of names.
std::string models_table(const std::vector<CatalogModel>& models, int width);

// "134.5M", "1.24B", "-" for 0.
std::string format_parameters(int64_t n_parameters);

}  // namespace ingot::cli
