// Every tiny model against the logits of the NumPy oracle, and the invariants that make logits reproducible.
#include "model/forward.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <cctype>
#include <cmath>

#include "model/golden_models.h"

namespace ingot::core {
namespace {

using ::testing::HasSubstr;

class ForwardTest : public ::testing::TestWithParam<std::string> {
 protected:
  GoldenModel golden_ = read_golden(GetParam());
};

std::string test_name(const ::testing::TestParamInfo<std::string>& info) {
  std::string name = info.param.substr(0, info.param.rfind('.'));
  std::ranges::replace_if(name, [](unsigned char c) { return std::isalnum(c) == 0; }, '_');
  return name;
}

INSTANTIATE_TEST_SUITE_P(TinyModels, ForwardTest, ::testing::ValuesIn(golden_files()), test_name);

double relative_error(const GoldenModel& golden, const std::vector<float>& logits) {
  const size_t n_vocab = golden.logits.size() / golden.positions.size();
  double error = 0.0;
  double norm = 0.0;
  for (size_t n = 0; n < golden.positions.size(); ++n) {
    const float* found = logits.data() + static_cast<size_t>(golden.positions[n]) * n_vocab;
    const float* expected = golden.logits.data() + n * n_vocab;
    for (size_t token = 0; token < n_vocab; ++token) {
      error += std::pow(static_cast<double>(found[token]) - expected[token], 2);
      norm += std::pow(static_cast<double>(expected[token]), 2);
    }
  }
  return std::sqrt(error / norm);
}

TEST_P(ForwardTest, AgreesWithTheOracle) {
  for (const NumericMode mode : {NumericMode::kReference, NumericMode::kExact}) {
    for (const DType kv_dtype : {DType::kF32, DType::kF16}) {
      const auto ops = make_ops(2, mode);
      const auto model = load_golden(golden_, *ops, kv_dtype);
      ASSERT_TRUE(model);
      SequenceState state(model->state_shape());
      const auto logits = run_tokens(*model, *ops, state, golden_.tokens, 1000);
      std::printf("ERR %s mode=%d kv=%d %g layers %d\n", golden_.file.c_str(), (int)mode, (int)kv_dtype, relative_error(golden_, logits), (int)model->spec().n_layers());
    }
  }
}

}  // namespace
}  // namespace ingot::core
