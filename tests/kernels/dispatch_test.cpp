#include "kernels/dispatch.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>

#include "base/cpu_features.h"

namespace ingot::core {
namespace {

using testing::HasSubstr;

class Dispatch : public testing::Test {
 protected:
  void SetUp() override { unsetenv("INGOT_ISA"); }
  void TearDown() override { unsetenv("INGOT_ISA"); }
};

TEST_F(Dispatch, EveryAvailableNameGivesItsOwnTable) {
  for (const char* name : {"reference", "portable"}) {
    const auto table = find_kernel_table(name);
    ASSERT_TRUE(table.has_value());
    EXPECT_STREQ((*table)->name, name);
  }
  EXPECT_THAT(available_kernel_tables(), HasSubstr("reference, portable"));
}

TEST_F(Dispatch, WhatTheProcessorLacksIsAnErrorThatListsTheRest) {
  const CpuFeatures& features = cpu_features();
  const std::pair<const char*, bool> levels[] = {
      {"avx2", features.avx2},
      {"avx512", features.avx512},
      {"avx512_vnni", features.avx512_vnni},
      {"avx512_bf16", features.avx512_vnni && features.avx512_bf16},
      {"amx_bf16", features.avx512_vnni && features.avx512_bf16 && features.amx_bf16 && amx_permitted()}};
  for (const auto& [name, available] : levels) {
    const auto table = find_kernel_table(name);
    ASSERT_EQ(table.has_value(), available) << name;
    if (available) {
      EXPECT_STREQ((*table)->name, name);
    } else {
      EXPECT_THAT(table.error().message, HasSubstr(available_kernel_tables()));
    }
  }
}

TEST_F(Dispatch, TheBestIsTheDefault) {
  const CpuFeatures& cpu = cpu_features();
  const bool tiles = cpu.avx512_vnni && cpu.avx512_bf16 && cpu.amx_bf16 && amx_permitted();
  const char* best = tiles               ? "amx_bf16"
                     : cpu.fast_bf16_dot ? "avx512_bf16"
                     : cpu.avx512_vnni   ? "avx512_vnni"
                     : cpu.avx512        ? "avx512"
                     : cpu.avx2          ? "avx2"
                                         : "portable";
  EXPECT_STREQ((*find_kernel_table(""))->name, best);
}

TEST_F(Dispatch, TheEnvironmentForcesOne) {
  setenv("INGOT_ISA", "portable", 1);
  EXPECT_STREQ((*find_kernel_table(""))->name, "portable");
  EXPECT_STREQ((*find_kernel_table("reference"))->name, "reference");
  setenv("INGOT_ISA", "sse9", 1);
  const auto unknown = find_kernel_table("");
  ASSERT_FALSE(unknown.has_value());
  EXPECT_THAT(unknown.error().message, HasSubstr("INGOT_ISA"));
  EXPECT_THAT(unknown.error().message, HasSubstr("sse9"));
  EXPECT_THAT(unknown.error().message, HasSubstr(available_kernel_tables()));
}

TEST_F(Dispatch, AnUnknownNameIsAnError) {
  const auto table = find_kernel_table("AVX512");
  ASSERT_FALSE(table.has_value());
  EXPECT_THAT(table.error().message, HasSubstr("AVX512"));
}

}  // namespace
}  // namespace ingot::core
