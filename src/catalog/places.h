// The folders in which models lie on this machine, and whose they are.
//
// Names of variables and folders are those that the programs themselves document: Ollama's OLLAMA_MODELS, Hugging
// Face's HF_HUB_CACHE and HF_HOME, llama.cpp's LLAMA_CACHE; LM Studio, Jan and GPT4All have folders of their own.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace ingot::core {

enum class ModelOwner { kModelsFolder, kLmStudio, kOllama, kHuggingFace, kLlamaCpp, kJan, kGpt4All };

// "LM Studio"; the folder of models is "models".
const char* owner_name(ModelOwner owner);
// How that program removes a model, for who wants to: "ollama rm llama3.2:1b". name_there is what it calls the model.
std::string how_owner_removes(ModelOwner owner, std::string_view name_there);

struct ModelPlace {
  ModelOwner owner = ModelOwner::kModelsFolder;
  std::string folder;
};

// The value of a variable of the environment; empty where it is not set.
using Environment = std::function<std::string(const char* name)>;
std::string process_variable(const char* name);

// ${XDG_CACHE_HOME:-~/.cache}/ingot; empty where neither is known.
std::string ingot_cache_folder(const Environment& environment);

// INGOT_MODELS, or models/ in ingot's cache folder; empty where nothing says where.
std::string default_models_folder(const Environment& environment);

// Every place, whether it is there or not; models_folder comes first. A folder that two of them name is listed once,
// as the other program's: what belongs to another program stays so.
std::vector<ModelPlace> model_places(const std::string& models_folder, const Environment& environment);

// Where path leads once every link is followed; the path itself where it is not there.
std::string real_path(const std::string& path);
// path is folder, or lies in it. Both as real_path() gives them.
bool is_inside(std::string_view path, std::string_view folder);

}  // namespace ingot::core
