#include "catalog/folder_walk.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <set>
#include <system_error>
#include <utility>

#include "base/utf8.h"
#include "catalog/places.h"

namespace ingot::core {
namespace {

namespace fs = std::filesystem;

constexpr size_t kMaxPathBytes = 4096;

struct Folder {
  std::string path;
  int depth = 0;
};

class Walker {
 public:
  Walker(const std::function<bool(std::string_view)>& wanted, const std::vector<std::string>& others,
         const WalkBounds& bounds)
      : wanted_(wanted), others_(others), bounds_(bounds) {}

  Walk walk(const std::string& root) {
    std::vector<Folder> to_do = {{root, 0}};
    while (!to_do.empty() && !full_) {
      const Folder folder = std::move(to_do.back());
      to_do.pop_back();
      if (!enter(folder)) continue;
      std::vector<Folder> below = read(folder);
      // The last one is taken first.
      std::move(below.rbegin(), below.rend(), std::back_inserter(to_do));
    }
    if (full_) {
      walk_.notes.push_back(fmt::format("{}: only the first {} entries and {} files were looked at",
                                        printable(root, kMaxPathBytes), bounds_.max_entries, bounds_.max_files));
    }
    return std::move(walk_);
  }

 private:
  // False for what is no folder, was entered already, or belongs to others.
  bool enter(const Folder& folder) {
    struct stat found {};
    if (::stat(folder.path.c_str(), &found) != 0) {
      // What is not there is empty; what lies behind a closed door is said.
      if (errno == EACCES)
        walk_.notes.push_back(fmt::format("{}: {}", printable(folder.path, kMaxPathBytes), std::strerror(EACCES)));
      return false;
    }
    if (!S_ISDIR(found.st_mode)) return false;
    if (!entered_.emplace(found.st_dev, found.st_ino).second) return false;
    return others_.empty() || std::find(others_.begin(), others_.end(), real_path(folder.path)) == others_.end();
  }

  // Takes the folder's files, and gives its folders.
  std::vector<Folder> read(const Folder& folder) {
    std::vector<fs::directory_entry> entries;
    std::error_code error;
    fs::directory_iterator next(folder.path, error);
    while (!error && next != fs::directory_iterator()) {
      if (++n_entries_ > bounds_.max_entries) break;
      entries.push_back(*next);
      next.increment(error);
    }
    if (error && error != std::errc::no_such_file_or_directory) {
      walk_.notes.push_back(fmt::format("{}: {}", printable(folder.path, kMaxPathBytes), error.message()));
    }
    std::sort(entries.begin(), entries.end());
    std::vector<Folder> below;
    for (const fs::directory_entry& entry : entries) take(entry, folder.depth, below);
    full_ = full_ || n_entries_ > bounds_.max_entries;
    return below;
  }

  void take(const fs::directory_entry& entry, int depth, std::vector<Folder>& out_below) {
    const std::string name = entry.path().filename().string();
    if (full_ || name.starts_with('.')) return;
    std::error_code error;
    if (entry.is_directory(error)) {
      if (depth < bounds_.max_depth) {
        out_below.push_back({entry.path().string(), depth + 1});
      } else {
        walk_.notes.push_back(fmt::format("{}: lies more than {} folders deep",
                                          printable(entry.path().string(), kMaxPathBytes), bounds_.max_depth));
        full_ = walk_.notes.size() > kMostNotes;
      }
      return;
    }
    if (!wanted_(name)) return;
    if (static_cast<int64_t>(walk_.files.size()) >= bounds_.max_files) {
      full_ = true;
      return;
    }
    walk_.files.push_back(entry.path().string());
  }

  static constexpr size_t kMostNotes = 20;

  const std::function<bool(std::string_view)>& wanted_;
  const std::vector<std::string>& others_;
  WalkBounds bounds_;
  Walk walk_;
  std::set<std::pair<dev_t, ino_t>> entered_;
  int64_t n_entries_ = 0;
  bool full_ = false;
};

}  // namespace

Walk walk_folder(const std::string& folder, const std::function<bool(std::string_view name)>& wanted,
                 const std::vector<std::string>& others, const WalkBounds& bounds) {
  return Walker(wanted, others, bounds).walk(folder);
}

}  // namespace ingot::core
