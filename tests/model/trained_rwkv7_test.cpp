// A trained RWKV-7 of 834 thousand parameters (from rwkv.cpp's tests) against the logits that came with it, where the
// folder of optional data has it. Its own container is read here: entries of {dims, name, type, data} without padding.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <map>

#include "gguf/gguf_builder.h"
#include "kernels/dispatch.h"
#include "model/golden_models.h"

namespace ingot::core {
namespace {

std::string read_data(const std::string& name) {
  const char* data = std::getenv("INGOT_TEST_DATA");
  const auto folder = data != nullptr ? std::filesystem::path(data)
                                      : std::filesystem::path(golden_path("")) / "../../../../shared/data";
  std::ifstream stream(folder / "tiny-rwkv7" / name, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

// GGUF's name of one of the file's: "blocks.3.att.w1" to "blk.3.time_mix_w1.weight".
std::string gguf_name(std::string name) {
  static const std::map<std::string, std::string> kWhole = {
      {"emb.weight", "token_embd.weight"},
      {"head.weight", "output.weight"},
      {"ln_out.weight", "output_norm.weight"},
      {"ln_out.bias", "output_norm.bias"},
      {"blocks.0.ln0.weight", "token_embd_norm.weight"},
      {"blocks.0.ln0.bias", "token_embd_norm.bias"},
  };
  static const std::map<std::string, std::string> kInBlock = {
      {"ln1", "attn_norm"},
      {"ln2", "attn_norm_2"},
      {"att.x_rwkvag", "time_mix_lerp_fused"},
      {"att.ln_x", "time_mix_ln"},
      {"ffn.x_k", "channel_mix_lerp_k"},
      {"ffn.key", "channel_mix_key"},
      {"ffn.value", "channel_mix_value"},
  };
  if (const auto whole = kWhole.find(name); whole != kWhole.end()) return whole->second;
  const size_t after_layer = name.find('.', 7);
  const std::string layer = name.substr(7, after_layer - 7);
  std::string rest = name.substr(after_layer + 1);
  std::string suffix = ".weight";
  for (const char* known : {".weight", ".bias"}) {
    if (!rest.ends_with(known)) continue;
    suffix = known;
    rest.resize(rest.size() - suffix.size());
  }
  const auto in_block = kInBlock.find(rest);
  const std::string base =
      in_block != kInBlock.end() ? in_block->second : "time_mix_" + rest.substr(rest.find('.') + 1);
  return "blk." + layer + "." + base + suffix;
}

// The file as GGUF.
std::string convert(const std::string& bytes) {
  size_t at = 0;
  const auto read = [&] {
    uint32_t value = 0;
    std::memcpy(&value, bytes.data() + at, sizeof(value));
    at += sizeof(value);
    return value;
  };
  EXPECT_EQ(read(), 0x67676D66u);
  EXPECT_EQ(read(), 101u);
  const uint32_t n_vocab = read(), dim = read(), n_layers = read();
  read();  // the type of most tensors
  test::GgufBuilder builder;
  builder.text("general.architecture", "rwkv7");
  builder.number<uint32_t>("rwkv7.context_length", 4096);
  builder.number<uint32_t>("rwkv7.embedding_length", dim);
  builder.number<uint32_t>("rwkv7.block_count", n_layers);
  builder.number<uint32_t>("rwkv7.feed_forward_length", 4 * dim);
  builder.number<uint32_t>("rwkv7.wkv.head_size", 64);
  builder.number<float>("rwkv7.attention.layer_norm_epsilon", 1e-5f);
  builder.text("tokenizer.ggml.model", "rwkv");
  std::vector<std::string> tokens;
  for (uint32_t byte = 0; byte < n_vocab; ++byte) tokens.push_back(fmt::format("\\x{:02x}", byte));
  builder.texts("tokenizer.ggml.tokens", tokens);
  while (at < bytes.size()) {
    const uint32_t n_dims = read(), name_bytes = read(), type = read();
    test::TensorEntry entry;
    int64_t n_values = 1;
    for (uint32_t n = 0; n < n_dims; ++n) n_values *= entry.dims.emplace_back(read());
    entry.name = gguf_name(bytes.substr(at, name_bytes));
    entry.type = type;  // 0 and 1 are F32 and F16 there too
    const auto n_bytes = static_cast<size_t>(n_values) * (type == 0 ? 4 : 2);
    entry.data = bytes.substr(at + name_bytes, n_bytes);
    at += name_bytes + n_bytes;
    // Trailing ones are left out.
    if (!entry.name.ends_with("lerp_fused.weight")) {
      while (entry.dims.size() > 1 && entry.dims.back() == 1) entry.dims.pop_back();
    }
    builder.tensor(std::move(entry));
  }
  return builder.build();
}

struct Kernels {
  const char* name;
  NumericMode mode;
  double bound;            // on each logit: of prompts
  double generated_bound;  // and of generated tokens
};

// FP32 everywhere but for the sums' order: 1e-5. Prompts in bfloat16 (2^-9 a rounding) measure 2e-3 and less here.
constexpr Kernels kRuns[] = {
    {"reference", NumericMode::kReference, 1e-5, 1e-5}, {"portable", NumericMode::kExact, 1e-5, 1e-5},
    {"avx2", NumericMode::kExact, 1e-5, 1e-5},          {"avx512", NumericMode::kExact, 1e-5, 1e-5},
    {"avx512_vnni", NumericMode::kExact, 1e-5, 1e-5},   {"avx512_bf16", NumericMode::kExact, 1e-2, 1e-5},
    {"amx_bf16", NumericMode::kExact, 1e-2, 1e-5},
};

TEST(TrainedRwkv7, GivesTheLogitsThatCameWithIt) {
  const std::string expected_bytes = read_data("expected-logits-7v0-834K.bin");
  if (expected_bytes.empty())
    GTEST_SKIP() << "no trained model: set INGOT_TEST_DATA to the folder that holds tiny-rwkv7/";
  std::vector<float> expected(expected_bytes.size() / sizeof(float));
  std::memcpy(expected.data(), expected_bytes.data(), expected_bytes.size());
  const std::vector<int32_t> prompt = {'"', 'i', 'n'};

  for (const char* format : {"FP32", "FP16"}) {
    const std::string gguf = convert(read_data(fmt::format("tiny-rwkv-7v0-834K-{}.bin", format)));
    const auto file = GgufFile::parse(std::as_bytes(std::span(gguf)), "tiny-rwkv7.gguf");
    ASSERT_TRUE(file) << file.error().message;
    for (const Kernels& run : kRuns) {
      const std::string isa = run.mode == NumericMode::kReference ? "" : run.name;
      const auto ops = CpuOps::create({.n_threads = 2, .isa = isa, .mode = run.mode});
      if (!ops) continue;  // another processor's
      const auto model = Model::load(*file, **ops, {});
      ASSERT_TRUE(model) << model.error().message;
      for (const bool generated : {false, true}) {
        for (const int64_t chunk : {1, 2, 3}) {
          SequenceState state((*model)->state_shape());
          const auto logits = run_tokens(**model, **ops, state, prompt, chunk, generated);
          const auto last = std::span(logits).last(expected.size());
          double largest = 0.0;
          for (size_t n = 0; n < expected.size(); ++n) {
            largest = std::max(largest, std::abs(static_cast<double>(last[n]) - expected[n]));
          }
          const std::string title = fmt::format("{} {} {}", format, run.name, generated ? "generated" : "prompt");
          EXPECT_LE(largest, generated ? run.generated_bound : run.bound) << title << ", chunks of " << chunk;
          EXPECT_EQ(std::ranges::max_element(last) - last.begin(),
                    std::ranges::max_element(expected) - expected.begin());
          if (chunk == 3) RecordProperty(title, fmt::format("{:.2g}", largest));
        }
      }
    }
  }
}

}  // namespace
}  // namespace ingot::core
