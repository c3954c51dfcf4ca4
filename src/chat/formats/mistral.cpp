// Mistral 7B v0.3, Nemo, Large, and what came after, Magistral's reasoning included:
//
//   [THINK]…[/THINK]text[TOOL_CALLS][{"name": "f", "arguments": {…}, "id": "abcdefghi"}]
//   [TOOL_CALLS]f[CALL_ID]abcdefghi[ARGS]{…}[TOOL_CALLS]g[ARGS]{…}
//   [TOOL_CALLS]f{…}
//
// Source: Nemo's template, and mistral-common's tokenizers v3, v11 and v13.
#include <array>

#include "chat/formats/formats.h"

namespace ingot::core {

using namespace format_tables;

namespace {

constexpr std::array kMarkers{
    Marker{.text = "[THINK]", .then = Then::kReasoning},
    Marker{.text = "[/THINK]", .in = In::kReasoning, .then = Then::kText},
    Marker{.text = "[/THINK]", .then = Then::kStray},
    Marker{.text = "[TOOL_CALLS]", .label = "calls"},
};

constexpr std::array kSteps{
    FormatStep{Kind::kLabel, "calls"},
    FormatStep{Kind::kSpace},
    FormatStep{Kind::kTry, "[", "named"},
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

    FormatStep{Kind::kLabel, "named"},
    FormatStep{Kind::kName},
    FormatStep{Kind::kSpace},
    FormatStep{Kind::kTry, "[CALL_ID]", "arguments"},
    FormatStep{Kind::kSpace},
    FormatStep{Kind::kId},
    FormatStep{Kind::kSpace},
    FormatStep{Kind::kLabel, "arguments"},
    FormatStep{Kind::kTry, "[ARGS]", "object"},
    FormatStep{Kind::kSpace},
    FormatStep{Kind::kLabel, "object"},
    FormatStep{Kind::kArguments},
    FormatStep{Kind::kEnd},
    FormatStep{Kind::kToText},
};

constexpr std::array kSigns{Sign{"[TOOL_CALLS]"}};

}  // namespace

const OutputFormat kMistralFormat{
    .name = "mistral", .markers = kMarkers, .steps = kSteps, .signs = kSigns, .reasoning_opener = "[THINK]"};

}  // namespace ingot::core
