#include "convert/hf_chat_templates.h"

#include <algorithm>
#include <filesystem>
#include <map>
#include <utility>
#include <vector>

#include "base/mapped_file.h"
#include "base/utf8.h"
#include "gguf/metadata_values.h"

namespace ingot::core {
namespace {

constexpr const char* kDefault = "default";

std::string gguf_name(std::string name) {
  for (char& letter : name) {
    const bool kept =
        (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z') || (letter >= '0' && letter <= '9');
    if (!kept) letter = '_';
  }
  return name;
}

class Templates {
 public:
  // source: where it comes from, as errors call it.
  Status add(const std::string& name, std::string text, const std::string& source) {
    if (!is_utf8(text)) return invalid("{}: the chat template is no UTF-8", source);
    if (name.empty()) return invalid("{}: a chat template has an empty name", source);
    const std::string key = gguf_name(name);
    if (!by_name_.emplace(key, std::move(text)).second) {
      return invalid("{}: there are two chat templates by the name of {}", source, key);
    }
    return {};
  }

  Status add_file(const std::string& name, const std::string& path) {
    INGOT_ASSIGN(const auto file, MappedFile::open(path));
    return add(name, {reinterpret_cast<const char*>(file->bytes().data()), file->bytes().size()},
               printable(path, 4096));
  }

  // "a text", or [{"name": "default", "template": "a text"}, ...].
  Status add_setting(const JsonObject& settings) {
    const Json* setting = settings.find("chat_template");
    if (setting == nullptr) return {};
    const std::string source = settings.name() + ": chat_template";
    if (setting->is_string()) return add(kDefault, setting->get<std::string>(), source);
    if (!setting->is_array()) return settings.wrong("chat_template", "a text or an array of named ones");
    for (const Json& entry : *setting) {
      INGOT_ASSIGN(const JsonObject named, JsonObject::make(entry, source));
      INGOT_ASSIGN(const auto name, named.get_string("name"));
      INGOT_ASSIGN(auto text, named.get_string("template"));
      if (!name || !text) return named.wrong(name ? "template" : "name", "a text");
      INGOT_TRY(add(*name, std::move(*text), source));
    }
    return {};
  }

  void write(ModelPlan& in_out_plan) && {
    std::vector<std::string> names;
    for (auto& [name, text] : by_name_) {
      const bool is_default = name == kDefault;
      if (!is_default) names.push_back(name);
      in_out_plan.metadata.insert("tokenizer.chat_template" + (is_default ? std::string() : "." + name),
                                  gguf_string(std::move(text)));
    }
    if (!names.empty()) in_out_plan.metadata.insert("tokenizer.chat_templates", gguf_strings(std::move(names)));
  }

 private:
  std::map<std::string, std::string> by_name_;
};

// The additional ones, by name, whatever order the file system has them in.
Result<std::vector<std::filesystem::path>> list_additional(const std::string& folder) {
  std::vector<std::filesystem::path> paths;
  if (!is_there(folder)) return paths;
  std::error_code failed;
  for (std::filesystem::directory_iterator entry(folder, failed), end; !failed && entry != end;
       entry.increment(failed)) {
    if (entry->path().extension() == ".jinja") paths.push_back(entry->path());
  }
  if (failed) return fail(ErrorKind::kIo, "{}: {}", printable(folder, 4096), failed.message());
  std::sort(paths.begin(), paths.end());
  return paths;
}

}  // namespace

Status add_hf_chat_templates(const std::string& folder, const JsonObject& settings, ModelPlan& in_out_plan) {
  Templates templates;
  const std::string file = folder + "/chat_template.jinja";
  const std::string older_file = folder + "/chat_template.json";
  if (is_there(file)) {
    INGOT_TRY(templates.add_file(kDefault, file));
    INGOT_ASSIGN(const auto additional, list_additional(folder + "/additional_chat_templates"));
    for (const auto& path : additional) INGOT_TRY(templates.add_file(path.stem().string(), path.string()));
  } else if (settings.has("chat_template") || !is_there(older_file)) {
    INGOT_TRY(templates.add_setting(settings));
  } else {
    INGOT_ASSIGN(const Json json, read_json_file(older_file));
    INGOT_ASSIGN(const JsonObject older, JsonObject::make(json, "chat_template.json"));
    INGOT_TRY(templates.add_setting(older));
  }
  std::move(templates).write(in_out_plan);
  return {};
}

}  // namespace ingot::core
