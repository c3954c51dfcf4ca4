#include "profile/energy.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <string>

#include "base/temporary_folder.h"

namespace ingot::core {
namespace {

using testing::HasSubstr;

void write_domain(const test::TemporaryFolder& folder, const std::string& domain, const std::string& name,
                  const std::string& energy_uj) {
  std::filesystem::create_directories(folder.path(domain));
  folder.write(domain + "/name", name + "\n");
  folder.write(domain + "/energy_uj", energy_uj + "\n");
  folder.write(domain + "/max_energy_range_uj", "1000000\n");
}

TEST(Energy, Text) {
  EXPECT_EQ(parse_microjoules("262143328850\n"), 262143328850u);
  EXPECT_EQ(parse_microjoules("0"), 0u);
  EXPECT_EQ(parse_microjoules(""), std::nullopt);
  EXPECT_EQ(parse_microjoules("12 "), std::nullopt);
  EXPECT_EQ(parse_microjoules("-1"), std::nullopt);
  EXPECT_EQ(parse_microjoules("99999999999999999999"), std::nullopt);
}

TEST(Energy, ACounterBeginsAgain) {
  EXPECT_EQ(energy_between_uj(100, 250, 1000), 150u);
  EXPECT_EQ(energy_between_uj(900, 50, 1000), 150u);
  EXPECT_EQ(energy_between_uj(900, 50, 0), 50u) << "no range: it was reset";
  EXPECT_EQ(energy_between_uj(7, 7, 1000), 0u);
}

TEST(Energy, PackagesAreAddedAndTheirPartsAreNot) {
  const test::TemporaryFolder folder;
  write_domain(folder, "intel-rapl:0", "package-0", "500000");
  write_domain(folder, "intel-rapl:0:0", "core", "400000");
  write_domain(folder, "intel-rapl:1", "package-1", "999000");
  write_domain(folder, "intel-rapl-mmio:0", "package-0", "500000");
  EnergyMeter meter = EnergyMeter::open(folder.path("")).value();
  EXPECT_EQ(meter.n_packages(), 2);
  EXPECT_EQ(meter.joules().value(), 0.0);
  folder.write("intel-rapl:0/energy_uj", "750000\n");
  folder.write("intel-rapl:1/energy_uj", "249000\n");  // over the end of its range
  EXPECT_DOUBLE_EQ(meter.joules().value(), 0.5);
  folder.write("intel-rapl:1/energy_uj", "248000\n");  // and once more around, nearly
  EXPECT_DOUBLE_EQ(meter.joules().value(), 0.5 + 0.999);
  folder.write("intel-rapl:0/energy_uj", "?\n");
  EXPECT_EQ(meter.joules().error().kind, ErrorKind::kIo);
}

TEST(Energy, AbsenceIsSaid) {
  const test::TemporaryFolder folder;
  const auto none = EnergyMeter::open(folder.path("absent"));
  ASSERT_FALSE(none.has_value());
  EXPECT_EQ(none.error().kind, ErrorKind::kUnsupported);
  EXPECT_THAT(none.error().message, HasSubstr("lists no processor package"));
  write_domain(folder, "intel-rapl:0", "package-0", "1");
  std::filesystem::remove(folder.path("intel-rapl:0/energy_uj"));
  const auto refused = EnergyMeter::open(folder.path(""));
  ASSERT_FALSE(refused.has_value());
  EXPECT_THAT(refused.error().message, HasSubstr("intel-rapl:0/energy_uj: No such file"));
}

}  // namespace
}  // namespace ingot::core
