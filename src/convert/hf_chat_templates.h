// The chat templates of a model's folder become keys of a GGUF file.
#pragma once

#include <string>

#include "base/result.h"
#include "convert/json_file.h"
#include "convert/model_plan.h"

namespace ingot::core {

// The default one and those with a name ("tool_use"): from chat_template.jinja and additional_chat_templates/NAME.jinja
// if they are there, else from tokenizer_config.json (settings), else from chat_template.json. GGUF's names have
// letters and digits only; any other character becomes an underscore. Errors: files that cannot be read; a template
// that is no UTF-8 text; two of one name.
Status add_hf_chat_templates(const std::string& folder, const JsonObject& settings, ModelPlan& in_out_plan);

}  // namespace ingot::core
