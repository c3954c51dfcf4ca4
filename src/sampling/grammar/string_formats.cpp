#include "sampling/grammar/string_formats.h"

#include <fmt/format.h>

#include <vector>

namespace ingot::core {
namespace {

struct Format {
  std::string_view name;
  std::string pattern;
};

// RFC 3339, 5.6 and 5.7: months have their lengths, February 29 is in leap years alone. Leap seconds are left out,
// since whether one is valid depends on the date and the time zone.
constexpr std::string_view kDate =
    R"((?:\d{4}-(?:(?:0[13578]|1[02])-(?:0[1-9]|[12]\d|3[01])|(?:0[469]|11)-(?:0[1-9]|[12]\d|30)|02-(?:0[1-9]|1\d|2[0-8])))"
    R"(|(?:\d\d(?:0[48]|[2468][048]|[13579][26])|(?:[02468][048]|[13579][26])00)-02-29))";
constexpr std::string_view kTime =
    R"((?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d+)?(?:[zZ]|[+-](?:[01]\d|2[0-3]):[0-5]\d))";
constexpr std::string_view kByte = R"((?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d))";
constexpr std::string_view kLabel = R"([a-zA-Z0-9](?:[a-zA-Z0-9]|-[a-zA-Z0-9]){0,30})";

// RFC 4291, 2.2: eight groups, or fewer with "::" in place of the others; the last two may be an IPv4 address.
std::string ipv6_pattern() {
  const std::string group = "[0-9a-fA-F]{1,4}";
  const std::string last = fmt::format("(?:{0}:{0}|{1}(?:\\.{1}){{3}})", group, kByte);
  std::string forms = fmt::format("(?:{}:){{6}}{}", group, last);
  // n_before groups, "::", and at most 7 - n_before behind it.
  for (int n_before = 0; n_before <= 7; ++n_before) {
    const std::string before = n_before == 0 ? "" : fmt::format("{0}(?::{0}){{{1}}}", group, n_before - 1);
    const int n_after = 7 - n_before;
    std::string after = n_after == 0 ? "" : fmt::format("(?:{0}(?::{0}){{0,{1}}})?", group, n_after - 1);
    if (n_after >= 2) after = fmt::format("(?:{}|(?:{}:){{0,{}}}{})", after, group, n_after - 2, last);
    forms += fmt::format("|{}::{}", before, after);
  }
  return fmt::format("(?:{})", forms);
}

// RFC 3339, appendix A.
std::string duration_pattern() {
  const std::string seconds = R"(\d+S)";
  const std::string minutes = fmt::format(R"(\d+M(?:{})?)", seconds);
  const std::string hours = fmt::format(R"(\d+H(?:{})?)", minutes);
  const std::string time = fmt::format("T(?:{}|{}|{})", hours, minutes, seconds);
  const std::string months = R"(\d+M(?:\d+D)?)";
  const std::string date = fmt::format(R"((?:\d+D|{0}|\d+Y(?:{0})?)(?:{1})?)", months, time);
  return fmt::format(R"(P(?:{}|{}|\d+W))", date, time);
}

const std::vector<Format>& formats() {
  static const std::vector<Format> kFormats = {
      {"date", std::string(kDate)},
      {"time", std::string(kTime)},
      {"date-time", fmt::format("(?:{})[tT]{}", kDate, kTime)},
      {"duration", duration_pattern()},
      {"uuid", R"([0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12})"},
      {"ipv4", fmt::format(R"({0}(?:\.{0}){{3}})", kByte)},
      {"ipv6", ipv6_pattern()},
      // The dot-atoms of RFC 5321, without quoted names and address literals.
      {"email",
       fmt::format(R"([a-zA-Z0-9!#$%&'*+/=?^_`{{|}}~-]+(?:\.[a-zA-Z0-9!#$%&'*+/=?^_`{{|}}~-]+)*@{0}(?:\.{0})*)",
                   kLabel)},
  };
  return kFormats;
}

}  // namespace

std::string_view format_pattern(std::string_view format) {
  for (const Format& known : formats()) {
    if (known.name == format) return known.pattern;
  }
  return {};
}

std::string known_formats() {
  std::string names;
  for (const Format& known : formats()) names += fmt::format("{}{}", names.empty() ? "" : ", ", known.name);
  return names;
}

}  // namespace ingot::core
