#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "chat/golden.h"

namespace ingot::core {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

struct Case {
  std::string source;
  std::string line;     // that the error begins with
  std::string culprit;  // that it names
};

TEST(JinjaErrors, NameLineAndCulprit) {
  const std::vector<Case> cases{
      {"a\n\n{{ x.y }}", "line 3: ", "'x' is undefined"},
      {"\n{{ d.x.y }}", "line 2: ", "the dict has no 'x'"},
      {"{% if true %}\n{% for %}", "line 2: ", "a name to assign to"},
      {"\n{% include 'x' %}", "line 2: ", "include"},
      {"{% import 'x' as y %}", "line 1: ", "import"},
      {"{% extends 'x' %}", "line 1: ", "extends"},
      {"{% block x %}{% endblock %}", "line 1: ", "block"},
      {"{% do x %}", "line 1: ", "do"},
      {"{% bogus %}", "line 1: ", "bogus"},
      {"\n\n\n{{ 1 | bogus }}", "line 4: ", "bogus"},
      {"{{ 1 is bogus }}", "line 1: ", "bogus"},
      {"{{ 'a'.encode() }}", "line 1: ", "encode"},
      {"{{ [1] | random }}", "line 1: ", "random"},
      {"{{ lipsum() }}", "line 1: ", "lipsum"},
      {"\n{{ raise_exception('roles must alternate') }}", "line 2: ", "roles must alternate"},
      {"{% macro f() %}\n{{ x.y }}\n{% endmacro %}\n\n{{ f() }}", "line 2: ", "'x' is undefined"},
      {"{% macro f(a) %}{% endmacro %}{{ f(b=1) }}", "line 1: ", "'b'"},
      {"{% set d.x = 1 %}", "line 1: ", "namespace"},
      {"{{ 9223372036854775807 + 1 }}", "line 1: ", "64 bits"},
      {"{{ 99999999999999999999 }}", "line 1: ", "64 bits"},
      {"{{ 10 ** 40 }}", "line 1: ", "64 bits"},
      {"{{ 'a\n", "line 1: ", "string has no end"},
      {"{% if true %}\n\n", "line", "endif"},
      {"{{ \"\\ud800\" }}", "line 1: ", "0xd800"},
      {"{{ strftime_now('%Q') }}", "line 1: ", "%Q"},
      {"{% break %}", "line 1: ", "break"},
  };
  for (const Case& item : cases) {
    const auto result = test::render(item.source, {{"d", "{}"}});
    ASSERT_FALSE(result) << item.source;
    EXPECT_THAT(result.error().message, StartsWith(item.line)) << item.source;
    EXPECT_THAT(result.error().message, HasSubstr(item.culprit)) << item.source;
  }
}

TEST(JinjaErrors, OfTheData) {
  EXPECT_THAT(test::rendered("{{ x }}", {{"x", "[1,"}}), HasSubstr("x: no JSON"));
  EXPECT_THAT(test::rendered("{{ x }}", {{"x", std::string(300, '[') + std::string(300, ']')}}), HasSubstr("nested"));
  EXPECT_THAT(test::rendered("{{ x }}", {{"x", "\"\xFF\""}}), HasSubstr("x: no JSON"));
  EXPECT_THAT(test::rendered("\xFF"), HasSubstr("UTF-8"));
  EXPECT_THAT(test::rendered(std::string(1 << 20, 'x')), HasSubstr("at most"));
}

TEST(JinjaErrors, AnErrorIsOneLineWithoutControlCharacters) {
  const std::string message = test::rendered("{{ raise_exception('a\\nb\\x1b[31m') }}");
  EXPECT_EQ(message.find('\n'), std::string::npos);
  EXPECT_EQ(message.find('\x1b'), std::string::npos);
}

}  // namespace
}  // namespace ingot::core
