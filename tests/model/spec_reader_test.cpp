// Metadata: every hyperparameter out of bounds is one clear error, and every convention of the files is understood.
#include <gmock/gmock.h>

#include <limits>
#include <optional>

#include "model/tiny_file.h"

namespace ingot::core {
namespace {

using ::testing::HasSubstr;

TEST(SpecReaderTest, TheUnchangedFileLoads) {
  EXPECT_EQ(load_error(TinyFile()), "");
}

struct BadKey {
  const char* what;
  std::function<void(TinyFile&)> change;
  std::vector<const char*> message;  // parts of it
};

void PrintTo(const BadKey& key, std::ostream* out) {
  *out << key.what;
}

class BadKeyTest : public ::testing::TestWithParam<BadKey> {};

template <typename T>
std::function<void(TinyFile&)> with(const char* key, T value) {
  return [=](TinyFile& file) { file.number<T>(key, value); };
}
std::function<void(TinyFile&)> with_text(const char* key, const char* value) {
  return [=](TinyFile& file) { file.text(key, value); };
}
std::function<void(TinyFile&)> without(const char* key) {
  return [=](TinyFile& file) { file.keys.erase(key); };
}
std::function<void(TinyFile&)> both(std::function<void(TinyFile&)> a, std::function<void(TinyFile&)> b) {
  return [=](TinyFile& file) {
    a(file);
    b(file);
  };
}

constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
constexpr float kInfinity = std::numeric_limits<float>::infinity();
constexpr const char* kEpsilon = "llama.attention.layer_norm_rms_epsilon";

const std::vector<BadKey> kBadKeys{
    {"NoArchitecture", without("general.architecture"), {"general.architecture is missing"}},
    {"UnknownArchitecture",
     with_text("general.architecture", "lama"),
     {"\"lama\"", "gemma2, gemma3", "llama", "starcoder2"}},
    {"ArchitectureIsNumber", with<uint32_t>("general.architecture", 1), {"general.architecture", "string"}},
    {"NoBlocks", with<uint32_t>("llama.block_count", 0), {"llama.block_count is 0; expected 1 to"}},
    {"ABillionBlocks", with<uint32_t>("llama.block_count", 1000000000), {"llama.block_count is 1000000000; expected"}},
    {"MoreBlocksThanTensors",
     with<uint32_t>("llama.block_count", 1000),
     {"llama.block_count is 1000", "only 20 tensors"}},
    {"OneBlockTooMany", with<uint32_t>("llama.block_count", 3), {"blk.2.attn_norm.weight is missing"}},
    {"NegativeBlocks", with<int32_t>("llama.block_count", -1), {"llama.block_count is -1"}},
    {"BlockCountMissing", without("llama.block_count"), {"llama.block_count is missing"}},
    {"BlockCountIsText", with_text("llama.block_count", "2"), {"llama.block_count", "string", "integer"}},
    {"NoHeads", with<uint32_t>("llama.attention.head_count", 0), {"llama.attention.head_count is 0; expected 1 to"}},
    {"HeadsMissing", without("llama.attention.head_count"), {"llama.attention.head_count is missing"}},
    {"HeadsDoNotDivideWidth",
     with<uint32_t>("llama.attention.head_count", 5),
     {"llama.embedding_length is 32", "llama.attention.head_count, which is 5", "attention.key_length"}},
    {"MoreKvHeadsThanHeads",
     with<uint32_t>("llama.attention.head_count_kv", 8),
     {"llama.attention.head_count_kv is 8", "llama.attention.head_count, which is 4"}},
    {"NoKvHeads", with<uint32_t>("llama.attention.head_count_kv", 0), {"llama.attention.head_count_kv is 0"}},
    {"KvHeadsDoNotDivideHeads", with<uint32_t>("llama.attention.head_count_kv", 3), {"head_count_kv is 3"}},
    {"HeadsOfTooFewLayers",
     [](TinyFile& file) {
       file.numbers<uint32_t>("llama.attention.head_count", {4, 4, 4});
     },
     {"llama.attention.head_count has 3 entries", "each of 2 layers"}},
    {"NoWidth", with<uint32_t>("llama.embedding_length", 0), {"llama.embedding_length is 0"}},
    {"HugeWidth", with<uint64_t>("llama.embedding_length", uint64_t{1} << 62), {"llama.embedding_length is 46116"}},
    {"NoKeys", with<uint32_t>("llama.attention.key_length", 0), {"llama.attention.key_length is 0"}},
    {"RopeWiderThanHead",
     with<uint32_t>("llama.rope.dimension_count", 10),
     {"llama.rope.dimension_count is 10; expected 2 to 8"}},
    {"OddRope", with<uint32_t>("llama.rope.dimension_count", 7), {"dimension_count is 7; expected an even number"}},
    {"NoRope", with<uint32_t>("llama.rope.dimension_count", 0), {"llama.rope.dimension_count is 0"}},
    {"RopeBaseNan", with<float>("llama.rope.freq_base", kNan), {"llama.rope.freq_base is nan"}},
    {"RopeBaseZero", with<float>("llama.rope.freq_base", 0.0f), {"llama.rope.freq_base is 0"}},
    {"RopeFactorInfinite", with<float>("llama.rope.scaling.factor", kInfinity), {"llama.rope.scaling.factor is inf"}},
    {"RopeScalingUnknown",
     with_text("llama.rope.scaling.type", "magic"),
     {"\"magic\"", "none, linear, yarn or longrope"}},
    {"RopeOriginalContextZero",
     with<uint32_t>("llama.rope.scaling.original_context_length", 0),
     {"original_context_length is 0"}},
    {"EpsilonNan", with<float>(kEpsilon, kNan), {kEpsilon, "is nan; expected"}},
    {"EpsilonZero", with<float>(kEpsilon, 0.0f), {kEpsilon, "is 0; expected"}},
    {"EpsilonNegative", with<float>(kEpsilon, -1e-5f), {kEpsilon, "is -"}},
    {"EpsilonInfinite", with<float>(kEpsilon, kInfinity), {kEpsilon, "is inf"}},
    {"EpsilonMissing", without(kEpsilon), {kEpsilon, "is missing"}},
    {"EpsilonIsInteger", with<uint32_t>(kEpsilon, 1), {kEpsilon, "float"}},
    {"ContextAbsurd", with<uint32_t>("llama.context_length", 0xFFFFFFFFu), {"llama.context_length is 4294967295"}},
    {"ContextZero", with<uint32_t>("llama.context_length", 0), {"llama.context_length is 0"}},
    {"ContextMissing", without("llama.context_length"), {"llama.context_length is missing"}},
    {"FfnZero", with<uint32_t>("llama.feed_forward_length", 0), {"llama.feed_forward_length is 0"}},
    {"FfnMissing", without("llama.feed_forward_length"), {"llama.feed_forward_length is missing"}},
    {"MoreExpertsUsedThanThere",
     both(with<uint32_t>("llama.expert_count", 4), with<uint32_t>("llama.expert_used_count", 5)),
     {"llama.expert_used_count is 5; expected 1 to 4"}},
    {"NoExpertUsed",
     both(with<uint32_t>("llama.expert_count", 4), with<uint32_t>("llama.expert_used_count", 0)),
     {"llama.expert_used_count is 0"}},
    {"ExpertUsedMissing", with<uint32_t>("llama.expert_count", 4), {"llama.expert_used_count is missing"}},
    {"AMillionExperts", with<uint32_t>("llama.expert_count", 1000000), {"llama.expert_count is 1000000"}},
    {"SigmoidRouter", with<uint32_t>("llama.expert_gating_func", 2), {"llama.expert_gating_func is 2"}},
    {"ScaleNan", with<float>("llama.attention.scale", kNan), {"llama.attention.scale is nan"}},
    {"LogitScaleZero", with<float>("llama.logit_scale", 0.0f), {"llama.logit_scale is 0"}},
    {"SoftcapNegative", with<float>("llama.final_logit_softcapping", -3.0f), {"final_logit_softcapping is -3"}},
    {"WindowNegative", with<int32_t>("llama.attention.sliding_window", -4), {"attention.sliding_window is -4"}},
    {"NotCausal", with<bool>("llama.attention.causal", false), {"llama.attention.causal is false"}},
    {"TokensMoreThanRows",
     [](TinyFile& file) {
       file.keys["tokenizer.ggml.tokens"] = [](test::GgufBuilder& builder) {
         builder.texts("tokenizer.ggml.tokens", {"<unk>", "<s>", "</s>", "a", "b", "c", "d"});
       };
     },
     {"token_embd.weight has 6 rows", "tokenizer.ggml.tokens has 7 entries"}},
    {"TokensAreNumbers",
     [](TinyFile& file) {
       file.numbers<uint32_t>("tokenizer.ggml.tokens", {1, 2, 3});
     },
     {"tokenizer.ggml.tokens", "array"}},
    {"NoTensors", [](TinyFile& file) { file.tensors.clear(); }, {"a vocabulary but no weights"}},
};

TEST_P(BadKeyTest, IsOneClearError) {
  TinyFile file;
  GetParam().change(file);
  const std::string message = load_error(file);
  for (const char* part : GetParam().message) EXPECT_THAT(message, HasSubstr(part));
}

std::string key_test_name(const ::testing::TestParamInfo<BadKey>& info) {
  return info.param.what;
}
INSTANTIATE_TEST_SUITE_P(Catalogue, BadKeyTest, ::testing::ValuesIn(kBadKeys), key_test_name);

// The spec of a changed tiny file, under another architecture's name if given; fails the test if it is refused.
ModelSpec spec_of(const std::function<void(TinyFile&)>& change) {
  TinyFile tiny;
  change(tiny);
  const std::string bytes = tiny.bytes();
  const auto file = GgufFile::parse(std::as_bytes(std::span(bytes)), "tiny.gguf");
  if (!file) {
    ADD_FAILURE() << file.error().message;
    return {};
  }
  auto spec = read_model_spec(*file);
  if (!spec) ADD_FAILURE() << spec.error().message;
  return spec ? *std::move(spec) : ModelSpec();
}

TEST(SpecReaderTest, HeadDimensionsComeFromTheFileWhereGiven) {
  const ModelSpec spec = spec_of([](TinyFile& file) {
    file.number<uint32_t>("llama.attention.key_length", 24);
    file.number<uint32_t>("llama.attention.value_length", 16);
  });
  const AttentionSpec& attention = spec.layers[0].attention;
  EXPECT_EQ(attention.key_dim, 24);
  EXPECT_EQ(attention.value_dim, 16);
  EXPECT_FLOAT_EQ(attention.scale, 1.0f / std::sqrt(24.0f));
  EXPECT_EQ(spec.ropes[0].rotary_dim, 24);
}

TEST(SpecReaderTest, LayersMayDiffer) {
  const ModelSpec spec = spec_of([](TinyFile& file) {
    file.numbers<int32_t>("llama.attention.head_count", {4, 2});
    file.numbers<int32_t>("llama.attention.head_count_kv", {2, 1});
    file.numbers<int32_t>("llama.feed_forward_length", {64, 96});
  });
  EXPECT_EQ(spec.layers[0].attention.n_heads, 4);
  EXPECT_EQ(spec.layers[1].attention.n_heads, 2);
  EXPECT_EQ(spec.layers[1].attention.n_kv_heads, 1);
  EXPECT_EQ(spec.layers[1].ffn.ffn_dim, 96);
}

TEST(SpecReaderTest, AFactorWithoutATypeIsLinear) {
  const ModelSpec spec = spec_of(with<float>("llama.rope.scaling.factor", 4.0f));
  EXPECT_EQ(spec.ropes[0].scaling, RopeScaling::kLinear);
  EXPECT_EQ(spec.ropes[0].factor, 4.0);
  EXPECT_EQ(spec_of(with<float>("llama.rope.scale_linear", 2.0f)).ropes[0].factor, 2.0);
  EXPECT_EQ(spec_of(with<float>("llama.rope.scaling.factor", 0.0f)).ropes[0].factor, 1.0);
}

TEST(SpecReaderTest, GranitesRopeHasASwitchAndLlamasHasNone) {
  const auto n_ropes = [](const char* architecture, std::optional<bool> finetuned) {
    const ModelSpec spec = spec_of([&](TinyFile& file) {
      const std::string prefix = std::string(architecture) + ".";
      file.text("general.architecture", architecture);
      const std::map<std::string, uint32_t> sizes{{"context_length", 64},
                                                  {"embedding_length", TinyFile::kDim},
                                                  {"block_count", TinyFile::kLayers},
                                                  {"feed_forward_length", TinyFile::kFfn},
                                                  {"attention.head_count", TinyFile::kHeads}};
      for (const auto& [key, size] : sizes) file.number<uint32_t>(prefix + key, size);
      file.number<float>(prefix + "attention.layer_norm_rms_epsilon", 1e-5f);
      if (finetuned) file.number<bool>(prefix + "rope.scaling.finetuned", *finetuned);
    });
    for (const LayerSpec& layer : spec.layers) EXPECT_EQ(layer.attention.rope, spec.ropes.empty() ? -1 : 0);
    return spec.ropes.size();
  };
  EXPECT_EQ(n_ropes("granite", std::nullopt), 1u);
  EXPECT_EQ(n_ropes("granite", true), 1u);
  EXPECT_EQ(n_ropes("granite", false), 0u);
  EXPECT_EQ(n_ropes("llama", false), 1u);
}

TEST(SpecReaderTest, AWindowIsInEveryLayerUnlessThePatternSaysElse) {
  const ModelSpec everywhere = spec_of(with<uint32_t>("llama.attention.sliding_window", 16));
  EXPECT_EQ(everywhere.layers[0].attention.window, 16);
  EXPECT_EQ(everywhere.layers[1].attention.window, 16);
  const ModelSpec by_flags = spec_of([](TinyFile& file) {
    file.number<uint32_t>("llama.attention.sliding_window", 16);
    file.numbers<bool>("llama.attention.sliding_window_pattern", {false, true});
  });
  EXPECT_EQ(by_flags.layers[0].attention.window, 0);
  EXPECT_EQ(by_flags.layers[1].attention.window, 16);
  const ModelSpec by_period = spec_of([](TinyFile& file) {
    file.number<uint32_t>("llama.attention.sliding_window", 16);
    file.number<uint32_t>("llama.attention.sliding_window_pattern", 2);
  });
  EXPECT_EQ(by_period.layers[0].attention.window, 16);
  EXPECT_EQ(by_period.layers[1].attention.window, 0);
  const ModelSpec all_flags = spec_of([](TinyFile& file) {
    file.number<uint32_t>("llama.attention.sliding_window", 16);
    file.numbers<bool>("llama.attention.sliding_window_pattern", {true, true});
  });
  EXPECT_EQ(all_flags.layers[1].attention.window, 16);
}

}  // namespace
}  // namespace ingot::core
