// What the templates of real models make of a message, parsed, is the message: tests/reference/render_tool_calls.py.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "parsed_output.h"
#include "template_folder.h"

namespace ingot::core {
namespace {

using nlohmann::json;

TEST(RenderedAnswers, GiveTheirMessagesBack) {
  const json file = json::parse(file_text(std::filesystem::path(INGOT_CHAT_GOLDENS) / "rendered.json"));
  const auto types = ParameterTypes::create(file.at("tools").dump());
  ASSERT_TRUE(types);
  ASSERT_GE(file.at("goldens").size(), 90u);
  for (const json& golden : file.at("goldens")) {
    SCOPED_TRACE(golden.at("template").get<std::string>() + ", " + golden.at("case").get<std::string>());
    const ParsedOutput output =
        parse(golden.at("format").get<std::string>(), golden.at("answer").get<std::string>(), {.types = *types});
    EXPECT_FALSE(output.malformed());
    EXPECT_EQ(output.text, golden.at("content").get<std::string>());
    EXPECT_EQ(output.reasoning, golden.at("reasoning").get<std::string>());
    const json& calls = golden.at("calls");
    ASSERT_EQ(output.calls.size(), calls.size());
    for (size_t index = 0; index < calls.size(); ++index) {
      EXPECT_EQ(output.calls[index].name, calls[index].at("name").get<std::string>());
      EXPECT_EQ(json::parse(output.calls[index].arguments), calls[index].at("arguments"));
      EXPECT_EQ(output.calls[index].id, calls[index].at("id").get<std::string>());
    }
  }
}

}  // namespace
}  // namespace ingot::core
