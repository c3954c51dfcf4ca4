#include "convert/hf_tokenizer.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/mapped_file.h"
#include "base/utf8.h"
#include "convert/hf_chat_templates.h"
#include "convert/hf_pretokenizer.h"
#include "convert/hf_vocabulary.h"
#include "gguf/metadata_values.h"

namespace ingot::core {
namespace {

constexpr std::string_view kSpace = "\xE2\x96\x81";  // U+2581, SentencePiece's space
constexpr std::array<const char*, 2> kEnds = {"bos", "eos"};

// Parts of the names of tokens that end a turn.
constexpr std::array<std::string_view, 5> kTurnEnds = {"eot", "im_end", "end_of_turn", "|end|", "turn|"};

// Null where value is null, no object, or without the key.
const Json* member(const Json* value, std::string_view key) {
  if (value == nullptr || !value->is_object()) return nullptr;
  const auto found = value->find(key);
  return found == value->end() ? nullptr : &*found;
}

// An empty object where there is no such file.
Result<Json> read_optional_json(const std::string& path) {
  if (!is_there(path)) return Json::object();
  return read_json_file(path);
}

class TokenizerPlanner {
 public:
  TokenizerPlanner(std::string folder, const JsonObject& config, JsonObject root, JsonObject settings,
                   JsonObject generation, ModelPlan& plan)
      : folder_(std::move(folder)),
        config_(config),
        root_(std::move(root)),
        settings_(std::move(settings)),
        generation_(std::move(generation)),
        plan_(plan) {}

  Status add(int64_t n_rows) {
    INGOT_ASSIGN(vocabulary_, read_hf_vocabulary(root_, n_rows));
    for (const std::string& token : vocabulary_.without_row) {
      plan_.notes.push_back(fmt::format("the embedding has no row for the added token {}: left out", token));
    }
    INGOT_ASSIGN(const auto model, root_.get_object("model"));
    INGOT_ASSIGN(const auto byte_fallback, model->get_bool("byte_fallback"));
    INGOT_TRY(byte_fallback.value_or(false) ? add_sentencepiece(*model) : add_byte_level(*model));
    std::vector<int64_t> types;
    for (const TokenType type : vocabulary_.types) types.push_back(static_cast<int64_t>(type));
    key("token_type", gguf_int32s(std::move(types)));
    INGOT_TRY(add_special_ids());
    INGOT_TRY(add_ends());
    key("tokens", gguf_strings(std::move(vocabulary_.tokens)));
    return add_hf_chat_templates(folder_, settings_, plan_);
  }

 private:
  void key(std::string_view name, GgufValue value) {
    plan_.metadata.insert(fmt::format("tokenizer.ggml.{}", name), std::move(value));
  }

  // ---- the two kinds ----

  Status add_byte_level(const JsonObject& model) {
    INGOT_TRY(check_normalizer());
    const Json* pre_tokenizer = root_.find("pre_tokenizer");
    if (pre_tokenizer == nullptr) return root_.wrong("pre_tokenizer", "one with a step ByteLevel");
    INGOT_ASSIGN(const auto ignore_merges, model.get_bool("ignore_merges"));
    INGOT_ASSIGN(std::string name, find_pretokenizer_name(*pre_tokenizer, root_.name() + ": pre_tokenizer",
                                                          ignore_merges.value_or(false)));
    std::vector<std::string> merges;
    for (const auto& [left, right] : vocabulary_.merges) {
      // GGUF separates by a space, which no character of the byte alphabet is.
      if (left.find(' ') != std::string::npos || right.find(' ') != std::string::npos) {
        return invalid("{}: the merge of {} and {} has a space in it", root_.name(), printable(left), printable(right));
      }
      merges.push_back(fmt::format("{} {}", left, right));
    }
    key("model", gguf_string("gpt2"));
    key("pre", gguf_string(std::move(name)));
    key("merges", gguf_strings(std::move(merges)));
    return {};
  }

  // NFC is passed over: readers of GGUF have no normaliser for byte-level BPE, and nearly all text is NFC already.
  Status check_normalizer() {
    INGOT_ASSIGN(const auto normalizer, root_.get_object("normalizer"));
    if (!normalizer) return {};
    INGOT_ASSIGN(const auto type, normalizer->get_string("type"));
    const Json* list = normalizer->find("normalizers");
    if (type == "Sequence" && list != nullptr && list->empty()) return {};
    if (type != "NFC") return normalizer->wrong("type", "NFC or no normalizer");
    return {};
  }

  Status add_sentencepiece(const JsonObject& model) {
    INGOT_ASSIGN(const bool add_space_prefix, read_spaces());
    for (int byte = 0; byte < 256; ++byte) {
      const auto id = vocabulary_.find(fmt::format("<0x{:02X}>", byte));
      if (!id) return invalid("{}: the token <0x{:02X}> is missing, which byte_fallback needs", root_.name(), byte);
      vocabulary_.types[static_cast<size_t>(*id)] = TokenType::kByte;
    }
    INGOT_ASSIGN(const auto unknown, model.get_string("unk_token"));
    if (const auto id = unknown ? vocabulary_.find(*unknown) : std::nullopt) {
      vocabulary_.types[static_cast<size_t>(*id)] = TokenType::kUnknown;
    }
    INGOT_ASSIGN(std::vector<double> scores, scores_of_merges(vocabulary_, root_.name()));
    key("model", gguf_string("llama"));
    key("pre", gguf_string("default"));
    key("scores", gguf_float32s(std::move(scores)));
    key("add_space_prefix", gguf_bool(add_space_prefix));
    return {};
  }

  // How a space becomes U+2581, and whether a text gets one before it. By a normalizer or by a pre-tokenizer.
  Result<bool> read_spaces() {
    bool replaced = false;
    bool prefixed = false;
    INGOT_ASSIGN(const auto normalizer, root_.get_object("normalizer"));
    if (normalizer) {
      INGOT_ASSIGN(const auto type, normalizer->get_string("type"));
      const Json* list = type == "Sequence" ? normalizer->find("normalizers") : nullptr;
      const Json single = Json::array({*root_.find("normalizer")});
      for (const Json& step : list != nullptr && list->is_array() ? *list : single) {
        const bool replaces = step == Json{{"type", "Replace"}, {"pattern", {{"String", " "}}}, {"content", kSpace}};
        const bool prepends = step == Json{{"type", "Prepend"}, {"prepend", kSpace}};
        if (!replaces && !prepends) return root_.wrong("normalizer", "Prepend and Replace of spaces by U+2581");
        replaced |= replaces;
        prefixed |= prepends;
      }
    }
    INGOT_ASSIGN(const auto pre_tokenizer, root_.get_object("pre_tokenizer"));
    if (pre_tokenizer) {
      INGOT_ASSIGN(const auto type, pre_tokenizer->get_string("type"));
      if (type == "Metaspace") {
        INGOT_ASSIGN(prefixed, read_metaspace(*pre_tokenizer));
        replaced = true;
      } else if (!replaced || !splits_at_spaces(*pre_tokenizer)) {
        return root_.wrong("pre_tokenizer", "none, or Metaspace");
      }
    }
    if (!replaced) return invalid("{}: nothing replaces spaces by U+2581, as byte_fallback has it", root_.name());
    return prefixed;
  }

  static Result<bool> read_metaspace(const JsonObject& metaspace) {
    INGOT_ASSIGN(const auto replacement, metaspace.get_string("replacement"));
    if (replacement != kSpace) return metaspace.wrong("replacement", "U+2581");
    INGOT_ASSIGN(const auto split, metaspace.get_bool("split"));
    if (split.value_or(true)) return metaspace.wrong("split", "false");
    INGOT_ASSIGN(const auto scheme, metaspace.get_string("prepend_scheme"));
    if (scheme) return *scheme != "never";
    INGOT_ASSIGN(const auto prefix, metaspace.get_bool("add_prefix_space"));
    return prefix.value_or(true);
  }

  // Gemma's file splits at spaces, of which its normalizer has left none.
  static bool splits_at_spaces(const JsonObject& pre_tokenizer) {
    const Json* pattern = pre_tokenizer.find("pattern");
    const Json* type = pre_tokenizer.find("type");
    return type != nullptr && *type == "Split" && pattern != nullptr && *pattern == Json{{"String", " "}};
  }

  // ---- special tokens ----

  Status add_special_ids() {
    struct SpecialToken {
      const char* setting;
      const char* gguf;
    };
    for (const auto& token : std::to_array<SpecialToken>({{"bos_token", "bos_token_id"},
                                                          {"eos_token", "eos_token_id"},
                                                          {"unk_token", "unknown_token_id"},
                                                          {"pad_token", "padding_token_id"},
                                                          {"mask_token", "mask_token_id"}})) {
      INGOT_ASSIGN(const auto id, read_special_id(token.setting));
      if (!id) continue;
      key(token.gguf, gguf_uint32(*id));
      if (std::string_view(token.setting) == "bos_token") bos_ = *id;
      if (std::string_view(token.setting) == "eos_token") eos_ = *id;
    }
    return add_other_ends();
  }

  // tokenizer_config.json names the token, as a text or an object with the text; config.json its id.
  Result<std::optional<int64_t>> read_special_id(const std::string& setting) {
    const Json* token = settings_.find(setting);
    if (token != nullptr && token->is_object()) token = JsonObject::make(*token, setting)->find("content");
    if (token != nullptr && !token->is_string()) return settings_.wrong(setting, "a text or an object with content");
    if (token != nullptr) {
      const auto& text = token->get_ref<const std::string&>();
      const auto id = vocabulary_.find(text);
      if (!id) plan_.notes.push_back(fmt::format("{} {} is no token of tokenizer.json: left out", setting, text));
      return id;
    }
    // Where the tokenizer's settings are there, what they leave out is not meant to be.
    if (settings_.has("tokenizer_class")) return std::nullopt;
    const std::string id_setting = setting + "_id";
    const Json* id = config_.find(id_setting);
    if (id != nullptr && id->is_array() && !id->empty()) id = &id->front();
    if (id == nullptr) return std::nullopt;
    if (!id->is_number_unsigned() || id->get<uint64_t>() >= vocabulary_.tokens.size()) {
      return config_.wrong(id_setting, fmt::format("an id below {}", vocabulary_.tokens.size()));
    }
    return id->get<int64_t>();
  }

  // generation_config.json may end a text at several tokens; GGUF has a key for the end of a turn and one for that of a
  // message.
  Status add_other_ends() {
    const Json* ends = generation_.find("eos_token_id");
    if (ends == nullptr || !ends->is_array()) return {};
    bool has_turn = false;
    bool has_message = false;
    for (const Json& end : *ends) {
      if (!end.is_number_unsigned() || end.get<uint64_t>() >= vocabulary_.tokens.size()) {
        return generation_.wrong("eos_token_id", fmt::format("ids below {}", vocabulary_.tokens.size()));
      }
      const int64_t id = end.get<int64_t>();
      if (id == eos_) continue;
      const std::string& token = vocabulary_.tokens[static_cast<size_t>(id)];
      const bool message = token.find("eom") != std::string::npos;
      const bool turn =
          std::ranges::any_of(kTurnEnds, [&](std::string_view part) { return token.find(part) != std::string::npos; });
      bool& taken = message ? has_message : has_turn;
      if (taken || (!message && !turn)) {
        plan_.notes.push_back(
            fmt::format("generation_config.json ends at {} ({}) too: no key is left for it", id, token));
        continue;
      }
      taken = true;
      key(message ? "eom_token_id" : "eot_token_id", gguf_uint32(id));
    }
    return {};
  }

  // Whether texts get BOS before and EOS behind them: by the setting, else by the template of the post-processor.
  Status add_ends() {
    std::array<bool, 2> added{};
    INGOT_TRY(read_template(added));
    for (size_t end = 0; end < kEnds.size(); ++end) {
      const std::string setting = fmt::format("add_{}_token", kEnds[end]);
      INGOT_ASSIGN(const auto value, settings_.get_bool(setting));
      key(setting, gguf_bool(value.value_or(added[end])));
    }
    return {};
  }

  Status read_template(std::array<bool, 2>& out_added) {
    INGOT_ASSIGN(const auto processor, root_.get_object("post_processor"));
    if (!processor) return {};
    INGOT_ASSIGN(const auto type, processor->get_string("type"));
    if (type != "Sequence") return read_processor(*processor, out_added);
    const Json* list = processor->find("processors");
    if (list == nullptr || !list->is_array()) return processor->wrong("processors", "an array");
    for (const Json& step : *list) {
      INGOT_ASSIGN(const JsonObject object, JsonObject::make(step, processor->name()));
      INGOT_TRY(read_processor(object, out_added));
    }
    return {};
  }

  Status read_processor(const JsonObject& processor, std::array<bool, 2>& out_added) {
    INGOT_ASSIGN(const auto type, processor.get_string("type"));
    if (type == "ByteLevel") return {};
    if (type != "TemplateProcessing") return processor.wrong("type", "TemplateProcessing or ByteLevel");
    const Json* single = processor.find("single");
    if (single == nullptr || !single->is_array()) return processor.wrong("single", "an array");
    bool after_text = false;
    for (const Json& part : *single) {
      if (part.is_object() && part.contains("Sequence")) {
        after_text = true;
        continue;
      }
      const Json* name = member(member(&part, "SpecialToken"), "id");
      const std::string token = name != nullptr && name->is_string() ? name->get<std::string>() : std::string();
      const std::optional<int64_t> id = vocabulary_.find(token);
      const std::optional<int64_t> expected = after_text ? eos_ : bos_;
      if (!id || id != expected || out_added[after_text]) {
        return processor.wrong("single", "BOS, the text and EOS at the most");
      }
      out_added[after_text] = true;
    }
    return {};
  }

  std::string folder_;
  const JsonObject& config_;
  JsonObject root_;        // tokenizer.json
  JsonObject settings_;    // tokenizer_config.json
  JsonObject generation_;  // generation_config.json
  ModelPlan& plan_;
  HfVocabulary vocabulary_;
  std::optional<int64_t> bos_;
  std::optional<int64_t> eos_;
};

}  // namespace

Status add_hf_tokenizer(const std::string& folder, const JsonObject& config, int64_t n_rows, ModelPlan& in_out_plan) {
  const std::string path = folder + "/tokenizer.json";
  if (!is_there(path)) {
    const bool has_model = is_there(folder + "/tokenizer.model");
    return invalid("{}: tokenizer.json is missing{}", printable(folder, 4096),
                   has_model ? "; transformers writes it beside tokenizer.model with save_pretrained" : "");
  }
  INGOT_ASSIGN(const Json root_json, read_json_file(path));
  INGOT_ASSIGN(const Json settings_json, read_optional_json(folder + "/tokenizer_config.json"));
  INGOT_ASSIGN(const Json generation_json, read_optional_json(folder + "/generation_config.json"));
  INGOT_ASSIGN(JsonObject root, JsonObject::make(root_json, "tokenizer.json"));
  INGOT_ASSIGN(JsonObject settings, JsonObject::make(settings_json, "tokenizer_config.json"));
  INGOT_ASSIGN(JsonObject generation, JsonObject::make(generation_json, "generation_config.json"));
  return TokenizerPlanner(folder, config, std::move(root), std::move(settings), std::move(generation), in_out_plan)
      .add(n_rows);
}

}  // namespace ingot::core
