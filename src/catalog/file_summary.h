// What a list of models tells about a file, from its header alone.
#pragma once

#include <cstdint>
#include <string>

#include "gguf/reader.h"

namespace ingot::core {

enum class FileKind {
  kLanguageModel,
  kOther,    // a GGUF file of something else: a projector, an image model, an adapter
  kDamaged,  // no GGUF file, or one that cannot be read
};

// Texts are the file's own bytes: escape before showing them. What the file does not tell is empty or 0.
struct FileSummary {
  FileKind kind = FileKind::kDamaged;
  std::string reason;  // why it is no language model; one line
  std::string architecture;
  std::string title;   // general.name
  std::string format;  // the type that most bytes of the layers have
  int64_t n_parameters = 0;
  int64_t context = 0;

  bool operator==(const FileSummary&) const = default;
};

FileSummary summarise(const GgufFile& file);

// The header of the file, or of all files of a split; weights are not read.
FileSummary summarise_file(const std::string& path);

}  // namespace ingot::core
