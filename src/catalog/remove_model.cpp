// A model is removed by moving its files into a hidden folder beside them, which either works for all of them or is
// undone, and only then deleting them: no half of a split model stays behind.
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <string>
#include <vector>

#include "base/temporary_file.h"
#include "base/utf8.h"
#include "catalog/catalog.h"
#include "catalog/gguf_folder.h"

namespace ingot::core {
namespace {

constexpr size_t kMaxPathBytes = 4096;

std::string shown(const std::string& path) {
  return printable(path, kMaxPathBytes);
}

bool is_folder(const std::string& path) {
  struct stat found {};
  return ::lstat(path.c_str(), &found) == 0 && S_ISDIR(found.st_mode);
}

struct Move {
  std::string from;
  std::string to;
};

// In a folder of its own beside each file, since a rename does not leave a file system.
class Removal {
 public:
  ~Removal() { clear_folders(); }
  Removal() = default;
  Removal(const Removal&) = delete;
  Removal& operator=(const Removal&) = delete;

  Status take(const std::string& path) {
    const std::string parent = folder_of(path);
    if (folders_.empty() || folder_of(folders_.back()) != parent) {
      std::string name = parent + "/.removed-XXXXXX";
      if (::mkdtemp(name.data()) == nullptr) return failed(path, errno);
      folders_.push_back(name);
    }
    const Move move = {path, fmt::format("{}/{}", folders_.back(), file_name_of(path))};
    if (::rename(move.from.c_str(), move.to.c_str()) != 0) return failed(path, errno);
    moves_.push_back(move);
    return {};
  }

  // Back to where they were. A file that does not go back keeps its bytes in the hidden folder.
  void undo() {
    for (const Move& move : moves_) ::rename(move.to.c_str(), move.from.c_str());
    moves_.clear();
  }

  Status finish() {
    Status status;
    for (const Move& move : moves_) {
      if (::unlink(move.to.c_str()) != 0 && status) status = failed(move.to, errno);
    }
    moves_.clear();
    return status;
  }

 private:
  static Status failed(const std::string& path, int reason) {
    return fail(ErrorKind::kIo, "cannot remove {}: {}", shown(path), std::strerror(reason));
  }

  void clear_folders() {
    for (const std::string& folder : folders_) ::rmdir(folder.c_str());
  }

  std::vector<std::string> folders_;
  std::vector<Move> moves_;
};

}  // namespace

// A link is removed as a link, so where it leads does not count, but where its folder does.
Status check_removable(const CatalogEntry& entry, const CatalogRequest& request) {
  if (entry.found.files.empty()) return invalid("{} has no files", shown(entry.found.name));
  for (const std::string& path : entry.found.files) {
    if (is_folder(path)) return invalid("{} is a folder, expected a file", shown(path));
    if (!is_there_or_linked(path)) {
      return invalid("there is no file {}; the name of a model in the folder of models has no .gguf", shown(path));
    }
    const std::string folder = real_path(folder_of(path));
    bool ours = false;
    for (const ModelPlace& place : request.places) {
      if (!is_inside(folder, real_path(place.folder))) continue;
      if (place.owner == ModelOwner::kModelsFolder) {
        ours = true;
        continue;
      }
      // A folder of models within another program's, or around it, changes nothing about whose the file is.
      return fail(ErrorKind::kUnsupported, "{} belongs to {}, which removes it by: {}", shown(entry.found.name),
                  owner_name(place.owner),
                  printable(how_owner_removes(place.owner, entry.found.name_there), kMaxPathBytes));
    }
    if (!ours) {
      return fail(ErrorKind::kUnsupported, "{} does not lie in the folder of models: remove it with rm", shown(path));
    }
  }
  return {};
}

Status remove_model(const CatalogEntry& entry, const CatalogRequest& request) {
  INGOT_TRY(check_removable(entry, request));
  Removal removal;
  for (const std::string& path : entry.found.files) {
    if (Status taken = removal.take(path); !taken) {
      removal.undo();
      return taken;
    }
  }
  return removal.finish();
}

}  // namespace ingot::core
