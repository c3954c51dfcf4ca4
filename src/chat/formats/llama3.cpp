// Llama 3.1, 3.2 and 3.3: the whole answer is a call, or several with ; or space between,
//
//   {"name": "get_weather", "parameters": {"city": "Paris"}}
//
// also behind <|python_tag|>, where the built-in tools are written brave_search.call(query="…"). A JSON object with
// other keys is an answer in JSON. Source: the template, and Meta's page on Llama 3.1's prompt format.
#include <array>

#include "chat/formats/formats.h"

namespace ingot::core {

using namespace format_tables;

namespace {

constexpr std::array kMarkers{
    Marker{.text = "{", .label = "json", .only_first = true, .is_soft = true, .is_kept = true},
    Marker{.text = "<|python_tag|>", .label = "tag"},
};

constexpr std::array kSteps{
    FormatStep{Kind::kLabel, "tag"},
    FormatStep{Kind::kSpace},
    FormatStep{Kind::kPeek, "{", "built-in"},
    FormatStep{Kind::kLabel, "json"},
    FormatStep{Kind::kCall},
    FormatStep{Kind::kEnd},
    FormatStep{Kind::kSpace},
    FormatStep{Kind::kTry, ";", "done"},
    FormatStep{Kind::kSpace},
    FormatStep{Kind::kGoto, {}, "json"},
    FormatStep{Kind::kLabel, "done"},
    FormatStep{Kind::kToText},

    FormatStep{Kind::kLabel, "built-in"},
    FormatStep{Kind::kName, ".call"},
    FormatStep{Kind::kExpect, "("},
    FormatStep{Kind::kBegin},
    FormatStep{Kind::kSpace},
    FormatStep{Kind::kTry, ")", "parameter"},
    FormatStep{Kind::kGoto, {}, "built-in end"},
    FormatStep{Kind::kLabel, "parameter"},
    FormatStep{Kind::kSpace},
    FormatStep{Kind::kKey},
    FormatStep{Kind::kSpace},
    FormatStep{Kind::kExpect, "="},
    FormatStep{Kind::kSpace},
    FormatStep{Kind::kQuoted},
    FormatStep{Kind::kSpace},
    FormatStep{Kind::kTry, ",", "built-in last"},
    FormatStep{Kind::kGoto, {}, "parameter"},
    FormatStep{Kind::kLabel, "built-in last"},
    FormatStep{Kind::kExpect, ")"},
    FormatStep{Kind::kLabel, "built-in end"},
    FormatStep{Kind::kEnd},
    FormatStep{Kind::kToText},
};

constexpr std::array kSigns{Sign{"<|python_tag|>"}, Sign{"<|start_header_id|>ipython"}};

}  // namespace

const OutputFormat kLlama3Format{.name = "llama3", .markers = kMarkers, .steps = kSteps, .signs = kSigns};

}  // namespace ingot::core
