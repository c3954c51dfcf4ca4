// Where the time of a request goes: its stages, the model's operations against the limits of this machine, threads,
// memory, and a diagnosis in words.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "ingot/expected.h"
#include "ingot/model.h"
#include "ingot/types.h"

namespace ingot {

// What this machine can do at most, measured on it. 0: this processor does not have it, or it was not measured.
// Bandwidths are bytes a second of reads, rates are operations a second (a fused multiply-add is two).
struct MachineCeilings {
  struct Pair {
    double one_thread = 0;
    double all_threads = 0;
  };
  std::string processor;
  int threads = 0;  // that "all" means
  Pair dram_read;
  Pair l3_read;
  Pair l2_read;
  Pair fp32;
  Pair int8_vnni;
  Pair bf16_dot;
  Pair amx_bf16;
  Pair amx_int8;
  double barrier_us = 0;  // to open and close an empty loop over all threads
  std::string fp32_isa;   // what reached the fp32 ceiling
  int64_t l2_bytes = 0;   // of one core
  int64_t l3_bytes = 0;   // that this process can use
  double granted = 1;     // share of the time that the system gave: well below 1, the machine was busy
};

// Some three seconds the first time; later from ${XDG_CACHE_HOME:-~/.cache}/ingot, unless refresh. threads 0: one per
// physical core. on_progress returns false to stop; the error is then kCancelled.
Expected<MachineCeilings> machine_ceilings(int threads = 0, bool refresh = false,
                                           const std::function<bool(double fraction)>& on_progress = {});

struct ProfileOptions {
  int64_t max_tokens = 32;  // to generate
  Chunking chunk = 512;     // prompt tokens computed together
  // The prompt is a message for the model's chat template, or for the one whose source stands here; system is the
  // message before it. It goes in as it is where one of the switches says so, or where there is no template.
  std::string chat_template = {};
  std::string system = {};
  bool raw = false;
  bool parse_special = false;     // special tokens written in the prompt become tokens
  bool detail_attention = false;  // also time scores, softmax and weighted values, each run apart beside the real work
  double target_first_token_ms = 0;  // 0: none
  std::string trace = {};            // a file for the trace, in the format that Chrome and Perfetto read
  CancelToken cancel = {};
  std::function<void(std::string_view what, double fraction)> on_progress = {};
};

// One stage on the way to the first byte of text, in the order in which they came.
struct ProfileStage {
  std::string name;
  double ms = 0;
};

// Operations of one name and weight format in one group of like layers, in one phase.
struct ProfileOperation {
  std::string phase;   // "prefill" or "decode"
  std::string layers;  // "0-29", "0-4,6-10"; empty outside the layers
  std::string name;    // "qkv_projection", "rope"
  std::string format;  // of the weights; empty without
  std::string kernel;  // that ran: "avx512"
  std::string backend;
  int64_t calls = 0;
  double ms = 0;
  double share = 0;  // of its phase's steps
  double bytes = 0;  // that the mathematics must move, over all calls
  double flops = 0;
  double gb_per_s = 0;     // 1e9 bytes
  double gflop_per_s = 0;  // 1e9 operations
  double percent_of_ceiling = 0;
  std::string bound;      // the ceiling that binds at this intensity: "DRAM", "L3", "L2", "fp32"; empty: unknown
  double wait_share = 0;  // of the threads' time inside, spent waiting for each other
  int64_t loops = 0;      // parallel loops
  double serial_ms = 0;   // outside of them: one thread works alone
  bool apart = false;     // run beside the real work, no part of any sum
};

struct ProfilePhase {
  std::string name;  // "prefill" or "decode"
  int64_t tokens = 0;
  int64_t steps = 0;
  double ms = 0;             // of the steps
  double operations_ms = 0;  // of that inside operations
  int64_t operations = 0;
  int64_t loops = 0;              // parallel ones
  double loop_us_median = 0;      // how long one parallel loop takes
  double short_loop_share = 0;    // of the loops, shorter than ten times the barrier
  double wait_ms = 0;             // threads' time in parallel loops that was spent waiting, per thread
  double short_loop_wait_ms = 0;  // of that, in loops shorter than ten times the barrier
  double serial_ms = 0;           // of operations_ms, outside parallel loops: one thread works alone
  double imbalance = 0;           // of parallel loops, busiest thread over the mean: 1 is even
  std::vector<double> thread_busy_ms;
  std::vector<double> thread_wait_ms;
  double tokens_per_second = 0;
};

struct ProfileMemory {
  int64_t weights = 0;  // mapped from the file
  int64_t kv = 0;       // of the sequence at its end
  int64_t kv_per_token = 0;
  int64_t attention_scratch = 0;
  int64_t other_scratch = 0;
  int64_t activations = 0;    // estimated for the chunk that was asked for, before loading
  int64_t peak_resident = 0;  // of the process
  int64_t allocations = 0;    // of buffers, during the request
  int64_t allocated_bytes = 0;
};

// How the prompt was read: what was planned, and what came of it.
struct ProfilePrefill {
  struct Chunk {
    int64_t tokens = 0;
    int64_t repeated = 0;     // tokens before them, computed once more
    int64_t cached = 0;       // positions that the last of them sees
    double estimated_ms = 0;  // from the chunks before it; 0: there were none
    double ms = 0;
  };
  PrefillPlan plan;
  PrefillMemory measured;    // held at the end of the most demanding chunk; scratch: all that the operations hold
  double arithmetic_ms = 0;  // what the arithmetic alone takes at this machine's highest rate; 0: not measured
  double ms = 0;
  std::vector<Chunk> chunks;
};

struct ProfileFinding {
  std::string kind;      // "bandwidth-bound", "compute-bound", "dispatch-bound", "slow operation", ...
  double share = 0;      // of the time it is about
  std::string text;      // one sentence
  std::string evidence;  // the numbers behind it
  std::string advice;    // what would help
};

struct ProfileReport {
  ModelInfo model;
  MachineCeilings ceilings;
  bool used_template = false;  // the prompt went through a chat template
  int64_t prompt_tokens = 0;
  int64_t generated_tokens = 0;
  double dram_read_now = 0;                 // bytes a second, all threads, measured beside the request
  double wall_ms = 0;                       // from the call to the end of the text
  double first_byte_ms = 0;                 // from the call to the first text given out
  std::vector<ProfileStage> stages;         // up to the first byte; they add up to first_byte_ms, "other" included
  std::vector<ProfileStage> decode_stages;  // from there to the end
  std::vector<ProfilePhase> phases;
  std::vector<ProfileOperation> operations;  // by phase, then by time
  std::vector<ProfileOperation> layers;      // the same per single layer
  ProfileMemory memory;
  ProfilePrefill prefill;
  std::vector<ProfileFinding> findings;  // what matters most first
  std::string drift;                     // did the machine keep its speed meanwhile
  std::string counters;                  // cycles, instructions, cache misses; or why there are none
  std::string energy;                    // joules a token; or why there are none
  int64_t dropped_events = 0;            // that found no room; 0 in a sound profile
  std::string trace_error;               // why the trace could not be written; empty: it was, or none was asked for
  std::string text;                      // that was generated
};

// Opens the model, answers the prompt and tells where the time went. Sampling is greedy.
Expected<ProfileReport> profile(const std::string& path, const ModelOptions& model, std::string_view prompt,
                                const ProfileOptions& options = {});

}  // namespace ingot
