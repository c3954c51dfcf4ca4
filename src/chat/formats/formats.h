// The families, one file each; output_formats() lists them.
#pragma once

#include "chat/output_format.h"

namespace ingot::core {

extern const OutputFormat kCommandRFormat;
extern const OutputFormat kCommandR7bFormat;
extern const OutputFormat kDeepSeekFormat;
extern const OutputFormat kFunctionaryV31Format;
extern const OutputFormat kFunctionaryV32Format;
extern const OutputFormat kGptOssFormat;
extern const OutputFormat kGraniteFormat;
extern const OutputFormat kHermesFormat;
extern const OutputFormat kLlama3Format;
extern const OutputFormat kMistralFormat;
extern const OutputFormat kPhi4MiniFormat;
extern const OutputFormat kPlainFormat;
extern const OutputFormat kQwen3CoderFormat;
extern const OutputFormat kReasoningFormat;

// Shorthand for the tables of this folder.
namespace format_tables {
using Kind = FormatStep::Kind;
using Then = Marker::Then;

// <think>…</think> at the beginning of an answer, as Qwen3, DeepSeek-R1, SmolLM3 and many others write it. Later in an
// answer <think> is something that the answer speaks about, and </think> alone a reasoning whose beginning was missed.
inline constexpr Marker kThinkOpens{.text = "<think>", .then = Then::kReasoning, .only_first = true};
inline constexpr Marker kThinkCloses{.text = "</think>", .in = In::kReasoning, .then = Then::kText};
inline constexpr Marker kThinkStrays{.text = "</think>", .then = Then::kStray};
}  // namespace format_tables

}  // namespace ingot::core
