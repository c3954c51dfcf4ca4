// The public functions of profiling, over run_profile and the ceilings.
#include <fmt/format.h>

#include "base/cache_sizes.h"
#include "bench/ceilings.h"
#include "bench/profile_run.h"
#include "engine/api_errors.h"
#include "ingot/profile.h"
#include "threading/topology.h"

namespace ingot {
namespace {

MachineCeilings::Pair to_public(const core::Ceiling& ceiling) {
  return {.one_thread = ceiling.one_thread, .all_threads = ceiling.all_threads};
}

MachineCeilings to_public(const core::Ceilings& from) {
  const core::CacheSizes caches = core::read_cache_sizes();
  MachineCeilings to;
  to.processor = from.processor;
  to.threads = from.n_threads;
  to.dram_read = to_public(from.dram_read);
  to.l3_read = to_public(from.l3_read);
  to.l2_read = to_public(from.l2_read);
  to.fp32 = to_public(from.fp32);
  to.int8_vnni = to_public(from.int8_vnni);
  to.bf16_dot = to_public(from.bf16_dot);
  to.amx_bf16 = to_public(from.amx_bf16);
  to.amx_int8 = to_public(from.amx_int8);
  to.barrier_us = from.barrier_s * 1e6;
  to.fp32_isa = from.fp32_isa;
  to.l2_bytes = caches.l2_bytes;
  to.l3_bytes = caches.total_l3_bytes;
  to.granted = from.granted;
  return to;
}

core::Result<MachineCeilings> find_ceilings(int threads, bool refresh,
                                            const std::function<bool(double fraction)>& on_progress) {
  if (threads == 0) threads = core::default_thread_count();
  INGOT_ASSIGN(const core::Ceilings ceilings, core::load_or_measure_ceilings(threads, refresh, on_progress));
  return to_public(ceilings);
}

}  // namespace

Expected<MachineCeilings> machine_ceilings(int threads, bool refresh,
                                           const std::function<bool(double fraction)>& on_progress) {
  return guarded([&]() -> Expected<MachineCeilings> {
    auto ceilings = find_ceilings(threads, refresh, on_progress);
    if (!ceilings) return to_public(std::move(ceilings).error());
    return std::move(*ceilings);
  });
}

Expected<ProfileReport> profile(const std::string& path, const ModelOptions& model, std::string_view prompt,
                                const ProfileOptions& options) {
  return guarded([&]() -> Expected<ProfileReport> {
    const auto progress = [&options](double fraction) {
      if (options.on_progress) options.on_progress("measuring the machine's limits", fraction);
      return !options.cancel.cancelled();
    };
    auto ceilings = find_ceilings(model.threads, /*refresh=*/false, progress);
    if (!ceilings) return to_public(std::move(ceilings).error());
    return to_public(core::run_profile(path, model, prompt, options, *ceilings));
  });
}

}  // namespace ingot
