// DeepSeek R1 and its distillations, V3 and V3.1:
//
//   <think>…</think>text<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>function<｜tool▁sep｜>get_weather
//   ```json
//   {"city": "Paris"}
//   ```<｜tool▁call▁end｜><｜tool▁calls▁end｜>
//
// and since V3.1 <｜tool▁call▁begin｜>get_weather<｜tool▁sep｜>{"city": "Paris"}<｜tool▁call▁end｜>.
// Source: the templates of DeepSeek-R1-Distill-Qwen-32B and DeepSeek-V3.1.
#include <array>

#include "chat/formats/formats.h"

namespace ingot::core {

using namespace format_tables;

namespace {

constexpr std::array kMarkers{
    kThinkOpens,
    kThinkCloses,
    kThinkStrays,
    Marker{.text = "<｜tool▁calls▁begin｜>", .label = "calls"},
    Marker{.text = "<｜tool▁calls▁end｜>", .then = Then::kStray},
};

constexpr std::array kSteps{
    FormatStep{Kind::kLabel, "calls"},
    FormatStep{Kind::kSpace},
    FormatStep{Kind::kTry, "<｜tool▁call▁begin｜>", "last"},
    FormatStep{Kind::kSpace},
    FormatStep{Kind::kName},  // in R1's form the type of the tool, which the name then replaces
    FormatStep{Kind::kSpace},
    FormatStep{Kind::kExpect, "<｜tool▁sep｜>"},
    FormatStep{Kind::kSpace},
    FormatStep{Kind::kPeek, "{", "fenced"},
    FormatStep{Kind::kArguments},
    FormatStep{Kind::kEnd},
    FormatStep{Kind::kGoto, {}, "call ends"},
    FormatStep{Kind::kLabel, "fenced"},
    FormatStep{Kind::kName},
    FormatStep{Kind::kSpace},
    FormatStep{Kind::kExpect, "```json"},
    FormatStep{Kind::kSpace},
    FormatStep{Kind::kArguments},
    FormatStep{Kind::kEnd},
    FormatStep{Kind::kSpace},
    FormatStep{Kind::kExpect, "```"},
    FormatStep{Kind::kLabel, "call ends"},
    FormatStep{Kind::kSpace},
    FormatStep{Kind::kExpect, "<｜tool▁call▁end｜>"},
    FormatStep{Kind::kGoto, {}, "calls"},
    FormatStep{Kind::kLabel, "last"},
    FormatStep{Kind::kExpect, "<｜tool▁calls▁end｜>"},
    FormatStep{Kind::kToText},
};

constexpr std::array kSigns{Sign{"<｜tool▁calls▁begin｜>"}};

}  // namespace

const OutputFormat kDeepSeekFormat{
    .name = "deepseek", .markers = kMarkers, .steps = kSteps, .signs = kSigns, .reasoning_opener = "<think>"};

}  // namespace ingot::core
