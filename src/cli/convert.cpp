// ingot convert: a model of another format becomes a GGUF file.
#include <fmt/format.h>

#include <memory>

#include "base/utf8.h"
#include "cli/commands.h"
#include "cli/exit_codes.h"
#include "cli/flags.h"
#include "cli/interrupt.h"
#include "cli/json_text.h"
#include "cli/progress.h"
#include "cli/streams.h"
#include "ingot/ingot.h"

namespace ingot::cli {
namespace {

constexpr const char* kConvertExamples = R"(Examples:
  ingot convert Qwen3-0.6B/ qwen3.gguf                    a folder as Hugging Face has it, shards included
  ingot convert Qwen3-0.6B/ qwen3.gguf --type f16         every matrix in half precision
  ingot convert rwkv7-g1.safetensors rwkv7.gguf --vocab rwkv_vocab_v20230424.txt
  tools/rwkv_pth_to_safetensors.py rwkv7.pth rwkv7.safetensors     what PyTorch wrote, as safetensors

A folder needs config.json, tokenizer.json and model.safetensors or its shards with their index; tokenizer_config.json
and generation_config.json tell special tokens and the chat template. By these classes of config.json:
Llama, Mistral, Mixtral, Qwen2, Qwen2Moe, Qwen3, Qwen3Moe, Gemma2, Gemma3, Phi3, Olmo2, Olmo3, Granite, Starcoder2
(...ForCausalLM) and GPT2LMHeadModel. RWKV-7 needs the vocabulary beside the checkpoint or by --vocab.

The type auto keeps each matrix as the input has it, so that no value changes. Vectors, routers and the decay's
low-rank factors of RWKV are F32 in any case. The result appears whole or not at all, after a look that it would run.
What cannot be converted (another architecture, a quantised checkpoint, an unknown tokenizer or tensor) is named, never
guessed.)";

struct ConvertFlags {
  std::string input;
  std::string output;
  std::string type = "auto";
  ConvertOptions options;
  bool json = false;
};

WeightType weight_type(const std::string& name) {
  if (name == "f32") return WeightType::kF32;
  if (name == "f16") return WeightType::kF16;
  return name == "bf16" ? WeightType::kBf16 : WeightType::kAsStored;
}

Json result_json(const std::string& output, const ConvertResult& result) {
  return {{"schema", kJsonSchema},
          {"output", output},
          {"architecture", result.architecture},
          {"name", result.name},
          {"tokenizer", result.tokenizer},
          {"tensors", result.n_tensors},
          {"parameters", result.n_parameters},
          {"file_bytes", result.file_bytes},
          {"format_bytes", result.format_bytes},
          {"notes", result.notes}};
}

std::string result_text(const std::string& output, const ConvertResult& result) {
  std::string formats;
  for (const auto& [type, n_bytes] : result.format_bytes) {
    formats += fmt::format("{}{} {:.1f} MB", formats.empty() ? "" : ", ", type, static_cast<double>(n_bytes) / 1e6);
  }
  return fmt::format("{}: {}, \"{}\", {} parameters in {} tensors ({}), tokenizer {}\n", core::printable(output),
                     result.architecture, core::printable(result.name), result.n_parameters, result.n_tensors, formats,
                     result.tokenizer);
}

int run_convert(const ConvertFlags& flags) {
  Progress progress("converting");
  ConvertOptions options = flags.options;
  options.type = weight_type(flags.type);
  options.on_progress = [&progress](int64_t n_done, int64_t n_total) {
    progress.show(fmt::format("{:.0f} %", 100.0 * static_cast<double>(n_done) / static_cast<double>(n_total)));
  };
  const InterruptScope interrupt(options.cancel);
  const Expected<ConvertResult> result = convert(flags.input, flags.output, options);
  progress.clear();
  if (!result && result.error().code == ErrorCode::kCancelled) return kInterrupted;
  if (!result) return report_error(result.error().message);
  for (const std::string& note : result->notes) say("note: " + core::printable(note, 300));
  return write_result(flags.json ? json_text(result_json(flags.output, *result)) : result_text(flags.output, *result));
}

}  // namespace

Command add_convert(CommandLine app) {
  auto flags = std::make_shared<ConvertFlags>();
  CommandLine command = app.add_command("convert", "A safetensors model becomes a GGUF file");
  command.add_argument("INPUT", flags->input, "The folder of a Hugging Face model, or a safetensors file").required();
  command.add_argument("OUTPUT", flags->output, "The GGUF file to write").required();
  command.add_value("--type", flags->type, "Type of the matrices: f32, f16, bf16, or auto: as the input has them")
      .choices({"auto", "f32", "f16", "bf16"});
  command.add_optional("--vocab", flags->options.vocabulary,
                       "RWKV's vocabulary; without it rwkv_vocab_v20230424.txt beside the input");
  command.add_optional("--name", flags->options.name, "Name of the model; without it that of the folder or file");
  command.add_switch("--force", flags->options.replace, "Replace OUTPUT if it is there");
  command.add_switch("--json", flags->json, "Print one JSON document");
  command.footer(kConvertExamples);
  return {command, [flags] { return run_convert(*flags); }};
}

}  // namespace ingot::cli
