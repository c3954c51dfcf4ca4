// A model as it lies on the disk, before its header is read.
#pragma once

#include <string>
#include <vector>

#include "catalog/places.h"

namespace ingot::core {

struct FoundModel {
  std::string name;                // as in model_name.h; two models may have the same
  std::string path;                // what is opened: of a split model, the first part
  std::vector<std::string> files;  // all that there are, in order
  ModelOwner owner = ModelOwner::kModelsFolder;
  std::string name_there;  // what the owner calls it: "llama3.2:1b", "Qwen/Qwen3-0.6B-GGUF"; empty where it has no name
  std::string fault;       // why it cannot be opened, where that is known already: a part or a blob is missing
};

struct FoundModels {
  std::vector<FoundModel> models;
  std::vector<std::string> notes;  // what was not looked at, and why; one line each, fit for a terminal
};

}  // namespace ingot::core
