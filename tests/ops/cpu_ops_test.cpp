#include "ops/cpu_ops.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/sanitizer.h"
#include "make_ops.h"

namespace ingot::core {
namespace {

using testing::HasSubstr;

TEST(CpuOps, RunsWhatWasForced) {
  for (const char* isa : kAllTables) {
    const auto ops = make_ops(isa, 1);
    if (ops == nullptr) continue;  // missing ones are the dispatch test's business
    EXPECT_STREQ(ops->kernels(), isa);
  }
}

TEST(CpuOps, TheReferenceModeHasItsOwnKernels) {
  const auto ops = CpuOps::create({.n_threads = 1, .mode = NumericMode::kReference});
  ASSERT_TRUE(ops.has_value());
  EXPECT_STREQ((*ops)->kernels(), "reference");
  const auto both = CpuOps::create({.n_threads = 1, .isa = "portable", .mode = NumericMode::kReference});
  ASSERT_FALSE(both.has_value());
  EXPECT_THAT(both.error().message, HasSubstr("portable"));
}

TEST(CpuOps, TheFastModeIsNamedAndNeverFallsBack) {
  const auto without = CpuOps::create({.n_threads = 1, .isa = "portable", .mode = NumericMode::kFast});
  ASSERT_FALSE(without.has_value());
  EXPECT_THAT(without.error().message, HasSubstr("portable"));
  const auto ops = CpuOps::create({.n_threads = 1, .isa = "avx2", .mode = NumericMode::kFast});
  if (!ops) GTEST_SKIP() << ops.error().message;
  EXPECT_STREQ((*ops)->kernels(), "avx2_fast");
}

TEST(CpuOps, RefusesBadOptions) {
  EXPECT_FALSE(CpuOps::create({.n_threads = -1}).has_value());
  EXPECT_FALSE(CpuOps::create({.n_threads = 257}).has_value());
  const auto unknown = CpuOps::create({.n_threads = 1, .isa = "mmx"});
  ASSERT_FALSE(unknown.has_value());
  EXPECT_THAT(unknown.error().message, HasSubstr("portable"));
}

TEST(CpuOps, ThreadCountsCanChange) {
  const auto ops = make_ops("", 1);
  EXPECT_EQ(ops->n_threads(), 1);
  EXPECT_TRUE(ops->set_n_threads(3).has_value());
  EXPECT_EQ(ops->n_threads(), 3);
  EXPECT_FALSE(ops->set_n_threads(0).has_value());
  EXPECT_EQ(ops->n_threads(), 3);
  EXPECT_GE((*CpuOps::create({}))->n_threads(), 1);
}

TEST(CpuOps, AllocationsThatCannotBeAreErrors) {
#if INGOT_UNDER_SANITIZER
  GTEST_SKIP() << "the sanitizers end the process at an allocation that cannot be";
#endif
  const auto ops = make_ops("", 1);
  const auto buffer = ops->allocate(size_t{1} << 60);
  ASSERT_FALSE(buffer.has_value());
  EXPECT_EQ(buffer.error().kind, ErrorKind::kOutOfMemory);
  EXPECT_TRUE(ops->allocate(100).has_value());
}

}  // namespace
}  // namespace ingot::core
