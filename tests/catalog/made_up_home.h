// A home folder with models as LM Studio, Ollama, Hugging Face and llama.cpp leave them there, made of small files.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <string_view>

#include "base/temporary_folder.h"
#include "catalog/catalog.h"
#include "gguf/gguf_builder.h"

namespace ingot::core::test {

// The bytes of a small GGUF file. architecture may be empty: then the key is absent.
inline std::string small_gguf(const std::string& architecture = "llama", int n_rows = 4) {
  GgufBuilder builder;
  if (!architecture.empty()) {
    builder.text("general.architecture", architecture).text("general.name", "A \x1b[2Jname");
    builder.number<uint32_t>(architecture + ".context_length", 512);
  }
  builder.tensor({.name = "blk.0.ffn_up.weight",
                  .dims = {32, n_rows},
                  .data = std::string(32u * 4u * static_cast<size_t>(n_rows), '\0')});
  return builder.build();
}

class MadeUpHome {
 public:
  std::string path(std::string_view name) const { return folder_.path(name); }
  std::string models(std::string_view name = "") const { return path(".cache/ingot/models/" + std::string(name)); }

  // Writes a file and the folders above it; gives its path.
  std::string write(const std::string& name, std::string_view content) const {
    std::filesystem::create_directories(std::filesystem::path(path(name)).parent_path());
    return folder_.write(name, content);
  }
  void link(const std::string& target, const std::string& name) const {
    std::filesystem::create_directories(std::filesystem::path(path(name)).parent_path());
    std::filesystem::create_symlink(target, path(name));
  }

  // A manifest of Ollama, and its blob unless the content is empty.
  void write_ollama(const std::string& name, char digit, std::string_view content) const {
    const std::string digest(64, digit);
    if (!content.empty()) write(".ollama/models/blobs/sha256-" + digest, content);
    write(
        ".ollama/models/manifests/" + name,
        R"({"schemaVersion": 2, "layers": [{"mediaType": "application/vnd.ollama.image.template", "digest": "sha256:1"},
              {"mediaType": "application/vnd.ollama.image.model", "digest": "sha256:)" +
            digest + R"(", "size": 7}]})");
  }

  Environment environment(std::map<std::string, std::string> more = {}) const {
    more.try_emplace("HOME", path(""));
    return [more](const char* name) {
      const auto found = more.find(name);
      return found == more.end() ? std::string() : found->second;
    };
  }
  CatalogRequest request(const std::map<std::string, std::string>& more = {}) const {
    CatalogRequest request = catalog_request("", /*other_programs=*/true, environment(more));
    // Of the machine on which the test runs.
    std::erase_if(request.places, [](const ModelPlace& place) { return place.folder.starts_with("/usr/"); });
    return request;
  }

 private:
  TemporaryFolder folder_;
};

}  // namespace ingot::core::test
