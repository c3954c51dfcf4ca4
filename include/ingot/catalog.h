// Which models there are on this machine, by names that a person can type: those in the folder of models, and those
// that LM Studio, Ollama, Hugging Face, llama.cpp, Jan and GPT4All have fetched.
//
//   auto model = ingot::find_model("llama3.2:1b");
//   if (model) auto opened = ingot::Model::open(model->path);
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "ingot/expected.h"

namespace ingot {

struct CatalogOptions {
  std::string models;          // the folder of models; empty: INGOT_MODELS, or else ~/.cache/ingot/models
  bool other_programs = true;  // look into their folders too
};

enum class ModelOwner : uint8_t { kModelsFolder, kLmStudio, kOllama, kHuggingFace, kLlamaCpp, kJan, kGpt4All };
// "LM Studio"; the folder of models is "models".
const char* owner_name(ModelOwner owner);

enum class ModelState : uint8_t {
  kModel,
  kOther,    // a GGUF file of something else: a projector for images, an image model, an adapter
  kDamaged,  // cannot be read, or a part of it is missing
};

// A model that is on this machine. Names are fit for a terminal and a shell; every other text is the file's own bytes:
// escape before showing it. What the file does not tell is empty or 0.
struct CatalogModel {
  std::string name;                // "smollm2-135m-instruct:q4_1"; two models may have the same
  std::string path;                // what Model::open() takes: of a split model, the first part
  std::vector<std::string> files;  // all files of a split
  ModelOwner owner = ModelOwner::kModelsFolder;
  std::string name_there;  // what its owner calls it: "Qwen/Qwen3-0.6B-GGUF"; empty where it has no name for it
  ModelState state = ModelState::kModel;
  std::string reason;      // why it is none
  bool supported = false;  // the architecture is one that ingot runs; inspect() tells whether this file does
  std::string architecture;
  std::string title;   // as the file calls itself
  std::string format;  // the type that most bytes of the layers have
  int64_t n_parameters = 0;
  int64_t context = 0;
  int64_t file_bytes = 0;  // of all files
};

struct ModelList {
  std::vector<CatalogModel> models;  // those in the folder of models first
  std::vector<std::string> notes;    // what was not looked at, and why
  std::vector<std::string> folders;  // that were looked at
};

// Reads the header of each model once and remembers it in ${XDG_CACHE_HOME:-~/.cache}/ingot/model_summaries.json. A
// damaged file is an entry with its reason, never an error.
Expected<ModelList> list_models(const CatalogOptions& options = {});

// The model that a name means, in any case: its whole name, a beginning of it, or beginnings of its parts in order
// ("smollm2-instruct"). Whatever is there as a path is one, and text with a slash or ending in .gguf is nothing else.
// Of several models those in the folder of models count. Errors: none (with the names that look like it), several (with
// what to type).
Expected<CatalogModel> find_model(const std::string& query, const CatalogOptions& options = {});

// Only the path, which is not opened: a path comes back as it is. Errors: those of find_model(), and a model that is
// damaged or no language model.
Expected<std::string> find_model_path(const std::string& query, const CatalogOptions& options = {});

// May remove_model() delete it? Errors: what lies outside the folder of models, or belongs to another program, with how
// that one removes it.
Status check_removable(const CatalogModel& model, const CatalogOptions& options = {});
// Deletes all files of a model in the folder of models, or none. Errors: those of check_removable(); the system's.
Status remove_model(const CatalogModel& model, const CatalogOptions& options = {});

}  // namespace ingot
