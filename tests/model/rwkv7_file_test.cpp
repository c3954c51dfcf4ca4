// RWKV-7's files: what must be there, what may be missing, and how a wrong one is named.
#include <gmock/gmock.h>

#include "model/tiny_file.h"

namespace ingot::core {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

// Two layers of two heads; the ranks all differ.
struct TinyRwkv : TinyFile {
  static constexpr int64_t kWidth = 32, kHeadSize = 16, kDecay = 8, kRate = 4, kValueMix = 6, kGate = 12;

  TinyRwkv() {
    keys.clear();
    tensors.clear();
    text("general.architecture", "rwkv7");
    number<uint32_t>("rwkv7.context_length", 64);
    number<uint32_t>("rwkv7.embedding_length", kWidth);
    number<uint32_t>("rwkv7.block_count", 2);
    number<uint32_t>("rwkv7.feed_forward_length", kFfn);
    number<uint32_t>("rwkv7.attention.head_count", 0);
    number<uint32_t>("rwkv7.wkv.head_size", kHeadSize);
    number<float>("rwkv7.attention.layer_norm_epsilon", 1e-5f);
    text("tokenizer.ggml.model", "rwkv");
    keys["tokenizer.ggml.tokens"] = [](test::GgufBuilder& builder) {
      builder.texts("tokenizer.ggml.tokens", {"<s>", "a", "b", "c", "d", "e"});
    };
    f32("token_embd.weight", {kWidth, kVocab});
    f32("output.weight", {kWidth, kVocab});
    for (const char* norm : {"token_embd_norm", "output_norm"}) {
      f32(std::string(norm) + ".weight", {kWidth});
      f32(std::string(norm) + ".bias", {kWidth});
    }
    for (int layer = 0; layer < 2; ++layer) {
      const std::string block = "blk." + std::to_string(layer) + ".";
      for (const char* norm : {"attn_norm", "attn_norm_2", "time_mix_ln"}) {
        f32(block + norm + ".weight", {kWidth});
        f32(block + norm + ".bias", {kWidth});
      }
      f32(block + "time_mix_lerp_fused.weight", {kWidth, 1, 1, 6});
      for (const char* name : {"receptance", "key", "value", "output"}) {
        f32(block + "time_mix_" + name + ".weight", {kWidth, kWidth});
      }
      for (const char* name : {"w0", "a0", "k_k", "k_a", "r_k"}) f32(block + "time_mix_" + name + ".weight", {kWidth});
      factors(block, "w", kDecay);
      factors(block, "a", kRate);
      factors(block, "g", kGate);
      if (layer > 0) {
        f32(block + "time_mix_v0.weight", {kWidth});
        factors(block, "v", kValueMix);
      }
      f32(block + "channel_mix_lerp_k.weight", {kWidth});
      f32(block + "channel_mix_key.weight", {kWidth, kFfn});
      f32(block + "channel_mix_value.weight", {kFfn, kWidth});
    }
  }

  void factors(const std::string& block, const std::string& name, int64_t rank) {
    f32(block + "time_mix_" + name + "1.weight", {kWidth, rank});
    f32(block + "time_mix_" + name + "2.weight", {rank, kWidth});
  }
};

TEST(Rwkv7File, Loads) {
  EXPECT_EQ(load_error(TinyRwkv()), "");
}

TEST(Rwkv7File, EveryTensorIsNeeded) {
  const TinyRwkv whole;
  for (const auto& [name, entry] : whole.tensors) {
    TinyRwkv file;
    file.tensors.erase(name);
    // Without a gate's first factor the six mixtures are one too many.
    const bool gate = name.ends_with("time_mix_g1.weight");
    EXPECT_THAT(load_error(file), HasSubstr(gate ? "but the tensor " + name + " is missing" : name)) << name;
    EXPECT_THAT(load_error(file), HasSubstr("missing")) << name;
  }
}

TEST(Rwkv7File, EveryShapeIsChecked) {
  const TinyRwkv whole;
  for (const auto& [name, entry] : whole.tensors) {
    if (name == "token_embd.weight") continue;  // its rows are the vocabulary
    TinyRwkv file;
    auto dims = entry.dims;
    ++dims[0];
    file.f32(name, dims);
    EXPECT_THAT(load_error(file),
                AllOf(HasSubstr("the tensor " + name + " has the shape ["), HasSubstr("; expected [")));
  }
}

TEST(Rwkv7File, SecondFactorsMustFitTheFirst) {
  for (const char* name : {"w", "a", "g", "v"}) {
    TinyRwkv file;
    const std::string second = std::string("blk.1.time_mix_") + name + "2.weight";
    file.f32(second, {10, TinyRwkv::kWidth});
    EXPECT_THAT(load_error(file), HasSubstr("the tensor " + second + " has the shape [10, 32]"));
  }
}

TEST(Rwkv7File, TheFirstLayersValueFactorsMeanNothing) {
  TinyRwkv file;
  file.f32("blk.0.time_mix_v0.weight", {TinyRwkv::kWidth});
  file.factors("blk.0.", "v", 7);
  EXPECT_EQ(load_error(file), "");
}

TEST(Rwkv7File, MixturesMayHaveThreeDimensions) {
  TinyRwkv file;
  for (const char* block : {"blk.0.", "blk.1."}) {
    file.f32(std::string(block) + "time_mix_lerp_fused.weight", {TinyRwkv::kWidth, 1, 6});
  }
  EXPECT_EQ(load_error(file), "");
  file.f32("blk.1.time_mix_lerp_fused.weight", {TinyRwkv::kWidth, 1, 5});
  EXPECT_THAT(load_error(file), HasSubstr("has 5 rows, but the tensor blk.1.time_mix_g1.weight is there too"));
}

TEST(Rwkv7File, SizesOfHeadsThatNoKernelHasAreRefused) {
  for (const uint32_t size : {0u, 8u, 24u, 33u, 64u, 512u}) {
    TinyRwkv file;
    file.number<uint32_t>("rwkv7.wkv.head_size", size);
    EXPECT_THAT(load_error(file), HasSubstr(fmt::format("rwkv7.wkv.head_size is {}", size)));
  }
  TinyRwkv file;
  file.keys.erase("rwkv7.wkv.head_size");
  EXPECT_THAT(load_error(file), HasSubstr("rwkv7.wkv.head_size is missing"));
}

TEST(Rwkv7File, OlderKindsAreNamed) {
  TinyRwkv file;
  file.text("general.architecture", "rwkv6");
  EXPECT_THAT(load_error(file), AllOf(HasSubstr("\"rwkv6\" is not one of those"), HasSubstr("rwkv7")));
}

}  // namespace
}  // namespace ingot::core
