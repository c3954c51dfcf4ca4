// IBM Granite 3.0 to 3.3:
//
//   <think>…</think><response>text</response>
//   <|tool_call|>[{"name": "get_weather", "arguments": {"city": "Paris"}}]
//
// 3.1 writes <tool_call> before the list. Source: the template of 3.3 and IBM's documentation of tool calling.
#include <array>

#include "chat/formats/formats.h"

namespace ingot::core {

using namespace format_tables;

namespace {

constexpr std::array kMarkers{
    kThinkOpens,
    kThinkCloses,
    kThinkStrays,
    Marker{.text = "<response>", .then = Then::kAnswer, .only_first = true},
    Marker{.text = "</response>", .in = In::kAnswer, .then = Then::kText},
    Marker{.text = "<|tool_call|>", .in = In::kTextAndAnswer, .label = "calls"},
    Marker{.text = "<tool_call>", .in = In::kTextAndAnswer, .label = "calls"},
};

constexpr std::array kSteps{
    FormatStep{Kind::kLabel, "calls"},
    FormatStep{Kind::kSpace},
    FormatStep{Kind::kExpect, "["},
    FormatStep{Kind::kSpace},
    FormatStep{Kind::kTry, "]", "call"},
    FormatStep{Kind::kToText},
    FormatStep{Kind::kLabel, "call"},
    FormatStep{Kind::kSpace},
    FormatStep{Kind::kCall},
    FormatStep{Kind::kEnd},
    FormatStep{Kind::kSpace},
    FormatStep{Kind::kTry, ",", "last"},
    FormatStep{Kind::kGoto, {}, "call"},
    FormatStep{Kind::kLabel, "last"},
    FormatStep{Kind::kExpect, "]"},
    FormatStep{Kind::kToText},
};

constexpr std::array kSigns{Sign{"<|tool_call|>", "<|start_of_role|>"}};

}  // namespace

const OutputFormat kGraniteFormat{
    .name = "granite", .markers = kMarkers, .steps = kSteps, .signs = kSigns, .reasoning_opener = "<think>"};

}  // namespace ingot::core
