// The rules of the diagnosis about how threads share the work of one phase: starting and ending loops, waiting in them,
// and working alone.
#pragma once

#include <vector>

#include "ingot/profile.h"

namespace ingot::core {

void find_thread_limits(const ProfileReport& report, const ProfilePhase& phase, std::vector<ProfileFinding>& out);

}  // namespace ingot::core
