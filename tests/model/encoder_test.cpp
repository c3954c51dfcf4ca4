// The tiny encoders against the hidden states of the NumPy oracle.
#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>
#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>

#include "model/golden_models.h"

namespace ingot::core {
namespace {

const nlohmann::json& encoders() {
  static const nlohmann::json json = [] {
    std::ifstream stream(golden_path("index.json"));
    return nlohmann::json::parse(stream).at("encoders");
  }();
  return json;
}

class EncoderTest : public testing::TestWithParam<size_t> {
 protected:
  const nlohmann::json& golden() const { return encoders().at(GetParam()); }

  std::shared_ptr<const Model> load(Ops& ops, DType kv_dtype) {
    const auto file = GgufFile::open(golden_path(golden().at("file")));
    EXPECT_TRUE(file) << file.error().message;
    auto model = Model::load(*file, ops, {.kv_dtype = kv_dtype});
    EXPECT_TRUE(model) << model.error().message;
    return model.value_or(nullptr);
  }

  // (tokens, dim)
  static std::vector<float> run(const Model& model, Ops& ops, std::span<const int32_t> tokens) {
    std::vector<float> hidden(tokens.size() * static_cast<size_t>(model.spec().dim));
    SequenceState state(model.state_shape());
    SequenceSlice slice;
    slice.state = &state;
    slice.tokens = tokens;
    slice.all_rows = true;
    const auto out = TensorView::matrix(hidden.data(), static_cast<int64_t>(tokens.size()), model.spec().dim);
    const Status status = forward(model, ops, {&slice, 1}, {.logits = {}, .hidden = out}, nullptr);
    EXPECT_TRUE(status) << status.error().message;
    return hidden;
  }
};

std::string test_name(const testing::TestParamInfo<size_t>& info) {
  std::string name = encoders().at(info.param).at("file");
  name = name.substr(0, name.rfind('.'));
  std::ranges::replace_if(
      name, [](unsigned char c) { return std::isalnum(c) == 0; }, '_');
  return name;
}
INSTANTIATE_TEST_SUITE_P(TinyModels, EncoderTest, testing::Range(size_t{0}, encoders().size()), test_name);

TEST_P(EncoderTest, AgreesWithTheOracle) {
  const auto tokens = golden().at("tokens").get<std::vector<int32_t>>();
  const auto positions = golden().at("positions").get<std::vector<size_t>>();
  const std::vector<float> expected = read_npy(golden_path(golden().at("hidden")));
  for (const NumericMode mode : {NumericMode::kReference, NumericMode::kExact}) {
    for (const DType kv_dtype : {DType::kF32, DType::kF16}) {
      const auto ops = make_ops(2, mode);
      const auto model = load(*ops, kv_dtype);
      ASSERT_TRUE(model);
      const auto dim = static_cast<size_t>(model->spec().dim);
      const auto found = run(*model, *ops, tokens);
      double error = 0.0, norm = 0.0;
      for (size_t n = 0; n < positions.size(); ++n) {
        for (size_t col = 0; col < dim; ++col) {
          const double value = expected[n * dim + col];
          error += std::pow(found[positions[n] * dim + col] - value, 2);
          norm += value * value;
        }
      }
      // As for the models that generate (forward_test.cpp): roundings add like steps of a random walk.
      const std::string kernels = ops->kernels();
      double half_unit = kv_dtype == DType::kF32 ? std::ldexp(1.0, -24) : std::ldexp(1.0, -12);
      if (kernels == "avx512_bf16" || kernels == "amx_bf16") half_unit = std::ldexp(1.0, -9);
      if (mode == NumericMode::kExact && kernels != "portable") half_unit = std::max(half_unit, std::ldexp(1.0, -16));
      const double bound = 16.0 * half_unit * std::sqrt(static_cast<double>(model->spec().n_layers()));
      EXPECT_LE(std::sqrt(error / norm), bound) << kernels << (kv_dtype == DType::kF32 ? " F32" : " F16");
    }
  }
}

TEST_P(EncoderTest, StatesDependNeitherOnThreadsNorOnNeighbours) {
  const auto tokens = golden().at("tokens").get<std::vector<int32_t>>();
  const auto ops = make_ops(1);
  const auto model = load(*ops, DType::kF16);
  ASSERT_TRUE(model);
  const auto expected = run(*model, *ops, tokens);
  for (const int n_threads : {2, 3, 4}) EXPECT_EQ(run(*model, *make_ops(n_threads), tokens), expected) << n_threads;
  // Two texts in one step.
  const auto dim = model->spec().dim;
  const std::span<const int32_t> shorter = std::span(tokens).first(20);
  std::vector<float> hidden((tokens.size() + shorter.size()) * static_cast<size_t>(dim));
  SequenceState states[] = {SequenceState(model->state_shape()), SequenceState(model->state_shape())};
  SequenceSlice slices[2];
  slices[0].state = &states[0];
  slices[0].tokens = shorter;
  slices[1].state = &states[1];
  slices[1].tokens = tokens;
  for (SequenceSlice& slice : slices) slice.all_rows = true;
  const auto out = TensorView::matrix(hidden.data(), static_cast<int64_t>(tokens.size() + shorter.size()), dim);
  ASSERT_TRUE(forward(*model, *ops, slices, {.logits = {}, .hidden = out}, nullptr));
  const auto n_shorter = static_cast<ptrdiff_t>(shorter.size()) * dim;
  EXPECT_TRUE(std::equal(hidden.begin() + n_shorter, hidden.end(), expected.begin(), expected.end()));
  const auto alone = run(*model, *ops, shorter);
  EXPECT_TRUE(std::equal(hidden.begin(), hidden.begin() + n_shorter, alone.begin(), alone.end()));
}

}  // namespace
}  // namespace ingot::core
