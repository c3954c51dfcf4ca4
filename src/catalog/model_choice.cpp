#include "catalog/model_choice.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <functional>
#include <utility>

#include "base/utf8.h"
#include "catalog/model_name.h"

namespace ingot::core {
namespace {

constexpr size_t kMostNamed = 8;

// Takes away what the rule does not like, unless that is everything.
void prefer(std::vector<CatalogEntry>& candidates, const std::function<bool(const CatalogEntry&)>& rule) {
  if (std::any_of(candidates.begin(), candidates.end(), rule)) {
    std::erase_if(candidates, [&rule](const CatalogEntry& entry) { return !rule(entry); });
  }
}

bool is_same_model(const CatalogEntry& left, const CatalogEntry& right) {
  return left.found.name == right.found.name && left.bytes == right.bytes && left.summary == right.summary;
}

// What one types to mean this one: its name, or its path where another has the same name.
std::string what_to_type(const CatalogEntry& entry, const std::vector<CatalogEntry>& candidates) {
  const auto n_alike = std::count_if(candidates.begin(), candidates.end(),
                                     [&](const CatalogEntry& other) { return other.found.name == entry.found.name; });
  return n_alike > 1 ? printable(entry.found.path, 4096) : entry.found.name;
}

std::string listed(const std::vector<std::string>& names) {
  std::string text;
  for (size_t index = 0; index < std::min(names.size(), kMostNamed); ++index) {
    text += (index == 0 ? "" : ", ") + names[index];
  }
  if (names.size() > kMostNamed) text += fmt::format(" and {} more (ingot models list)", names.size() - kMostNamed);
  return text;
}

}  // namespace

std::vector<FoundModel> best_matches(const std::string& query, const std::vector<FoundModel>& models) {
  std::vector<FoundModel> best;
  Match best_match = Match::kParts;
  const bool revisions = query.find('@') != std::string::npos;
  for (const FoundModel& model : models) {
    if (!revisions && model.name.find('@') != std::string::npos) continue;
    Match match = match_name(query, model.name);
    if (match == Match::kBase) match = Match::kPrefix;
    if (match < best_match) continue;
    if (match > best_match) best.clear();
    best_match = match;
    best.push_back(model);
  }
  return best;
}

Result<CatalogEntry> choose(const std::string& query, std::vector<CatalogEntry> candidates, Wanted wanted) {
  if (wanted == Wanted::kLanguageModels) {
    prefer(candidates, [](const CatalogEntry& entry) { return entry.summary.kind == FileKind::kLanguageModel; });
  }
  prefer(candidates, [](const CatalogEntry& entry) { return entry.found.owner == ModelOwner::kModelsFolder; });
  prefer(candidates, [&](const CatalogEntry& entry) { return match_name(query, entry.found.name) >= Match::kBase; });
  prefer(candidates, [&](const CatalogEntry& entry) {
    return match_name(query, entry.found.name) == Match::kBase && entry.found.name.ends_with(":latest");
  });
  // The same file fetched by two programs is one choice.
  for (size_t index = 0; index < candidates.size(); ++index) {
    const auto alike = [&, index](const CatalogEntry& other) { return is_same_model(candidates[index], other); };
    candidates.erase(
        std::remove_if(candidates.begin() + static_cast<std::ptrdiff_t>(index) + 1, candidates.end(), alike),
        candidates.end());
  }
  if (candidates.size() == 1) return std::move(candidates.front());
  std::vector<std::string> to_type;
  to_type.reserve(candidates.size());
  for (const CatalogEntry& entry : candidates) to_type.push_back(what_to_type(entry, candidates));
  return invalid("{} may mean {} models: type {}", printable(query), candidates.size(), listed(to_type));
}

Error no_match(const std::string& query, const FoundModels& found, const std::vector<ModelPlace>& places) {
  std::vector<std::string> names;
  names.reserve(found.models.size());
  for (const FoundModel& model : found.models) names.push_back(model.name);
  constexpr size_t kMostNearest = 3;
  const std::vector<std::string> nearest = nearest_names(query, names, kMostNearest);
  std::vector<std::string> looked_in;
  bool others = false;
  for (const ModelPlace& place : places) {
    const bool ours = place.owner == ModelOwner::kModelsFolder;
    if (ours) looked_in.push_back(printable(place.folder, 4096));
    others = others || !ours;
  }
  if (others) looked_in.emplace_back("the folders of LM Studio, Ollama, Hugging Face, llama.cpp, Jan and GPT4All");
  const std::string message = fmt::format(
      "no file and no model is called {}{}; looked in {} (ingot models list shows what is there)", printable(query),
      nearest.empty() ? "" : fmt::format(", did you mean {}?", listed(nearest)), fmt::join(looked_in, " and in "));
  return {ErrorKind::kInvalidInput, message};
}

}  // namespace ingot::core
