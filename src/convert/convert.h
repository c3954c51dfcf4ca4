// A model of other formats becomes a GGUF file: what is read, what is refused, and what the result is called.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "base/result.h"
#include "convert/model_plan.h"
#include "convert/model_writer.h"

namespace ingot::core {

struct ConvertRequest {
  std::string input = {};   // a safetensors file, or the folder of a Hugging Face model
  std::string output = {};  // the GGUF file to write
  MatrixType type = MatrixType::kAsStored;
  std::string vocabulary = {};  // of RWKV; empty: the file beside the checkpoint
  std::string name = {};        // general.name; empty: that of the folder or file
  bool replace = false;         // an output that is there already
  WriteObserver observer = {};
  // Looks at the finished file under its temporary name; an error keeps it from getting its own.
  std::function<Status(const std::string& path)> check = {};
};

struct ConvertedModel {
  std::string architecture;
  std::string name;
  std::string tokenizer;  // tokenizer.ggml.model
  int64_t n_tensors = 0;
  int64_t n_parameters = 0;
  int64_t file_bytes = 0;
  std::map<std::string, int64_t> format_bytes;  // type to bytes of tensors
  std::vector<std::string> notes;               // what was left out on purpose
};

// The output appears whole or not at all.
Result<ConvertedModel> convert_model(const ConvertRequest& request);

}  // namespace ingot::core
