// Measures what this machine can do at most (profile/ceilings.h).
//
// Each limit is the best of many short windows, taken in turn with those of the other limits: on a shared machine a
// busy neighbour slows whole tenths of a second, and must not be taken for the machine. Memory is read from a buffer
// in huge pages, several times larger than the last cache, always where it was read longest ago; caches from a part of
// their own for each thread. INGOT_ISA changes nothing here: these are limits of the processor, not of our kernels.
//
// Each thread has a core of its own meanwhile. Not done: memory is not placed on the node of the thread that reads it.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "base/result.h"
#include "profile/ceilings.h"
#include "threading/thread_pool.h"

namespace ingot::core {

// Called now and then with the share that is done, 0 to 1. Returns false to stop.
using CeilingProgress = std::function<bool(double done)>;

struct CeilingOptions {
  double budget_s = 3.0;         // of measuring, twice that on a busy machine; at least one window of each is taken
  int64_t max_buffer_bytes = 0;  // 0: what the last cache asks for
  CeilingProgress progress;
};

// Errors: kOutOfMemory without room for the buffer; kCancelled when told to stop.
Result<Ceilings> measure_ceilings(ThreadPool& pool, const CeilingOptions& options = {});

// Bytes a second that all threads of the pool read from memory now, in some tenths of a second: to see whether the
// machine still gives what it gave when its ceilings were taken. Errors: kOutOfMemory.
Result<double> measure_dram_read(ThreadPool& pool);

// The cached ceilings of this machine with n_threads, or measures and caches them; always measures with refresh.
// A cache that is damaged or cannot be written is said as a warning, no more; likewise a machine that was too busy to
// be measured, whose figures are not cached. Errors: those of measure_ceilings and
// ThreadPool::create.
Result<Ceilings> load_or_measure_ceilings(int n_threads, bool refresh, const CeilingProgress& progress = nullptr);

}  // namespace ingot::core
