// How a prompt was read, of a profile: the plan, the estimate, and what was measured.
#pragma once

#include <string>

#include "cli/json_text.h"
#include "ingot/profile.h"

namespace ingot::cli {

std::string prefill_text(const ProfilePrefill& prefill);
Json prefill_json(const ProfilePrefill& prefill);

}  // namespace ingot::cli
