// Hermes 2 and 3, Qwen 2.5 and 3, SmolLM3 with tools, Granite 4 and many that were trained like them:
//
//   <think>…</think>text<tool_call>
//   {"name": "get_weather", "arguments": {"city": "Paris"}}
//   </tool_call>
//
// Source: the chat templates of NousResearch and Qwen.
#include <array>

#include "chat/formats/formats.h"

namespace ingot::core {

using namespace format_tables;

namespace {

constexpr std::array kMarkers{
    kThinkOpens,
    kThinkCloses,
    kThinkStrays,
    Marker{.text = "<tool_call>", .label = "call"},
    Marker{.text = "</tool_call>", .then = Then::kStray},
};

constexpr std::array kSteps{
    FormatStep{Kind::kLabel, "call"}, FormatStep{Kind::kSpace}, FormatStep{Kind::kCall},
    FormatStep{Kind::kEnd},           FormatStep{Kind::kSpace}, FormatStep{Kind::kExpect, "</tool_call>"},
    FormatStep{Kind::kToText},
};

constexpr std::array kSigns{Sign{"<tool_call>"}};

}  // namespace

const OutputFormat kHermesFormat{
    .name = "hermes", .markers = kMarkers, .steps = kSteps, .signs = kSigns, .reasoning_opener = "<think>"};

}  // namespace ingot::core
