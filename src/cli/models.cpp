// ingot models: which models there are on this machine, what they are, where, and how they go.
#include <fmt/format.h>

#include <iostream>
#include <memory>
#include <set>

#include "base/utf8.h"
#include "catalog/model_name.h"
#include "cli/commands.h"
#include "cli/exit_codes.h"
#include "cli/flags.h"
#include "cli/json_text.h"
#include "cli/model_argument.h"
#include "cli/models_table.h"
#include "cli/streams.h"
#include "engine/memory.h"
#include "ingot/catalog.h"
#include "ingot/inspect.h"

namespace ingot::cli {
namespace {

using core::format_bytes;
using core::printable;

constexpr size_t kMaxPathBytes = 4096;

constexpr const char* kModelsExamples = R"HELP(Examples:
  ingot models list                     every model that is found, by name
  ingot models info smollm2             what it is, and which files it consists of
  ingot run smollm2 -p "Hello"          every command that takes a MODEL takes such a name
  ingot models rm smollm2               delete it, after a question
  cp "$(ingot models path smollm2)" .   the file itself, for scripts

A name may be given in part, in any case: its beginning (smol, gemma-3-270m), its base and the beginning of its tag
(gemma:q4), or beginnings of its parts in order (smollm2-instruct). If several models match, those in the folder of
models count; if there are still several, the error lists them. Anything with a slash or ending in .gguf is a path, and
a file of that name in the current folder comes first.

Looked at are the folder of models (--models, INGOT_MODELS, else ~/.cache/ingot/models), where any GGUF file may be
put or linked, and what other programs have fetched: LM Studio, Ollama (OLLAMA_MODELS), Hugging Face (HF_HUB_CACHE,
HF_HOME), llama.cpp (LLAMA_CACHE), Jan and GPT4All. Files of other programs are never changed.

The format in the list is that of most bytes of the layers; a name such as Q4_K_M stands for a mixture (models info).)HELP";

struct ModelsFlags {
  std::string name;
  std::string models;
  bool all = false;
  bool names = false;
  bool json = false;
  bool yes = false;
};

const char* state_name(ModelState state) {
  if (state == ModelState::kModel) return "model";
  return state == ModelState::kOther ? "other" : "damaged";
}

Json model_json(const CatalogModel& model) {
  return {{"name", model.name},
          {"path", model.path},
          {"files", model.files},
          {"bytes", model.file_bytes},
          {"from", owner_name(model.owner)},
          {"name_there", model.name_there},
          {"state", state_name(model.state)},
          {"reason", model.reason},
          {"supported", model.supported},
          {"architecture", model.architecture},
          {"title", model.title},
          {"format", model.format},
          {"parameters", model.n_parameters},
          {"context", model.context}};
}

std::string list_json(const ModelList& list, bool all) {
  Json json = {{"schema", kJsonSchema}, {"models", Json::array()}, {"folders", list.folders}, {"notes", list.notes}};
  for (const CatalogModel& model : list.models) {
    if (all || model.state != ModelState::kOther) json["models"].push_back(model_json(model));
  }
  return json_text(json);
}

// What cannot be used: a file a line, with the reason.
std::string reasons_text(const std::vector<CatalogModel>& models, ModelState state, std::string_view title) {
  std::string out;
  for (const CatalogModel& model : models) {
    if (model.state != state) continue;
    if (out.empty()) out = fmt::format("\n{}\n", title);
    out += fmt::format("  {}: {}\n", printable(model.path, kMaxPathBytes), printable(model.reason, 500));
  }
  return out;
}

std::string list_text(const ModelList& list, bool all) {
  std::vector<CatalogModel> usable;
  bool unsupported = false;
  for (const CatalogModel& model : list.models) {
    if (model.state != ModelState::kModel) continue;
    usable.push_back(model);
    unsupported = unsupported || !model.supported;
  }
  std::string out = usable.empty() ? "" : models_table(usable, stdout_columns());
  if (unsupported) out += "* an architecture that ingot does not run\n";
  out += reasons_text(list.models, ModelState::kDamaged, "Cannot be read:");
  if (all) out += reasons_text(list.models, ModelState::kOther, "No language models:");
  return out;
}

int list_names(const ModelList& list) {
  std::set<std::string> names;
  for (const CatalogModel& model : list.models) {
    if (model.state == ModelState::kModel) names.insert(model.name);
  }
  std::string out;
  for (const std::string& name : names) out += name + "\n";
  return write_result(out);
}

int run_list(const ModelsFlags& flags) {
  const Expected<ModelList> list = list_models({.models = flags.models});
  if (!list) return report_error(list.error().message);
  if (flags.names) return list_names(*list);
  for (const std::string& note : list->notes) say("note: " + note);
  if (flags.json) return write_result(list_json(*list, flags.all));
  int64_t n_others = 0;
  for (const CatalogModel& model : list->models) n_others += model.state == ModelState::kOther ? 1 : 0;
  const int code = write_result(list_text(*list, flags.all));
  if (n_others > 0 && !flags.all) {
    say(fmt::format("{} more {} no language model (--all tells which)", n_others,
                    n_others == 1 ? "file is" : "files are"));
  }
  if (list->models.empty()) {
    say("there are no models: put GGUF files into the folder of models (ingot models --help), or give a path");
  }
  return code;
}

// The model, also one that cannot be used; the error is said.
std::optional<CatalogModel> find(const ModelsFlags& flags) {
  Expected<CatalogModel> model = find_model(flags.name, {.models = flags.models});
  if (model) return std::move(*model);
  report_error(model.error().message);
  return std::nullopt;
}

int report_damaged(const CatalogModel& model) {
  return report_error(fmt::format("{}: {}", printable(model.path, kMaxPathBytes), printable(model.reason, 1000)));
}

int run_path(const ModelsFlags& flags) {
  const auto model = find(flags);
  if (!model) return kFailed;
  if (model->state == ModelState::kDamaged) return report_damaged(*model);
  // As it is: a script opens it.
  return write_result((stdout_is_terminal() ? printable(model->path, kMaxPathBytes) : model->path) + "\n");
}

std::string info_text(const CatalogModel& model, const FileInfo& info, bool given_as_path) {
  std::string out;
  const auto row = [&out](std::string_view key, const std::string& value) {
    out += fmt::format("{:<15}{}\n", key, value);
  };
  const auto text = [](const std::string& given) { return given.empty() ? "none" : printable(given); };
  const auto number = [](int64_t given) { return given > 0 ? std::to_string(given) : "?"; };
  row("name", model.name);
  row("title", text(info.name));
  row("from", given_as_path              ? "the path that was given"
              : model.name_there.empty() ? owner_name(model.owner)
                                         : fmt::format("{}, {}", owner_name(model.owner), printable(model.name_there)));
  row("architecture", text(info.architecture));
  row("parameters", format_parameters(info.n_parameters));
  std::string formats;
  for (const auto& [type, bytes] : info.format_bytes) {
    formats += fmt::format("{}{} {}", formats.empty() ? "" : ", ", type, format_bytes(bytes));
  }
  row("formats", formats.empty() ? "none: no weights" : formats);
  row("context", number(info.train_context) + " tokens");
  row("shape", fmt::format("{} layers, embedding {}, vocabulary {}", number(info.n_layers), number(info.dim),
                           number(info.vocab_size)));
  row("chat template", info.has_chat_template ? "yes" : "no");
  const bool is_model = model.state == ModelState::kModel;
  row("runnable", info.runnable ? "yes" : "no: " + printable(is_model ? info.reason : model.reason, 1000));
  row("size", format_bytes(model.file_bytes));
  row("path", printable(model.path, kMaxPathBytes));
  for (size_t part = 1; part < model.files.size(); ++part) row("", printable(model.files[part], kMaxPathBytes));
  return out;
}

Json info_json(const CatalogModel& model, const FileInfo& info) {
  Json json = {{"schema", kJsonSchema}};
  json.update(model_json(model));
  json["formats"] = info.format_bytes;
  json["layers"] = info.n_layers;
  json["embedding"] = info.dim;
  json["vocabulary"] = info.vocab_size;
  json["tokenizer"] = info.tokenizer;
  json["chat_template"] = info.has_chat_template;
  json["runnable"] = info.runnable;
  if (model.state == ModelState::kModel) json["reason"] = info.reason;
  return json;
}

int run_info(const ModelsFlags& flags) {
  const auto model = find(flags);
  if (!model) return kFailed;
  if (model->state == ModelState::kDamaged) return report_damaged(*model);
  const Expected<FileInfo> info = inspect(model->path);
  if (!info) return report_error(info.error().message);
  return write_result(flags.json ? json_text(info_json(*model, *info))
                                 : info_text(*model, *info, flags.name == model->path));
}

// What is asked before files go. False without a clear yes.
bool confirm(const CatalogModel& model) {
  const std::string what = model.files.size() == 1 ? printable(model.path, kMaxPathBytes)
                                                   : fmt::format("{} and {} more", printable(model.path, kMaxPathBytes),
                                                                 model.files.size() - 1);
  fmt::print(stderr, "Delete {}, {} ({})? [y/N] ", model.name, format_bytes(model.file_bytes), what);
  std::fflush(stderr);
  std::string answer;
  // Without the newline that a person types, the next line would go on behind the question.
  if (!std::getline(std::cin, answer)) std::fputc('\n', stderr);
  return answer == "y" || answer == "Y" || answer == "yes";
}

int run_remove(const ModelsFlags& flags) {
  const auto model = find(flags);
  if (!model) return kFailed;
  const CatalogOptions options = {.models = flags.models};
  if (const Status ours = check_removable(*model, options); !ours) return report_error(ours.error().message);
  if (!flags.yes) {
    if (!stdin_is_terminal() || !stderr_is_terminal()) {
      report_error(fmt::format("rm asks on a terminal only: --yes deletes {} without asking", model->name));
      return kWrongUsage;
    }
    if (!confirm(*model)) return report_error("nothing was deleted");
  } else if (flags.name.find('/') == std::string::npos && core::lower_case(flags.name) != model->name &&
             flags.name != model->path) {
    // What is asked names the model; what is not must not guess.
    return report_error(fmt::format("{} is only a part of the name {}: with --yes, rm takes the whole",
                                    printable(flags.name), model->name));
  }
  if (const Status removed = remove_model(*model, options); !removed) return report_error(removed.error().message);
  say(fmt::format("deleted {}, {}", model->name, format_bytes(model->file_bytes)));
  return kDone;
}

}  // namespace

Command add_models(CommandLine app) {
  auto flags = std::make_shared<ModelsFlags>();
  CommandLine command = app.add_command("models", "The models on this machine: list, info, path, rm");
  command.require_command();
  command.footer(kModelsExamples);
  CommandLine list = command.add_command("list", "Every model that is found, by name");
  add_models_flag(list, flags->models);
  list.add_switch("--all", flags->all, "Name files that are no language models too, with the reason");
  Flag names = list.add_switch("--names", flags->names, "Names alone, one a line: for scripts");
  list.add_switch("--json", flags->json, "Print one JSON document").excludes(names);
  list.footer(kModelsExamples);
  const auto with_name = [&](const char* name, const char* what) {
    CommandLine below = command.add_command(name, what);
    add_models_flag(below, flags->models);
    below.add_argument("MODEL", flags->name, "A name, or a part of one; or a GGUF file").required();
    below.footer(kModelsExamples);
    return below;
  };
  CommandLine info = with_name("info", "What a model is, and its files");
  info.add_switch("--json", flags->json, "Print one JSON document");
  CommandLine path = with_name("path", "The file of a model, for scripts");
  CommandLine remove = with_name("rm", "Delete a model from the folder of models");
  remove.add_switch("--yes", flags->yes, "Do not ask");
  return {command, [=] {
            if (list.parsed()) return run_list(*flags);
            if (info.parsed()) return run_info(*flags);
            return path.parsed() ? run_path(*flags) : run_remove(*flags);
          }};
}

}  // namespace ingot::cli
