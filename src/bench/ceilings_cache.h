// Ceilings on disk: one JSON file for every machine that shares a home, so that only the first run measures.
//
//   {"format": "ingot ceilings", "version": 1, "machines": [{"processor": ..., "threads": 2, "isa": ..., "probes": ...,
//     "measured_at": seconds since 1970, "ceilings": {"dram_read": {"one_thread": ..., "all_threads": ...}, ...}}]}
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "profile/ceilings.h"

namespace ingot::core {

// What measured ceilings are valid for.
struct CeilingsKey {
  std::string processor;
  int n_threads = 0;
  std::string isa;     // every instruction set that a probe uses and this processor has
  std::string probes;  // version of the probes, and how they were compiled

  bool operator==(const CeilingsKey&) const = default;
};

// Of this machine and this program.
CeilingsKey ceilings_key(int n_threads);

struct CachedCeilings {
  CeilingsKey key;
  int64_t measured_at = 0;  // seconds since 1970
  Ceilings ceilings;
};

// {"dram_read": {"one_thread": bytes/s, "all_threads": bytes/s}, ..., "barrier_s": ..., "fp32_isa": ...}
nlohmann::ordered_json ceilings_json(const Ceilings& ceilings);

std::string format_ceilings_cache(const std::vector<CachedCeilings>& entries);
// Errors: text that is no such file, with what is wrong in it.
Result<std::vector<CachedCeilings>> parse_ceilings_cache(std::string_view text);

// ${XDG_CACHE_HOME:-~/.cache}/ingot/ceilings.json; empty where neither is known.
std::string ceilings_cache_path();

// The entries of the file; none if it is absent. Errors: kIo, and those of parse_ceilings_cache.
Result<std::vector<CachedCeilings>> read_ceilings_cache(const std::string& path);

// Puts an entry into the file at path, in place of the one with its key; makes the folders. A reader sees the old file
// or the new one, never half of one. A file that cannot be read is replaced. Errors: kIo.
Status store_ceilings(const std::string& path, const CachedCeilings& entry);

}  // namespace ingot::core
