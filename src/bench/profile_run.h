// One profiled request, from opening the model to the end of its text.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "ingot/profile.h"

namespace ingot::core {

// See ingot::profile. ceilings are of this machine, for as many threads as the model will use.
Result<ProfileReport> run_profile(const std::string& path, const ModelOptions& model, std::string_view prompt,
                                  const ProfileOptions& options, const MachineCeilings& ceilings);

}  // namespace ingot::core
