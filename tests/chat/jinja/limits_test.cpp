// Templates that mean harm: each is refused in bounded time and memory.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/cpu_time.h"
#include "chat/golden.h"

namespace ingot::core {
namespace {

using ::testing::HasSubstr;

std::string repeated(std::string_view part, size_t n) {
  std::string text;
  for (size_t done = 0; done < n; done++) text += part;
  return text;
}

TEST(JinjaLimits, RefuseWhatIsTooMuch) {
  const std::string doubling =
      "{% set ns = namespace(s='0123456789') %}{% for i in range(60) %}{% set ns.s = ns.s ~ ns.s %}{% endfor %}";
  const std::string compared =
      "{% set a = namespace(l=[1]) %}{% set b = namespace(l=[1]) %}{% for i in range(300) %}{% set a.l = [a.l] %}"
      "{% set b.l = [b.l] %}{% endfor %}{{ a.l == b.l }}";
  const std::vector<std::string> sources{
      doubling + "{{ ns.s }}",
      "{% set ns = namespace(l=[1]) %}{% for i in range(60) %}{% set ns.l = ns.l + ns.l %}{% endfor %}",
      "{% set ns = namespace(l=[1]) %}{% for i in range(60) %}{% set ns.l = [ns.l, ns.l] %}{% endfor %}{{ ns.l }}",
      "{% set ns = namespace(l=[1]) %}{% for i in range(300) %}{% set ns.l = [ns.l] %}{% endfor %}{{ ns.l | tojson }}",
      "{% set ns = namespace(l=(1,)) %}{% for i in range(300) %}{% set ns.l = (ns.l,) %}{% endfor %}{{ {ns.l: 1} }}",
      compared,
      "{% set ns = namespace() %}{% set ns.x = ns %}{{ ns }}",
      "{{ 'a' * 10 ** 10 }}",
      "{{ 10 ** 10 * 'a' }}",
      "{{ [0] * 10 ** 9 }}",
      "{{ range(10 ** 12) }}",
      "{{ 9 ** 9 ** 9 }}",
      "{{ 10 ** 1000000 }}",
      "{{ 'a'.ljust(10 ** 12) }}",
      "{{ 'a'.center(10 ** 9) }}",
      "{{ 'a'.zfill(10 ** 11) }}",
      "{{ '%1000000000d' % 1 }}",
      "{{ '%.1000000000f' % 1.0 }}",
      "{{ '{:1000000000}'.format(1) }}",
      "{{ '{:01000000,}'.format(1) * 100 }}",
      "{{ ('a\n' * 100000) | indent(100000) }}",
      "{{ ('\t' * 1000000).expandtabs(1000) }}",
      "{{ ('a' * 1000000).replace('', 'b' * 1000) }}",
      "{{ ('ab' * 100000).replace('b', 'c' * 10000) }}",
      "{{ ('a' * 100000) | list | join('b' * 10000) }}",
      "{{ [1] | batch(10 ** 10, 0) | list }}",
      "{{ [1] | slice(10 ** 10) | list }}",
      "{% for a in range(100000) %}{% for b in range(100000) %}{% endfor %}{% endfor %}",
      "{% for a in range(100000) %}{% for b in range(100000) %}x{% endfor %}{% endfor %}",
      "{% for a in range(100000) %}{{ 'x' * 10000 }}{% endfor %}",
      "{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}",
      "{% macro f(n) %}{{ f(n) }}{{ f(n) }}{% endmacro %}{{ f(1) }}",
      "{% macro f(n) %}{% if n %}{{ f(n - 1) }}{{ f(n - 1) }}{% endif %}{% endmacro %}{{ f(40) }}",
      "{% set ns = namespace(l=[]) %}{% for x in [[1]] recursive %}{{ loop([[1]]) }}{% endfor %}",
      "{% set x = 'a' * 1000000 %}{% for i in range(100000) %}{% if x ~ 'b' in x ~ 'c' %}{% endif %}{% endfor %}",
      "{% set x = 'a' * 3000000 %}{% set y = x[:999] ~ 'b' %}{% for i in range(100000) %}{{ x.count(y) }}{% endfor %}",
      "{% set x = 'a' * 3000000 %}{% set y = x[:99] ~ 'b' %}{% for i in range(100000) %}{{ x.find(y) }}{% endfor %}",
      "{% set x = ('a' * 1000000) | list %}{% for i in range(1000) %}{% set y = x | sort %}{% endfor %}",
      "{% set x = 'é' * 1000000 %}{% for i in range(100000) %}{{ x[i] ~ x[-i] }}{% endfor %}",
      repeated("(", 100'000) + "1" + repeated(")", 100'000),
      "{{ " + repeated("(", 100'000) + "1" + repeated(")", 100'000) + " }}",
      "{{ " + repeated("[", 100'000) + repeated("]", 100'000) + " }}",
      "{{ " + repeated("{1:", 50'000) + "1" + repeated("}", 50'000) + " }}",
      "{{ " + repeated("not ", 100'000) + "1 }}",
      "{{ " + repeated("-", 100'000) + "1 }}",
      "{{ 1" + repeated(" + 1", 100'000) + " }}",
      "{{ 1" + repeated(" and 1", 60'000) + " }}",
      "{{ 1" + repeated(" if 1 else 1", 30'000) + " }}",
      "{{ x" + repeated(".a", 100'000) + " }}",
      "{{ x" + repeated("|e", 100'000) + " }}",
      "{{ x" + repeated("[0]", 100'000) + " }}",
      "{{ x" + repeated("()", 100'000) + " }}",
      "{{ x" + repeated("(x", 100'000) + repeated(")", 100'000) + " }}",
      "{% set " + repeated("(", 100'000) + "a" + repeated(")", 100'000) + " = 1 %}",
      repeated("{% if 1 %}", 40'000) + repeated("{% endif %}", 1),
      repeated("{% for a in b %}", 20'000),
      repeated("{% macro f() %}", 20'000),
      repeated("{% with %}", 20'000),
      repeated("{% filter e %}", 20'000),
  };
  for (const std::string& source : sources) {
    const double start = thread_cpu_seconds();
    const auto result = test::render(source);
    const double seconds = thread_cpu_seconds() - start;
    const bool plain_text = source[0] == '(';
    EXPECT_EQ(result.has_value(), plain_text) << source.substr(0, 120);
    // A second without the sanitizers.
    EXPECT_LT(seconds, 15) << source.substr(0, 120);
    if (result) continue;
    EXPECT_LT(result.error().message.size(), 400U) << result.error().message;
  }
}

TEST(JinjaLimits, LeaveRoomForRealConversations) {
  std::string messages = "[";
  for (int turn = 0; turn < 4000; turn++) {
    messages += turn == 0 ? "" : ",";
    messages += R"({"role": "user", "content": ")" + std::string(1000, 'x') + R"("})";
  }
  messages += "]";
  const auto result = test::render(
      "{% for m in messages %}{% if loop.first or m.role != loop.previtem.role %}{% endif %}"
      "{{ '<|im_start|>' + m['role'] + '\n' + (m.content | trim) + '<|im_end|>\n' }}{% endfor %}",
      {{"messages", messages}});
  ASSERT_TRUE(result) << result.error().message;
  EXPECT_GT(result->text.size(), 4'000'000U);
  EXPECT_EQ(result->user.size(), 8000U);
}

TEST(JinjaLimits, ExactRangeOfJinjasSandbox) {
  EXPECT_EQ(test::rendered("{{ range(100000) | length }}"), "100000");
  EXPECT_THAT(test::rendered("{{ range(100001) | length }}"), HasSubstr("at most 100000"));
}

}  // namespace
}  // namespace ingot::core
