// A profile as one web page that needs nothing else: no network, no server, no library. It opens from a file, in light
// and dark, on a telephone and on paper.
#pragma once

#include <string>

#include <nlohmann/json_fwd.hpp>

namespace ingot::core {

// profile: what `ingot profile --json` prints. Texts from the model's file or from anywhere else cannot become markup.
std::string profile_page(const nlohmann::ordered_json& profile);

}  // namespace ingot::core
