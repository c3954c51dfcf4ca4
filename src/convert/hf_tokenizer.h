// tokenizer.json and the files around it become the tokenizer's keys of a GGUF file.
#pragma once

#include <cstdint>
#include <string>

#include "base/result.h"
#include "convert/json_file.h"
#include "convert/model_plan.h"

namespace ingot::core {

// folder: where tokenizer.json lies, and maybe tokenizer_config.json, generation_config.json, chat templates.
// config: the model's config.json. n_rows: of the embedding, which may have more than the vocabulary. Errors: files
// that are missing or broken, and whatever of a tokenizer GGUF has no key for.
Status add_hf_tokenizer(const std::string& folder, const JsonObject& config, int64_t n_rows, ModelPlan& in_out_plan);

}  // namespace ingot::core
