// Tensors: each is checked once against the architecture, and the error names it, what was found and what expected.
#include "model/loader.h"

#include <gmock/gmock.h>

#include <limits>

#include "base/log.h"
#include "model/tiny_file.h"

namespace ingot::core {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

// The lines logged while it lives.
class LogCapture {
 public:
  LogCapture() {
    set_log_sink([this](LogLevel level, std::string_view line) {
      if (level == LogLevel::kWarning) lines_.emplace_back(line);
    });
  }
  ~LogCapture() { set_log_sink({}); }
  const std::vector<std::string>& lines() const { return lines_; }

 private:
  std::vector<std::string> lines_;
};

TEST(LoaderTest, EveryTensorIsNeeded) {
  const TinyFile whole;
  for (const auto& [name, entry] : whole.tensors) {
    TinyFile file;
    file.tensors.erase(name);
    EXPECT_THAT(load_error(file), HasSubstr("the tensor " + name + " is missing"));
  }
}

TEST(LoaderTest, EveryShapeIsChecked) {
  const TinyFile whole;
  for (const auto& [name, entry] : whole.tensors) {
    if (name == "token_embd.weight") continue;  // its rows are the vocabulary
    TinyFile file;
    file.f32(name, {entry.dims[0], (entry.dims.size() > 1 ? entry.dims[1] : 1) + 1});
    EXPECT_THAT(load_error(file),
                AllOf(HasSubstr("the tensor " + name + " has the shape ["), HasSubstr("; expected [")));
    file.f32(name, {entry.dims[0], entry.dims.size() > 1 ? entry.dims[1] : 1, 2});
    EXPECT_THAT(load_error(file), HasSubstr("the tensor " + name + " has the shape ["));
  }
}

TEST(LoaderTest, ASwappedShapeIsShown) {
  TinyFile file;
  file.f32("blk.1.ffn_up.weight", {TinyFile::kFfn, TinyFile::kDim});
  EXPECT_EQ(load_error(file),
            "the tensor blk.1.ffn_up.weight has the shape [64, 32]; expected [32, 64] (columns first)");
}

TEST(LoaderTest, SurplusTensorsAreOneWarning) {
  TinyFile file;
  file.f32("blk.0.attn_rot_embd.weight", {4});
  for (const char* name : {"x1", "x2", "x3", "x4", "x5"}) file.f32(name, {4});
  const LogCapture log;
  EXPECT_EQ(load_error(file), "");
  ASSERT_THAT(log.lines(), SizeIs(1));
  EXPECT_THAT(log.lines()[0],
              AllOf(HasSubstr("6 of 26 tensors are not used"), HasSubstr("attn_rot_embd"), HasSubstr("...")));
}

TEST(LoaderTest, AHeadUnderAWrongNameIsNotTakenForATiedModel) {
  TinyFile file;
  file.f32("lm_head.weight", {TinyFile::kDim, TinyFile::kVocab});
  EXPECT_EQ(load_error(file),
            "the tensor output.weight is missing, but lm_head.weight, which llama does not use, has its shape [32, 6]");
  file.f32("output.weight", {TinyFile::kDim, TinyFile::kVocab});
  EXPECT_EQ(load_error(file), "");
  TinyFile predicts_more;
  predicts_more.f32("blk.1.nextn.shared_head_head.weight", {TinyFile::kDim, TinyFile::kVocab});
  EXPECT_EQ(load_error(predicts_more), "");
  TinyFile of_another_shape;
  of_another_shape.f32("cls.output.weight", {TinyFile::kDim, TinyFile::kVocab - 1});
  EXPECT_EQ(load_error(of_another_shape), "");
}

TEST(LoaderTest, NothingIsSaidOfAFileWithoutSurplus) {
  const LogCapture log;
  EXPECT_EQ(load_error(TinyFile()), "");
  EXPECT_THAT(log.lines(), IsEmpty());
}

TEST(LoaderTest, CheckTensorsFindsWeightsThatAreNotFinite) {
  LoadOptions check;
  check.check_tensors = true;
  for (const float bad : {std::numeric_limits<float>::quiet_NaN(), -std::numeric_limits<float>::infinity()}) {
    TinyFile file;
    file.set("blk.1.ffn_down.weight", 2 * 64 + 5, bad);
    EXPECT_EQ(load_error(file), "");
    EXPECT_THAT(load_error(file, check), AllOf(HasSubstr("blk.1.ffn_down.weight"), HasSubstr("row 2, column 5")));
  }
  EXPECT_EQ(load_error(TinyFile(), check), "");
}

TEST(LoaderTest, CheckTensorsLooksIntoTheScalesOfBlocks) {
  TinyFile file;
  std::string blocks(34 * TinyFile::kFfn, '\1');          // Q8_0: a half, then 32 bytes
  blocks.replace(34 * 3, 2, std::string("\x00\x7C", 2));  // infinity as the scale of row 3
  file.tensors["blk.0.ffn_up.weight"] = {
      .name = "blk.0.ffn_up.weight", .dims = {TinyFile::kDim, TinyFile::kFfn}, .type = 8, .data = blocks};
  LoadOptions check;
  check.check_tensors = true;
  EXPECT_EQ(load_error(file), "");
  EXPECT_THAT(load_error(file, check), AllOf(HasSubstr("blk.0.ffn_up.weight"), HasSubstr("row 3, column 0")));
}

TEST(LoaderTest, WeightsThatAreNotFiniteDoNoHarmBeyondTheLogits) {
  TinyFile tiny;
  for (size_t n = 0; n < 64; ++n) tiny.set("blk.0.attn_k.weight", n, std::numeric_limits<float>::quiet_NaN());
  const std::string bytes = tiny.bytes();
  const auto file = GgufFile::parse(std::as_bytes(std::span(bytes)), "tiny.gguf");
  const auto ops = make_ops(1);
  const auto model = Model::load(*file, *ops, {});
  ASSERT_TRUE(model) << model.error().message;
  SequenceState state((*model)->state_shape());
  const std::vector<int32_t> tokens{1, 3, 4, 5};
  EXPECT_THAT(run_tokens(**model, *ops, state, tokens, 2), SizeIs(4 * 6));
}

TEST(LoaderTest, RopeFactorsMustBePositive) {
  for (const float bad : {0.0f, -1.0f, std::numeric_limits<float>::quiet_NaN()}) {
    TinyFile file;
    file.f32("rope_freqs.weight", {4});
    for (size_t n = 0; n < 4; ++n) file.set("rope_freqs.weight", n, n == 2 ? bad : 1.0f);
    EXPECT_THAT(load_error(file), HasSubstr("the tensor rope_freqs.weight has the value"));
  }
}

TEST(LoaderTest, LongRopeNeedsBothSetsOfFactors) {
  TinyFile file;
  file.f32("rope_factors_long.weight", {4});
  for (size_t n = 0; n < 4; ++n) file.set("rope_factors_long.weight", n, 2.0f);
  EXPECT_THAT(load_error(file), HasSubstr("rope_factors_short.weight is missing"));
}

// NVFP4's factor beside a matrix: here on an F32 one, where it must act like the matrix times the factor.
TEST(LoaderTest, AScaleBesideAMatrixMultipliesItsProduct) {
  const auto logits_of = [](const TinyFile& tiny) {
    const std::string bytes = tiny.bytes();
    const auto file = GgufFile::parse(std::as_bytes(std::span(bytes)), "tiny.gguf");
    const auto ops = make_ops(1);
    const auto model = Model::load(*file, *ops, {});
    if (!model) ADD_FAILURE() << model.error().message;
    SequenceState state((*model)->state_shape());
    const std::vector<int32_t> tokens{1, 3, 4, 5};
    return run_tokens(**model, *ops, state, tokens, 4);
  };
  TinyFile plain;
  TinyFile scaled;
  for (const char* name : {"blk.0.attn_q", "blk.1.ffn_up", "blk.1.attn_output"}) {
    const std::string weight = std::string(name) + ".weight";
    for (size_t n = 0; n < plain.tensors[weight].data.size() / 4; ++n) {
      plain.set(weight, n, 4.0f * 0.3f * std::sin(0.7f * static_cast<float>(n)));
    }
    scaled.f32(std::string(name) + ".scale", {1});
    scaled.set(std::string(name) + ".scale", 0, 4.0f);
  }
  for (TinyFile* file : {&plain, &scaled}) file->f32("blk.0.attn_q.bias", {32});
  EXPECT_EQ(logits_of(plain), logits_of(scaled));  // a power of two: bit for bit
}

TEST(LoaderTest, FingerprintsTellModelsApart) {
  const auto fingerprint_of = [](const TinyFile& tiny) {
    const std::string bytes = tiny.bytes();
    const auto file = GgufFile::parse(std::as_bytes(std::span(bytes)), "tiny.gguf");
    const auto ops = make_ops(1);
    const auto model = Model::load(*file, *ops, {});
    if (!model) ADD_FAILURE() << model.error().message;
    return (*model)->state_shape()->model_fingerprint;
  };
  const uint64_t original = fingerprint_of(TinyFile());
  EXPECT_EQ(original, fingerprint_of(TinyFile()));
  TinyFile other_weights;
  other_weights.set("blk.0.attn_k.weight", 0, 0.5f);
  EXPECT_NE(original, fingerprint_of(other_weights));
  TinyFile other_epsilon;
  other_epsilon.number<float>("llama.attention.layer_norm_rms_epsilon", 2e-5f);
  EXPECT_NE(original, fingerprint_of(other_epsilon));
  TinyFile other_vocabulary;
  other_vocabulary.keys["tokenizer.ggml.tokens"] = [](test::GgufBuilder& builder) {
    builder.texts("tokenizer.ggml.tokens", {"<unk>", "<s>", "</s>", "a", "bc", ""});
  };
  EXPECT_NE(original, fingerprint_of(other_vocabulary));
}

}  // namespace
}  // namespace ingot::core
