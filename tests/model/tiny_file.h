// A small, correct llama model as a GGUF file in memory, from which tests derive broken ones: a key or a tensor is
// replaced or erased by name.
#pragma once

#include <cmath>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "gguf/gguf_builder.h"
#include "gguf/reader.h"
#include "model/golden_models.h"
#include "model/model.h"

namespace ingot::core {

struct TinyFile {
  static constexpr int64_t kDim = 32, kFfn = 64, kHeads = 4, kKvHeads = 2, kHeadDim = 8, kVocab = 6, kLayers = 2;

  std::map<std::string, std::function<void(test::GgufBuilder&)>> keys;
  std::map<std::string, test::TensorEntry> tensors;

  TinyFile() {
    text("general.architecture", "llama");
    number<uint32_t>("llama.context_length", 64);
    number<uint32_t>("llama.embedding_length", kDim);
    number<uint32_t>("llama.block_count", kLayers);
    number<uint32_t>("llama.feed_forward_length", kFfn);
    number<uint32_t>("llama.attention.head_count", kHeads);
    number<uint32_t>("llama.attention.head_count_kv", kKvHeads);
    number<float>("llama.attention.layer_norm_rms_epsilon", 1e-5f);
    text("tokenizer.ggml.model", "llama");
    keys["tokenizer.ggml.tokens"] = [](test::GgufBuilder& builder) {
      builder.texts("tokenizer.ggml.tokens", {"<unk>", "<s>", "</s>", "a", "b", "c"});
    };
    f32("token_embd.weight", {kDim, kVocab});
    f32("output_norm.weight", {kDim});
    for (int64_t layer = 0; layer < kLayers; ++layer) {
      const std::string block = "blk." + std::to_string(layer) + ".";
      f32(block + "attn_norm.weight", {kDim});
      f32(block + "attn_q.weight", {kDim, kHeads * kHeadDim});
      f32(block + "attn_k.weight", {kDim, kKvHeads * kHeadDim});
      f32(block + "attn_v.weight", {kDim, kKvHeads * kHeadDim});
      f32(block + "attn_output.weight", {kHeads * kHeadDim, kDim});
      f32(block + "ffn_norm.weight", {kDim});
      f32(block + "ffn_gate.weight", {kDim, kFfn});
      f32(block + "ffn_up.weight", {kDim, kFfn});
      f32(block + "ffn_down.weight", {kFfn, kDim});
    }
  }

  void text(const std::string& key, const std::string& value) {
    keys[key] = [=](test::GgufBuilder& builder) { builder.text(key, value); };
  }
  template <typename T>
  void number(const std::string& key, T value) {
    keys[key] = [=](test::GgufBuilder& builder) { builder.number<T>(key, value); };
  }
  template <typename T>
  void numbers(const std::string& key, const std::vector<T>& values) {
    keys[key] = [=](test::GgufBuilder& builder) { builder.numbers<T>(key, values); };
  }
  // Values of a smooth curve: neither all equal nor random.
  void f32(const std::string& name, const std::vector<int64_t>& dims) {
    int64_t n_values = 1;
    for (const int64_t dim : dims) n_values *= dim;
    std::string data;
    for (int64_t n = 0; n < n_values; ++n) data += test::le_bytes(0.3f * std::sin(0.7f * static_cast<float>(n)));
    tensors[name] = {.name = name, .dims = dims, .type = 0, .data = data};
  }
  // Value n of an F32 tensor.
  void set(const std::string& name, size_t n, float value) {
    tensors.at(name).data.replace(n * sizeof(float), sizeof(float), test::le_bytes(value));
  }

  std::string bytes() const {
    test::GgufBuilder builder;
    for (const auto& [key, write] : keys) write(builder);
    for (const auto& [name, entry] : tensors) builder.tensor(entry);
    return builder.build();
  }
};

// "" if the file loads, else the error's message.
inline std::string load_error(const TinyFile& tiny, const LoadOptions& options = {}) {
  const std::string bytes = tiny.bytes();
  const auto file = GgufFile::parse(std::as_bytes(std::span(bytes)), "tiny.gguf");
  if (!file) return file.error().message;
  const auto ops = make_ops(1);
  const auto model = Model::load(*file, *ops, options);
  return model ? "" : model.error().message;
}

}  // namespace ingot::core
