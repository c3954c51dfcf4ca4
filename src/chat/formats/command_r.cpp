// Cohere's Command models.
//
// R7B and A:
//   <|START_THINKING|>…<|END_THINKING|><|START_ACTION|>[
//       {"tool_call_id": "0", "tool_name": "f", "parameters": {…}}
//   ]<|END_ACTION|><|START_RESPONSE|>text<|END_RESPONSE|>
//
// R and R+:
//   Action: ```json
//   [{"tool_name": "f", "parameters": {…}}]
//   ```
// where the tool "directly-answer" says that no tool is needed: it is given like any other.
// Source: the templates, and Cohere's guide to prompting Command R.
#include <array>

#include "chat/formats/formats.h"

namespace ingot::core {

using namespace format_tables;

namespace {

constexpr std::array kMarkersR7b{
    Marker{.text = "<|START_THINKING|>", .then = Then::kReasoning},
    Marker{.text = "<|END_THINKING|>", .in = In::kReasoning, .then = Then::kText},
    Marker{.text = "<|END_THINKING|>", .then = Then::kStray},
    Marker{.text = "<|START_RESPONSE|>", .then = Then::kAnswer},
    Marker{.text = "<|END_RESPONSE|>", .in = In::kAnswer, .then = Then::kText},
    Marker{.text = "<|END_RESPONSE|>", .then = Then::kStray},
    Marker{.text = "<|START_TEXT|>", .then = Then::kAnswer},
    Marker{.text = "<|END_TEXT|>", .in = In::kAnswer, .then = Then::kText},
    Marker{.text = "<|START_ACTION|>", .in = In::kTextAndAnswer, .label = "calls"},
    Marker{.text = "<|END_ACTION|>", .in = In::kTextAndAnswer, .then = Then::kStray},
};

constexpr std::array kStepsR7b{
    FormatStep{Kind::kLabel, "calls"},
    FormatStep{Kind::kSpace},
    FormatStep{Kind::kExpect, "["},
    FormatStep{Kind::kSpace},
    FormatStep{Kind::kPeek, "]", "call"},
    FormatStep{Kind::kGoto, {}, "last"},
    FormatStep{Kind::kLabel, "call"},
    FormatStep{Kind::kSpace},
    FormatStep{Kind::kCall},
    FormatStep{Kind::kEnd},
    FormatStep{Kind::kSpace},
    FormatStep{Kind::kTry, ",", "last"},
    FormatStep{Kind::kGoto, {}, "call"},
    FormatStep{Kind::kLabel, "last"},
    FormatStep{Kind::kExpect, "]"},
    FormatStep{Kind::kSpace},
    FormatStep{Kind::kExpect, "<|END_ACTION|>"},
    FormatStep{Kind::kToText},
};

constexpr std::array kSignsR7b{Sign{"<|START_ACTION|>"}};

constexpr std::array kMarkersR{Marker{.text = "Action:", .label = "calls", .is_soft = true}};

constexpr std::array kStepsR{
    FormatStep{Kind::kLabel, "calls"},
    FormatStep{Kind::kSpace},
    FormatStep{Kind::kExpect, "```json"},
    FormatStep{Kind::kSpace},
    FormatStep{Kind::kExpect, "["},
    FormatStep{Kind::kLabel, "call"},
    FormatStep{Kind::kSpace},
    FormatStep{Kind::kCall},
    FormatStep{Kind::kEnd},
    FormatStep{Kind::kSpace},
    FormatStep{Kind::kTry, ",", "last"},
    FormatStep{Kind::kGoto, {}, "call"},
    FormatStep{Kind::kLabel, "last"},
    FormatStep{Kind::kExpect, "]"},
    FormatStep{Kind::kSpace},
    FormatStep{Kind::kExpect, "```"},
    FormatStep{Kind::kToText},
};

constexpr std::array kSignsR{Sign{"Action:", "tool_name", "<|CHATBOT_TOKEN|>"}};

}  // namespace

const OutputFormat kCommandR7bFormat{.name = "command-r7b",
                                     .markers = kMarkersR7b,
                                     .steps = kStepsR7b,
                                     .signs = kSignsR7b,
                                     .reasoning_opener = "<|START_THINKING|>"};
const OutputFormat kCommandRFormat{.name = "command-r", .markers = kMarkersR, .steps = kStepsR, .signs = kSignsR};

}  // namespace ingot::core
