#include "catalog/places.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <system_error>

namespace ingot::core {
namespace {

// Paths are shown, and made longer by a slash and a name.
std::string without_end_slash(std::string path) {
  while (path.size() > 1 && path.back() == '/') path.pop_back();
  return path;
}

// A relative one is no folder that could be meant: XDG's rule, kept for all of them.
std::string absolute_or_empty(std::string path) {
  return path.starts_with('/') ? without_end_slash(std::move(path)) : std::string();
}

std::string below(const std::string& folder, std::string_view rest) {
  return folder.empty() ? std::string() : fmt::format("{}/{}", folder, rest);
}

struct Homes {
  std::string home;
  std::string cache;
  std::string data;
};

Homes homes_of(const Environment& environment) {
  Homes homes;
  homes.home = absolute_or_empty(environment("HOME"));
  homes.cache = absolute_or_empty(environment("XDG_CACHE_HOME"));
  if (homes.cache.empty()) homes.cache = below(homes.home, ".cache");
  homes.data = absolute_or_empty(environment("XDG_DATA_HOME"));
  if (homes.data.empty()) homes.data = below(homes.home, ".local/share");
  return homes;
}

// A leading ~ is the home: Ollama and Hugging Face expand it too.
std::string expanded(const std::string& path, const std::string& home) {
  if (path == "~") return home;
  return path.starts_with("~/") && !home.empty() ? home + path.substr(1) : path;
}

std::string hugging_face_folder(const Environment& environment, const Homes& homes) {
  for (const char* name : {"HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE"}) {
    std::string hub = expanded(environment(name), homes.home);
    if (!hub.empty()) return hub;
  }
  const std::string hf_home = expanded(environment("HF_HOME"), homes.home);
  return below(hf_home.empty() ? below(homes.cache, "huggingface") : hf_home, "hub");
}

}  // namespace

const char* owner_name(ModelOwner owner) {
  switch (owner) {
    case ModelOwner::kModelsFolder:
      return "models";
    case ModelOwner::kLmStudio:
      return "LM Studio";
    case ModelOwner::kOllama:
      return "Ollama";
    case ModelOwner::kHuggingFace:
      return "Hugging Face";
    case ModelOwner::kLlamaCpp:
      return "llama.cpp";
    case ModelOwner::kJan:
      return "Jan";
    case ModelOwner::kGpt4All:
      return "GPT4All";
  }
  return "?";
}

std::string how_owner_removes(ModelOwner owner, std::string_view name_there) {
  switch (owner) {
    case ModelOwner::kOllama:
      return fmt::format("ollama rm {}", name_there);
    case ModelOwner::kHuggingFace:
      return "hf cache rm, or huggingface-cli delete-cache";
    case ModelOwner::kLmStudio:
      return "LM Studio's list of models (My Models)";
    case ModelOwner::kJan:
      return "Jan's settings";
    case ModelOwner::kGpt4All:
      return "GPT4All's list of models";
    case ModelOwner::kLlamaCpp:
    case ModelOwner::kModelsFolder:
      break;
  }
  return "rm";
}

std::string process_variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

std::string ingot_cache_folder(const Environment& environment) {
  return below(homes_of(environment).cache, "ingot");
}

std::string default_models_folder(const Environment& environment) {
  const std::string given = environment("INGOT_MODELS");
  return given.empty() ? below(ingot_cache_folder(environment), "models") : without_end_slash(given);
}

std::vector<ModelPlace> model_places(const std::string& models_folder, const Environment& environment) {
  const Homes homes = homes_of(environment);
  std::vector<ModelPlace> places;
  const auto add = [&places](ModelOwner owner, const std::string& folder) {
    if (!folder.empty()) places.push_back({owner, without_end_slash(folder)});
  };
  add(ModelOwner::kModelsFolder, models_folder);
  add(ModelOwner::kLmStudio, below(homes.home, ".lmstudio/models"));
  add(ModelOwner::kLmStudio, below(homes.cache, "lm-studio/models"));
  const std::string ollama = expanded(environment("OLLAMA_MODELS"), homes.home);
  add(ModelOwner::kOllama, ollama.empty() ? below(homes.home, ".ollama/models") : ollama);
  // Where Ollama runs as a service, by a user of its own.
  add(ModelOwner::kOllama, "/usr/share/ollama/.ollama/models");
  add(ModelOwner::kHuggingFace, hugging_face_folder(environment, homes));
  const std::string llama_cpp = expanded(environment("LLAMA_CACHE"), homes.home);
  add(ModelOwner::kLlamaCpp, llama_cpp.empty() ? below(homes.cache, "llama.cpp") : llama_cpp);
  add(ModelOwner::kJan, below(homes.data, "Jan/data/llamacpp/models"));
  add(ModelOwner::kJan, below(homes.home, "jan/models"));
  add(ModelOwner::kGpt4All, below(homes.data, "nomic.ai/GPT4All"));

  std::vector<std::string> seen;
  std::vector<ModelPlace> distinct;
  for (auto place = places.rbegin(); place != places.rend(); ++place) {
    std::string folder = real_path(place->folder);
    if (std::find(seen.begin(), seen.end(), folder) != seen.end()) continue;
    seen.push_back(std::move(folder));
    distinct.push_back(*place);
  }
  std::reverse(distinct.begin(), distinct.end());
  return distinct;
}

std::string real_path(const std::string& path) {
  std::error_code error;
  std::string real = std::filesystem::weakly_canonical(path, error).string();
  if (error || real.empty()) return path;
  return without_end_slash(std::move(real));
}

bool is_inside(std::string_view path, std::string_view folder) {
  if (folder == "/") return path.starts_with('/');
  return path.starts_with(folder) && (path.size() == folder.size() || path[folder.size()] == '/');
}

}  // namespace ingot::core
