#include "catalog/gguf_folder.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <map>
#include <utility>

#include "catalog/folder_walk.h"
#include "catalog/model_name.h"
#include "catalog/split_name.h"

namespace ingot::core {
namespace {

// llama.cpp's cache is one folder: the owner, the repository and the file, joined by underscores. Only the usual end
// of a repository's name tells where the file's begins.
std::string_view llama_cpp_file_name(std::string_view name) {
  const std::string lower = lower_case(name);
  const size_t end = lower.find("-gguf_");
  return end == std::string::npos ? name : name.substr(end + 6);
}

std::string name_of_path(const std::string& path, ModelOwner owner) {
  const std::string_view file = file_name_of(path);
  return owner == ModelOwner::kLlamaCpp ? name_of_file(llama_cpp_file_name(file), "")
                                        : name_of_file(file, folder_name_of(path));
}

FoundModel join_parts(const SplitName& split, const std::vector<std::pair<int64_t, std::string>>& parts,
                      ModelOwner owner) {
  FoundModel model;
  model.path = split_part_name(split, 1);
  model.name = name_of_path(model.path, owner);
  model.owner = owner;
  int64_t expected = 1;
  for (const auto& [part, path] : parts) {
    if (part != expected && model.fault.empty()) {
      model.fault = fmt::format("part {} of {} is missing", expected, split.n_parts);
    }
    expected = part + 1;
    model.files.push_back(path);
  }
  if (expected <= split.n_parts && model.fault.empty()) {
    model.fault = fmt::format("part {} of {} is missing", expected, split.n_parts);
  }
  return model;
}

}  // namespace

bool is_gguf_name(std::string_view name) {
  constexpr size_t kExtensionBytes = 5;
  return name.size() > kExtensionBytes && lower_case(name.substr(name.size() - kExtensionBytes)) == ".gguf";
}

bool is_there_or_linked(const std::string& path) {
  struct stat found {};
  return ::lstat(path.c_str(), &found) == 0;
}

std::string_view file_name_of(std::string_view path) {
  return path.substr(path.rfind('/') + 1);
}

std::string_view folder_name_of(std::string_view path) {
  const size_t slash = path.rfind('/');
  return slash == std::string_view::npos ? std::string_view() : file_name_of(path.substr(0, slash));
}

std::vector<FoundModel> group_parts(const std::vector<std::string>& paths, ModelOwner owner) {
  std::vector<FoundModel> models;
  // Stem and number of parts to the parts that there are, in order, since paths are.
  std::map<std::pair<std::string, int64_t>, std::vector<std::pair<int64_t, std::string>>> splits;
  for (const std::string& path : paths) {
    if (const auto split = parse_split_name(path)) {
      splits[{split->stem, split->n_parts}].emplace_back(split->part, path);
    } else {
      FoundModel& model = models.emplace_back();
      model.name = name_of_path(path, owner);
      model.path = path;
      model.files = {path};
      model.owner = owner;
    }
  }
  for (const auto& [key, parts] : splits) {
    models.push_back(join_parts({.stem = key.first, .n_parts = key.second}, parts, owner));
  }
  return models;
}

FoundModels find_in_folder(const ModelPlace& place, const std::vector<std::string>& others) {
  Walk walk = walk_folder(place.folder, is_gguf_name, others);
  return {.models = group_parts(walk.files, place.owner), .notes = std::move(walk.notes)};
}

}  // namespace ingot::core
