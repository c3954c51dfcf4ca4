// Positions: how far a layer sees and by which frequencies its heads turn, from config.json to GGUF's keys and tensors.
#pragma once

#include "base/result.h"
#include "convert/hf_architecture.h"
#include "convert/plan_builder.h"

namespace ingot::core {

// Errors: a kind of rope, a window or a sequence of layers that GGUF's readers cannot be told.
Status add_rope(const JsonObject& config, const HfArchitecture& architecture, const HfSizes& sizes,
                PlanBuilder& builder);
Status add_windows(const JsonObject& config, const HfArchitecture& architecture, const HfSizes& sizes,
                   GgufMetadata& out_metadata);

}  // namespace ingot::core
