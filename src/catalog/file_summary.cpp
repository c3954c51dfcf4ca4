#include "catalog/file_summary.h"

#include <algorithm>
#include <array>
#include <map>
#include <string_view>

#include "base/utf8.h"

namespace ingot::core {
namespace {

struct OtherKind {
  std::string_view name;
  std::string_view what;
};

// general.type, as GGUF's specification and llama.cpp's converters write it.
constexpr OtherKind kTypes[] = {
    {"adapter", "an adapter (LoRA), which needs its model"},
    {"mmproj", "a projector for images or sound, a part of another model"},
    {"imatrix", "an importance matrix for quantising"},
};

// general.architecture of models that are no language models: llama.cpp's clip and wavtokenizer, whisper.cpp's, and
// the image and video models that ComfyUI-GGUF converts.
constexpr OtherKind kArchitectures[] = {
    {"clip", "a projector for images or sound, a part of another model"},
    {"mmproj", "a projector for images or sound, a part of another model"},
    {"whisper", "a model that hears speech"},
    {"wavtokenizer-dec", "a decoder of speech"},
    {"t5encoder", "an encoder of text for image models"},
    {"flux", "an image model"},
    {"sd1", "an image model"},
    {"sd2", "an image model"},
    {"sd3", "an image model"},
    {"sdxl", "an image model"},
    {"aura", "an image model"},
    {"chroma", "an image model"},
    {"hidream", "an image model"},
    {"lumina2", "an image model"},
    {"qwen_image", "an image model"},
    {"pig", "an image model"},
    {"ltxv", "a video model"},
    {"hyvid", "a video model"},
    {"wan", "a video model"},
    {"cosmos", "a video model"},
};

std::string text_of(const GgufMetadata& metadata, std::string_view key) {
  const auto value = metadata.get_string(key);
  return value && *value ? **value : std::string();
}

template <size_t N>
std::string_view find_kind(const OtherKind (&kinds)[N], std::string_view name) {
  const auto* found =
      std::find_if(std::begin(kinds), std::end(kinds), [&](const OtherKind& kind) { return kind.name == name; });
  return found == std::end(kinds) ? std::string_view() : found->what;
}

// Empty for a language model.
std::string why_other(const FileSummary& summary, const GgufFile& file) {
  const std::string type = text_of(file.metadata(), "general.type");
  if (const auto what = find_kind(kTypes, type); !what.empty()) return std::string(what);
  if (const auto what = find_kind(kArchitectures, summary.architecture); !what.empty()) return std::string(what);
  if (summary.architecture.empty()) return "names no architecture, as image models do";
  if (file.tensors().empty()) return "a vocabulary without weights";
  return {};
}

}  // namespace

FileSummary summarise(const GgufFile& file) {
  FileSummary summary;
  summary.architecture = text_of(file.metadata(), "general.architecture");
  summary.title = text_of(file.metadata(), "general.name");
  const auto context = file.metadata().get_int(summary.architecture + ".context_length");
  if (context && *context) summary.context = std::max<int64_t>(0, **context);

  std::map<std::string_view, int64_t> bytes_of_type;
  for (const GgufTensor& tensor : file.tensors()) {
    summary.n_parameters += tensor.n_values();
    // Small models have most of their bytes in a vocabulary that is kept finer than the layers are.
    const bool of_vocabulary = tensor.name == "token_embd.weight" || tensor.name == "output.weight";
    bytes_of_type[tensor.traits->name] += of_vocabulary ? 0 : static_cast<int64_t>(tensor.data.size());
  }
  const auto most = std::max_element(bytes_of_type.begin(), bytes_of_type.end(),
                                     [](const auto& left, const auto& right) { return left.second < right.second; });
  if (most != bytes_of_type.end()) summary.format = most->first;

  summary.reason = why_other(summary, file);
  summary.kind = summary.reason.empty() ? FileKind::kLanguageModel : FileKind::kOther;
  return summary;
}

FileSummary summarise_file(const std::string& path) {
  const Result<GgufFile> file = GgufFile::open(path);
  if (file) return summarise(*file);
  FileSummary damaged;
  // The path is told beside the reason already.
  const std::string in_front = printable(path, 4096) + ": ";
  const std::string& message = file.error().message;
  damaged.reason = message.starts_with(in_front) ? message.substr(in_front.size()) : message;
  return damaged;
}

}  // namespace ingot::core
