// Models of other formats become GGUF files.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "ingot/expected.h"
#include "ingot/types.h"

namespace ingot {

// The type of matrices in the result; vectors, and what loses by rounding, are always F32.
enum class WeightType : uint8_t {
  kAsStored,  // each matrix as the input has it: no value changes
  kF32,
  kF16,  // a value beyond its range is an error
  kBf16,
};

struct ConvertOptions {
  WeightType type = WeightType::kAsStored;
  std::string vocabulary = {};  // of RWKV: the path of rwkv_vocab_v20230424.txt; empty: the one beside the input
  std::string name = {};        // of the model; empty: that of the input's folder or file
  bool replace = false;         // an output that is there already
  CancelToken cancel = {};
  std::function<void(int64_t n_bytes_done, int64_t n_bytes_total)> on_progress = {};  // of the tensors
};

struct ConvertResult {
  std::string architecture;
  std::string name;
  std::string tokenizer;  // the kind of vocabulary: "llama", "gpt2", "rwkv"
  int64_t n_tensors = 0;
  int64_t n_parameters = 0;
  int64_t file_bytes = 0;
  std::map<std::string, int64_t> format_bytes;  // type to bytes of tensors
  std::vector<std::string> notes;               // what the input has and the result has not
};

// input: the folder of a Hugging Face model (config.json, tokenizer.json, model.safetensors or its shards), one
// safetensors file beside a config.json, or an RWKV-7 checkpoint as safetensors. output: the GGUF file, which appears
// whole, and able to run, or not at all. What cannot be converted is an error that names it.
Expected<ConvertResult> convert(const std::string& input, const std::string& output,
                                const ConvertOptions& options = {});

}  // namespace ingot
