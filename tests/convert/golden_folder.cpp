#include "convert/golden_folder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <regex>

#include "model/golden_models.h"
#include "model/vocabulary.h"
#include "tokenizer/tokenizer.h"

namespace ingot::core::test {
namespace {

using nlohmann::json;

std::string text_of(const GgufFile& file, const std::string& key) {
  const auto value = file.metadata().get_string(key);
  return value && *value ? **value : "";
}

std::vector<std::string> texts_of(const GgufFile& file, const std::string& key) {
  const auto value = file.metadata().get_strings(key);
  return value && *value ? **value : std::vector<std::string>{};
}

std::vector<int64_t> ints_of(const GgufFile& file, const std::string& key) {
  const auto value = file.metadata().get_ints(key);
  return value && *value ? **value : std::vector<int64_t>{};
}

std::string replaced(const std::string& name, const std::vector<std::pair<std::string, std::string>>& rules) {
  for (const auto& [pattern, to] : rules) {
    const std::regex regex(pattern);
    if (std::regex_match(name, regex)) return std::regex_replace(name, regex, to);
  }
  ADD_FAILURE() << "no rule for " << name;
  return name;
}

Array with_shape(Array array, std::vector<int64_t> shape) {
  array.shape = std::move(shape);
  return array;
}

// One interpolation of the six that a file holds together.
Array lerp_part(const Array& fused, size_t part) {
  const auto dim = static_cast<size_t>(fused.shape.back());
  const auto begin = fused.values.begin() + static_cast<std::ptrdiff_t>(part * dim);
  return {{1, 1, fused.shape.back()}, {begin, begin + static_cast<std::ptrdiff_t>(dim)}};
}

Arrays rwkv_arrays(const GgufFile& file, const std::vector<std::pair<std::string, std::string>>& rules,
                   bool low_rank_transposed, const std::string& layer, const std::string& lerp) {
  const int64_t head_size = **file.metadata().get_int("rwkv7.wkv.head_size");
  Arrays arrays;
  for (const GgufTensor& tensor : file.tensors()) {
    if (std::regex_match(tensor.name, std::regex(R"(blk\.0\.time_mix_v[012]\.weight)"))) continue;
    Array array = array_of(file, tensor.name);
    std::smatch match;
    if (std::regex_match(tensor.name, match, std::regex(R"(blk\.(\d+)\.time_mix_lerp_fused\.weight)"))) {
      for (size_t part = 0; part < 6; ++part) {
        arrays[layer + match[1].str() + lerp + "rwkvag"[part]] = lerp_part(array, part);
      }
      continue;
    }
    const int64_t n_values = static_cast<int64_t>(array.values.size());
    if (tensor.name.ends_with("r_k.weight")) array.shape = {n_values / head_size, head_size};
    const bool low_rank = std::regex_match(tensor.name, std::regex(R"(.*time_mix_[wavg][12]\.weight)"));
    if (low_rank && low_rank_transposed) array = transposed(array);
    const bool padded = std::regex_match(tensor.name, std::regex(R"(.*(time_mix_[wav]0|k_k|k_a|lerp_k)\.weight)"));
    if (padded && low_rank_transposed) array = with_shape(array, {1, 1, n_values});
    arrays[replaced(tensor.name, rules)] = array;
  }
  return arrays;
}

// "it's\n" as Python writes it.
std::string token_line(size_t id, const std::string& escaped, size_t n_bytes, bool is_text) {
  const bool double_quotes = escaped.find('\'') != std::string::npos && escaped.find("\\'") == std::string::npos;
  const std::string quote = double_quotes ? "\"" : "'";
  return std::to_string(id) + " " + (is_text ? "" : "b") + quote + escaped + quote + " " + std::to_string(n_bytes) +
         "\n";
}

json tokenizer_of(const GgufFile& file) {
  const auto tokens = texts_of(file, "tokenizer.ggml.tokens");
  const auto types = ints_of(file, "tokenizer.ggml.token_type");
  const bool byte_level = text_of(file, "tokenizer.ggml.model") == "gpt2";
  json vocab = json::object();
  json added = json::array();
  for (size_t id = 0; id < tokens.size(); ++id) {
    const bool special = types[id] == 3 || types[id] == 2;
    if (special) added.push_back({{"id", id}, {"content", tokens[id]}, {"special", true}, {"normalized", false}});
    if (!special || !byte_level) vocab[tokens[id]] = id;
  }
  json merges = json::array();
  for (const std::string& merge : texts_of(file, "tokenizer.ggml.merges")) merges.push_back(merge);
  json result = {{"version", "1.0"}, {"added_tokens", added}};
  if (byte_level) {
    const std::string pre = text_of(file, "tokenizer.ggml.pre");
    const std::string numbers = pre == "llama-bpe" ? "\\p{N}{1,3}" : "\\p{N}";
    const std::string regex = "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|" + numbers +
                              "| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";
    const json split = {
        {"type", "Split"}, {"pattern", {{"Regex", regex}}}, {"behavior", "Isolated"}, {"invert", false}};
    const json bytes = {{"type", "ByteLevel"}, {"add_prefix_space", false}, {"use_regex", false}};
    const json gpt2 = {{"type", "ByteLevel"}, {"add_prefix_space", false}, {"use_regex", true}};
    const json digits = {{"type", "Digits"}, {"individual_digits", true}};
    result["pre_tokenizer"] = {{"type", "Sequence"}, {"pretokenizers", json::array({split, bytes})}};
    if (pre == "gpt-2") result["pre_tokenizer"] = gpt2;
    if (pre == "starcoder")
      result["pre_tokenizer"] = {{"type", "Sequence"}, {"pretokenizers", json::array({digits, gpt2})}};
    result["model"] = {{"type", "BPE"}, {"vocab", vocab}, {"merges", merges}, {"ignore_merges", pre == "llama-bpe"}};
    return result;
  }
  const auto scores = **file.metadata().get_floats("tokenizer.ggml.scores");
  std::vector<size_t> by_score;
  for (size_t id = 0; id < tokens.size(); ++id) {
    if (types[id] == 1) by_score.push_back(id);
  }
  std::ranges::stable_sort(by_score, [&](size_t a, size_t b) { return scores[a] > scores[b]; });
  for (const size_t id : by_score) {
    const std::string& token = tokens[id];
    for (size_t cut = 1; cut < token.size(); ++cut) {
      if ((static_cast<unsigned char>(token[cut]) & 0xC0) == 0x80) continue;
      if (!vocab.contains(token.substr(0, cut)) || !vocab.contains(token.substr(cut))) continue;
      merges.push_back(json::array({token.substr(0, cut), token.substr(cut)}));
    }
  }
  const bool prefix = **file.metadata().get_bool("tokenizer.ggml.add_space_prefix");
  const json replace = {{"type", "Replace"}, {"pattern", {{"String", " "}}}, {"content", "\u2581"}};
  const json prepend = {{"type", "Prepend"}, {"prepend", "\u2581"}};
  result["normalizer"] = replace;
  if (prefix) result["normalizer"] = {{"type", "Sequence"}, {"normalizers", json::array({prepend, replace})}};
  result["model"] = {{"type", "BPE"},        {"vocab", vocab},        {"merges", merges},
                     {"unk_token", "<unk>"}, {"byte_fallback", true}, {"fuse_unk", true}};
  return result;
}

}  // namespace

GgufFile open_golden(const std::string& file) {
  auto opened = GgufFile::open(golden_path(file));
  EXPECT_TRUE(opened) << opened.error().message;
  return std::move(*opened);
}

Array array_of(const GgufFile& file, const std::string& name) {
  const GgufTensor* tensor = file.find_tensor(name);
  if (tensor == nullptr || tensor->traits->type != DType::kF32) {
    ADD_FAILURE() << name << " is no F32 tensor of the file";
    return {};
  }
  Array array;
  for (int dim = tensor->n_dims - 1; dim >= 0; --dim) array.shape.push_back(tensor->dims[static_cast<size_t>(dim)]);
  array.values.resize(tensor->data.size() / sizeof(float));
  std::memcpy(array.values.data(), tensor->data.data(), tensor->data.size());
  return array;
}

Array transposed(const Array& matrix) {
  const auto n_rows = static_cast<size_t>(matrix.shape[0]);
  const auto n_cols = static_cast<size_t>(matrix.shape[1]);
  Array result{{matrix.shape[1], matrix.shape[0]}, std::vector<float>(matrix.values.size())};
  for (size_t row = 0; row < n_rows; ++row) {
    for (size_t col = 0; col < n_cols; ++col) result.values[col * n_rows + row] = matrix.values[row * n_cols + col];
  }
  return result;
}

Array halves_apart(const Array& rows, int64_t n_heads) {
  const auto n_rows = static_cast<size_t>(rows.shape[0]);
  const size_t n_cols = rows.values.size() / n_rows;
  const size_t head_rows = n_rows / static_cast<size_t>(n_heads);
  Array result{rows.shape, std::vector<float>(rows.values.size())};
  for (size_t row = 0; row < n_rows; ++row) {
    const size_t inside = row % head_rows;
    const size_t target = row - inside + (inside % 2) * (head_rows / 2) + inside / 2;
    std::copy_n(rows.values.begin() + static_cast<std::ptrdiff_t>(row * n_cols), n_cols,
                result.values.begin() + static_cast<std::ptrdiff_t>(target * n_cols));
  }
  return result;
}

Array plus(Array array, float added) {
  for (float& value : array.values) value += added;
  return array;
}

std::string safetensors_of(const Arrays& arrays, size_t begin, size_t end) {
  SafetensorsBuilder builder;
  builder.entry(R"("__metadata__":{"format":"pt"})");
  size_t index = 0;
  for (const auto& [name, array] : arrays) {
    if (index >= begin && index < end) builder.tensor(name, "F32", array.shape, array.values);
    ++index;
  }
  return builder.build();
}

Arrays blink_arrays(const GgufFile& file) {
  return rwkv_arrays(file,
                     {{R"(token_embd\.weight)", "emb.weight"},
                      {R"(token_embd_norm\.(.*))", "blocks.0.ln0.$1"},
                      {R"(output_norm\.(.*))", "ln_out.$1"},
                      {R"(output\.weight)", "head.weight"},
                      {R"(blk\.(\d+)\.attn_norm\.(.*))", "blocks.$1.ln1.$2"},
                      {R"(blk\.(\d+)\.attn_norm_2\.(.*))", "blocks.$1.ln2.$2"},
                      {R"(blk\.(\d+)\.time_mix_ln\.(.*))", "blocks.$1.att.ln_x.$2"},
                      {R"(blk\.(\d+)\.time_mix_([wavg][012]|k_k|k_a|r_k)\.weight)", "blocks.$1.att.$2"},
                      {R"(blk\.(\d+)\.time_mix_(.*))", "blocks.$1.att.$2"},
                      {R"(blk\.(\d+)\.channel_mix_lerp_k\.weight)", "blocks.$1.ffn.x_k"},
                      {R"(blk\.(\d+)\.channel_mix_(.*))", "blocks.$1.ffn.$2"}},
                     /*low_rank_transposed=*/true, "blocks.", ".att.x_");
}

Arrays fla_arrays(const GgufFile& file) {
  return rwkv_arrays(
      file,
      {{R"(token_embd\.weight)", "model.embeddings.weight"},
       {R"(token_embd_norm\.(.*))", "model.layers.0.pre_norm.$1"},
       {R"(output_norm\.(.*))", "model.norm.$1"},
       {R"(output\.weight)", "lm_head.weight"},
       {R"(blk\.(\d+)\.attn_norm\.(.*))", "model.layers.$1.attn_norm.$2"},
       {R"(blk\.(\d+)\.attn_norm_2\.(.*))", "model.layers.$1.ffn_norm.$2"},
       {R"(blk\.(\d+)\.time_mix_ln\.(.*))", "model.layers.$1.attn.g_norm.$2"},
       {R"(blk\.(\d+)\.time_mix_([wavg])0\.weight)", "model.layers.$1.attn.$2_lora.lora.2.bias"},
       {R"(blk\.(\d+)\.time_mix_([wavg])1\.weight)", "model.layers.$1.attn.$2_lora.lora.0.weight"},
       {R"(blk\.(\d+)\.time_mix_([wavg])2\.weight)", "model.layers.$1.attn.$2_lora.lora.2.weight"},
       {R"(blk\.(\d+)\.time_mix_(k_k|k_a|r_k)\.weight)", "model.layers.$1.attn.$2"},
       {R"(blk\.(\d+)\.time_mix_(r|k|v|o)(eceptance|ey|alue|utput)\.weight)", "model.layers.$1.attn.$2_proj.weight"},
       {R"(blk\.(\d+)\.channel_mix_lerp_k\.weight)", "model.layers.$1.ffn.x_k"},
       {R"(blk\.(\d+)\.channel_mix_(.*))", "model.layers.$1.ffn.$2"}},
      /*low_rank_transposed=*/false, "model.layers.", ".attn.x_");
}

std::string rwkv_vocabulary_text(const GgufFile& file) {
  const auto tokens = texts_of(file, "tokenizer.ggml.tokens");
  const auto types = ints_of(file, "tokenizer.ggml.token_type");
  const auto vocabulary = read_vocabulary(file.metadata());
  const auto tokenizer = Tokenizer::create(*vocabulary);
  EXPECT_TRUE(tokenizer) << tokenizer.error().message;
  std::string text;
  for (size_t id = 1; id < tokens.size() && types[id] == 1; ++id) {
    const size_t n_bytes = (*tokenizer)->piece(static_cast<int32_t>(id), true).size();
    const bool ascii = tokens[id].find("\\x") == std::string::npos;
    text += token_line(id, tokens[id], n_bytes, ascii);
  }
  return text;
}

HfFolder hf_folder(const GgufFile& file, const std::string& class_name, const json& settings) {
  const std::string architecture = text_of(file, "general.architecture");
  const bool interleaved = architecture == "llama" || architecture == "granite";
  const bool gemma = architecture.starts_with("gemma");
  const auto key = [&](const std::string& name) { return ints_of(file, architecture + "." + name).at(0); };
  const std::vector<std::pair<std::string, std::string>> ends = {{R"(token_embd\.(.*))", "model.embed_tokens.$1"},
                                                                 {R"(output_norm\.(.*))", "model.norm.$1"},
                                                                 {R"(output\.(.*))", "lm_head.$1"}};
  std::vector<std::pair<std::string, std::string>> rules = ends;
  const std::string layer = R"(blk\.(\d+)\.)";
  const std::string out = "model.layers.$1.";
  const bool sandwich = gemma || architecture == "olmo2";
  rules.insert(rules.end(), {{layer + R"(attn_norm\.(.*))", out + "input_layernorm.$2"},
                             {layer + R"(ffn_norm\.(.*))",
                              out + (sandwich ? "pre_feedforward_layernorm.$2" : "post_attention_layernorm.$2")},
                             {layer + R"(post_attention_norm\.(.*))", out + "post_attention_layernorm.$2"},
                             {layer + R"(post_ffw_norm\.(.*))", out + "post_feedforward_layernorm.$2"},
                             {layer + R"(attn_qkv\.(.*))", out + "self_attn.qkv_proj.$2"},
                             {layer + R"(attn_(q|k)_norm\.(.*))", out + "self_attn.$2_norm.$3"},
                             {layer + R"(attn_(q|k|v)\.(.*))", out + "self_attn.$2_proj.$3"},
                             {layer + R"(attn_output\.(.*))", out + "self_attn.o_proj.$2"},
                             {layer + R"(ffn_gate_inp_shexp\.(.*))", out + "mlp.shared_expert_gate.$2"},
                             {layer + R"(ffn_(gate|up|down)_shexp\.(.*))", out + "mlp.shared_expert.$2_proj.$3"},
                             {layer + R"(ffn_gate_inp\.(.*))", out + "mlp.gate.$2"},
                             {layer + R"(ffn_(gate|up|down)\.(.*))", out + "mlp.$2_proj.$3"}});
  HfFolder folder;
  for (const GgufTensor& tensor : file.tensors()) {
    if (tensor.name.starts_with("rope_")) continue;  // follows from the settings
    Array array = array_of(file, tensor.name);
    if (interleaved && tensor.name.find("attn_q.") != std::string::npos)
      array = halves_apart(array, key("attention.head_count"));
    if (interleaved && tensor.name.find("attn_k.") != std::string::npos)
      array = halves_apart(array, key("attention.head_count_kv"));
    if (gemma && tensor.name.ends_with("norm.weight")) array = plus(array, -1.0f);
    folder.arrays[replaced(tensor.name, rules)] = array;
  }
  const auto epsilon = file.metadata().get_float(architecture + ".attention.layer_norm_rms_epsilon");
  folder.config = {{"architectures", json::array({class_name})},
                   {"hidden_size", key("embedding_length")},
                   {"num_hidden_layers", key("block_count")},
                   {"intermediate_size", key("feed_forward_length")},
                   {"num_attention_heads", key("attention.head_count")},
                   {"num_key_value_heads", key("attention.head_count_kv")},
                   {"max_position_embeddings", key("context_length")},
                   {"head_dim", key("rope.dimension_count")},
                   {"rms_norm_eps", **epsilon},
                   {"tie_word_embeddings", file.find_tensor("output.weight") == nullptr}};
  folder.config.update(settings);
  folder.tokenizer = tokenizer_of(file);
  const auto tokens = texts_of(file, "tokenizer.ggml.tokens");
  const auto token = [&](const char* name) {
    return tokens.at(static_cast<size_t>(ints_of(file, std::string("tokenizer.ggml.") + name).at(0)));
  };
  folder.tokenizer_config = {{"tokenizer_class", "PreTrainedTokenizerFast"},
                             {"bos_token", token("bos_token_id")},
                             {"eos_token", {{"content", token("eos_token_id")}, {"special", true}}},
                             {"add_bos_token", **file.metadata().get_bool("tokenizer.ggml.add_bos_token")}};
  return folder;
}

std::string HfFolder::write(const TemporaryFolder& folder) const {
  folder.write("model.safetensors", safetensors_of(arrays));
  folder.write("config.json", config.dump());
  folder.write("tokenizer.json", tokenizer.dump());
  folder.write("tokenizer_config.json", tokenizer_config.dump());
  return folder.path("");
}

void expect_same_model(const GgufFile& found, const GgufFile& expected, float norm_tolerance) {
  EXPECT_EQ(found.tensors().size(), expected.tensors().size());
  for (const GgufTensor& tensor : expected.tensors()) {
    const GgufTensor* same = found.find_tensor(tensor.name);
    ASSERT_NE(same, nullptr) << tensor.name;
    EXPECT_EQ(same->dims, tensor.dims) << tensor.name;
    EXPECT_EQ(same->n_dims, tensor.n_dims) << tensor.name;
    ASSERT_EQ(same->traits->type, tensor.traits->type) << tensor.name;
    if (norm_tolerance == 0.0f || !tensor.name.ends_with("norm.weight")) {
      EXPECT_TRUE(std::ranges::equal(same->data, tensor.data)) << tensor.name;
      continue;
    }
    const Array a = array_of(found, tensor.name);
    const Array b = array_of(expected, tensor.name);
    EXPECT_THAT(a.values, testing::Pointwise(testing::FloatNear(norm_tolerance), b.values)) << tensor.name;
  }
  const std::string prefix = text_of(expected, "general.architecture") + ".";
  for (const auto& [key, value] : expected.metadata().entries()) {
    if (!key.starts_with(prefix)) continue;
    const GgufValue* same = found.metadata().find(key);
    ASSERT_NE(same, nullptr) << key;
    EXPECT_EQ(same->value, value.value) << key;
  }
}

void expect_same_tokens(const GgufFile& found, const GgufFile& expected) {
  std::vector<std::unique_ptr<Tokenizer>> tokenizers;
  for (const GgufFile* file : {&found, &expected}) {
    const auto vocabulary = read_vocabulary(file->metadata());
    ASSERT_TRUE(vocabulary) << vocabulary.error().message;
    auto tokenizer = Tokenizer::create(*vocabulary);
    ASSERT_TRUE(tokenizer) << tokenizer.error().message;
    tokenizers.push_back(std::move(*tokenizer));
  }
  for (const char* text : {"", " ", "the other theory is with it", "The 12345 of  it's\n\n \t-- he had",
                           "n\u00e4h \u4e2d\u6587 \U0001f600", "<s> <|im_start|>user\r\nUser: they have"}) {
    for (const bool parse_special : {false, true}) {
      const auto a = tokenizers[0]->encode(text, {.parse_special = parse_special, .add_special = true});
      const auto b = tokenizers[1]->encode(text, {.parse_special = parse_special, .add_special = true});
      ASSERT_TRUE(a && b);
      EXPECT_EQ(*a, *b) << text;
    }
  }
}

}  // namespace ingot::core::test
