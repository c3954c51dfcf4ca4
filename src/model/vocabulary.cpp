#include "model/vocabulary.h"

#include <limits>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace ingot::core {

namespace {

// Reads keys of one metadata; after the first error it reads no more and keeps that error.
class KeyReader {
 public:
  explicit KeyReader(const GgufMetadata& metadata) : metadata_(metadata) {}

  void read(const char* key, std::string& out_value) { take(metadata_.get_string(key), out_value); }
  void read(const char* key, std::optional<bool>& out_value) { take(metadata_.get_bool(key), out_value); }
  void read(const char* key, std::optional<int64_t>& out_value) { take(metadata_.get_int(key), out_value); }
  void read(const char* key, std::vector<std::string>& out_values) { take(metadata_.get_strings(key), out_values); }

  void read(const char* key, std::vector<float>& out_values) {
    std::vector<double> values;
    take(metadata_.get_floats(key), values);
    out_values.assign(values.begin(), values.end());
  }

  template <typename Integer>
  void read_integers(const char* key, std::vector<Integer>& out_values) {
    std::vector<int64_t> values;
    take(metadata_.get_ints(key), values);
    out_values.reserve(values.size());
    // An array of signed bytes holds the same bits.
    const int64_t lowest = sizeof(Integer) == 1 ? -128 : std::numeric_limits<Integer>::min();
    for (size_t index = 0; index < values.size(); index++) {
      if (values[index] < lowest || values[index] > std::numeric_limits<Integer>::max()) {
        status_ = invalid("{}[{}]: {} is out of range", key, index, values[index]);
        return;
      }
      out_values.push_back(static_cast<Integer>(values[index]));
    }
  }

  Status status() const { return status_; }

 private:
  template <typename Value, typename Target>
  void take(Result<std::optional<Value>> found, Target& out_value) {
    if (!status_) return;
    if (!found) {
      status_ = tl::unexpected<Error>(std::move(found).error());
    } else if (*found) {
      out_value = std::move(**found);
    }
  }

  const GgufMetadata& metadata_;
  Status status_;
};

}  // namespace

Result<std::shared_ptr<const Vocabulary>> read_vocabulary(const GgufMetadata& metadata) {
  auto vocabulary = std::make_shared<Vocabulary>();
  Vocabulary& v = *vocabulary;
  KeyReader reader(metadata);
  reader.read("general.architecture", v.architecture);
  reader.read("general.name", v.name);
  reader.read("tokenizer.ggml.model", v.model);
  reader.read("tokenizer.ggml.pre", v.pre);
  reader.read("tokenizer.ggml.tokens", v.tokens);
  reader.read("tokenizer.ggml.scores", v.scores);
  reader.read_integers("tokenizer.ggml.token_type", v.token_type);
  reader.read("tokenizer.ggml.merges", v.merges);
  reader.read_integers("tokenizer.ggml.precompiled_charsmap", v.precompiled_charsmap);
  reader.read("tokenizer.ggml.bos_token_id", v.bos_token_id);
  reader.read("tokenizer.ggml.eos_token_id", v.eos_token_id);
  reader.read("tokenizer.ggml.eot_token_id", v.eot_token_id);
  reader.read("tokenizer.ggml.eom_token_id", v.eom_token_id);
  reader.read("tokenizer.ggml.unknown_token_id", v.unknown_token_id);
  reader.read("tokenizer.ggml.seperator_token_id", v.seperator_token_id);  // so spelt in the format
  reader.read("tokenizer.ggml.padding_token_id", v.padding_token_id);
  reader.read("tokenizer.ggml.cls_token_id", v.cls_token_id);
  reader.read("tokenizer.ggml.mask_token_id", v.mask_token_id);
  // Older files have the first three names, newer ones the names with "fim".
  reader.read("tokenizer.ggml.prefix_token_id", v.fim_pre_token_id);
  reader.read("tokenizer.ggml.suffix_token_id", v.fim_suf_token_id);
  reader.read("tokenizer.ggml.middle_token_id", v.fim_mid_token_id);
  reader.read("tokenizer.ggml.fim_pre_token_id", v.fim_pre_token_id);
  reader.read("tokenizer.ggml.fim_suf_token_id", v.fim_suf_token_id);
  reader.read("tokenizer.ggml.fim_mid_token_id", v.fim_mid_token_id);
  reader.read("tokenizer.ggml.fim_pad_token_id", v.fim_pad_token_id);
  reader.read("tokenizer.ggml.fim_rep_token_id", v.fim_rep_token_id);
  reader.read("tokenizer.ggml.fim_sep_token_id", v.fim_sep_token_id);
  reader.read("tokenizer.ggml.add_bos_token", v.add_bos_token);
  reader.read("tokenizer.ggml.add_eos_token", v.add_eos_token);
  reader.read("tokenizer.ggml.add_sep_token", v.add_sep_token);
  reader.read("tokenizer.ggml.add_space_prefix", v.add_space_prefix);
  reader.read("tokenizer.ggml.remove_extra_whitespaces", v.remove_extra_whitespaces);
  reader.read("tokenizer.ggml.normalizer.lowercase", v.normalizer_lowercase);
  reader.read("tokenizer.ggml.normalizer.strip_accents", v.normalizer_strip_accents);
  reader.read("tokenizer.chat_template", v.chat_template);
  reader.read("tokenizer.chat_template.tool_use", v.tool_chat_template);
  INGOT_TRY(reader.status());
  return std::shared_ptr<const Vocabulary>(std::move(vocabulary));
}

}  // namespace ingot::core
