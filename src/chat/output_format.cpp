#include "chat/output_format.h"

#include <algorithm>
#include <array>

#include "chat/formats/formats.h"

namespace ingot::core {

std::span<const OutputFormat* const> output_formats() {
  static constexpr std::array kFormats{
      &kGptOssFormat,         &kCommandR7bFormat, &kCommandRFormat,       &kDeepSeekFormat, &kMistralFormat,
      &kFunctionaryV32Format, &kQwen3CoderFormat, &kFunctionaryV31Format, &kGraniteFormat,  &kHermesFormat,
      &kPhi4MiniFormat,       &kLlama3Format,     &kReasoningFormat,      &kPlainFormat,
  };
  return kFormats;
}

const OutputFormat* find_output_format(std::string_view name) {
  const auto formats = output_formats();
  const auto found =
      std::find_if(formats.begin(), formats.end(), [&](const auto* format) { return format->name == name; });
  return found == formats.end() ? nullptr : *found;
}

const OutputFormat& detect_output_format(std::string_view template_source) {
  const auto has = [&](std::string_view text) { return template_source.find(text) != std::string_view::npos; };
  for (const OutputFormat* format : output_formats()) {
    for (const Sign& sign : format->signs) {
      if (has(sign.first) && has(sign.second) && has(sign.third)) return *format;
    }
  }
  return kPlainFormat;
}

bool prompt_opens_reasoning(const OutputFormat& format, std::string_view prompt) {
  if (format.reasoning_opener.empty()) return false;
  const size_t end = prompt.find_last_not_of(" \t\r\n");
  return end != std::string_view::npos && prompt.substr(0, end + 1).ends_with(format.reasoning_opener);
}

}  // namespace ingot::core
