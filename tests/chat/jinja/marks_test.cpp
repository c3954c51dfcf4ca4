// Which bytes of a prompt came from the user.
#include <gtest/gtest.h>

#include "chat/golden.h"

namespace ingot::core {
namespace {

// The text with the user's bytes in «».
std::string marked(std::string_view source, const test::Data& data) {
  const auto result = test::render(source, data);
  if (!result) return "error: " + result.error().message;
  std::string shown;
  size_t done = 0;
  for (const jinja::ByteSpan& span : result->user) {
    EXPECT_LT(span.begin, span.end);
    EXPECT_GE(span.begin, done);
    shown += result->text.substr(done, span.begin - done) + "«" +
             result->text.substr(span.begin, span.end - span.begin) + "»";
    done = span.end;
  }
  return shown + result->text.substr(done);
}

const test::Data kData{{"u", "\"us<er\""},
                       {"v", "\" pad \""},
                       {"n", "5"},
                       {"l", "[\"a\", \"b\"]"},
                       {"d", "{\"k\": \"v\", \"n\": 1}"},
                       {"e", "\"ünï\""},
                       {"m", "[{\"role\": \"user\", \"content\": \"hi\\n\"}]"}};

struct Case {
  const char* source;
  const char* expected;
};

TEST(JinjaMarks, SurviveEveryOperation) {
  const std::vector<Case> cases{
      {"a{{ u }}b", "a«us<er»b"},
      {"{{ 'x' + u + 'y' }}{{ 'x' ~ u ~ u }}", "x«us<er»yx«us<erus<er»"},
      {"{{ ('x' + u)[0:3] }}{{ ('x' + u)[-2:] }}{{ u[1] }}{{ ('x' + u)[::-1] }}", "x«usersre<su»x"},
      {"{{ ('[' ~ v ~ ']') }}{{ v | trim }}{{ v.strip() ~ '.' }}{{ v.lstrip() }}", "[« pad »]«padpad».«pad »"},
      {"{{ ('x' ~ u) | upper }}{{ ('X' ~ u).lower() }}{{ ('x ' ~ u) | title }}{{ ('x' ~ u).capitalize() }}",
       "X«US<ER»x«us<er»X «Us<Er»X«us<er»"},
      {"{{ ('a' ~ u).replace('us', 'T') }}{{ 'xAx' | replace('A', u) }}{{ u.replace('s', 'T') }}",
       "aT«<er»x«us<er»x«u»T«<er»"},
      {"{{ u | tojson }}{{ ['t', u] | tojson }}", "\"«us<er»\"[\"t\", \"«us<er»\"]"},
      {"{{ d | tojson }};{{ l }};{{ m | tojson }}",
       "«{\"k\": \"v\", \"n\": 1}»;«['a', 'b']»;«[{\"role\": \"user\", \"content\": \"hi\\n\"}]»"},
      {"{{ '%s|%s' % (u, 'y') }}{{ '{}|{}'.format(u, 'y') }}{{ '%7s' % u }}", "«us<er»|y«us<er»|y  «us<er»"},
      {"{{ l | join('-') }}{{ '.'.join(l) }}{{ ['x', u] | join(u) }}", "«a»-«ba».«b»x«us<erus<er»"},
      {"{% set x %}t{{ u }}{% endset %}{{ x }}{% macro f(a) %}<{{ a }}>{% endmacro %}{{ f(u) }}", "t«us<er»<«us<er»>"},
      {"{{ (u ~ 't') | e }}{{ u | indent(2, true) }}{{ (u ~ '-') | truncate(4, true, '!', 0) }}",
       "«us&lt;er»t  «us<erus<»!"},
      {"{{ ('t ' ~ u ~ ' t').split(' ')[1] }}{{ (u ~ '<t').split('<') }}", "«us<er»['«us»', '«er»', 't']"},
      {"{% for c in 'x' ~ u %}{{ c }}{% endfor %}{% for k, x in d.items() %}{{ k }}={{ x }},{% endfor %}",
       "x«us<erk»=«v»,«n»=1,"},
      {"{{ e[1:] }}{{ e.upper() }}{{ e | tojson(ensure_ascii=true) }}{{ (e ~ 'ü') | reverse }}",
       "«nïÜNÏ»\"«\\u00fcn\\u00ef»\"ü«ïnü»"},
      {"{{ u if true }}{{ u or 'x' }}{{ u | default('x') }}{{ l | first }}{{ l | last }}{{ l | map('upper') | join }}",
       "«us<erus<erus<erabAB»"},
      {"{% filter upper %}t{{ u }}{% endfilter %}{{ u.center(9, '.') }}{{ u | string }}{{ u.removeprefix('us') }}",
       "T«US<ER»..«us<er»..«us<er<er»"},
      {"{{ 'us<er' if u == 'us<er' }}{{ n }}{{ n + 1 }}", "us<er56"},
      {"{{ m[0].content.strip() }}{{ m[0]['role'] }}", "«hiuser»"},
      {"{{ u.partition('<') }}{{ u | batch(2) | list }}",
       "('«us»', '«<»', '«er»')[['«u»', '«s»'], ['«<»', '«e»'], ['«r»']]"},
  };
  for (const Case& item : cases) EXPECT_EQ(marked(item.source, kData), item.expected) << item.source;
}

TEST(JinjaMarks, TrustedVariablesHaveNone) {
  const auto parsed = jinja::Template::parse("{{ bos }}{{ u }}");
  ASSERT_TRUE(parsed);
  const auto result = parsed->render(
      {{"bos", jinja::Variable::Type::kTrusted, "<s>"}, {"u", jinja::Variable::Type::kUserJson, "\"<s>\""}}, {});
  ASSERT_TRUE(result);
  ASSERT_EQ(result->user.size(), 1U);
  EXPECT_EQ(result->user[0].begin, 3U);
}

}  // namespace
}  // namespace ingot::core
