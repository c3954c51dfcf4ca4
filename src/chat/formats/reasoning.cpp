// Models that think aloud and call no tools: SmolLM3 without tools, RWKV World in its thinking form, QwQ.
#include <array>

#include "chat/formats/formats.h"

namespace ingot::core {

using namespace format_tables;

namespace {

constexpr std::array kMarkers{kThinkOpens, kThinkCloses, kThinkStrays};
constexpr std::array kSigns{Sign{"<think>"}, Sign{"</think>"}};

}  // namespace

const OutputFormat kReasoningFormat{
    .name = "reasoning", .markers = kMarkers, .signs = kSigns, .reasoning_opener = "<think>"};

}  // namespace ingot::core
