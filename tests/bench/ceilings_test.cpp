#include "bench/ceilings.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "base/cache_sizes.h"
#include "base/cpu_features.h"
#include "base/log.h"
#include "base/temporary_folder.h"
#include "bench/ceilings_cache.h"

namespace ingot::core {
namespace {

const CeilingOptions kShort{.budget_s = 0.05, .max_buffer_bytes = 64 << 20, .progress = {}};

TEST(MeasureCeilings, FillsWhatTheProcessorHas) {
  const auto pool = ThreadPool::create(2).value();
  const Ceilings ceilings = measure_ceilings(*pool, kShort).value();
  EXPECT_EQ(ceilings.processor, cpu_features().brand);
  EXPECT_EQ(ceilings.n_threads, 2);
  const auto present = [](const Ceiling& ceiling) { return ceiling.one_thread > 0 && ceiling.all_threads > 0; };
  const auto absent = [](const Ceiling& ceiling) { return ceiling.one_thread == 0 && ceiling.all_threads == 0; };
  EXPECT_TRUE(present(ceilings.dram_read));
  EXPECT_TRUE(read_cache_sizes().total_l3_bytes > 0 ? present(ceilings.l3_read) : absent(ceilings.l3_read));
  EXPECT_TRUE(read_cache_sizes().l2_bytes > 0 ? present(ceilings.l2_read) : absent(ceilings.l2_read));
  EXPECT_TRUE(present(ceilings.fp32));
  const CpuFeatures& cpu = cpu_features();
  EXPECT_TRUE(cpu.avx512_vnni || cpu.avx_vnni ? present(ceilings.int8_vnni) : absent(ceilings.int8_vnni));
  EXPECT_TRUE(cpu.avx512_bf16 ? present(ceilings.bf16_dot) : absent(ceilings.bf16_dot));
  EXPECT_TRUE(cpu.amx_bf16 && amx_permitted() ? present(ceilings.amx_bf16) : absent(ceilings.amx_bf16));
  EXPECT_TRUE(cpu.amx_int8 && amx_permitted() ? present(ceilings.amx_int8) : absent(ceilings.amx_int8));
  EXPECT_GT(ceilings.barrier_s, 0);
  EXPECT_GT(ceilings.granted, 0);
  EXPECT_THAT(ceilings.fp32_isa, testing::AnyOf("portable", "avx2", "avx512"));
}

TEST(MeasureCeilings, StopsWhenTold) {
  const auto pool = ThreadPool::create(1).value();
  CeilingOptions options = kShort;
  options.budget_s = 3600;
  int n_calls = 0;
  options.progress = [&](double done) {
    EXPECT_LE(done, 1.0);
    return ++n_calls < 3;
  };
  const auto ceilings = measure_ceilings(*pool, options);
  ASSERT_FALSE(ceilings.has_value());
  EXPECT_EQ(ceilings.error().kind, ErrorKind::kCancelled);
  EXPECT_EQ(n_calls, 3);
}

class LoadOrMeasure : public testing::Test {
 protected:
  LoadOrMeasure() {
    const char* before = std::getenv("XDG_CACHE_HOME");
    before_ = before != nullptr ? before : "";
    setenv("XDG_CACHE_HOME", folder_.path("").c_str(), 1);
    set_log_sink([this](LogLevel level, std::string_view line) {
      if (level == LogLevel::kWarning) warnings_.emplace_back(line);
    });
  }
  ~LoadOrMeasure() override {
    set_log_sink({});
    before_.empty() ? unsetenv("XDG_CACHE_HOME") : setenv("XDG_CACHE_HOME", before_.c_str(), 1);
  }

  // Measuring is stopped at once: what comes back without it was cached.
  static bool measures() {
    const auto ceilings = load_or_measure_ceilings(1, /*refresh=*/false, [](double) { return false; });
    return !ceilings.has_value() && ceilings.error().kind == ErrorKind::kCancelled;
  }
  void store(const CachedCeilings& entry) { ASSERT_TRUE(store_ceilings(ceilings_cache_path(), entry).has_value()); }

  test::TemporaryFolder folder_;
  std::string before_;
  std::vector<std::string> warnings_;
};

TEST_F(LoadOrMeasure, TakesWhatIsCachedForThisMachine) {
  EXPECT_TRUE(measures());
  CachedCeilings entry{.key = ceilings_key(1), .measured_at = 1, .ceilings = {}};
  entry.ceilings.barrier_s = 0.5;
  store(entry);
  EXPECT_FALSE(measures());
  EXPECT_EQ(load_or_measure_ceilings(1, /*refresh=*/false).value().barrier_s, 0.5);
  // A choice of kernels is none of limits.
  setenv("INGOT_ISA", "portable", 1);
  EXPECT_FALSE(measures());
  unsetenv("INGOT_ISA");
  EXPECT_TRUE(warnings_.empty());
}

TEST_F(LoadOrMeasure, AnotherMachineIsMeasured) {
  for (int part = 0; part < 4; ++part) {
    CachedCeilings entry{.key = ceilings_key(1), .measured_at = 1, .ceilings = {}};
    if (part == 0) entry.key.processor += "X";
    if (part == 1) entry.key.n_threads = 2;
    if (part == 2) entry.key.isa += ",more";
    if (part == 3) entry.key.probes += ".1";
    store(entry);
    EXPECT_TRUE(measures()) << "part " << part;
  }
}

TEST_F(LoadOrMeasure, RefreshMeasures) {
  store({.key = ceilings_key(1), .measured_at = 1, .ceilings = {}});
  EXPECT_FALSE(load_or_measure_ceilings(1, /*refresh=*/true, [](double) { return false; }).has_value());
}

TEST_F(LoadOrMeasure, ADamagedFileIsSaidAndMeasured) {
  std::filesystem::create_directories(folder_.path("ingot"));
  folder_.write("ingot/ceilings.json", "{\"format\": \"ingot cei");
  EXPECT_TRUE(measures());
  ASSERT_EQ(warnings_.size(), 1u);
  EXPECT_THAT(warnings_[0], testing::HasSubstr("ceilings.json: the file is no JSON; the machine's limits"));
}

TEST_F(LoadOrMeasure, MeasuresOnceAndKeepsIt) {
  const auto measured = load_or_measure_ceilings(1, /*refresh=*/false);
  ASSERT_TRUE(measured.has_value());
  const auto entries = read_ceilings_cache(ceilings_cache_path()).value();
  if (measured->granted < 0.9) {
    EXPECT_TRUE(entries.empty());
    ASSERT_EQ(warnings_.size(), 1u);
    EXPECT_THAT(warnings_[0], testing::HasSubstr("busy"));
    GTEST_SKIP() << "this machine is too busy to be measured";
  }
  ASSERT_EQ(entries.size(), 1u);
  EXPECT_EQ(entries[0].key, ceilings_key(1));
  EXPECT_GT(entries[0].measured_at, 1700000000);
  EXPECT_FALSE(measures());
  EXPECT_EQ(load_or_measure_ceilings(1, false).value().dram_read.one_thread, measured->dram_read.one_thread);
}

}  // namespace
}  // namespace ingot::core
