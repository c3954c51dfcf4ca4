#include "convert/checkpoint.h"

#include <algorithm>
#include <filesystem>
#include <set>
#include <utility>

#include "base/temporary_file.h"
#include "base/utf8.h"
#include "convert/json_file.h"
#include "gguf/foreign_format.h"

namespace ingot::core {
namespace {

namespace fs = std::filesystem;

constexpr const char* kWholeFile = "model.safetensors";
constexpr const char* kIndexFile = "model.safetensors.index.json";

std::string shown(const std::string& path) {
  return printable(path, 4096);
}

// What is not safetensors gets a better message than what its first 8 bytes would claim.
Status refuse_other_formats(const std::string& path) {
  INGOT_ASSIGN(const auto file, MappedFile::open(path));
  const auto bytes = file->bytes();
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), std::min<size_t>(bytes.size(), 4));
  if (text == "GGUF") return invalid("{}: is a GGUF file already", shown(path));
  if (text.starts_with("PK") || text.starts_with("\x80\x02")) {
    return fail(
        ErrorKind::kUnsupported,
        "{}: is a PyTorch checkpoint; save it as safetensors first (for RWKV: tools/rwkv_pth_to_safetensors.py)",
        shown(path));
  }
  const char* format = name_foreign_format(bytes);
  if (format != nullptr && !std::string_view(format).starts_with("a safetensors file")) {
    return invalid("{}: is {}, expected safetensors", shown(path), format);
  }
  return {};
}

Status refuse_folder_without_weights(const std::string& folder) {
  if (is_there(folder + "/pytorch_model.bin") || is_there(folder + "/pytorch_model.bin.index.json")) {
    return fail(ErrorKind::kUnsupported, "{}: holds pytorch_model.bin only; save the model as safetensors first",
                shown(folder));
  }
  return invalid("{}: holds neither {} nor {}; a checkpoint under another name is given as a file", shown(folder),
                 kWholeFile, kIndexFile);
}

}  // namespace

Result<Checkpoint> Checkpoint::open(const std::string& path) {
  Checkpoint checkpoint;
  checkpoint.path_ = path;
  std::error_code ignored;
  if (!fs::is_directory(path, ignored)) {
    checkpoint.folder_ = folder_of(path);
    INGOT_TRY(refuse_other_formats(path));
    INGOT_ASSIGN(SafetensorsFile file, SafetensorsFile::open(path));
    checkpoint.files_.push_back(std::move(file));
  } else {
    checkpoint.folder_ = path;
    const std::string whole = path + "/" + kWholeFile;
    const std::string index = path + "/" + kIndexFile;
    if (is_there(index)) {
      INGOT_TRY(checkpoint.open_shards(index));
    } else {
      if (!is_there(whole)) INGOT_TRY(refuse_folder_without_weights(path));
      INGOT_ASSIGN(SafetensorsFile file, SafetensorsFile::open(whole));
      checkpoint.files_.push_back(std::move(file));
    }
  }
  INGOT_TRY(checkpoint.index_tensors());
  return checkpoint;
}

Status Checkpoint::open_shards(const std::string& index_path) {
  INGOT_ASSIGN(const Json json, read_json_file(index_path));
  INGOT_ASSIGN(const JsonObject index, JsonObject::make(json, shown(index_path)));
  INGOT_ASSIGN(const auto weight_map, index.get_object("weight_map"));
  if (!weight_map) return index.wrong("weight_map", "an object of tensors and their files");
  const Json& map = *index.find("weight_map");
  std::set<std::string> shards;
  for (const auto& [tensor, file] : map.items()) {
    if (!file.is_string()) return weight_map->wrong(printable(tensor), "the name of a file");
    const auto& name = file.get_ref<const std::string&>();
    // An index must not lead out of its folder.
    if (name.empty() || name.find('/') != std::string::npos) {
      return invalid("{}: {} is no name of a file in this folder", weight_map->name(), printable(name));
    }
    shards.insert(name);
  }
  for (const std::string& shard : shards) {
    INGOT_ASSIGN(SafetensorsFile file, SafetensorsFile::open(folder_ + "/" + shard));
    for (const SafetensorsTensor& tensor : file.tensors()) {
      const auto found = map.find(tensor.name);
      if (found == map.end() || *found != shard) {
        return invalid("{}: has the tensor {}, which {} does not list there", shown(folder_ + "/" + shard),
                       printable(tensor.name), kIndexFile);
      }
    }
    files_.push_back(std::move(file));
  }
  size_t n_tensors = 0;
  for (const SafetensorsFile& file : files_) n_tensors += file.tensors().size();
  if (n_tensors != map.size()) {
    return invalid("{}: lists {} tensors, but its files hold {}", shown(index_path), map.size(), n_tensors);
  }
  return {};
}

Status Checkpoint::index_tensors() {
  for (const SafetensorsFile& file : files_) {
    for (const SafetensorsTensor& tensor : file.tensors()) {
      if (!by_name_.emplace(tensor.name, &tensor).second) {
        return invalid("{}: the tensor {} lies in two files", shown(path_), printable(tensor.name));
      }
    }
  }
  if (by_name_.empty()) return invalid("{}: holds no tensors", shown(path_));
  return {};
}

const SafetensorsTensor* Checkpoint::find(std::string_view name) const {
  const auto found = by_name_.find(name);
  return found == by_name_.end() ? nullptr : found->second;
}

bool Checkpoint::damaged() const {
  return std::ranges::any_of(files_, &SafetensorsFile::damaged);
}

std::string name_of_path(const std::string& path) {
  std::error_code ignored;
  fs::path whole = fs::weakly_canonical(path, ignored);
  if (ignored) whole = path;
  if (!fs::is_directory(whole, ignored) && whole.filename() == kWholeFile) whole = whole.parent_path();
  return fs::is_directory(whole, ignored) ? whole.filename().string() : whole.stem().string();
}

}  // namespace ingot::core
