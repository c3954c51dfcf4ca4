#include "chat/output_format.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>
#include <string>

#include "template_folder.h"

namespace ingot::core {
namespace {

TEST(OutputFormat, HasAName) {
  std::set<std::string_view> names;
  for (const OutputFormat* format : output_formats()) {
    EXPECT_TRUE(names.insert(format->name).second) << format->name;
    EXPECT_EQ(find_output_format(format->name), format);
  }
  EXPECT_EQ(find_output_format("Hermes"), nullptr);
  EXPECT_EQ(find_output_format(""), nullptr);
}

// The parser takes the first marker that matches, and stops on a label that is not there.
TEST(OutputFormat, IsSound) {
  for (const OutputFormat* format : output_formats()) {
    SCOPED_TRACE(format->name);
    for (const Marker& one : format->markers) {
      for (const Marker& other : format->markers) {
        const bool meet = (static_cast<unsigned>(one.in) & static_cast<unsigned>(other.in)) != 0;
        EXPECT_FALSE(meet && &one != &other && !one.only_first && other.text.starts_with(one.text)) << one.text;
      }
    }
    std::set<std::string_view> labels;
    for (const FormatStep& step : format->steps) {
      if (step.kind == FormatStep::Kind::kLabel) {
        EXPECT_TRUE(labels.insert(step.text).second) << step.text;
      }
    }
    for (const FormatStep& step : format->steps) {
      const bool jumps = step.kind == FormatStep::Kind::kGoto || step.kind == FormatStep::Kind::kTry ||
                         step.kind == FormatStep::Kind::kPeek;
      EXPECT_EQ(jumps, !step.to.empty());
      if (jumps) {
        EXPECT_TRUE(labels.contains(step.to)) << step.to;
      }
    }
    for (const Marker& marker : format->markers) {
      if (marker.then == Marker::Then::kRun) {
        EXPECT_TRUE(labels.contains(marker.label)) << marker.label;
      }
    }
    EXPECT_TRUE(format->start.empty() || labels.contains(format->start));
    const FormatStep::Kind last = format->steps.empty() ? FormatStep::Kind::kToText : format->steps.back().kind;
    EXPECT_TRUE(last == FormatStep::Kind::kToText || last == FormatStep::Kind::kGoto) << "no step runs over the end";
  }
}

TEST(OutputFormat, IsDetectedInATemplate) {
  const std::map<std::string, std::string> sources{
      {"", "plain"},
      {"{{ messages }}", "plain"},
      {"<tool_call>{{ x }}", "hermes"},
      {"<think>", "reasoning"},
      {"<think> <tool_call>", "hermes"},
      {"<tool_call>\n<function=f>\n<parameter=p>", "qwen3-coder"},
      {"<function=f>{}</function>", "functionary-v3.1"},
      {"<|tool|>{{ tools }}<|/tool|>", "phi4-mini"},
      {"<|CHATBOT_TOKEN|>Action: ```json [{\"tool_name\"", "command-r"},
      {"[TOOL_CALLS]", "mistral"},
      {"<|start_header_id|>ipython<|end_header_id|>", "llama3"},
  };
  for (const auto& [source, name] : sources) EXPECT_EQ(detect_output_format(source).name, name) << source;
}

TEST(OutputFormat, IsDetectedInTheTemplatesOfRealModels) {
  const auto folder = template_folder();
  if (!folder) GTEST_SKIP() << "no templates: set INGOT_TEST_DATA to the folder that holds templates/";
  const std::map<std::string, std::string> expected{
      {"CohereForAI-c4ai-command-r7b-12-2024-tool_use.jinja", "command-r7b"},
      {"HuggingFaceTB-SmolLM3-3B.jinja", "reasoning"},
      {"NousResearch-Hermes-2-Pro-Llama-3-8B-tool_use.jinja", "hermes"},
      {"Qwen-Qwen2.5-7B-Instruct.jinja", "hermes"},
      {"Qwen-Qwen3-0.6B.jinja", "hermes"},
      {"Qwen3-Coder.jinja", "qwen3-coder"},
      {"deepseek-ai-DeepSeek-R1-Distill-Qwen-32B.jinja", "deepseek"},
      {"google-gemma-2-2b-it.jinja", "plain"},
      {"ibm-granite-granite-3.3-2B-Instruct.jinja", "granite"},
      {"llama-cpp-rwkv-world.jinja", "reasoning"},
      {"meetkai-functionary-medium-v3.2.jinja", "functionary-v3.2"},
      {"meta-llama-Llama-3.1-8B-Instruct.jinja", "llama3"},
      {"microsoft-Phi-3.5-mini-instruct.jinja", "plain"},
      {"mistralai-Mistral-Nemo-Instruct-2407.jinja", "mistral"},
      {"openai-gpt-oss-120b.jinja", "gpt-oss"},
  };
  size_t n_found = 0;
  for (const auto& [file, name] : expected) {
    const std::string source = file_text(*folder / file);
    if (source.empty()) continue;
    ++n_found;
    EXPECT_EQ(detect_output_format(source).name, name) << file;
  }
  EXPECT_EQ(n_found, expected.size());
}

TEST(OutputFormat, KnowsWhetherAPromptOpensTheReasoning) {
  const auto opens = [](const char* format, std::string_view prompt) {
    return prompt_opens_reasoning(*find_output_format(format), prompt);
  };
  EXPECT_TRUE(opens("deepseek", "<｜Assistant｜><think>\n"));
  EXPECT_FALSE(opens("deepseek", "<｜Assistant｜><think>\n</think>"));
  EXPECT_FALSE(opens("hermes", "<|im_start|>assistant\n<think>\n\n</think>\n\n"));
  EXPECT_TRUE(opens("reasoning", "Assistant: <think>"));
  EXPECT_FALSE(opens("plain", "<think>"));
  EXPECT_TRUE(opens("gpt-oss", "<|start|>assistant<|channel|>analysis<|message|>"));
  EXPECT_FALSE(opens("gpt-oss", "<|start|>assistant"));
  EXPECT_FALSE(opens("hermes", ""));
  EXPECT_FALSE(opens("hermes", " \n"));
}

}  // namespace
}  // namespace ingot::core
