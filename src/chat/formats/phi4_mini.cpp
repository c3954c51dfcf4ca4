// Phi-4-mini: a list of calls, <|tool_call|>[{"name": "f", "arguments": {…}}]<|/tool_call|> as its template has it, or
// functools[…] as its model card describes.
#include <array>

#include "chat/formats/formats.h"

namespace ingot::core {

using namespace format_tables;

namespace {

constexpr std::array kMarkers{
    Marker{.text = "<|tool_call|>", .label = "tagged"},
    Marker{.text = "<|/tool_call|>", .then = Then::kStray},
    Marker{.text = "functools[", .label = "calls", .is_soft = true},
};

constexpr std::array kSteps{
    FormatStep{Kind::kLabel, "calls"},
    FormatStep{Kind::kSpace},
    FormatStep{Kind::kCall},
    FormatStep{Kind::kEnd},
    FormatStep{Kind::kSpace},
    FormatStep{Kind::kTry, ",", "last"},
    FormatStep{Kind::kGoto, {}, "calls"},
    FormatStep{Kind::kLabel, "last"},
    FormatStep{Kind::kExpect, "]"},
    FormatStep{Kind::kToText},

    FormatStep{Kind::kLabel, "tagged"},
    FormatStep{Kind::kSpace},
    FormatStep{Kind::kExpect, "["},
    FormatStep{Kind::kLabel, "tagged call"},
    FormatStep{Kind::kSpace},
    FormatStep{Kind::kCall},
    FormatStep{Kind::kEnd},
    FormatStep{Kind::kSpace},
    FormatStep{Kind::kTry, ",", "tagged last"},
    FormatStep{Kind::kGoto, {}, "tagged call"},
    FormatStep{Kind::kLabel, "tagged last"},
    FormatStep{Kind::kExpect, "]"},
    FormatStep{Kind::kSpace},
    FormatStep{Kind::kExpect, "<|/tool_call|>"},
    FormatStep{Kind::kToText},
};

constexpr std::array kSigns{Sign{"<|tool|>", "<|/tool|>"}, Sign{"functools["}};

}  // namespace

const OutputFormat kPhi4MiniFormat{.name = "phi4-mini", .markers = kMarkers, .steps = kSteps, .signs = kSigns};

}  // namespace ingot::core
