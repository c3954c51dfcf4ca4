// The tensors of a model as safetensors hold them: one file, or the shards of a folder that an index lists.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "convert/safetensors.h"

namespace ingot::core {

class Checkpoint {
 public:
  // path: a safetensors file, or a folder with model.safetensors or model.safetensors.index.json. Errors name the file,
  // and for a PyTorch checkpoint how to turn it into safetensors.
  static Result<Checkpoint> open(const std::string& path);

  const std::string& path() const { return path_; }      // as given
  const std::string& folder() const { return folder_; }  // where config.json would lie
  const SafetensorsTensor* find(std::string_view name) const;
  const std::map<std::string_view, const SafetensorsTensor*>& tensors() const { return by_name_; }
  bool damaged() const;

 private:
  Status open_shards(const std::string& index_path);
  // Errors: a tensor that another file has too.
  Status index_tensors();

  std::string path_;
  std::string folder_;
  std::vector<SafetensorsFile> files_;
  std::map<std::string_view, const SafetensorsTensor*> by_name_;
};

// The name of a model that has none: that of its folder or file.
std::string name_of_path(const std::string& path);

}  // namespace ingot::core
