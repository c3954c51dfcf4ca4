#include "bench/profile_page.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

namespace ingot::core {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using Json = nlohmann::ordered_json;

// What lies between two marks of a text, of which the first is there once.
std::string between(std::string_view text, std::string_view from, std::string_view to) {
  const size_t begin = text.find(from);
  EXPECT_NE(begin, std::string_view::npos) << from;
  EXPECT_EQ(text.find(from, begin + 1), std::string_view::npos) << from << " twice";
  const size_t end = text.find(to, begin);
  EXPECT_NE(end, std::string_view::npos) << to;
  return std::string(text.substr(begin + from.size(), end - begin - from.size()));
}

std::string data_of(std::string_view page) {
  return between(page, R"(<script type="application/json" id="data">)", "</script>");
}

TEST(ProfilePage, HoldsTheData) {
  const Json profile = {{"model", {{"name", "SmolLM2"}}}, {"wall_ms", 12.5}, {"findings", Json::array()}};
  EXPECT_EQ(Json::parse(data_of(profile_page(profile))), profile);
}

// Whatever a model's file says about itself stays text.
TEST(ProfilePage, TextsCannotBecomeMarkup) {
  for (const char* hostile :
       {"</script><script>alert(1)</script>", "<!--<script>", "]]>", "\" onload=\"x", "@script@ @style@ @data@",
        "&lt;b&gt;", "\xE2\x80\xA8 line", "\xFF\xFE no UTF-8", "</SCRIPT >"}) {
    const Json profile = {{"model", {{"name", hostile}}}};
    const std::string page = profile_page(profile);
    const std::string data = data_of(page);
    EXPECT_THAT(data, Not(HasSubstr("<"))) << hostile;
    EXPECT_THAT(data, Not(HasSubstr(">"))) << hostile;
    EXPECT_THAT(data, Not(HasSubstr("&"))) << hostile;
    EXPECT_TRUE(std::ranges::all_of(data, [](char c) { return c >= ' ' && c <= '~'; })) << hostile;
    const std::string name = Json::parse(data).at("model").at("name");
    const bool is_utf8 = std::string_view(hostile).find('\xFF') == std::string_view::npos;
    if (is_utf8) {
      EXPECT_EQ(name, hostile);
    }
    // The page around it is that of any other profile.
    const std::string plain = profile_page({{"model", {{"name", "x"}}}});
    EXPECT_EQ(page.size() - data.size(), plain.size() - data_of(plain).size());
  }
}

TEST(ProfilePage, NeedsNothingElse) {
  const std::string page = profile_page(Json::object());
  EXPECT_TRUE(page.starts_with("<!doctype html>"));
  EXPECT_THAT(page, HasSubstr("default-src 'none'"));
  for (const char* outside : {"src=", "href=", "@import", "url(", "fetch(", "XMLHttpRequest", "innerHTML", "https:"}) {
    EXPECT_THAT(page, Not(HasSubstr(outside))) << outside;
  }
  // The names of SVG are its only address, and nobody asks for it.
  EXPECT_EQ(between(page, "http:", "\""), "//www.w3.org/2000/svg");
  for (const char* place : {"@style@", "@data@", "@script@"}) EXPECT_THAT(page, Not(HasSubstr(place)));
}

TEST(ProfilePage, IsForScreensLightAndDarkSmallAndPaper) {
  const std::string page = profile_page(Json::object());
  for (const char* rule : {"prefers-color-scheme: dark", "@media print", "max-width: 40rem", "name=\"viewport\""}) {
    EXPECT_THAT(page, HasSubstr(rule));
  }
}

}  // namespace
}  // namespace ingot::core
