// The tiny RWKV-7, turned back into the two kinds of checkpoints: converting gives every tensor bit for bit.
#include "convert/rwkv7_model.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "convert/convert.h"
#include "convert/golden_folder.h"

namespace ingot::core {
namespace {

using namespace test;
using testing::AllOf;
using testing::HasSubstr;

class Rwkv7Conversion : public testing::Test {
 protected:
  Result<ConvertedModel> convert(const Arrays& arrays, ConvertRequest request = {}) {
    request.input = folder_.write("model.safetensors", safetensors_of(arrays));
    request.output = folder_.path("out.gguf");
    if (request.vocabulary.empty()) request.vocabulary = vocabulary_;
    return convert_model(request);
  }

  void expect_refused(const Arrays& arrays, std::initializer_list<std::string_view> parts) {
    const auto model = convert(arrays);
    ASSERT_FALSE(model);
    for (const std::string_view part : parts) EXPECT_THAT(model.error().message, HasSubstr(std::string(part)));
    EXPECT_FALSE(std::filesystem::exists(folder_.path("out.gguf")));
  }

  const GgufFile golden_ = open_golden("rwkv7.F32.gguf");
  TemporaryFolder folder_;
  const std::string vocabulary_ = folder_.write("vocab.txt", rwkv_vocabulary_text(golden_));
};

TEST_F(Rwkv7Conversion, GivesTheTensorsOfBlinkDlsNames) {
  const auto model = convert(blink_arrays(golden_));
  ASSERT_TRUE(model) << model.error().message;
  EXPECT_EQ(model->architecture, "rwkv7");
  EXPECT_EQ(model->tokenizer, "rwkv");
  const auto file = GgufFile::open(folder_.path("out.gguf"));
  ASSERT_TRUE(file) << file.error().message;
  expect_same_tokens(*file, golden_);
  // What no checkpoint tells: the golden file has another context.
  EXPECT_EQ(**file->metadata().get_int("rwkv7.context_length"), 1048576);
  for (const GgufTensor& tensor : golden_.tensors()) {
    const GgufTensor* found = file->find_tensor(tensor.name);
    ASSERT_NE(found, nullptr) << tensor.name;
    EXPECT_EQ(found->dims, tensor.dims) << tensor.name;
    EXPECT_EQ(found->n_dims, tensor.n_dims) << tensor.name;
    EXPECT_TRUE(std::ranges::equal(found->data, tensor.data)) << tensor.name;
  }
  EXPECT_EQ(file->tensors().size(), golden_.tensors().size());
  for (const auto& [key, value] : golden_.metadata().entries()) {
    if (key == "rwkv7.context_length" || key == "general.name") continue;
    const GgufValue* found = file->metadata().find(key);
    ASSERT_NE(found, nullptr) << key;
    EXPECT_EQ(found->value, value.value) << key;
  }
}

TEST_F(Rwkv7Conversion, GivesTheTensorsOfFlasNames) {
  const auto model = convert(fla_arrays(golden_));
  ASSERT_TRUE(model) << model.error().message;
  const auto file = GgufFile::open(folder_.path("out.gguf"));
  ASSERT_TRUE(file) << file.error().message;
  EXPECT_EQ(file->tensors().size(), golden_.tensors().size());
  for (const GgufTensor& tensor : golden_.tensors()) {
    const GgufTensor* found = file->find_tensor(tensor.name);
    ASSERT_NE(found, nullptr) << tensor.name;
    EXPECT_EQ(found->dims, tensor.dims) << tensor.name;
    EXPECT_TRUE(std::ranges::equal(found->data, tensor.data)) << tensor.name;
  }
}

TEST_F(Rwkv7Conversion, KeepsVectorsAndDecayInF32) {
  const auto model = convert(blink_arrays(golden_), {.type = MatrixType::kF16});
  ASSERT_TRUE(model) << model.error().message;
  const auto file = GgufFile::open(folder_.path("out.gguf"));
  ASSERT_TRUE(file) << file.error().message;
  for (const auto& [name, type] : {std::pair{"blk.1.time_mix_w1.weight", DType::kF32},
                                   {"blk.1.time_mix_w2.weight", DType::kF32},
                                   {"blk.1.time_mix_lerp_fused.weight", DType::kF32},
                                   {"blk.1.time_mix_a1.weight", DType::kF16},
                                   {"blk.1.time_mix_k_k.weight", DType::kF32},
                                   {"token_embd.weight", DType::kF16}}) {
    EXPECT_EQ(file->find_tensor(name)->traits->type, type) << name;
  }
  EXPECT_EQ(**file->metadata().get_int("general.file_type"), 1);
}

// Some releases have them in the first layer, where they mean nothing.
TEST_F(Rwkv7Conversion, PassesOverTheFirstLayersValueMix) {
  Arrays arrays = blink_arrays(golden_);
  arrays["blocks.0.att.v0"] = {{1, 1, 128}, std::vector<float>(128, 7.0f)};
  ASSERT_TRUE(convert(arrays));
  const auto file = GgufFile::open(folder_.path("out.gguf"));
  ASSERT_TRUE(file) << file.error().message;
  EXPECT_TRUE(std::ranges::equal(file->find_tensor("blk.0.time_mix_v0.weight")->data,
                                 golden_.find_tensor("blk.0.time_mix_a0.weight")->data));
}

TEST_F(Rwkv7Conversion, RefusesOtherVersionsByName) {
  const Array one{{1}, {1.0f}};
  Arrays arrays = blink_arrays(golden_);
  arrays["blocks.0.ffn.s_emb.weight"] = one;
  expect_refused(arrays, {"RWKV-7 with DeepEmbed (v7a, v7b)", "blocks.0.ffn.s_emb.weight"});
  arrays = blink_arrays(golden_);
  arrays["blocks.1.ffn.s0"] = one;
  expect_refused(arrays, {"DeepEmbed", "blocks.1.ffn.s0"});
  expect_refused({{"blocks.0.att.time_maa_w1", one}, {"blocks.0.att.time_decay", one}}, {"is RWKV-6"});
  expect_refused({{"blocks.0.att.time_faaaa", one}, {"blocks.0.att.time_decay", one}}, {"is RWKV-5"});
  expect_refused({{"blocks.0.att.time_decay", one}}, {"is RWKV-4 or 5"});
}

TEST_F(Rwkv7Conversion, NamesWhatIsMissingOrTooMuch) {
  Arrays arrays = blink_arrays(golden_);
  arrays.erase("blocks.1.att.w1");
  expect_refused(arrays, {"the tensor blocks.1.att.w1 is missing"});
  arrays = blink_arrays(golden_);
  arrays.erase("blocks.0.ln1.weight");
  expect_refused(arrays, {"the tensor blocks.0.ln1.weight is missing"});
  arrays = blink_arrays(golden_);
  arrays["blocks.1.att.extra"] = {{1}, {1.0f}};
  expect_refused(arrays, {"blocks.1.att.extra has no place"});
  arrays = blink_arrays(golden_);
  arrays["blocks.1.att.x_v"].values.pop_back();
  arrays["blocks.1.att.x_v"].shape = {127};
  expect_refused(arrays, {"blocks.1.att.x_v has 127 values, expected 128"});
  arrays = blink_arrays(golden_);
  arrays["blocks.0.att.r_k"].shape = {128};
  expect_refused(arrays, {"blocks.0.att.r_k", "2 dimensions"});
  arrays = blink_arrays(golden_);
  arrays["blocks.1.att.g1"].shape = {2, 64, 40};
  expect_refused(arrays, {"blocks.1.att.g1 has 3 dimensions, expected 2"});
}

TEST_F(Rwkv7Conversion, AsksForTheVocabularyUnlessItIsThere) {
  ConvertRequest request;
  request.input = folder_.write("model.safetensors", safetensors_of(blink_arrays(golden_)));
  request.output = folder_.path("out.gguf");
  const auto without = convert_model(request);
  ASSERT_FALSE(without);
  EXPECT_THAT(without.error().message, AllOf(HasSubstr("rwkv_vocab_v20230424.txt"), HasSubstr("--vocab")));
  folder_.write("rwkv_vocab_v20230424.txt", rwkv_vocabulary_text(golden_));
  EXPECT_TRUE(convert_model(request));
}

TEST_F(Rwkv7Conversion, RefusesAValueThatTheTypeCannotHold) {
  Arrays arrays = blink_arrays(golden_);
  arrays["blocks.1.att.key.weight"].values[5] = 1e6f;
  const auto model = convert(arrays, {.type = MatrixType::kF16});
  ASSERT_FALSE(model);
  EXPECT_THAT(model.error().message, AllOf(HasSubstr("blk.1.time_mix_key.weight holds 1000000"), HasSubstr("bf16")));
  EXPECT_FALSE(std::filesystem::exists(folder_.path("out.gguf")));
  EXPECT_TRUE(convert(arrays, {.type = MatrixType::kBf16}));
}

TEST_F(Rwkv7Conversion, StopsWhereItIsToldToAndLeavesNothingBehind) {
  std::atomic<bool> cancelled = false;
  ConvertRequest request;
  request.observer.cancelled = &cancelled;
  request.observer.on_progress = [&](int64_t n_done, int64_t n_total) { cancelled = n_done > n_total / 2; };
  const auto model = convert(blink_arrays(golden_), request);
  ASSERT_FALSE(model);
  EXPECT_EQ(model.error().kind, ErrorKind::kCancelled);
  for (const auto& entry : std::filesystem::directory_iterator(folder_.path(""))) {
    EXPECT_EQ(entry.path().string().find("out.gguf"), std::string::npos);
  }
}

TEST_F(Rwkv7Conversion, ReplacesAFileOnDemandOnly) {
  folder_.write("out.gguf", "what was there");
  const auto kept = convert(blink_arrays(golden_));
  ASSERT_FALSE(kept);
  EXPECT_THAT(kept.error().message, HasSubstr("out.gguf: is there already"));
  EXPECT_TRUE(convert(blink_arrays(golden_), {.replace = true}));
  EXPECT_TRUE(GgufFile::open(folder_.path("out.gguf")));
}

TEST_F(Rwkv7Conversion, WritesNothingThatTheCheckRefuses) {
  std::string looked_at;
  const auto model = convert(blink_arrays(golden_), {.check = [&](const std::string& path) -> Status {
                               looked_at = path;
                               EXPECT_TRUE(GgufFile::open(path));
                               return invalid("no");
                             }});
  EXPECT_FALSE(model);
  EXPECT_FALSE(looked_at.empty());
  EXPECT_FALSE(std::filesystem::exists(looked_at));
  EXPECT_FALSE(std::filesystem::exists(folder_.path("out.gguf")));
}

}  // namespace
}  // namespace ingot::core
