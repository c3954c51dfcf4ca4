// Ollama's store: a manifest for each name, JSON, and blobs named after the SHA-256 of their contents.
//
//   manifests/registry.ollama.ai/library/llama3.2/1b     the model llama3.2:1b
//   manifests/hf.co/bartowski/SmolLM2-GGUF/Q4_K_M        hf.co/bartowski/SmolLM2-GGUF:Q4_K_M
//   blobs/sha256-<64 digits>                             what a layer of a manifest names as sha256:<64 digits>
//
// The layer of the media type application/vnd.ollama.image.model is a GGUF file. Newer versions keep manifests under
// manifests-v2/ too. Source: Ollama's own description (server/internal/manifest) and its store on disk.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "catalog/found_model.h"
#include "catalog/places.h"

namespace ingot::core {

// The digests, without "sha256:", of the layers that are GGUF files. Errors: text that is no manifest, a digest that is
// none (it becomes part of a path), a model without such a layer.
Result<std::vector<std::string>> parse_ollama_manifest(std::string_view text);

FoundModels find_in_ollama(const ModelPlace& place);

}  // namespace ingot::core
