// Which models there are on this machine, and which of them a name means.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "catalog/file_summary.h"
#include "catalog/found_model.h"
#include "catalog/places.h"
#include "catalog/summary_cache.h"

namespace ingot::core {

struct CatalogRequest {
  std::vector<ModelPlace> places;  // as model_places() gives them
  std::string cache_path;          // of the summaries; empty: every header is read
};
// models_folder: empty for the default one. Other programs' folders only where they are asked for.
CatalogRequest catalog_request(const std::string& models_folder, bool other_programs, const Environment& environment);

struct CatalogEntry {
  FoundModel found;
  FileSummary summary;
  int64_t bytes = 0;  // of all its files
};

struct Catalog {
  std::vector<CatalogEntry> entries;  // the folder of models first; each place in the order of names
  std::vector<std::string> notes;     // what was not looked at, and why; fit for a terminal
  std::vector<std::string> folders;   // that were looked at and are there
};

Catalog list_catalog(const CatalogRequest& request);

enum class Wanted {
  kLanguageModels,  // a damaged file, or one of something else, is an error that says so
  kAnything,
};

// The model that the query names: text with a slash or ending in .gguf is a path, and so is whatever is there by that
// name; else see match_name(). Of several that match as well as each other, the ones in the folder of models, then the
// one whose name but for the tag was given, then Ollama's "latest". Errors: none, with the names that look like it and
// where they were looked for; several, with what to type; one that is no language model, with the reason.
Result<CatalogEntry> find_in_catalog(const std::string& query, const CatalogRequest& request, Wanted wanted);

// Errors: what is not in the folder of models, or belongs to another program (with how that one removes it).
Status check_removable(const CatalogEntry& entry, const CatalogRequest& request);
// Every file of the model, or none of them. Errors: those of check_removable(); the system's.
Status remove_model(const CatalogEntry& entry, const CatalogRequest& request);

// Text with a slash or ending in .gguf, and whatever is there by that name, is a path.
bool is_path(const std::string& query);

}  // namespace ingot::core
