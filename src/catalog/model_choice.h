// Which of several models a query means, and what to say where none or more than one is meant.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "catalog/catalog.h"

namespace ingot::core {

// Every model that may be meant: those that match as well as the best one, a name and its beginning counting alike.
// Older revisions are meant only by a query with an "@".
std::vector<FoundModel> best_matches(const std::string& query, const std::vector<FoundModel>& models);

// One of the candidates, by the rules of find_in_catalog(). Precondition: there is one. Errors: several are left.
Result<CatalogEntry> choose(const std::string& query, std::vector<CatalogEntry> candidates, Wanted wanted);

Error no_match(const std::string& query, const FoundModels& found, const std::vector<ModelPlace>& places);

}  // namespace ingot::core
