// What a benchmark gives: one row for each thing measured, with every raw sample, so that statistics, tables,
// baselines and verdicts are made from it and nothing has to be measured twice.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace ingot::core {

struct BenchResult {
  std::string test;     // "pp512", "tg32", "load", "matmul 32x4096x4096"
  std::string model;    // file name without its folder; empty where there is none
  std::string format;   // of the weights, as GGUF spells it
  std::string mode;     // mode_name()
  std::string kernels;  // the kernel table that ran: "avx512"
  int threads = 0;
  std::string chunk;                   // "512"; empty where nothing is chunked
  std::vector<double> samples_ns;      // wall time of each repeat, in the order taken
  std::vector<double> calibration_ns;  // of the calibration kernel beside each sample; empty: not taken
  double work = 0;                     // per sample, in work_unit; 0: the time itself is the result
  std::string work_unit = "tokens";    // rates are work_unit a second
  int64_t peak_bytes = 0;              // resident, of the process; 0: unknown
  // Further figures that belong to the row, by name with its unit: "gflops", "kl_mean", "estimated_ms".
  std::map<std::string, double> figures;
  std::string note;  // what a reader must know to understand the row
};

// Where a run took place. Two runs are comparable if processor, threads and instruction sets are the same.
struct MachineInfo {
  std::string processor;
  int cores = 0;
  int64_t memory_bytes = 0;
  std::string os;        // "Linux 6.1.0 x86_64"
  std::string isa;       // every kernel table that runs here
  std::string compiler;  // that built this program
  std::string version;   // of ingot, with the commit
};

struct BenchRun {
  int64_t timestamp = 0;  // seconds since 1970
  MachineInfo machine;
  std::vector<BenchResult> results;
};

}  // namespace ingot::core
