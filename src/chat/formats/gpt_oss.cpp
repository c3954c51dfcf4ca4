// gpt-oss writes OpenAI's harmony format: messages with a header each, the first header begun by the prompt:
//
//   <|channel|>analysis<|message|>reasoning<|end|><|start|>assistant<|channel|>final<|message|>text<|return|>
//   <|start|>assistant<|channel|>commentary to=functions.f <|constrain|>json<|message|>{…}<|call|>
//   <|start|>assistant to=functions.f<|channel|>commentary json<|message|>{…}<|call|>
//
// The channel "commentary" without a recipient is text for the user. A recipient outside functions. is one of the
// built-in tools, whose name is then the whole recipient; Python's code is no JSON and stays text.
// Source: the template, and OpenAI's description of the format (openai/harmony, docs/format.md).
#include <array>

#include "chat/formats/formats.h"

namespace ingot::core {

using namespace format_tables;

namespace {

constexpr std::array kMarkers{
    Marker{.text = "<|start|>", .in = In::kAll, .label = "message"},
    Marker{.text = "<|channel|>", .in = In::kAll, .label = "channel"},
    Marker{.text = "<|end|>", .in = In::kReasoning, .then = Then::kText},
    Marker{.text = "<|end|>", .in = In::kAnswer, .then = Then::kText},
    Marker{.text = "<|return|>", .in = In::kReasoning, .then = Then::kText},
    Marker{.text = "<|return|>", .in = In::kAnswer, .then = Then::kText},
    Marker{.text = "<|end|>", .then = Then::kStray},
    Marker{.text = "<|return|>", .then = Then::kStray},
    Marker{.text = "<|call|>", .in = In::kTextAndAnswer, .then = Then::kStray},
};

constexpr std::array kSteps{
    FormatStep{Kind::kLabel, "start"},  // any other beginning is content, where <|channel|> is a marker
    FormatStep{Kind::kSpace},
    FormatStep{Kind::kExpect, "to="},
    FormatStep{Kind::kGoto, {}, "recipient begins"},

    FormatStep{Kind::kLabel, "message"},
    FormatStep{Kind::kExpect, "assistant"},
    FormatStep{Kind::kSpace},
    FormatStep{Kind::kTry, "to=", "channel opens"},
    FormatStep{Kind::kLabel, "recipient begins"},
    FormatStep{Kind::kTry, "functions.", "recipient"},
    FormatStep{Kind::kLabel, "recipient"},
    FormatStep{Kind::kName},
    FormatStep{Kind::kSpace},
    FormatStep{Kind::kExpect, "<|channel|>"},
    FormatStep{Kind::kWord},
    FormatStep{Kind::kGoto, {}, "call"},

    FormatStep{Kind::kLabel, "channel opens"},
    FormatStep{Kind::kExpect, "<|channel|>"},
    FormatStep{Kind::kLabel, "channel"},
    FormatStep{Kind::kTry, "analysis", "not analysis"},
    FormatStep{Kind::kSpace},
    FormatStep{Kind::kPeek, "to=", "analysis"},
    FormatStep{Kind::kGoto, {}, "called"},
    FormatStep{Kind::kLabel, "analysis"},
    FormatStep{Kind::kExpect, "<|message|>"},
    FormatStep{Kind::kToReasoning},
    FormatStep{Kind::kLabel, "not analysis"},
    FormatStep{Kind::kTry, "final", "commentary"},
    FormatStep{Kind::kSpace},
    FormatStep{Kind::kGoto, {}, "text"},
    FormatStep{Kind::kLabel, "commentary"},
    FormatStep{Kind::kExpect, "commentary"},
    FormatStep{Kind::kSpace},
    FormatStep{Kind::kPeek, "to=", "text"},
    FormatStep{Kind::kGoto, {}, "called"},
    FormatStep{Kind::kLabel, "text"},  // what constrains the answer is a word here, as json
    FormatStep{Kind::kTry, "<|constrain|>", "text begins"},
    FormatStep{Kind::kWord},
    FormatStep{Kind::kLabel, "text begins"},
    FormatStep{Kind::kExpect, "<|message|>"},
    FormatStep{Kind::kToAnswer},

    FormatStep{Kind::kLabel, "called"},
    FormatStep{Kind::kExpect, "to="},
    FormatStep{Kind::kTry, "functions.", "called name"},
    FormatStep{Kind::kLabel, "called name"},
    FormatStep{Kind::kName},
    FormatStep{Kind::kLabel, "call"},
    FormatStep{Kind::kSpace},
    FormatStep{Kind::kTry, "<|constrain|>", "type"},
    FormatStep{Kind::kSpace},
    FormatStep{Kind::kLabel, "type"},
    FormatStep{Kind::kWord},
    FormatStep{Kind::kSpace},
    FormatStep{Kind::kExpect, "<|message|>"},
    FormatStep{Kind::kSpace},
    FormatStep{Kind::kArguments},
    FormatStep{Kind::kEnd},
    FormatStep{Kind::kSpace},
    FormatStep{Kind::kTry, "<|call|>", "no call token"},
    FormatStep{Kind::kToText},
    FormatStep{Kind::kLabel, "no call token"},
    FormatStep{Kind::kTry, "<|end|>", "next"},
    FormatStep{Kind::kLabel, "next"},
    FormatStep{Kind::kToText},
};

constexpr std::array kSigns{Sign{"<|channel|>", "<|message|>"}};

}  // namespace

const OutputFormat kGptOssFormat{.name = "gpt-oss",
                                 .markers = kMarkers,
                                 .steps = kSteps,
                                 .start = "start",
                                 .signs = kSigns,
                                 .reasoning_opener = "<|channel|>analysis<|message|>"};

}  // namespace ingot::core
