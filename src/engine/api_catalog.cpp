// The public functions over catalog/catalog.h, with what only the list of architectures knows.
#include <utility>

#include "catalog/catalog.h"
#include "engine/api_errors.h"
#include "ingot/catalog.h"
#include "model/arch/registry.h"

namespace ingot {
namespace {

static_assert(static_cast<int>(ModelOwner::kModelsFolder) == static_cast<int>(core::ModelOwner::kModelsFolder));
static_assert(static_cast<int>(ModelOwner::kGpt4All) == static_cast<int>(core::ModelOwner::kGpt4All));

core::CatalogRequest to_request(const CatalogOptions& options) {
  return core::catalog_request(options.models, options.other_programs, core::process_variable);
}

ModelState state_of(core::FileKind kind) {
  if (kind == core::FileKind::kLanguageModel) return ModelState::kModel;
  return kind == core::FileKind::kOther ? ModelState::kOther : ModelState::kDamaged;
}

CatalogModel to_public(core::CatalogEntry entry) {
  CatalogModel model;
  model.name = std::move(entry.found.name);
  model.path = std::move(entry.found.path);
  model.files = std::move(entry.found.files);
  model.owner = static_cast<ModelOwner>(entry.found.owner);
  model.name_there = std::move(entry.found.name_there);
  model.state = state_of(entry.summary.kind);
  model.reason = std::move(entry.summary.reason);
  model.supported = model.state == ModelState::kModel && core::find_architecture(entry.summary.architecture) != nullptr;
  model.architecture = std::move(entry.summary.architecture);
  model.title = std::move(entry.summary.title);
  model.format = std::move(entry.summary.format);
  model.n_parameters = entry.summary.n_parameters;
  model.context = entry.summary.context;
  model.file_bytes = entry.bytes;
  return model;
}

core::CatalogEntry to_entry(const CatalogModel& model) {
  core::CatalogEntry entry;
  entry.found.name = model.name;
  entry.found.path = model.path;
  entry.found.files = model.files;
  entry.found.name_there = model.name_there;
  return entry;
}

// What is another program's must be known to be left alone.
CatalogOptions everywhere(CatalogOptions options) {
  options.other_programs = true;
  return options;
}

}  // namespace

const char* owner_name(ModelOwner owner) {
  return core::owner_name(static_cast<core::ModelOwner>(owner));
}

Expected<ModelList> list_models(const CatalogOptions& options) {
  return guarded([&]() -> Expected<ModelList> {
    core::Catalog catalog = core::list_catalog(to_request(options));
    ModelList list{.models = {}, .notes = std::move(catalog.notes), .folders = std::move(catalog.folders)};
    for (core::CatalogEntry& entry : catalog.entries) list.models.push_back(to_public(std::move(entry)));
    return list;
  });
}

Expected<CatalogModel> find_model(const std::string& query, const CatalogOptions& options) {
  return guarded([&]() -> Expected<CatalogModel> {
    auto entry = core::find_in_catalog(query, to_request(options), core::Wanted::kAnything);
    if (!entry) return to_public(std::move(entry).error());
    return to_public(std::move(*entry));
  });
}

Expected<std::string> find_model_path(const std::string& query, const CatalogOptions& options) {
  return guarded([&]() -> Expected<std::string> {
    if (core::is_path(query)) return query;
    auto entry = core::find_in_catalog(query, to_request(options), core::Wanted::kLanguageModels);
    if (!entry) return to_public(std::move(entry).error());
    return std::move(entry->found.path);
  });
}

Status check_removable(const CatalogModel& model, const CatalogOptions& options) {
  return guarded(
      [&]() -> Status { return to_public(core::check_removable(to_entry(model), to_request(everywhere(options)))); });
}

Status remove_model(const CatalogModel& model, const CatalogOptions& options) {
  return guarded(
      [&]() -> Status { return to_public(core::remove_model(to_entry(model), to_request(everywhere(options)))); });
}

}  // namespace ingot
