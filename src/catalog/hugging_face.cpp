#include "catalog/hugging_face.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <set>
#include <system_error>
#include <utility>

#include "base/utf8.h"
#include "catalog/folder_walk.h"
#include "catalog/gguf_folder.h"
#include "catalog/model_name.h"
#include "catalog/small_file.h"

namespace ingot::core {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kRepositoryPrefix = "models--";
constexpr size_t kMostRepositories = 5'000;
constexpr size_t kMostRevisions = 50;
constexpr int64_t kMaxRefBytes = 4096;
constexpr size_t kShownRevision = 7;

// The folders in folder, sorted. A folder that cannot be read gives a note.
std::vector<std::string> folders_in(const std::string& folder, size_t n_most, std::vector<std::string>& out_notes) {
  std::vector<std::string> names;
  std::error_code error;
  fs::directory_iterator next(folder, error);
  while (!error && next != fs::directory_iterator()) {
    std::error_code ignored;
    if (next->is_directory(ignored)) names.push_back(next->path().filename().string());
    if (names.size() > n_most) {
      out_notes.push_back(fmt::format("{}: only {} folders were looked at", printable(folder, 4096), n_most));
      break;
    }
    next.increment(error);
  }
  if (error && error != std::errc::no_such_file_or_directory) {
    out_notes.push_back(fmt::format("{}: {}", printable(folder, 4096), error.message()));
  }
  std::sort(names.begin(), names.end());
  return names;
}

// "models--ORG--NAME" is ORG/NAME.
std::string repository_name(std::string_view folder_name) {
  std::string name(folder_name.substr(kRepositoryPrefix.size()));
  for (size_t at = name.find("--"); at != std::string::npos; at = name.find("--", at + 1)) name.replace(at, 2, "/");
  return name;
}

// main's revision first, then newer folders before older ones.
std::vector<std::string> revisions_of(const std::string& repository, std::vector<std::string>& out_notes) {
  const std::string snapshots = repository + "/snapshots";
  std::string main = read_small_file(repository + "/refs/main", kMaxRefBytes).value_or("");
  while (!main.empty() && (main.back() == '\n' || main.back() == ' ')) main.pop_back();
  std::vector<std::pair<fs::file_time_type, std::string>> dated;
  for (std::string& revision : folders_in(snapshots, kMostRevisions, out_notes)) {
    std::error_code error;
    const auto time = fs::last_write_time(fmt::format("{}/{}", snapshots, revision), error);
    dated.emplace_back(error              ? fs::file_time_type::min()
                       : revision == main ? fs::file_time_type::max()
                                          : time,
                       std::move(revision));
  }
  std::sort(dated.rbegin(), dated.rend());
  std::vector<std::string> revisions;
  revisions.reserve(dated.size());
  for (auto& [time, revision] : dated) revisions.push_back(std::move(revision));
  return revisions;
}

void find_in_repository(const std::string& folder, const std::string& name, FoundModels& out_found) {
  std::set<std::string> contents;  // real paths: what two revisions share is one model
  std::set<std::string> names;
  for (const std::string& revision : revisions_of(folder, out_found.notes)) {
    Walk walk = walk_folder(fmt::format("{}/snapshots/{}", folder, revision), is_gguf_name);
    std::move(walk.notes.begin(), walk.notes.end(), std::back_inserter(out_found.notes));
    for (FoundModel& model : group_parts(walk.files, ModelOwner::kHuggingFace)) {
      if (!contents.insert(real_path(model.files.front())).second) continue;
      // A file called "model.gguf" has its folder's name, which here is a revision.
      if (folder_name_of(model.path) == revision) {
        model.name = name_of_file(file_name_of(model.path), std::string_view(name).substr(name.rfind('/') + 1));
      }
      model.name_there = name;
      if (!names.insert(model.name).second) {
        model.name += "@" + make_name(std::string_view(revision).substr(0, kShownRevision), "");
      }
      out_found.models.push_back(std::move(model));
    }
  }
}

}  // namespace

FoundModels find_in_hugging_face(const ModelPlace& place) {
  FoundModels found;
  for (const std::string& folder : folders_in(place.folder, kMostRepositories, found.notes)) {
    if (!folder.starts_with(kRepositoryPrefix)) continue;
    find_in_repository(fmt::format("{}/{}", place.folder, folder), repository_name(folder), found);
  }
  return found;
}

}  // namespace ingot::core
