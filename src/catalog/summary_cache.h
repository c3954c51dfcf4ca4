// Summaries on disk, so that a list reads each header once: that of a model with 262,144 tokens takes 60 ms, a hundred
// of them six seconds; from here they take none. Safe to delete.
//
//   {"format": "ingot model summaries", "version": 1, "files": [{"path": ..., "stamps": [[bytes, modified_ns,
//   changed_ns,
//     inode], one a file], "kind": "model" | "other", "reason": ..., "architecture": ..., "title": ..., "format": ...,
//     "parameters": ..., "context": ...}]}
//
// What is kept counts only while path and stamps are those of the files; any doubt is a miss. Damaged files are not
// kept: they may be mended, or still on their way here.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "catalog/file_summary.h"

namespace ingot::core {

// A file as it was when it was summarised.
struct FileStamp {
  int64_t bytes = 0;
  int64_t modified_ns = 0;
  int64_t changed_ns = 0;  // also of a file that was moved to this place
  uint64_t inode = 0;

  bool operator==(const FileStamp&) const = default;
};

// Of the file behind the path, links followed. Empty for what is no regular file.
std::optional<FileStamp> stamp_of(const std::string& path);

class SummaryCache {
 public:
  // An absent, unreadable or foreign file is an empty cache. An empty path: nothing is kept.
  static SummaryCache open(const std::string& path);
  // Errors: text that is no such file, with what is wrong in it.
  static Result<SummaryCache> parse(std::string_view text);
  std::string format() const;

  const FileSummary* find(const std::string& path, const std::vector<FileStamp>& stamps);
  // Not kept: damaged files, and files that changed so lately that they could change again within the same tick.
  void keep(const std::string& path, std::vector<FileStamp> stamps, const FileSummary& summary);
  // Writes the cache if something new was kept; where it is too large, what this process did not ask for goes. A cache
  // that cannot be written is no error: the next list reads the headers again.
  void store();

  size_t size() const { return entries_.size(); }

 private:
  struct Entry {
    std::vector<FileStamp> stamps;
    FileSummary summary;
    bool used = false;  // in this process
  };

  std::string path_;
  std::map<std::string, Entry> entries_;
  bool changed_ = false;
};

}  // namespace ingot::core
