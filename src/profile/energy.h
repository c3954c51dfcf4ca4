// Energy that the processor packages used, from the RAPL counters that Linux shows under /sys/class/powercap.
//
// It is that of the whole machine: neighbours included. Virtual machines have none, and since 2020 most systems let
// only root read it; open() then says so.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace ingot::core {

class EnergyMeter {
 public:
  // Every "package-N" domain below the folder; another one in tests. Errors: kUnsupported, saying why.
  static Result<EnergyMeter> open(const std::string& powercap = "/sys/class/powercap");

  // Joules of all packages since opening. The counters begin again at zero after some tens of minutes under load: call
  // it more often than that. Errors: kIo when a counter cannot be read any more.
  Result<double> joules();

  int n_packages() const { return static_cast<int>(packages_.size()); }

 private:
  struct Package {
    std::string energy_path;
    uint64_t range_uj = 0;
    uint64_t last_uj = 0;
    uint64_t used_uj = 0;
  };
  std::vector<Package> packages_;
};

// A whole number and a newline, as energy_uj holds it; nothing for other text.
std::optional<uint64_t> parse_microjoules(std::string_view text);

// From one reading to the next, of a counter that goes from range_uj back to zero.
uint64_t energy_between_uj(uint64_t before_uj, uint64_t after_uj, uint64_t range_uj);

}  // namespace ingot::core
