#include <gtest/gtest.h>

#include "chat/golden.h"

namespace ingot::core {
namespace {

TEST(JinjaSnippets, EqualJinja2) {
  const auto golden = test::read_chat_golden("snippets.json");
  const auto data = golden.at("data").get<test::Data>();
  const std::string now = golden.at("now");
  ASSERT_GT(golden.at("cases").size(), 800U);
  for (const auto& item : golden.at("cases")) {
    const std::string source = item.at("template");
    const auto result = test::render(source, data, now);
    if (item.contains("error")) {
      EXPECT_FALSE(result) << source << "\nshould fail, gives\n" << result->text;
    } else {
      ASSERT_TRUE(result) << source << "\n" << result.error().message;
      EXPECT_EQ(result->text, item.at("text").get<std::string>()) << source;
    }
  }
}

}  // namespace
}  // namespace ingot::core
