// The benchmark log: a Markdown file in which each change that was measured is one entry, and entries of the same title
// stand together, the state before a change above the state after it.
//
//   # Benchmark Results
//   (how to add to it)
//   ---
//   ## TITLE
//   ### YYYY-MM-DD HH:MM:SS - CHANGE
//   | Metric | Value |
//   ...
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace ingot::core {

// What a wrong kernel changes: acc * 31 + token over the tokens from 0, modulo 2^64. Printed in hexadecimal, unpadded.
uint64_t quality_hash(std::span<const int32_t> tokens);

struct LogEntry {
  std::string title = {};   // entries of exactly this title belong together
  std::string change = {};  // what was changed; one line
  int64_t timestamp = 0;    // seconds since 1970; written in local time

  std::string model = {};
  std::string version = {};  // of the model's architecture: "rwkv7", "llama"
  int64_t n_layers = 0;
  int64_t embedding = 0;  // length
  std::string gpu = {};   // empty: none
  std::string processor = {};
  int threads = 0;
  std::string format = {}, mode = {}, kernels = {};  // what the hash is keyed by, beside the model
  std::string engine = {};                           // version of ingot, with the commit

  // None: not measured.
  std::optional<double> load_ms = {};
  std::optional<double> prefill = {};     // tokens a second
  std::optional<double> generation = {};  // tokens a second
  std::vector<int32_t> quality_tokens = {};
  std::optional<double> kl_mean = {};  // of the mode from reference arithmetic
};

// The log with the entry at the end of its title's section, or of a new one at the end of the file. existing: the
// log so far; blank: a new one. file_name: for the error, where existing is no such log.
Result<std::string> append_log_entry(std::string_view existing, const LogEntry& entry, std::string_view file_name);

// The same on a file, which is made if it is not there. Nothing that it holds is lost, whatever happens meanwhile.
Status append_to_log_file(const std::string& path, const LogEntry& entry);

}  // namespace ingot::core
