#include "sampling/sampler_order.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace ingot::core {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST(SamplerOrder, ReadsNamesAndAliases) {
  EXPECT_THAT(parse_sampler_order(kDefaultSamplers).value(),
              ElementsAre(SamplerKind::kPenalties, SamplerKind::kDry, SamplerKind::kTopNSigma, SamplerKind::kTopK,
                          SamplerKind::kTypical, SamplerKind::kTopP, SamplerKind::kMinP, SamplerKind::kXtc,
                          SamplerKind::kTemperature));
  EXPECT_THAT(parse_sampler_order("temp;top-k;nucleus").value(),
              ElementsAre(SamplerKind::kTemperature, SamplerKind::kTopK, SamplerKind::kTopP));
  EXPECT_TRUE(parse_sampler_order("").value().empty());
}

TEST(SamplerOrder, NamesWhatIsWrong) {
  const auto refusal = [](std::string_view text) { return parse_sampler_order(text).error().message; };
  EXPECT_THAT(refusal("top_k;beam"), testing::AllOf(HasSubstr("\"beam\" is no sampler"), HasSubstr("penalties;dry")));
  EXPECT_THAT(refusal("top_k;"), HasSubstr("\"\" is no sampler"));
  EXPECT_THAT(refusal(";"), HasSubstr("\"\" is no sampler"));
  EXPECT_THAT(refusal("temp;top_k;temperature"), HasSubstr("\"temperature\" is given twice"));
  EXPECT_LT(refusal(std::string(100000, 'x')).size(), 200u);
}

}  // namespace
}  // namespace ingot::core
