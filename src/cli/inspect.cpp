// ingot inspect: what a GGUF file is and needs, also one that cannot be run.
#include <fmt/format.h>

#include <chrono>
#include <memory>
#include <optional>

#include "base/utf8.h"
#include "cli/commands.h"
#include "cli/exit_codes.h"
#include "cli/flags.h"
#include "cli/json_text.h"
#include "cli/model_argument.h"
#include "cli/streams.h"
#include "engine/memory.h"
#include "ingot/inspect.h"

namespace ingot::cli {
namespace {

using core::format_bytes;
using core::printable;

constexpr const char* kInspectExamples = R"(Examples:
  ingot inspect model.gguf                     architecture, formats, memory, whether it runs and why not
  ingot inspect model.gguf -c 32768            the memory that such a context needs
  ingot inspect model.gguf --tensors           every tensor with type and shape
  ingot inspect model.gguf --json              for scripts)";

struct InspectFlags {
  std::string path;
  std::string models;
  int64_t context = 0;
  std::string kv_type = "f16";
  bool json = false;
  bool tensors = false;
  bool metadata = false;
  bool plan = false;
  bool check_tensors = false;
  bool verbose = false;
};

// The context whose memory is told: the one asked for, or the model's.
int64_t told_context(const FileInfo& info, const InspectFlags& flags) {
  return flags.context > 0 ? flags.context : info.train_context;
}

// Nothing where the architecture could not be read: the weights alone are not the memory that a model needs.
std::optional<int64_t> total_memory(const FileInfo& info, int64_t context) {
  if (info.activation_bytes == 0) return {};
  int64_t kv = 0;
  if (__builtin_mul_overflow(info.kv_bytes_per_token, context, &kv)) return INT64_MAX;
  int64_t total = 0;
  const bool overflow = __builtin_add_overflow(info.weights_bytes, kv, &total) ||
                        __builtin_add_overflow(total, info.state_bytes, &total) ||
                        __builtin_add_overflow(total, info.activation_bytes, &total);
  return overflow ? INT64_MAX : total;
}

Json known(int64_t value) {
  return value > 0 ? Json(value) : Json();
}

Json memory_json(const FileInfo& info, int64_t context) {
  const std::optional<int64_t> total = total_memory(info, context);
  return {{"weights", info.weights_bytes},
          {"kv_per_token", total ? Json(info.kv_bytes_per_token) : Json()},
          {"state", total ? Json(info.state_bytes) : Json()},
          {"activations", known(info.activation_bytes)},
          {"at_context", {{"context", context}, {"total", total ? Json(*total) : Json()}}}};
}

Json info_json(const FileInfo& info, const InspectFlags& flags) {
  Json json = {{"schema", kJsonSchema},
               {"architecture", info.architecture},
               {"name", info.name},
               {"parameters", info.n_parameters},
               {"file_bytes", info.file_bytes},
               {"formats", info.format_bytes},
               {"context", info.train_context},
               {"layers", info.n_layers},
               {"embedding", info.dim},
               {"heads", info.n_heads},
               {"kv_heads", info.n_kv_heads},
               {"vocabulary", info.vocab_size},
               {"tokenizer", info.tokenizer},
               {"chat_template", info.has_chat_template},
               {"memory", memory_json(info, told_context(info, flags))},
               {"runnable", info.runnable},
               {"reason", info.reason},
               {"unused_tensors", info.unused_tensors},
               {"plan", info.plan},
               {"gguf_version", info.gguf_version}};
  if (flags.tensors) {
    json["tensors"] = Json::array();
    for (const TensorInfo& tensor : info.tensors) {
      json["tensors"].push_back(
          {{"name", tensor.name}, {"type", tensor.type}, {"dims", tensor.dims}, {"bytes", tensor.n_bytes}});
    }
  }
  if (flags.metadata) {
    json["metadata"] = Json::object();
    for (const auto& [key, value] : info.metadata) json["metadata"][key] = value;
  }
  return json;
}

std::string or_none(const std::string& text) {
  return text.empty() ? "none" : printable(text);
}

std::string or_unknown(int64_t number) {
  return number > 0 ? fmt::format("{}", number) : "?";
}

std::string memory_text(const FileInfo& info, int64_t context) {
  const std::string weights = format_bytes(info.weights_bytes);
  const std::optional<int64_t> total = total_memory(info, context);
  if (!total) return fmt::format("weights {}; what a token and the scratch need is unknown", weights);
  const std::string scratch = format_bytes(info.activation_bytes);
  if (info.state_bytes > 0 && info.kv_bytes_per_token == 0) {
    return fmt::format("{} at any length: weights {}, state of a sequence {}, scratch {}", format_bytes(*total),
                       weights, format_bytes(info.state_bytes), scratch);
  }
  return fmt::format("{} at {} tokens of context: weights {}, {} a token, scratch {}", format_bytes(*total), context,
                     weights, format_bytes(info.kv_bytes_per_token), scratch);
}

std::string info_text(const FileInfo& info, const InspectFlags& flags) {
  std::string out;
  const auto row = [&out](std::string_view key, const std::string& value) {
    out += fmt::format("{:<15}{}\n", key, value);
  };
  row("architecture", or_none(info.architecture));
  row("name", or_none(info.name));
  row("parameters", fmt::format("{} in {} tensors", info.n_parameters, info.tensors.size()));
  row("file", fmt::format("{}, GGUF version {}", format_bytes(info.file_bytes), info.gguf_version));
  std::string formats;
  for (const auto& [type, bytes] : info.format_bytes) {
    formats += fmt::format("{}{} {}", formats.empty() ? "" : ", ", type, format_bytes(bytes));
  }
  row("formats", formats.empty() ? "none: no weights" : formats);
  row("context", fmt::format("{} tokens", or_unknown(info.train_context)));
  const std::string kv_heads =
      info.state_bytes > 0 ? "" : fmt::format(", {} of keys and values", or_unknown(info.n_kv_heads));
  row("shape", fmt::format("{} layers, embedding {}, {} heads{}", or_unknown(info.n_layers), or_unknown(info.dim),
                           or_unknown(info.n_heads), kv_heads));
  row("tokenizer", fmt::format("{}, {} entries", or_none(info.tokenizer), info.vocab_size));
  row("chat template", info.has_chat_template ? "yes" : "no");
  row("memory", memory_text(info, told_context(info, flags)));
  row("runnable", info.runnable ? "yes" : "no: " + printable(info.reason, 1000));
  if (flags.plan) {
    for (const std::string& line : info.plan) out += "  " + line + "\n";
  }
  if (flags.metadata) {
    for (const auto& [key, value] : info.metadata) {
      out += fmt::format("{} = {}\n", printable(key), printable(value, 300));
    }
  }
  if (flags.tensors) {
    for (const TensorInfo& tensor : info.tensors) {
      out += fmt::format("{:<40} {:<8} {:<24} {}\n", printable(tensor.name), tensor.type,
                         fmt::format("({})", fmt::join(tensor.dims, ", ")), format_bytes(tensor.n_bytes));
    }
  }
  return out;
}

int run_inspect(const InspectFlags& flags) {
  InspectOptions options;
  options.check_tensors = flags.check_tensors;
  options.kv_type = flags.kv_type == "f32" ? KvType::kF32 : KvType::kF16;
  show_messages(flags.verbose);
  const Expected<std::string> path = resolve_model(flags.path, flags.models);
  if (!path) return report_error(path.error().message);
  const auto start = std::chrono::steady_clock::now();
  const Expected<FileInfo> info = inspect(*path, options);
  if (!info) return report_error(info.error().message);
  if (flags.verbose) {
    const std::chrono::duration<double, std::milli> spent = std::chrono::steady_clock::now() - start;
    say(fmt::format("looked at {} metadata keys and {} tensors in {:.0f} ms", info->metadata.size(),
                    info->tensors.size(), spent.count()));
    for (const std::string& name : info->unused_tensors) say("not used: " + printable(name));
  }
  return write_result(flags.json ? json_text(info_json(*info, flags)) : info_text(*info, flags));
}

}  // namespace

Command add_inspect(CommandLine app) {
  auto flags = std::make_shared<InspectFlags>();
  CommandLine command = app.add_command("inspect", "What a GGUF file is and needs, and whether it runs");
  add_model_argument(command, flags->path, flags->models,
                     "A GGUF file, also one that ingot cannot run; or a name of ingot models");
  command.add_optional("-c,--ctx", flags->context, "Tell the memory at this context")
      .check(in_range<int64_t>(1, int64_t{1} << 30));
  command.add_value("--kv-type", flags->kv_type, "Type of cached keys and values: f16 or f32").choices({"f16", "f32"});
  command.add_switch("--tensors", flags->tensors, "List the tensors");
  command.add_switch("--metadata", flags->metadata, "List the metadata");
  command.add_switch("--plan", flags->plan, "Tell what each layer computes");
  command.add_switch("--check-tensors", flags->check_tensors,
                     "Look at every weight: a NaN or infinite one is a reason");
  command.add_switch("--json", flags->json, "Print one JSON document");
  command.add_switch("--verbose", flags->verbose, "Say more on stderr");
  command.footer(kInspectExamples);
  return {command, [flags] { return run_inspect(*flags); }};
}

}  // namespace ingot::cli
