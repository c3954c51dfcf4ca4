// How a family of models writes tool calls and reasoning, as data: one OutputFormat in formats/FAMILY.cpp each.
//
// The answer is content (text or reasoning) in which markers are looked for. A marker either switches the content, or
// runs steps from a label on: a small program that reads what has to follow, literally or as names and JSON. Where a
// step does not fit, the steps end there and what they read is content after all.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace ingot::core {

enum class Content : uint8_t {
  kText,
  kAnswer,  // text as well, between the markers of a section that has its own end
  kReasoning,
};

// In which content a marker counts.
enum class In : uint8_t { kText = 1, kAnswer = 2, kTextAndAnswer = 3, kReasoning = 4, kAll = 7 };

struct Marker {
  enum class Then : uint8_t { kText, kAnswer, kReasoning, kRun, kStray };

  std::string_view text;
  In in = In::kText;
  Then then = Then::kRun;
  std::string_view label = {};  // of kRun: where the steps begin
  bool only_first = false;      // counts while no text has been written: an answer may mention it
  bool is_soft = false;         // ordinary text looks like it, so that failing is nothing to report
  bool is_kept = false;         // the steps begin at the marker, not behind it
};

struct FormatStep {
  enum class Kind : uint8_t {
    kLabel,       // text: its name
    kGoto,        // to
    kSpace,       // any white space, or none
    kExpect,      // text, or the steps fail
    kTry,         // text, or on at label to
    kPeek,        // as kTry, and the text is not consumed
    kName,        // the name of the tool; text: a suffix that it must have and that is no part of it
    kId,          // the id of the call
    kWord,        // a word without meaning, or none
    kCall,        // the whole call as a JSON object: name, arguments, id
    kArguments,   // a JSON object
    kBegin,       // announces a call whose arguments come as kKey and kValue
    kKey,         // the name of a parameter
    kValue,       // its value, up to text, which is consumed
    kQuoted,      // its value between double quotes
    kEnd,         // the call is whole
    kToText,      // the last step; content follows
    kToAnswer,    // the last step; content follows
    kToReasoning  // the last step; content follows
  };

  Kind kind;
  std::string_view text = {};
  std::string_view to = {};
};

// A template that contains all three (empty ones always count) speaks this format.
struct Sign {
  std::string_view first;
  std::string_view second = {};
  std::string_view third = {};
};

struct OutputFormat {
  std::string_view name;
  std::span<const Marker> markers = {};  // none is the beginning of another in the same content
  std::span<const FormatStep> steps = {};
  std::string_view start = {};  // the label that the answer begins with; empty: content
  std::span<const Sign> signs = {};
  std::string_view reasoning_opener = {};  // a prompt that ends in it has begun the reasoning
};

// Every format, those first whose signs are the more particular.
std::span<const OutputFormat* const> output_formats();
// Null where there is none of this name.
const OutputFormat* find_output_format(std::string_view name);
// The format that the models of a chat template write; "plain" where nothing is known.
const OutputFormat& detect_output_format(std::string_view template_source);
// Whether the answer to this prompt begins inside the reasoning.
bool prompt_opens_reasoning(const OutputFormat& format, std::string_view prompt);

}  // namespace ingot::core
