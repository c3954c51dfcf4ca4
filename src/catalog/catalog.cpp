#include "catalog/catalog.h"

#include <sys/stat.h>

#include <algorithm>
#include <optional>
#include <set>
#include <tuple>
#include <utility>

#include "base/utf8.h"
#include "catalog/gguf_folder.h"
#include "catalog/hugging_face.h"
#include "catalog/model_choice.h"
#include "catalog/model_name.h"
#include "catalog/ollama.h"
#include "catalog/split_name.h"

namespace ingot::core {
namespace {

// Headers of so many are read; beyond, a note.
constexpr size_t kMostModels = 3'000;

bool is_folder(const std::string& path) {
  struct stat found {};
  return ::stat(path.c_str(), &found) == 0 && S_ISDIR(found.st_mode);
}

FoundModels find_in_place(const ModelPlace& place, const std::vector<std::string>& others) {
  if (place.owner == ModelOwner::kOllama) return find_in_ollama(place);
  if (place.owner == ModelOwner::kHuggingFace) return find_in_hugging_face(place);
  return find_in_folder(place, others);
}

// All models of all places, by their names alone.
FoundModels find_everywhere(const std::vector<ModelPlace>& places) {
  FoundModels all;
  std::set<std::string> real_files;  // one file in two places, by a link, is the first one's
  for (const ModelPlace& place : places) {
    std::vector<std::string> others;
    for (const ModelPlace& other : places) {
      if (&other != &place) others.push_back(real_path(other.folder));
    }
    FoundModels here = find_in_place(place, others);
    std::sort(here.models.begin(), here.models.end(), [](const FoundModel& left, const FoundModel& right) {
      return std::tie(left.name, left.path) < std::tie(right.name, right.path);
    });
    // Two names of one file are two models where Ollama gives them, or who made a link in the folder of models.
    std::set<std::string> files_here;
    for (FoundModel& model : here.models) {
      if (place.owner != ModelOwner::kOllama && !model.files.empty()) {
        const std::string file = real_path(model.files.front());
        const bool is_new = files_here.insert(file).second;
        if (real_files.contains(file) || (!is_new && place.owner != ModelOwner::kModelsFolder)) continue;
      }
      all.models.push_back(std::move(model));
    }
    real_files.merge(files_here);
    std::move(here.notes.begin(), here.notes.end(), std::back_inserter(all.notes));
  }
  return all;
}

// Empty for a model whose files vanished since they were found.
std::optional<CatalogEntry> describe(FoundModel found, SummaryCache& cache) {
  CatalogEntry entry;
  std::vector<FileStamp> stamps;
  for (const std::string& path : found.files) {
    const auto stamp = stamp_of(path);
    if (!stamp && found.fault.empty()) {
      if (!is_there_or_linked(path)) return std::nullopt;
      continue;
    }
    if (!stamp) continue;
    entry.bytes += stamp->bytes;
    stamps.push_back(*stamp);
  }
  if (!found.fault.empty()) {
    entry.summary.reason = found.fault;
  } else if (const FileSummary* known = cache.find(found.path, stamps)) {
    entry.summary = *known;
  } else {
    entry.summary = summarise_file(found.path);
    if (entry.summary.kind == FileKind::kDamaged && !is_there_or_linked(found.path)) return std::nullopt;
    // Only if the files are still those that were read.
    std::vector<FileStamp> after;
    for (const std::string& path : found.files) {
      if (const auto stamp = stamp_of(path)) after.push_back(*stamp);
    }
    if (after == stamps && stamps.size() == found.files.size()) cache.keep(found.path, stamps, entry.summary);
  }
  entry.found = std::move(found);
  return entry;
}

CatalogEntry describe_path(const std::string& path, SummaryCache& cache) {
  std::vector<std::string> paths = {path};
  if (const auto split = parse_split_name(path); split && split->part == 1) {
    for (int64_t part = 2; part <= split->n_parts; ++part) {
      const std::string other = split_part_name(*split, part);
      if (!is_there_or_linked(other)) break;
      paths.push_back(other);
    }
  }
  FoundModel found = group_parts(paths, ModelOwner::kModelsFolder).front();
  auto entry = describe(found, cache);
  if (entry) return std::move(*entry);
  CatalogEntry absent;
  absent.found = std::move(found);
  absent.summary.reason = "there is no such file";
  return absent;
}

Error wrong_kind(const CatalogEntry& entry, const std::string& query) {
  const bool damaged = entry.summary.kind == FileKind::kDamaged;
  return {damaged ? ErrorKind::kInvalidInput : ErrorKind::kUnsupported,
          fmt::format("{} is {}, which {}: {}", printable(query), printable(entry.found.path, 4096),
                      damaged ? "cannot be read" : "is no language model", printable(entry.summary.reason, 1000))};
}

}  // namespace

CatalogRequest catalog_request(const std::string& models_folder, bool other_programs, const Environment& environment) {
  CatalogRequest request;
  const std::string folder = models_folder.empty() ? default_models_folder(environment) : models_folder;
  request.places = model_places(folder, environment);
  if (!other_programs) {
    std::erase_if(request.places, [](const ModelPlace& place) { return place.owner != ModelOwner::kModelsFolder; });
  }
  const std::string cache = ingot_cache_folder(environment);
  if (!cache.empty()) request.cache_path = cache + "/model_summaries.json";
  return request;
}

Catalog list_catalog(const CatalogRequest& request) {
  Catalog catalog;
  FoundModels found = find_everywhere(request.places);
  catalog.notes = std::move(found.notes);
  if (found.models.size() > kMostModels) {
    catalog.notes.push_back(fmt::format("of {} models only the first {} are listed", found.models.size(), kMostModels));
    found.models.resize(kMostModels);
  }
  SummaryCache cache = SummaryCache::open(request.cache_path);
  for (FoundModel& model : found.models) {
    if (auto entry = describe(std::move(model), cache)) catalog.entries.push_back(std::move(*entry));
  }
  cache.store();
  for (const ModelPlace& place : request.places) {
    if (is_folder(place.folder)) catalog.folders.push_back(place.folder);
  }
  return catalog;
}

bool is_path(const std::string& query) {
  return query.find('/') != std::string::npos || is_gguf_name(query) || (!query.empty() && is_there_or_linked(query));
}

Result<CatalogEntry> find_in_catalog(const std::string& query, const CatalogRequest& request, Wanted wanted) {
  SummaryCache cache = SummaryCache::open(request.cache_path);
  if (is_path(query)) {
    CatalogEntry entry = describe_path(query, cache);
    if (wanted == Wanted::kLanguageModels && entry.summary.kind != FileKind::kLanguageModel) {
      return tl::unexpected(wrong_kind(entry, query));
    }
    return entry;
  }
  const FoundModels found = find_everywhere(request.places);
  std::vector<CatalogEntry> candidates;
  for (const FoundModel& model : best_matches(query, found.models)) {
    if (auto entry = describe(model, cache)) candidates.push_back(std::move(*entry));
  }
  cache.store();
  if (candidates.empty()) return tl::unexpected(no_match(query, found, request.places));
  INGOT_ASSIGN(CatalogEntry chosen, choose(query, std::move(candidates), wanted));
  if (wanted == Wanted::kLanguageModels && chosen.summary.kind != FileKind::kLanguageModel) {
    return tl::unexpected(wrong_kind(chosen, query));
  }
  return chosen;
}

}  // namespace ingot::core
