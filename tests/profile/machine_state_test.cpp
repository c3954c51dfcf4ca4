#include "profile/machine_state.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <string>

#include "base/temporary_folder.h"

namespace ingot::core {
namespace {

TEST(MachineState, TicksOfAllProcessors) {
  const auto ticks = parse_cpu_ticks("cpu  100 20 30 1000 50 6 7 40 90 9\ncpu0 1 2 3 4 5 6 7 8 9 10\n");
  ASSERT_TRUE(ticks.has_value());
  EXPECT_EQ(ticks->total, 1253u) << "guests are within user and nice";
  EXPECT_EQ(ticks->idle, 1050u);
  EXPECT_EQ(ticks->steal, 40u);
  EXPECT_TRUE(parse_cpu_ticks("cpu 1 2 3 4 5 6 7 8").has_value()) << "older kernels end here";
}

TEST(MachineState, OtherTextGivesNoTicks) {
  for (const char* text : {"", "cpu", "cpu ", "cpu0 1 2 3 4 5 6 7 8", "cpu 1 2 3 4", "cpu 1 2 x 4 5 6 7 8",
                           "cpu 1 -2 3 4 5 6 7 8", "intr 1 2 3"}) {
    EXPECT_EQ(parse_cpu_ticks(text).has_value(), false) << text;
  }
}

TEST(MachineState, StealIsAShareOfTheTimeBetween) {
  MachineState before;
  before.ticks = CpuTicks{.total = 1000, .idle = 0, .steal = 10};
  MachineState after;
  after.ticks = CpuTicks{.total = 1200, .idle = 0, .steal = 20};
  EXPECT_EQ(steal_share(before, after), 0.05);
  EXPECT_EQ(steal_share(before, before), std::nullopt);
  EXPECT_EQ(steal_share(after, before), std::nullopt);
  EXPECT_EQ(steal_share({}, after), std::nullopt);
}

void write_deep(const test::TemporaryFolder& folder, const std::string& name, const std::string& content) {
  std::filesystem::create_directories(std::filesystem::path(folder.path(name)).parent_path());
  folder.write(name, content);
}

TEST(MachineState, IsReadFromProcAndSys) {
  const test::TemporaryFolder folder;
  const std::string cpus = "sys/devices/system/cpu/";
  write_deep(folder, "proc/stat", "cpu  1 1 1 1 1 1 1 2 0 0\n");
  for (const char* cpu : {"cpu0", "cpu1", "cpu2"}) write_deep(folder, cpus + cpu + "/uevent", "");
  write_deep(folder, cpus + "cpu0/cpufreq/scaling_cur_freq", "3500000\n");
  write_deep(folder, cpus + "cpu2/cpufreq/scaling_cur_freq", "1200000\n");
  write_deep(folder, cpus + "cpu0/thermal_throttle/core_throttle_count", "3\n");
  write_deep(folder, cpus + "cpu0/thermal_throttle/package_throttle_count", "10\n");
  write_deep(folder, cpus + "cpu1/thermal_throttle/core_throttle_count", "4\n");
  const MachineState state = read_machine_state(folder.path(""));
  ASSERT_TRUE(state.ticks.has_value());
  EXPECT_EQ(state.ticks->total, 9u);
  EXPECT_EQ(state.least_mhz, 1200.0);
  EXPECT_EQ(state.most_mhz, 3500.0);
  EXPECT_EQ(state.throttle_events, 17u);
}

TEST(MachineState, WhatIsAbsentIsLeftOut) {
  const test::TemporaryFolder folder;
  const MachineState state = read_machine_state(folder.path("absent"));
  EXPECT_FALSE(state.ticks || state.least_mhz || state.most_mhz || state.throttle_events);
}

}  // namespace
}  // namespace ingot::core
