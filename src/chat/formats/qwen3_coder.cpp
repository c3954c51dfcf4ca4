// Qwen3-Coder, and Qwen 3.5 after it:
//
//   <tool_call>
//   <function=get_weather>
//   <parameter=city>
//   Paris
//   </parameter>
//   </function>
//   </tool_call>
//
// One line break after <parameter=…> and one before </parameter> belong to the markup. The outer tag is sometimes left
// out by the model; the JSON of the hermes format is taken as well, since the same models know it. Source: the
// template.
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
    Marker{.text = "<function=", .label = "bare", .is_soft = true},
    Marker{.text = "</tool_call>", .then = Then::kStray},
};

constexpr std::array kSteps{
    FormatStep{Kind::kLabel, "call"},
    FormatStep{Kind::kSpace},
    FormatStep{Kind::kTry, "<function=", "json"},
    FormatStep{Kind::kName},
    FormatStep{Kind::kExpect, ">"},
    FormatStep{Kind::kBegin},
    FormatStep{Kind::kLabel, "parameter"},
    FormatStep{Kind::kSpace},
    FormatStep{Kind::kTry, "<parameter=", "last"},
    FormatStep{Kind::kKey},
    FormatStep{Kind::kExpect, ">"},
    FormatStep{Kind::kValue, "</parameter>"},
    FormatStep{Kind::kGoto, {}, "parameter"},
    FormatStep{Kind::kLabel, "last"},
    FormatStep{Kind::kExpect, "</function>"},
    FormatStep{Kind::kEnd},
    FormatStep{Kind::kSpace},
    FormatStep{Kind::kExpect, "</tool_call>"},
    FormatStep{Kind::kToText},

    FormatStep{Kind::kLabel, "json"},
    FormatStep{Kind::kCall},
    FormatStep{Kind::kEnd},
    FormatStep{Kind::kSpace},
    FormatStep{Kind::kExpect, "</tool_call>"},
    FormatStep{Kind::kToText},

    FormatStep{Kind::kLabel, "bare"},
    FormatStep{Kind::kName},
    FormatStep{Kind::kExpect, ">"},
    FormatStep{Kind::kSpace},
    FormatStep{Kind::kPeek, "<parameter=", "none"},
    FormatStep{Kind::kBegin},
    FormatStep{Kind::kLabel, "bare parameter"},
    FormatStep{Kind::kSpace},
    FormatStep{Kind::kTry, "<parameter=", "bare last"},
    FormatStep{Kind::kKey},
    FormatStep{Kind::kExpect, ">"},
    FormatStep{Kind::kValue, "</parameter>"},
    FormatStep{Kind::kGoto, {}, "bare parameter"},
    FormatStep{Kind::kLabel, "none"},
    FormatStep{Kind::kPeek, "</function>", "bare last"},
    FormatStep{Kind::kBegin},
    FormatStep{Kind::kLabel, "bare last"},
    FormatStep{Kind::kExpect, "</function>"},
    FormatStep{Kind::kEnd},
    FormatStep{Kind::kSpace},
    FormatStep{Kind::kTry, "</tool_call>", "bare end"},
    FormatStep{Kind::kLabel, "bare end"},
    FormatStep{Kind::kToText},
};

constexpr std::array kSigns{Sign{"<tool_call>", "<function=", "<parameter="}};

}  // namespace

const OutputFormat kQwen3CoderFormat{
    .name = "qwen3-coder", .markers = kMarkers, .steps = kSteps, .signs = kSigns, .reasoning_opener = "<think>"};

}  // namespace ingot::core
