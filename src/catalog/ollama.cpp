#include "catalog/ollama.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>
#include <utility>

#include "base/utf8.h"
#include "catalog/folder_walk.h"
#include "catalog/model_name.h"
#include "catalog/small_file.h"

namespace ingot::core {
namespace {

using Json = nlohmann::ordered_json;

constexpr int64_t kMaxManifestBytes = 1 << 20;
constexpr size_t kDigestDigits = 64;
constexpr std::string_view kModelLayer = "application/vnd.ollama.image.model";
constexpr std::string_view kTensorLayer = "application/vnd.ollama.image.tensor";
constexpr std::string_view kDefaultHost = "registry.ollama.ai";
constexpr std::string_view kDefaultUser = "library";

Result<std::string> digest_of(const Json& layer) {
  const auto found = layer.find("digest");
  if (found == layer.end() || !found->is_string()) return invalid("the manifest's model has no digest");
  const std::string digest = found->get<std::string>();
  constexpr std::string_view kAlgorithm = "sha256:";
  const std::string_view digits = std::string_view(digest).substr(std::min(kAlgorithm.size(), digest.size()));
  if (!digest.starts_with(kAlgorithm) || digits.size() != kDigestDigits ||
      digits.find_first_not_of("0123456789abcdef") != std::string_view::npos) {
    return invalid("the manifest's digest is '{}', expected sha256: and {} digits", printable(digest), kDigestDigits);
  }
  return std::string(digits);
}

bool is_regular_file(const std::string& path) {
  struct stat found {};
  return ::stat(path.c_str(), &found) == 0 && S_ISREG(found.st_mode);
}

// The parts of the manifest's path below manifests/: host, users, model, tag.
std::vector<std::string> parts_below(std::string_view path, const std::string& folder) {
  std::vector<std::string> parts;
  path.remove_prefix(std::min(path.size(), folder.size() + 1));
  while (!path.empty()) {
    const size_t end = std::min(path.find('/'), path.size());
    parts.emplace_back(path.substr(0, end));
    path.remove_prefix(std::min(end + 1, path.size()));
  }
  return parts;
}

// As one writes it for Ollama: what is its default is left out.
std::string name_for_ollama(const std::vector<std::string>& parts) {
  std::string name;
  for (size_t index = 0; index + 1 < parts.size(); ++index) {
    const bool is_default = (index == 0 && parts[0] == kDefaultHost) ||
                            (index == 1 && parts[0] == kDefaultHost && parts[1] == kDefaultUser);
    if (!is_default) name += (name.empty() ? "" : "/") + parts[index];
  }
  return name + ":" + parts.back();
}

// Newer stores have a link to a blob in a manifest's place, and a name may have more than one layer that is a model.
FoundModel read_manifest(const std::string& path, const ModelPlace& place, const std::vector<std::string>& parts) {
  FoundModel model;
  model.owner = place.owner;
  model.name_there = name_for_ollama(parts);
  model.name = make_name(parts[parts.size() - 2], parts.back());
  model.path = path;
  const auto text = read_small_file(path, kMaxManifestBytes);
  const auto digests = text ? parse_ollama_manifest(*text) : tl::unexpected<Error>(text.error());
  if (!digests) {
    model.fault = digests.error().message;
    return model;
  }
  // Blobs had a colon in their name before Ollama ran on Windows.
  const std::string blob = fmt::format("{}/blobs/sha256-{}", place.folder, digests->front());
  const std::string old_blob = fmt::format("{}/blobs/sha256:{}", place.folder, digests->front());
  model.path = !is_regular_file(blob) && is_regular_file(old_blob) ? old_blob : blob;
  model.files = {model.path};
  if (digests->size() > 1) model.fault = fmt::format("Ollama keeps it in {} files, expected one", digests->size());
  if (!is_regular_file(model.path)) model.fault = "its weights, " + printable(model.path, 4096) + ", are not there";
  return model;
}

}  // namespace

Result<std::vector<std::string>> parse_ollama_manifest(std::string_view text) {
  const Json json = Json::parse(text, /*cb=*/nullptr, /*allow_exceptions=*/false);
  if (json.is_discarded() || !json.is_object()) return invalid("the manifest is no JSON object");
  const auto layers = json.find("layers");
  if (layers == json.end() || !layers->is_array()) return invalid("the manifest has no list of layers");
  std::vector<std::string> digests;
  bool has_tensors = false;
  for (const Json& layer : *layers) {
    const auto type = layer.is_object() ? layer.find("mediaType") : layer.end();
    if (!layer.is_object() || type == layer.end() || !type->is_string()) continue;
    const auto& name = type->get_ref<const std::string&>();
    has_tensors = has_tensors || name.starts_with(kTensorLayer);
    if (name != kModelLayer) continue;
    INGOT_ASSIGN(std::string digest, digest_of(layer));
    digests.push_back(std::move(digest));
  }
  if (!digests.empty()) return digests;
  if (has_tensors) return invalid("its weights are single tensors, expected a GGUF file");
  return invalid("the manifest names no weights: the model runs elsewhere, or is not complete");
}

FoundModels find_in_ollama(const ModelPlace& place) {
  FoundModels found;
  std::set<std::string> names;
  for (const char* const below : {"manifests", "manifests-v2"}) {
    const std::string folder = fmt::format("{}/{}", place.folder, below);
    Walk walk = walk_folder(folder, [](std::string_view) { return true; });
    std::move(walk.notes.begin(), walk.notes.end(), std::back_inserter(found.notes));
    for (const std::string& path : walk.files) {
      const std::vector<std::string> parts = parts_below(path, folder);
      if (parts.size() < 2) continue;
      FoundModel model = read_manifest(path, place, parts);
      if (names.insert(model.name_there).second) found.models.push_back(std::move(model));
    }
  }
  return found;
}

}  // namespace ingot::core
