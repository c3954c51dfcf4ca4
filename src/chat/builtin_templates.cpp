// Source of each format: the model's card or tokenizer configuration as its makers published it. Where a format has no
// place for a system message, its text goes in front of the first user's.
#include "chat/builtin_templates.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <array>

#include "base/utf8.h"

namespace ingot::core {
namespace {

constexpr std::array<BuiltinTemplate, 18> kTemplates{{
    {"alpaca",
     R"({{ bos_token }}{% if not messages or messages[0].role != 'system' %}Below is an instruction that describes a task. Write a response that appropriately completes the request.

{% endif %}{% for m in messages %}{% if m.role == 'system' %}{{ m.content ~ '\n\n' }}{% elif m.role == 'user' %}{{ '### Instruction:\n' ~ m.content ~ '\n\n' }}{% else %}{{ '### Response:\n' ~ m.content ~ eos_token ~ '\n\n' }}{% endif %}{% endfor %}{% if add_generation_prompt %}{{ '### Response:\n' }}{% endif %})",
     "<s>", "</s>"},
    {"chatml",
     R"({% for m in messages %}{{ '<|im_start|>' ~ m.role ~ '\n' ~ m.content ~ '<|im_end|>\n' }}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %})",
     "", "<|im_end|>"},
    {"command-r",
     R"({{ bos_token }}{% for m in messages %}<|START_OF_TURN_TOKEN|>{% if m.role == 'system' %}<|SYSTEM_TOKEN|>{% elif m.role == 'user' %}<|USER_TOKEN|>{% else %}<|CHATBOT_TOKEN|>{% endif %}{{ m.content | trim }}<|END_OF_TURN_TOKEN|>{% endfor %}{% if add_generation_prompt %}<|START_OF_TURN_TOKEN|><|CHATBOT_TOKEN|>{% endif %})",
     "<BOS_TOKEN>", "<|END_OF_TURN_TOKEN|>"},
    {"deepseek",
     "{{ bos_token }}{% for m in messages %}{% if m.role == 'system' %}{{ m.content }}{% elif m.role == 'user' "
     "%}{{ '<\xEF\xBD\x9CUser\xEF\xBD\x9C>' ~ m.content }}{% else %}{{ '<\xEF\xBD\x9C"
     "Assistant\xEF\xBD\x9C>' ~ m.content ~ eos_token }}{% endif %}{% endfor %}{% if add_generation_prompt "
     "%}<\xEF\xBD\x9C"
     "Assistant\xEF\xBD\x9C>{% endif %}",
     "<\xEF\xBD\x9C"
     "begin\xE2\x96\x81of\xE2\x96\x81sentence\xEF\xBD\x9C>",
     "<\xEF\xBD\x9C"
     "end\xE2\x96\x81of\xE2\x96\x81sentence\xEF\xBD\x9C>"},
    {"gemma",
     R"({{ bos_token }}{% set ns = namespace(system='') %}{% for m in messages %}{% if m.role == 'system' %}{% set ns.system = m.content ~ '\n\n' %}{% else %}<start_of_turn>{{ 'model' if m.role == 'assistant' else m.role }}{{ '\n' ~ (ns.system if m.role == 'user' else '') ~ m.content | trim ~ '<end_of_turn>\n' }}{% if m.role == 'user' %}{% set ns.system = '' %}{% endif %}{% endif %}{% endfor %}{% if add_generation_prompt %}{{ '<start_of_turn>model\n' }}{% endif %})",
     "<bos>", "<eos>"},
    {"granite",
     R"({% for m in messages %}{{ '<|start_of_role|>' ~ m.role ~ '<|end_of_role|>' ~ m.content ~ '<|end_of_text|>\n' }}{% endfor %}{% if add_generation_prompt %}<|start_of_role|>assistant<|end_of_role|>{% endif %})",
     "", "<|end_of_text|>"},
    {"llama2",
     R"({% set ns = namespace(system='') %}{% for m in messages %}{% if m.role == 'system' %}{% set ns.system = '<<SYS>>\n' ~ m.content ~ '\n<</SYS>>\n\n' %}{% elif m.role == 'user' %}{{ bos_token ~ '[INST] ' ~ ns.system ~ m.content | trim ~ ' [/INST]' }}{% set ns.system = '' %}{% else %}{{ ' ' ~ m.content | trim ~ ' ' ~ eos_token }}{% endif %}{% endfor %})",
     "<s>", "</s>"},
    {"llama3",
     R"({{ bos_token }}{% for m in messages %}{{ '<|start_header_id|>' ~ m.role ~ '<|end_header_id|>\n\n' ~ m.content | trim ~ '<|eot_id|>' }}{% endfor %}{% if add_generation_prompt %}{{ '<|start_header_id|>assistant<|end_header_id|>\n\n' }}{% endif %})",
     "<|begin_of_text|>", "<|eot_id|>"},
    {"mistral",
     R"({{ bos_token }}{% set ns = namespace(system='') %}{% for m in messages %}{% if m.role == 'system' %}{% set ns.system = m.content ~ '\n\n' %}{% elif m.role == 'user' %}{{ '[INST] ' ~ ns.system ~ m.content ~ '[/INST]' }}{% set ns.system = '' %}{% else %}{{ ' ' ~ m.content ~ eos_token }}{% endif %}{% endfor %})",
     "<s>", "</s>"},
    {"mistral-v1",
     R"({{ bos_token }}{% set ns = namespace(system='') %}{% for m in messages %}{% if m.role == 'system' %}{% set ns.system = m.content ~ '\n\n' %}{% elif m.role == 'user' %}{{ ' [INST] ' ~ ns.system ~ m.content ~ ' [/INST]' }}{% set ns.system = '' %}{% else %}{{ ' ' ~ m.content ~ eos_token }}{% endif %}{% endfor %})",
     "<s>", "</s>"},
    {"mistral-v7",
     R"({{ bos_token }}{% for m in messages %}{% if m.role == 'system' %}[SYSTEM_PROMPT]{{ m.content }}[/SYSTEM_PROMPT]{% elif m.role == 'user' %}[INST]{{ m.content }}[/INST]{% else %}{{ m.content ~ eos_token }}{% endif %}{% endfor %})",
     "<s>", "</s>"},
    {"openchat",
     R"({{ bos_token }}{% for m in messages %}{% if m.role == 'system' %}{{ m.content ~ '<|end_of_turn|>' }}{% else %}GPT4 Correct {{ m.role | title }}: {{ m.content ~ '<|end_of_turn|>' }}{% endif %}{% endfor %}{% if add_generation_prompt %}GPT4 Correct Assistant:{% endif %})",
     "<s>", "<|end_of_turn|>"},
    {"phi3",
     R"({% for m in messages %}{{ '<|' ~ m.role ~ '|>\n' ~ m.content ~ '<|end|>\n' }}{% endfor %}{% if add_generation_prompt %}{{ '<|assistant|>\n' }}{% endif %})",
     "<s>", "<|end|>"},
    {"phi4",
     R"({% for m in messages %}{{ '<|im_start|>' ~ m.role ~ '<|im_sep|>' ~ m.content ~ '<|im_end|>' }}{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant<|im_sep|>{% endif %})",
     "", "<|im_end|>"},
    {"rwkv-world",
     R"({% for m in messages %}{% if m.role == 'user' %}{{ 'User: ' ~ m.content | trim ~ '\n\n' }}{% elif m.role == 'system' %}{{ 'System: ' ~ m.content | trim ~ '\n\n' }}{% else %}{{ 'Assistant: ' ~ m.content | trim ~ '\n\n' }}{% endif %}{% endfor %}{% if add_generation_prompt %}Assistant:{% endif %})",
     "", ""},
    {"solar",
     R"({% for m in messages %}{{ '### ' ~ m.role | title ~ ':\n' ~ m.content ~ '\n\n' }}{% endfor %}{% if add_generation_prompt %}{{ '### Assistant:\n' }}{% endif %})",
     "<s>", "</s>"},
    {"vicuna",
     R"({{ bos_token }}{% if not messages or messages[0].role != 'system' %}A chat between a curious user and an artificial intelligence assistant. The assistant gives helpful, detailed, and polite answers to the user's questions. {% endif %}{% for m in messages %}{% if m.role == 'system' %}{{ m.content ~ ' ' }}{% elif m.role == 'user' %}{{ 'USER: ' ~ m.content ~ ' ' }}{% else %}{{ 'ASSISTANT: ' ~ m.content ~ eos_token }}{% endif %}{% endfor %}{% if add_generation_prompt %}ASSISTANT:{% endif %})",
     "<s>", "</s>"},
    {"zephyr",
     R"({% for m in messages %}{{ '<|' ~ m.role ~ '|>\n' ~ m.content ~ eos_token ~ '\n' }}{% endfor %}{% if add_generation_prompt %}{{ '<|assistant|>\n' }}{% endif %})",
     "<s>", "</s>"},
}};

}  // namespace

std::span<const BuiltinTemplate> builtin_templates() {
  return kTemplates;
}

std::vector<std::string_view> builtin_template_names() {
  std::vector<std::string_view> names;
  names.reserve(kTemplates.size());
  for (const BuiltinTemplate& row : kTemplates) names.push_back(row.name);
  return names;
}

Result<BuiltinTemplate> builtin_template(std::string_view name) {
  const auto* found =
      std::find_if(kTemplates.begin(), kTemplates.end(), [&](const BuiltinTemplate& row) { return row.name == name; });
  if (found != kTemplates.end()) return *found;
  return invalid("there is no chat template '{}'; there are {}", printable(name),
                 fmt::join(builtin_template_names(), ", "));
}

}  // namespace ingot::core
