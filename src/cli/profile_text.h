// A profile as a person reads it, and as a script does.
#pragma once

#include <string>

#include "cli/json_text.h"
#include "ingot/profile.h"

namespace ingot::cli {

struct ProfileTextOptions {
  bool per_layer = false;
  double target_first_token_ms = 0;  // 0: none
};

std::string profile_text(const ProfileReport& report, const ProfileTextOptions& options);
Json profile_json(const ProfileReport& report, const ProfileTextOptions& options);

// "PASS: first byte after 180 ms, 20 ms under the target of 200 ms", "FAIL: ... over ...".
std::string target_verdict(const ProfileReport& report, double target_ms);

}  // namespace ingot::cli
