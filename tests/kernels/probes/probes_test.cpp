#include "kernels/probes/probes.h"

#include <gtest/gtest.h>

#include <cstring>
#include <string>
#include <vector>

#include "base/aligned_buffer.h"
#include "base/cpu_features.h"

namespace ingot::core {
namespace {

// Words that no order of reading can mistake for each other.
std::vector<uint64_t> scattered_words(int64_t n_words) {
  std::vector<uint64_t> words(static_cast<size_t>(n_words));
  uint64_t state = 1;
  for (uint64_t& word : words) {
    state = state * 6364136223846793005 + 1442695040888963407;
    word = state ^ (state >> 29);
  }
  return words;
}

TEST(ReadProbes, ReadEveryWordOnce) {
  int n_ran = 0;
  for (const ReadProbe& probe : read_probes()) {
    SCOPED_TRACE(std::string(probe.isa) + " " + probe.pattern);
    if (!probe.runs_here()) continue;
    ++n_ran;
    for (const int64_t n_blocks : {1, 2, 3, 16}) {
      const std::vector<uint64_t> words = scattered_words(n_blocks * kReadBlockBytes / 8);
      uint64_t expected = 0;
      for (const uint64_t word : words) expected += word;
      EXPECT_EQ(probe.read(reinterpret_cast<const std::byte*>(words.data()), n_blocks * kReadBlockBytes), expected);
    }
    EXPECT_EQ(probe.read(nullptr, 0), 0u);
  }
  EXPECT_GE(n_ran, 3) << "the portable ones run everywhere";
}

TEST(ArithmeticProbes, DoAsManyOperationsAsTheyClaim) {
  int n_ran = 0;
  for (const ArithmeticProbe& probe : arithmetic_probes()) {
    SCOPED_TRACE(std::string(probe.isa) + " kind " + std::to_string(static_cast<int>(probe.kind)));
    if (!probe.runs_here()) continue;
    ++n_ran;
    for (const int64_t n_rounds : {int64_t{0}, int64_t{1}, int64_t{1001}, kMaxProbeRounds}) {
      // The longest only where it takes no time under a sanitizer.
      if (n_rounds == kMaxProbeRounds && probe.operations_per_round > 10000) continue;
      EXPECT_EQ(probe.run(n_rounds), static_cast<uint64_t>(n_rounds * probe.operations_per_round / 2));
    }
  }
  EXPECT_GE(n_ran, 1) << "the portable one runs everywhere";
}

TEST(ArithmeticProbes, RunWhereTheProcessorSays) {
  const CpuFeatures& cpu = cpu_features();
  for (const ArithmeticProbe& probe : arithmetic_probes()) {
    const std::string isa = probe.isa;
    SCOPED_TRACE(isa);
    bool expected = true;
    if (isa == "avx2") expected = cpu.avx2;
    if (isa == "avx_vnni") expected = cpu.avx_vnni;
    if (isa == "avx512") expected = cpu.avx512;
    if (isa == "avx512_vnni") expected = cpu.avx512_vnni;
    if (isa == "avx512_bf16") expected = cpu.avx512_bf16;
    if (isa == "amx") expected = (probe.kind == Arithmetic::kAmxBf16 ? cpu.amx_bf16 : cpu.amx_int8) && amx_permitted();
    EXPECT_EQ(probe.runs_here(), expected);
  }
}

}  // namespace
}  // namespace ingot::core
