// The time that strftime_now tells: given by the caller, so that a rendering can be repeated.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace ingot::core::jinja {

struct LocalTime {
  int year = 1970, month = 1, day = 1;  // month and day from 1
  int hour = 0, minute = 0, second = 0;
  int weekday = 4;  // 0 is Sunday
  int yearday = 0;  // 0 is the first of January
};

LocalTime local_time_now();
// "2024-07-26", "2024-07-26T14:05:00", with a space for the T; a zone at the end is an error.
Result<LocalTime> parse_iso_time(std::string_view text);
// Python's strftime in the C locale. Errors: a conversion that is none of its own, or a zone's, which is not known.
Result<std::string> format_time(const LocalTime& time, std::string_view format);

}  // namespace ingot::core::jinja
