// What a profile means, in words: which limit holds the request back, with the numbers that say so and what would
// help. A pure function over the report, so that each rule is tested on figures made for it.
#pragma once

#include <vector>

#include "ingot/profile.h"

namespace ingot::core {

// What matters most first; empty where nothing was recorded. Bands of memory bandwidth and of launch overhead follow
// the usual guidance of GPU profilers (over 80 % of the peak excellent, over 60 % good, under 50 % moderate, under 30 %
// severe; launches above 50, 100, 200 us worth deferring, batching, recording as one).
std::vector<ProfileFinding> diagnose(const ProfileReport& report);

}  // namespace ingot::core
