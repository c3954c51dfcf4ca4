#include "sampling/sampler_order.h"

#include <algorithm>
#include <array>
#include <string>

namespace ingot::core {
namespace {

struct SamplerName {
  std::string_view name;
  SamplerKind kind;
};

// The first of each kind is its name, the others are aliases.
constexpr std::array kNames = {
    SamplerName{"penalties", SamplerKind::kPenalties},
    SamplerName{"dry", SamplerKind::kDry},
    SamplerName{"top_n_sigma", SamplerKind::kTopNSigma},
    SamplerName{"top_k", SamplerKind::kTopK},
    SamplerName{"typ_p", SamplerKind::kTypical},
    SamplerName{"typical", SamplerKind::kTypical},
    SamplerName{"typical_p", SamplerKind::kTypical},
    SamplerName{"typ", SamplerKind::kTypical},
    SamplerName{"top_p", SamplerKind::kTopP},
    SamplerName{"nucleus", SamplerKind::kTopP},
    SamplerName{"min_p", SamplerKind::kMinP},
    SamplerName{"xtc", SamplerKind::kXtc},
    SamplerName{"temperature", SamplerKind::kTemperature},
    SamplerName{"temp", SamplerKind::kTemperature},
};

}  // namespace

Result<std::vector<SamplerKind>> parse_sampler_order(std::string_view text) {
  std::vector<SamplerKind> order;
  if (text.empty()) return order;
  while (true) {
    const size_t end = std::min(text.find(';'), text.size());
    std::string name(text.substr(0, end));
    std::replace(name.begin(), name.end(), '-', '_');
    const auto* const row =
        std::find_if(kNames.begin(), kNames.end(), [&](const auto& known) { return known.name == name; });
    if (row == kNames.end()) {
      constexpr size_t kMostShown = 40;
      return invalid("\"{}\" is no sampler, expected some of {}", text.substr(0, std::min(end, kMostShown)),
                     kDefaultSamplers);
    }
    if (std::find(order.begin(), order.end(), row->kind) != order.end()) {
      return invalid("the sampler \"{}\" is given twice", row->name);
    }
    order.push_back(row->kind);
    if (end == text.size()) return order;
    text.remove_prefix(end + 1);
  }
}

}  // namespace ingot::core
