#include "bench/ceilings.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <limits>
#include <string_view>
#include <utility>
#include <vector>

#include "base/cache_sizes.h"
#include "base/cpu_features.h"
#include "base/log.h"
#include "bench/read_buffer.h"
#include "bench/timed_window.h"
#include "engine/memory.h"
#include "kernels/probes/probes.h"

namespace ingot::core {
namespace {

using Clock = std::chrono::steady_clock;

// Where a sum goes that nobody reads.
std::atomic<uint64_t> unread_sums{0};

void keep(uint64_t sum) {
  unread_sums.store(sum, std::memory_order_relaxed);
}

// --- arithmetic ---

constexpr double kArithmeticWindowS = 1e-3;
// Short against the window, long against reading the clock.
constexpr double kPieceS = 20e-6;

// Rounds of a probe that take about kPieceS.
int64_t rounds_of_piece(const ArithmeticProbe& probe) {
  for (int64_t n_rounds = 64; n_rounds < kMaxProbeRounds; n_rounds *= 2) {
    const auto start = Clock::now();
    keep(probe.run(n_rounds));
    if (std::chrono::duration<double>(Clock::now() - start).count() >= kPieceS) return n_rounds;
  }
  return kMaxProbeRounds;
}

// The best window of one thread, and of all threads, so far.
struct Best {
  Ceiling ceiling;
  double granted = 0;  // in the best window of all threads
};

void take_windows(ThreadPool& pool, double window_s, WorkPiece piece, Best& out_best) {
  Ceiling& ceiling = out_best.ceiling;
  ceiling.one_thread = std::max(ceiling.one_thread, window_rate(pool, 1, window_s, piece).work_per_s);
  const WindowRate all = window_rate(pool, pool.n_threads(), window_s, piece);
  if (all.work_per_s <= ceiling.all_threads) return;
  ceiling.all_threads = all.work_per_s;
  out_best.granted = all.granted;
}

struct ArithmeticRun {
  const ArithmeticProbe* probe;
  int64_t n_rounds;
  Best best = {};
};

void measure(ThreadPool& pool, ArithmeticRun& run) {
  const double operations = static_cast<double>(run.n_rounds * run.probe->operations_per_round);
  const auto piece = [&](int) {
    keep(run.probe->run(run.n_rounds));
    return operations;
  };
  take_windows(pool, kArithmeticWindowS, piece, run.best);
}

Ceiling& ceiling_of(Arithmetic kind, Ceilings& ceilings) {
  switch (kind) {
    case Arithmetic::kInt8Dot:
      return ceilings.int8_vnni;
    case Arithmetic::kBf16Dot:
      return ceilings.bf16_dot;
    case Arithmetic::kAmxBf16:
      return ceilings.amx_bf16;
    case Arithmetic::kAmxInt8:
      return ceilings.amx_int8;
    case Arithmetic::kFp32:
      break;
  }
  return ceilings.fp32;
}

// --- reading ---

constexpr double kCacheWindowS = 1e-3;
constexpr double kWarmUpS = 0.5e-3;
constexpr double kMemoryWindowS = 1.5e-3;
constexpr int64_t kMemoryPieceBytes = 256 * 1024;
constexpr int64_t kCachePieceBytes = 256 * 1024;

// The widest loops that run here: every pattern of one instruction set.
std::vector<const ReadProbe*> widest_read_probes() {
  std::vector<const ReadProbe*> widest;
  for (const ReadProbe& probe : read_probes()) {
    if (!probe.runs_here()) continue;
    if (!widest.empty() && std::string_view(widest.front()->isa) != probe.isa) widest.clear();
    widest.push_back(&probe);
  }
  return widest;
}

// Pieces of the buffer in a ring: whoever takes one takes that which was read longest ago, whatever loop and however
// many threads are reading.
class MemoryRing {
 public:
  explicit MemoryRing(const ReadBuffer& buffer)
      : data_(buffer.data()), n_pieces_(static_cast<uint64_t>(buffer.n_bytes() / kMemoryPieceBytes)) {}

  void measure(ThreadPool& pool, const ReadProbe& probe, Best& out_best) {
    const auto piece = [&](int) {
      const uint64_t taken = next_.fetch_add(1, std::memory_order_relaxed) % n_pieces_;
      keep(probe.read(data_ + static_cast<int64_t>(taken) * kMemoryPieceBytes, kMemoryPieceBytes));
      return static_cast<double>(kMemoryPieceBytes);
    };
    take_windows(pool, kMemoryWindowS, piece, out_best);
  }

 private:
  std::byte* data_;
  uint64_t n_pieces_;
  std::atomic<uint64_t> next_{0};
};

// Each thread reads its own part over and over: a part that fits the cache, and not the one before it.
class CacheParts {
 public:
  CacheParts(const ReadBuffer& buffer, int n_threads, int64_t part_bytes) : data_(buffer.data()) {
    part_bytes = std::min(part_bytes, buffer.n_bytes() / n_threads);
    part_bytes_ = std::max(kReadBlockBytes, part_bytes / kReadBlockBytes * kReadBlockBytes);
    // Large parts in pieces, so that a window ends in time.
    piece_bytes_ = part_bytes_ % kCachePieceBytes == 0 ? kCachePieceBytes : part_bytes_;
    next_.resize(static_cast<size_t>(n_threads));
  }

  void measure(ThreadPool& pool, const ReadProbe& probe, Best& out_best) {
    const auto piece = [&](int part) {
      int64_t& next = next_[static_cast<size_t>(part)].offset;
      keep(probe.read(data_ + part * part_bytes_ + next, piece_bytes_));
      next = (next + piece_bytes_) % part_bytes_;
      return static_cast<double>(piece_bytes_);
    };
    // The parts come back into the cache that other measurements have emptied; their windows count none of it.
    window_rate(pool, pool.n_threads(), kWarmUpS, piece);
    take_windows(pool, kCacheWindowS, piece, out_best);
  }

 private:
  struct alignas(64) Position {
    int64_t offset = 0;
  };
  std::byte* data_;
  int64_t part_bytes_ = 0;
  int64_t piece_bytes_ = 0;
  std::vector<Position> next_;
};

// Reading four times the L2 over and over, at most a quarter of it is still there. Where the threads' share of the L3
// is smaller, so is the part, but never below twice the L2.
int64_t l3_part_bytes(const CacheSizes& caches, int n_threads) {
  const int64_t share = caches.total_l3_bytes / 2 / n_threads;
  const int64_t part = std::max(2 * caches.l2_bytes, std::min(4 * caches.l2_bytes, share));
  return part / kCachePieceBytes * kCachePieceBytes;
}

// Of the loops of a group the median, of the groups the best: as everywhere here, a group that a neighbour disturbed
// says nothing about the machine.
constexpr int kLoopsPerGroup = 25;
constexpr int kGroupsPerTurn = 4;

double median(std::vector<double> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

double group_of_loops_s(ThreadPool& pool) {
  std::vector<double> loops_s;
  loops_s.reserve(kLoopsPerGroup);
  for (int loop = 0; loop < kLoopsPerGroup; ++loop) loops_s.push_back(empty_loop_seconds(pool));
  return median(std::move(loops_s));
}

// The widest instruction set, unless a narrower one was clearly faster: where both fill the same units, noise must
// not choose.
void choose_arithmetic(const std::vector<ArithmeticRun>& runs, Ceilings& out_ceilings) {
  constexpr double kClearly = 1.02;
  for (const ArithmeticRun& run : runs) {
    Ceiling& ceiling = ceiling_of(run.probe->kind, out_ceilings);
    const Ceiling& best = run.best.ceiling;
    const bool preferred = kClearly * best.all_threads > ceiling.all_threads;
    if (run.probe->kind == Arithmetic::kFp32 && preferred) out_ceilings.fp32_isa = run.probe->isa;
    ceiling.one_thread = std::max(ceiling.one_thread, best.one_thread);
    ceiling.all_threads = std::max(ceiling.all_threads, best.all_threads);
  }
}

}  // namespace

Result<Ceilings> measure_ceilings(ThreadPool& pool, const CeilingOptions& options) {
  const auto start = Clock::now();
  const auto elapsed_s = [&] { return std::chrono::duration<double>(Clock::now() - start).count(); };
  const int n_threads = pool.n_threads();
  const CacheSizes caches = read_cache_sizes();
  Ceilings ceilings;
  ceilings.processor = cpu_features().brand;
  ceilings.n_threads = n_threads;

  int64_t buffer_bytes = read_buffer_bytes(caches.total_l3_bytes, query_memory_limits().physical);
  if (options.max_buffer_bytes > 0) buffer_bytes = std::min(buffer_bytes, options.max_buffer_bytes);
  if (buffer_bytes < 4 * caches.total_l3_bytes) {
    log_warning("reading memory is measured over {}, with caches of {}: the figure may be too high",
                format_bytes(buffer_bytes), format_bytes(caches.total_l3_bytes));
  }
  INGOT_ASSIGN(const ReadBuffer buffer, ReadBuffer::allocate(buffer_bytes, pool));
  const std::vector<const ReadProbe*> readers = widest_read_probes();
  const PinnedThreads pinned(pool);
  MemoryRing memory(buffer);
  CacheParts l3(buffer, n_threads, l3_part_bytes(caches, n_threads));
  CacheParts l2(buffer, n_threads, caches.l2_bytes / 2);

  std::vector<ArithmeticRun> arithmetic;
  for (const ArithmeticProbe& probe : arithmetic_probes()) {
    if (!probe.runs_here()) continue;
    arithmetic.push_back({&probe, rounds_of_piece(probe)});
  }

  Best dram;
  Best l3_read;
  Best l2_read;
  const auto least_granted = [&] {
    double least = dram.granted;
    if (caches.total_l3_bytes > 0) least = std::min(least, l3_read.granted);
    if (caches.l2_bytes > 0) least = std::min(least, l2_read.granted);
    for (const ArithmeticRun& run : arithmetic) least = std::min(least, run.best.granted);
    return least;
  };
  // A machine that is busy gets as long again to show an undisturbed window.
  constexpr double kUndisturbed = 0.95;
  const auto finished = [&] { return elapsed_s() >= (least_granted() >= kUndisturbed ? 1.0 : 2.0) * options.budget_s; };
  ceilings.barrier_s = std::numeric_limits<double>::infinity();
  do {
    for (const ReadProbe* reader : readers) {
      memory.measure(pool, *reader, dram);
      // Requests ahead of a cache only cost: one loop is enough there.
      if (reader != readers.front()) continue;
      if (caches.total_l3_bytes > 0) l3.measure(pool, *reader, l3_read);
      if (caches.l2_bytes > 0) l2.measure(pool, *reader, l2_read);
    }
    for (ArithmeticRun& run : arithmetic) measure(pool, run);
    for (int group = 0; group < kGroupsPerTurn; ++group) {
      ceilings.barrier_s = std::min(ceilings.barrier_s, group_of_loops_s(pool));
    }
    if (options.progress && !options.progress(std::min(1.0, elapsed_s() / options.budget_s))) {
      return fail(ErrorKind::kCancelled, "measuring this machine's limits was interrupted");
    }
  } while (!finished());
  choose_arithmetic(arithmetic, ceilings);
  ceilings.dram_read = dram.ceiling;
  ceilings.l3_read = l3_read.ceiling;
  ceilings.l2_read = l2_read.ceiling;
  ceilings.granted = least_granted();
  return ceilings;
}

Result<double> measure_dram_read(ThreadPool& pool) {
  constexpr int64_t kMostBytes = int64_t{256} << 20;
  constexpr int kWindows = 16;
  const int64_t wanted = read_buffer_bytes(read_cache_sizes().total_l3_bytes, query_memory_limits().physical);
  INGOT_ASSIGN(const ReadBuffer buffer, ReadBuffer::allocate(std::min(wanted, kMostBytes), pool));
  const PinnedThreads pinned(pool);
  MemoryRing memory(buffer);
  Best best;
  for (int window = 0; window < kWindows; ++window) {
    for (const ReadProbe* reader : widest_read_probes()) memory.measure(pool, *reader, best);
  }
  return best.ceiling.all_threads;
}

}  // namespace ingot::core
