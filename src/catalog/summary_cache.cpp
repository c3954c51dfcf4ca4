#include "catalog/summary_cache.h"

#include <sys/stat.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <limits>
#include <nlohmann/json.hpp>
#include <span>
#include <utility>

#include "base/atomic_file.h"
#include "base/log.h"
#include "base/utf8.h"
#include "catalog/small_file.h"

namespace ingot::core {
namespace {

using Json = nlohmann::ordered_json;

constexpr const char* kFormat = "ingot model summaries";
constexpr int64_t kVersion = 1;  // raised with every change of what a summary says
constexpr int64_t kMaxFileBytes = 8 << 20;
constexpr size_t kMostEntries = 4096;
constexpr int64_t kMaxInt = std::numeric_limits<int64_t>::max();
// File systems keep times in ticks of up to two seconds (FAT).
constexpr int64_t kTickNs = 2'000'000'000;

int64_t nanoseconds(const timespec& time) {
  return static_cast<int64_t>(time.tv_sec) * 1'000'000'000 + time.tv_nsec;
}

Result<std::string> string_of(const Json& json, const char* name) {
  const auto found = json.find(name);
  if (found == json.end() || !found->is_string()) return invalid("'{}' is not a string", name);
  return found->get<std::string>();
}

Result<int64_t> whole_number(const Json& json, const char* name) {
  const bool too_large = json.is_number_unsigned() && json.get<uint64_t>() > static_cast<uint64_t>(kMaxInt);
  if (!json.is_number_integer() || too_large) return invalid("'{}' is not a whole number", name);
  return json.get<int64_t>();
}

Result<int64_t> count_of(const Json& json, const char* name) {
  const auto found = json.find(name);
  if (found == json.end()) return invalid("'{}' is missing", name);
  INGOT_ASSIGN(const int64_t number, whole_number(*found, name));
  if (number < 0) return invalid("'{}' is {}: expected no less than 0", name, number);
  return number;
}

Result<FileStamp> parse_stamp(const Json& json) {
  if (!json.is_array() || json.size() != 4) return invalid("a stamp is not a list of four numbers");
  FileStamp stamp;
  INGOT_ASSIGN(stamp.bytes, whole_number(json[0], "bytes"));
  INGOT_ASSIGN(stamp.modified_ns, whole_number(json[1], "modified_ns"));
  INGOT_ASSIGN(stamp.changed_ns, whole_number(json[2], "changed_ns"));
  if (!json[3].is_number_unsigned()) return invalid("'inode' is not a whole number");
  stamp.inode = json[3].get<uint64_t>();
  return stamp;
}

Result<std::vector<FileStamp>> parse_stamps(const Json& json) {
  const auto list = json.find("stamps");
  if (list == json.end() || !list->is_array() || list->empty()) return invalid("'stamps' is not a list of stamps");
  std::vector<FileStamp> stamps;
  for (const Json& item : *list) {
    INGOT_ASSIGN(const FileStamp stamp, parse_stamp(item));
    stamps.push_back(stamp);
  }
  return stamps;
}

Result<FileSummary> parse_summary(const Json& json) {
  FileSummary summary;
  INGOT_ASSIGN(const std::string kind, string_of(json, "kind"));
  if (kind != "model" && kind != "other") return invalid("'kind' is '{}': expected model or other", printable(kind));
  summary.kind = kind == "model" ? FileKind::kLanguageModel : FileKind::kOther;
  INGOT_ASSIGN(summary.reason, string_of(json, "reason"));
  if (summary.reason.empty() != (kind == "model")) return invalid("'reason' does not fit 'kind', '{}'", kind);
  INGOT_ASSIGN(summary.architecture, string_of(json, "architecture"));
  INGOT_ASSIGN(summary.title, string_of(json, "title"));
  INGOT_ASSIGN(summary.format, string_of(json, "format"));
  INGOT_ASSIGN(summary.n_parameters, count_of(json, "parameters"));
  INGOT_ASSIGN(summary.context, count_of(json, "context"));
  return summary;
}

// JSON holds text alone, and a title that is none would come back as another one.
bool can_be_written(const std::string& path, const FileSummary& summary) {
  return is_utf8(path) && is_utf8(summary.architecture) && is_utf8(summary.title) && is_utf8(summary.reason);
}

}  // namespace

std::optional<FileStamp> stamp_of(const std::string& path) {
  struct stat found {};
  if (::stat(path.c_str(), &found) != 0 || !S_ISREG(found.st_mode)) return std::nullopt;
  return FileStamp{.bytes = found.st_size,
                   .modified_ns = nanoseconds(found.st_mtim),
                   .changed_ns = nanoseconds(found.st_ctim),
                   .inode = found.st_ino};
}

Result<SummaryCache> SummaryCache::parse(std::string_view text) {
  const Json json = Json::parse(text, /*cb=*/nullptr, /*allow_exceptions=*/false);
  if (json.is_discarded() || !json.is_object()) return invalid("the file is no JSON object");
  INGOT_ASSIGN(const std::string format, string_of(json, "format"));
  if (format != kFormat) return invalid("'format' is '{}': expected '{}'", printable(format), kFormat);
  INGOT_ASSIGN(const int64_t version, count_of(json, "version"));
  if (version != kVersion) return invalid("'version' is {}: expected {}", version, kVersion);
  const auto files = json.find("files");
  if (files == json.end() || !files->is_array()) return invalid("'files' is not a list");
  SummaryCache cache;
  for (const Json& file : *files) {
    if (!file.is_object()) return invalid("a file is not an object");
    INGOT_ASSIGN(std::string path, string_of(file, "path"));
    Entry entry;
    INGOT_ASSIGN(entry.stamps, parse_stamps(file));
    INGOT_ASSIGN(entry.summary, parse_summary(file));
    cache.entries_.insert_or_assign(std::move(path), std::move(entry));
  }
  return cache;
}

std::string SummaryCache::format() const {
  Json files = Json::array();
  for (const auto& [path, entry] : entries_) {
    Json stamps = Json::array();
    for (const FileStamp& stamp : entry.stamps) {
      stamps.push_back({stamp.bytes, stamp.modified_ns, stamp.changed_ns, stamp.inode});
    }
    files.push_back({{"path", path},
                     {"stamps", std::move(stamps)},
                     {"kind", entry.summary.kind == FileKind::kLanguageModel ? "model" : "other"},
                     {"reason", entry.summary.reason},
                     {"architecture", entry.summary.architecture},
                     {"title", entry.summary.title},
                     {"format", entry.summary.format},
                     {"parameters", entry.summary.n_parameters},
                     {"context", entry.summary.context}});
  }
  const Json json = {{"format", kFormat}, {"version", kVersion}, {"files", std::move(files)}};
  return json.dump(-1, ' ', /*ensure_ascii=*/true, Json::error_handler_t::replace) + "\n";
}

SummaryCache SummaryCache::open(const std::string& path) {
  SummaryCache cache;
  if (!path.empty()) {
    const Result<std::string> text = read_small_file(path, kMaxFileBytes);
    Result<SummaryCache> parsed = text ? parse(*text) : SummaryCache();
    if (parsed) {
      cache = std::move(*parsed);
    } else {
      log_info("{}: {}; the headers are read again", printable(path), parsed.error().message);
    }
  }
  cache.path_ = path;
  return cache;
}

const FileSummary* SummaryCache::find(const std::string& path, const std::vector<FileStamp>& stamps) {
  const auto found = entries_.find(path);
  if (found == entries_.end() || found->second.stamps != stamps) return nullptr;
  found->second.used = true;
  return &found->second.summary;
}

void SummaryCache::keep(const std::string& path, std::vector<FileStamp> stamps, const FileSummary& summary) {
  if (path_.empty() || summary.kind == FileKind::kDamaged || stamps.empty() || !can_be_written(path, summary)) return;
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  const int64_t now_ns = std::chrono::duration_cast<std::chrono::nanoseconds>(now).count();
  for (const FileStamp& stamp : stamps) {
    // A time in the future says nothing about the past.
    if (now_ns - stamp.changed_ns < kTickNs || now_ns - stamp.modified_ns < kTickNs) return;
  }
  entries_.insert_or_assign(path, Entry{.stamps = std::move(stamps), .summary = summary, .used = true});
  changed_ = true;
}

void SummaryCache::store() {
  if (!changed_) return;
  if (entries_.size() > kMostEntries) std::erase_if(entries_, [](const auto& entry) { return !entry.second.used; });
  while (entries_.size() > kMostEntries) entries_.erase(std::prev(entries_.end()));
  std::error_code error;
  std::filesystem::create_directories(std::filesystem::path(path_).parent_path(), error);
  const std::string text = format();
  if (const Status written = write_file_atomically(path_, std::as_bytes(std::span(text))); !written) {
    log_info("{}; the headers of models are read again next time", written.error().message);
  }
  changed_ = false;
}

}  // namespace ingot::core
