// GGUF files in a folder and its subfolders: the folder of models, LM Studio's, llama.cpp's, Jan's, GPT4All's.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "catalog/found_model.h"
#include "catalog/places.h"

namespace ingot::core {

// "x.gguf", in any case.
bool is_gguf_name(std::string_view name);

// others: real paths of places within, which are left out.
FoundModels find_in_folder(const ModelPlace& place, const std::vector<std::string>& others);

// The parts of a split become one model. paths: sorted.
std::vector<FoundModel> group_parts(const std::vector<std::string>& paths, ModelOwner owner);

// Whether anything has this path, be it a link that leads nowhere.
bool is_there_or_linked(const std::string& path);

// The file's name without folders; the name of the folder in which it lies.
std::string_view file_name_of(std::string_view path);
std::string_view folder_name_of(std::string_view path);

}  // namespace ingot::core
