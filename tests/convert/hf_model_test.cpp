// The tiny transformers, turned back into Hugging Face's folders: converting gives their tensors, keys, tokens and
// logits.
#include "convert/hf_model.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "convert/convert.h"
#include "convert/golden_folder.h"
#include "convert/hf_architecture.h"
#include "model/golden_models.h"

namespace ingot::core {
namespace {

using namespace test;
using nlohmann::json;
using testing::AllOf;
using testing::HasSubstr;

struct Case {
  const char* file;
  const char* class_name;
  const char* settings;  // JSON, beside the sizes
  float norm_tolerance = 0.0f;
};

void PrintTo(const Case& one, std::ostream* out) {
  *out << one.file;
}

constexpr const char* kLlamaSettings =
    R"({"rope_theta":10000.0,"hidden_act":"silu","rope_scaling":null,"sliding_window":null,"attention_bias":false})";

// Norms around zero: 1 was taken away and comes back, which costs the last bit of weights below a half.
const Case kCases[] = {
    {"llama.F32.gguf", "LlamaForCausalLM", kLlamaSettings},
    {"llama.F32.gguf", "MistralForCausalLM", kLlamaSettings},
    {"qwen2.F32.gguf", "Qwen2ForCausalLM", R"({"use_sliding_window":false,"sliding_window":4096})"},
    {"qwen3.F32.gguf", "Qwen3ForCausalLM", R"({"rope_theta":100000})"},
    {"gemma2.F32.gguf", "Gemma2ForCausalLM",
     R"({"hidden_act":"gelu","hidden_activation":"gelu_pytorch_tanh","query_pre_attn_scalar":16,"sliding_window":9,
         "attn_logit_softcapping":3.0,"final_logit_softcapping":6.0})",
     1e-7f},
    {"gemma3.F32.gguf", "Gemma3ForCausalLM",
     R"({"hidden_activation":"gelu_pytorch_tanh","query_pre_attn_scalar":16,"sliding_window":10,
         "sliding_window_pattern":6,"rope_theta":100000.0,"rope_local_base_freq":10000.0,
         "rope_scaling":{"rope_type":"linear","factor":8.0}})",
     1e-7f},
    {"olmo2.F32.gguf", "Olmo2ForCausalLM", "{}"},
    {"granite.F32.gguf", "GraniteForCausalLM",
     R"({"attention_multiplier":0.2,"embedding_multiplier":3.0,"residual_multiplier":0.4,"logits_scaling":0.7})"},
};

class HfConversion : public testing::TestWithParam<Case> {
 protected:
  TemporaryFolder folder_;
};

std::vector<float> logits_of(const GgufFile& file, const std::string& golden_name) {
  const GoldenModel golden = read_golden(golden_name);
  const auto ops = make_ops(1, NumericMode::kReference);
  LoadOptions options;
  options.n_context = golden.context;
  options.kv_dtype = DType::kF32;
  const auto model = Model::load(file, *ops, options);
  EXPECT_TRUE(model) << model.error().message;
  if (!model) return {};
  SequenceState state((*model)->state_shape());
  return run_tokens(**model, *ops, state, golden.tokens, 16);
}

TEST_P(HfConversion, GivesTheSameModel) {
  const Case& one = GetParam();
  const GgufFile golden = open_golden(one.file);
  ConvertRequest request;
  request.input = hf_folder(golden, one.class_name, json::parse(one.settings)).write(folder_);
  request.output = folder_.path("out.gguf");
  const auto converted = convert_model(request);
  ASSERT_TRUE(converted) << converted.error().message;
  const auto file = GgufFile::open(request.output);
  ASSERT_TRUE(file) << file.error().message;
  expect_same_model(*file, golden, one.norm_tolerance);
  expect_same_tokens(*file, golden);
  const std::vector<float> found = logits_of(*file, one.file);
  const std::vector<float> expected = logits_of(golden, one.file);
  if (one.norm_tolerance == 0.0f) {
    EXPECT_EQ(found, expected);
  } else {
    EXPECT_THAT(found, testing::Pointwise(testing::FloatNear(1e-4f), expected));
  }
}

INSTANTIATE_TEST_SUITE_P(Golden, HfConversion, testing::ValuesIn(kCases),
                         [](const auto& one) { return std::string(one.param.class_name); });

// ---- what is refused ----

class HfRefusal : public testing::Test {
 protected:
  // change: over config.json, where null takes a key away.
  void expect_refused(const char* change, std::initializer_list<std::string_view> parts) {
    HfFolder model = hf_folder(golden_, "LlamaForCausalLM", json::object());
    model.config.merge_patch(json::parse(change));
    expect_refused(model, parts);
  }
  void expect_refused(const HfFolder& model, std::initializer_list<std::string_view> parts) {
    ConvertRequest request;
    request.input = model.write(folder_);
    request.output = folder_.path("out.gguf");
    const auto converted = convert_model(request);
    ASSERT_FALSE(converted) << *parts.begin();
    for (const std::string_view part : parts) EXPECT_THAT(converted.error().message, HasSubstr(std::string(part)));
    EXPECT_EQ(converted.error().message.find('\n'), std::string::npos);
  }

  const GgufFile golden_ = open_golden("llama.F32.gguf");
  TemporaryFolder folder_;
};

TEST_F(HfRefusal, ClassesThatAreNotKnown) {
  expect_refused(R"({"architectures":["MambaForCausalLM"]})",
                 {"config.json: the architecture MambaForCausalLM cannot", "LlamaForCausalLM, MistralForCausalLM"});
  expect_refused(R"({"architectures":null})", {"architectures is missing"});
  expect_refused(R"({"architectures":"LlamaForCausalLM"})", {"expected an array"});
}

TEST_F(HfRefusal, SettingsThatAFileCannotTell) {
  expect_refused(R"({"hidden_act":"gelu"})", {"hidden_act is \"gelu\", expected \"silu\""});
  expect_refused(R"({"quantization_config":{"quant_method":"gptq"}})", {"the checkpoint is quantised (\"gptq\")"});
  expect_refused(R"({"partial_rotary_factor":0.5})", {"partial_rotary_factor is 0.5"});
  expect_refused(R"({"rope_scaling":{"rope_type":"dynamic","factor":2.0}})", {"of the type \"dynamic\""});
  expect_refused(R"({"rope_scaling":{"type":"linear"}})", {"rope_scaling: factor is missing"});
  expect_refused(R"({"rope_scaling":{"rope_type":"yarn","factor":4.0,"mscale":0.7}})", {"mscale is 0.7"});
  expect_refused(R"({"layer_types":["full_attention","sliding_attention"]})", {"layer_types", "in every layer"});
  expect_refused(R"({"layer_types":["full_attention"]})", {"for each of 2 layers"});
  expect_refused(R"({"layer_types":["linear_attention","full_attention"]})", {"layer_types"});
}

TEST_F(HfRefusal, SizesThatAreNoSizes) {
  expect_refused(R"({"hidden_size":null})", {"hidden_size is missing, expected a whole number"});
  expect_refused(R"({"hidden_size":0})", {"hidden_size is 0"});
  expect_refused(R"({"hidden_size":-4})", {"hidden_size is -4"});
  expect_refused(R"({"hidden_size":"64"})", {"hidden_size is \"64\""});
  expect_refused(R"({"hidden_size":1e30})", {"hidden_size is 1e+30"});
  expect_refused(R"({"rms_norm_eps":null})", {"rms_norm_eps is missing"});
  expect_refused(R"({"num_hidden_layers":2000000000})", {"num_hidden_layers is more than"});
  expect_refused(R"({"num_hidden_layers":3})", {"the tensor model.layers.2.input_layernorm.weight is missing"});
  expect_refused(R"({"num_hidden_layers":1})", {"model.layers.1.", "has no place"});
  expect_refused(R"({"num_attention_heads":7})", {"no even number for each of 7 heads"});
}

TEST_F(HfRefusal, TensorsThatAreMissingOrTooMuch) {
  HfFolder model = hf_folder(golden_, "LlamaForCausalLM", json::object());
  model.arrays["model.layers.0.self_attn.q_norm.weight"] = {{4}, {1, 2, 3, 4}};
  expect_refused(model, {"the tensor model.layers.0.self_attn.q_norm.weight has no place", "llama"});
  model = hf_folder(golden_, "LlamaForCausalLM", json::object());
  model.arrays.erase("lm_head.weight");
  expect_refused(model, {"the tensor lm_head.weight is missing"});
  model = hf_folder(golden_, "LlamaForCausalLM", json::object());
  model.arrays["model.norm.weight"] = {{0}, {}};
  expect_refused(model, {"tensor model.norm.weight has no values"});
}

// A buffer of older versions of transformers is passed over; so is an output matrix that is the embedding.
TEST_F(HfRefusal, NotWhatMeansNothing) {
  HfFolder model = hf_folder(golden_, "LlamaForCausalLM", json::object());
  model.arrays["model.layers.0.self_attn.rotary_emb.inv_freq"] = {{2}, {1, 2}};
  model.config["tie_word_embeddings"] = true;
  ConvertRequest request;
  request.input = model.write(folder_);
  request.output = folder_.path("out.gguf");
  const auto converted = convert_model(request);
  ASSERT_TRUE(converted) << converted.error().message;
  EXPECT_EQ(GgufFile::open(request.output)->find_tensor("output.weight"), nullptr);
}

TEST_F(HfRefusal, AVocabularyThatHasNoPlace) {
  ConvertRequest request;
  request.input = hf_folder(golden_, "LlamaForCausalLM", json::object()).write(folder_);
  request.output = folder_.path("out.gguf");
  request.vocabulary = "rwkv.txt";
  const auto converted = convert_model(request);
  ASSERT_FALSE(converted);
  EXPECT_THAT(converted.error().message, AllOf(HasSubstr("is no RWKV checkpoint"), HasSubstr("rwkv.txt")));
}

// ---- Llama 3.1's rope ----

TEST_F(HfRefusal, NotLlama3sRopeWhichIsATensor) {
  const HfFolder model = hf_folder(golden_, "LlamaForCausalLM", json::parse(R"({"rope_theta":500.0,
      "rope_scaling":{"rope_type":"llama3","factor":8.0,"low_freq_factor":1.0,"high_freq_factor":4.0,
                      "original_max_position_embeddings":32}})"));
  ConvertRequest request;
  request.input = model.write(folder_);
  request.output = folder_.path("out.gguf");
  const auto converted = convert_model(request);
  ASSERT_TRUE(converted) << converted.error().message;
  const auto file = GgufFile::open(request.output);
  ASSERT_TRUE(file) << file.error().message;
  // The tiny model llama3 was made with the same numbers by the formula as NumPy computes it.
  const Array found = array_of(*file, "rope_freqs.weight");
  const Array expected = array_of(open_golden("llama3.F16.gguf"), "rope_freqs.weight");
  EXPECT_THAT(found.values, testing::Pointwise(testing::FloatNear(1e-6f), expected.values));
}

TEST(HfArchitectures, HaveNamesOfTheirOwn) {
  std::set<std::string_view> names;
  for (const HfArchitecture& architecture : all_hf_architectures()) {
    EXPECT_TRUE(names.insert(architecture.class_name).second) << architecture.class_name;
    EXPECT_EQ(architecture.windows == HfWindows::kPeriodic, architecture.window_period > 0);
    for (const auto& group : architecture.settings) {
      for (const HfSetting& setting : group) EXPECT_TRUE(json::accept(setting.expected)) << setting.config;
    }
  }
}

}  // namespace
}  // namespace ingot::core
