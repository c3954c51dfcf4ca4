// The tiny models of tests/golden/models turned back into what they would have been converted from. Written from the
// formats' definitions, by code that shares nothing with src/convert.
#pragma once

#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "base/temporary_folder.h"
#include "convert/safetensors_builder.h"
#include "gguf/reader.h"

namespace ingot::core::test {

struct Array {
  std::vector<int64_t> shape;  // PyTorch's order
  std::vector<float> values;
};

GgufFile open_golden(const std::string& file);
// An F32 tensor.
Array array_of(const GgufFile& file, const std::string& name);
Array transposed(const Array& matrix);
// Rows (pair, half) of each head become (half, pair), which undoes what GGUF's llama wants.
Array halves_apart(const Array& rows, int64_t n_heads);
Array plus(Array array, float added);

using Arrays = std::map<std::string, Array>;

// All of them as F32. begin and end choose a part, for shards.
std::string safetensors_of(const Arrays& arrays, size_t begin = 0, size_t end = ~size_t{0});

// A model of RWKV-7 under BlinkDL's names, and under those of flash-linear-attention.
Arrays blink_arrays(const GgufFile& file);
Arrays fla_arrays(const GgufFile& file);
// The text of its vocabulary, as rwkv_vocab_v20230424.txt is written.
std::string rwkv_vocabulary_text(const GgufFile& file);

// A transformer: class_name is that of config.json, settings are added to what the file's own keys say.
struct HfFolder {
  Arrays arrays;
  nlohmann::json config;
  nlohmann::json tokenizer;
  nlohmann::json tokenizer_config;

  // Gives the folder's path.
  std::string write(const TemporaryFolder& folder) const;
};
HfFolder hf_folder(const GgufFile& file, const std::string& class_name, const nlohmann::json& settings);

// Every tensor and every key of the architecture that expected has, found has too, and no other tensor. Norms may
// differ in the last bit where they were stored around zero.
void expect_same_model(const GgufFile& found, const GgufFile& expected, float norm_tolerance = 0.0f);
// Texts of all kinds give the same ids.
void expect_same_tokens(const GgufFile& found, const GgufFile& expected);

}  // namespace ingot::core::test
