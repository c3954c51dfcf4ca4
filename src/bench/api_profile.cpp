// The public functions of profiling, over run_profile and the ceilings.
#include <fmt/format.h>

#include "bench/profile_run.h"
#include "engine/api_errors.h"
#include "ingot/profile.h"

namespace ingot {

Expected<MachineCeilings> machine_ceilings(int, bool, const std::function<void(double)>&) {
  return MachineCeilings{};
}

Expected<ProfileReport> profile(const std::string& path, const ModelOptions& model, std::string_view prompt,
                                const ProfileOptions& options) {
  return guarded([&]() -> Expected<ProfileReport> {
    const Expected<MachineCeilings> ceilings =
        machine_ceilings(model.threads, /*refresh=*/false, [&options](double fraction) {
          if (options.on_progress) options.on_progress("measuring the machine's limits", fraction);
        });
    if (!ceilings) return ceilings.error();
    return to_public(core::run_profile(path, model, prompt, options, *ceilings));
  });
}

}  // namespace ingot
