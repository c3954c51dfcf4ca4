#include "chat/jinja/clock.h"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <ctime>

#include "base/utf8.h"

namespace ingot::core::jinja {
namespace {

constexpr std::array<std::string_view, 7> kDays{"Sunday",   "Monday", "Tuesday", "Wednesday",
                                                "Thursday", "Friday", "Saturday"};
constexpr std::array<std::string_view, 12> kMonths{"January",   "February", "March",    "April",
                                                   "May",       "June",     "July",     "August",
                                                   "September", "October",  "November", "December"};
constexpr std::array<int, 12> kDaysBefore{0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334};

bool is_leap(int year) {
  return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

// Days of years 1 to year - 1, in the calendar of today.
int64_t days_before_year(int year) {
  const int64_t y = year - 1;
  return y * 365 + y / 4 - y / 100 + y / 400;
}

bool is_date(const LocalTime& time) {
  if (time.year < 1 || time.month < 1 || time.month > 12 || time.day < 1) return false;
  constexpr std::array<int, 12> kDaysIn{31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  const int n = kDaysIn[static_cast<size_t>(time.month - 1)] + (time.month == 2 && is_leap(time.year) ? 1 : 0);
  return time.day <= n && time.hour < 24 && time.minute < 60 && time.second < 60;
}

void set_days(LocalTime& time) {
  time.yearday = kDaysBefore[static_cast<size_t>(time.month - 1)] + time.day - 1;
  if (time.month > 2 && is_leap(time.year)) time.yearday++;
  time.weekday = static_cast<int>((days_before_year(time.year) + time.yearday + 1) % 7);
}

// The week that ISO 8601 counts, and its year.
std::array<int, 2> iso_week(const LocalTime& time) {
  const int weekday = (time.weekday + 6) % 7;  // 0 is Monday
  int year = time.year;
  int week = (time.yearday - weekday + 10) / 7;
  const auto weeks_in = [](int y) {
    const auto first = static_cast<int>((days_before_year(y) + 1) % 7);  // weekday of the first of January
    return first == 4 || (first == 3 && is_leap(y)) ? 53 : 52;
  };
  if (week < 1) {
    year--;
    week = weeks_in(year);
  } else if (week > weeks_in(year)) {
    week = 1;
    year++;
  }
  return {year, week};
}

// A number of the given width, as the flag wants it padded.
std::string number(int value, int width, char flag, char usual = '0') {
  const char fill = flag == '_' ? ' ' : flag == '0' ? '0' : usual;
  if (flag == '-') return fmt::format("{}", value);
  return fill == '0' ? fmt::format("{:0{}}", value, width) : fmt::format("{:{}}", value, width);
}

Result<std::string> conversion(const LocalTime& time, char letter, char flag) {
  const int hour12 = time.hour % 12 == 0 ? 12 : time.hour % 12;
  const auto again = [&](std::string_view format) { return format_time(time, format); };
  switch (letter) {
    case 'a':
      return std::string(kDays[static_cast<size_t>(time.weekday)].substr(0, 3));
    case 'A':
      return std::string(kDays[static_cast<size_t>(time.weekday)]);
    case 'b':
    case 'h':
      return std::string(kMonths[static_cast<size_t>(time.month - 1)].substr(0, 3));
    case 'B':
      return std::string(kMonths[static_cast<size_t>(time.month - 1)]);
    case 'c':
      return again("%a %b %e %H:%M:%S %Y");
    case 'C':
      return number(time.year / 100, 2, flag);
    case 'd':
      return number(time.day, 2, flag);
    case 'D':
    case 'x':
      return again("%m/%d/%y");
    case 'e':
      return number(time.day, 2, flag, ' ');
    case 'f':
      return std::string("000000");
    case 'F':
      return again("%Y-%m-%d");
    case 'G':
      return number(iso_week(time)[0], 4, flag);
    case 'H':
      return number(time.hour, 2, flag);
    case 'I':
      return number(hour12, 2, flag);
    case 'j':
      return number(time.yearday + 1, 3, flag);
    case 'k':
      return number(time.hour, 2, flag, ' ');
    case 'l':
      return number(hour12, 2, flag, ' ');
    case 'm':
      return number(time.month, 2, flag);
    case 'M':
      return number(time.minute, 2, flag);
    case 'n':
      return std::string("\n");
    case 'p':
      return std::string(time.hour < 12 ? "AM" : "PM");
    case 'P':
      return std::string(time.hour < 12 ? "am" : "pm");
    case 'r':
      return again("%I:%M:%S %p");
    case 'R':
      return again("%H:%M");
    case 'S':
      return number(time.second, 2, flag);
    case 't':
      return std::string("\t");
    case 'T':
    case 'X':
      return again("%H:%M:%S");
    case 'u':
      return number(time.weekday == 0 ? 7 : time.weekday, 1, flag);
    case 'U':
      return number((time.yearday + 7 - time.weekday) / 7, 2, flag);
    case 'V':
      return number(iso_week(time)[1], 2, flag);
    case 'w':
      return number(time.weekday, 1, flag);
    case 'W':
      return number((time.yearday + 7 - (time.weekday + 6) % 7) / 7, 2, flag);
    case 'y':
      return number(time.year % 100, 2, flag);
    case 'Y':
      return fmt::format("{}", time.year);
    case 'z':
    case 'Z':
      return std::string();  // a time without a zone, as Python's datetime.now() is one
    case '%':
      return std::string("%");
    default:
      return invalid("strftime_now: the conversion %{} is not supported", printable(std::string_view(&letter, 1)));
  }
}

}  // namespace

LocalTime local_time_now() {
  const std::time_t now = std::time(nullptr);
  std::tm parts{};
  LocalTime time;
  if (localtime_r(&now, &parts) == nullptr) return time;
  time = {.year = parts.tm_year + 1900,
          .month = parts.tm_mon + 1,
          .day = parts.tm_mday,
          .hour = parts.tm_hour,
          .minute = parts.tm_min,
          .second = std::min(parts.tm_sec, 59)};
  set_days(time);
  return time;
}

Result<LocalTime> parse_iso_time(std::string_view text) {
  LocalTime time;
  size_t at = 0;
  const auto digits = [&](size_t n, int& out_value) {
    if (text.size() < at + n) return false;
    const char* const begin = text.data() + at;
    const auto parsed = std::from_chars(begin, begin + n, out_value);
    at += n;
    return parsed.ec == std::errc() && parsed.ptr == begin + n && *begin >= '0' && *begin <= '9';
  };
  const auto skip = [&](std::string_view any_of) {
    return at < text.size() && any_of.find(text[at++]) != std::string_view::npos;
  };
  bool sound = digits(4, time.year) && skip("-") && digits(2, time.month) && skip("-") && digits(2, time.day);
  if (sound && at < text.size()) {
    sound = skip("T ") && digits(2, time.hour) && skip(":") && digits(2, time.minute);
    if (sound && at < text.size()) sound = skip(":") && digits(2, time.second);
  }
  if (!sound || at != text.size() || !is_date(time)) {
    return invalid("'{}' is no time, expected the form 2024-07-26 or 2024-07-26T14:05:00", printable(text, 40));
  }
  set_days(time);
  return time;
}

Result<std::string> format_time(const LocalTime& time, std::string_view format) {
  std::string text;
  for (size_t at = 0; at < format.size(); at++) {
    if (format[at] != '%' || at + 1 == format.size()) {
      text += format[at];
      continue;
    }
    at++;
    char flag = '\0';
    if (std::string_view("-_0").find(format[at]) != std::string_view::npos && at + 1 < format.size())
      flag = format[at++];
    INGOT_ASSIGN(const std::string part, conversion(time, format[at], flag));
    text += part;
  }
  return text;
}

}  // namespace ingot::core::jinja
