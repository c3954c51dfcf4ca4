// meetkai's functionary.
//
// v3.2: parts with a recipient each, of which "all" is the user; the prompt ends in the first >>>:
//
//   all
//   text>>>get_weather
//   {"city": "Paris"}
//
// v3.1 (Llama 3.1): text<function=get_weather>{"city": "Paris"}</function>
//
// Python's prompt in a text is >>> as well: only a name, a line break and an object behind it make a call.
// Code for the tool python comes without JSON and stays text. Source: the templates.
#include <array>

#include "chat/formats/formats.h"

namespace ingot::core {

using namespace format_tables;

namespace {

constexpr std::array kMarkersV32{Marker{.text = ">>>", .label = "part", .is_soft = true}};

constexpr std::array kStepsV32{
    FormatStep{Kind::kLabel, "start"}, FormatStep{Kind::kTry, ">>>", "part"},
    FormatStep{Kind::kLabel, "part"},  FormatStep{Kind::kTry, "all\n", "named"},
    FormatStep{Kind::kToText},         FormatStep{Kind::kLabel, "named"},
    FormatStep{Kind::kName},           FormatStep{Kind::kExpect, "\n"},
    FormatStep{Kind::kArguments},      FormatStep{Kind::kEnd},
    FormatStep{Kind::kToText},
};

constexpr std::array kSignsV32{Sign{">>>${recipient}"}, Sign{">>>all"}};

constexpr std::array kMarkersV31{Marker{.text = "<function=", .label = "call"}};

constexpr std::array kStepsV31{
    FormatStep{Kind::kLabel, "call"}, FormatStep{Kind::kName},
    FormatStep{Kind::kExpect, ">"},   FormatStep{Kind::kSpace},
    FormatStep{Kind::kArguments},     FormatStep{Kind::kEnd},
    FormatStep{Kind::kSpace},         FormatStep{Kind::kExpect, "</function>"},
    FormatStep{Kind::kToText},
};

constexpr std::array kSignsV31{Sign{"<function=", "</function>"}};

}  // namespace

const OutputFormat kFunctionaryV32Format{
    .name = "functionary-v3.2", .markers = kMarkersV32, .steps = kStepsV32, .start = "start", .signs = kSignsV32};
const OutputFormat kFunctionaryV31Format{
    .name = "functionary-v3.1", .markers = kMarkersV31, .steps = kStepsV31, .signs = kSignsV31};

}  // namespace ingot::core
