// A vocabulary as plain data: what a GGUF file says about its tokenizer, without the file. model/ fills it, the
// tokenizer is built from it, and neither knows the other.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace ingot::core {

// GGUF's tokenizer.ggml.token_type.
enum class TokenType : int32_t {
  kUndefined = 0,
  kNormal = 1,
  kUnknown = 2,
  kControl = 3,
  kUserDefined = 4,
  kUnused = 5,
  kByte = 6,
};

// Field names are the keys after "tokenizer.ggml."; an absent key is an empty optional or vector.
struct Vocabulary {
  std::string model;  // llama, gpt2, t5, bert, rwkv, none
  std::string pre;    // name of the pre-tokenizer; "" where the file has none
  std::vector<std::string> tokens;
  std::vector<float> scores;        // empty or one a token
  std::vector<int32_t> token_type;  // empty or one a token
  std::vector<std::string> merges;
  std::vector<uint8_t> precompiled_charsmap;

  std::optional<int64_t> bos_token_id, eos_token_id, eot_token_id, eom_token_id, unknown_token_id, seperator_token_id,
      padding_token_id, cls_token_id, mask_token_id, fim_pre_token_id, fim_suf_token_id, fim_mid_token_id,
      fim_pad_token_id, fim_rep_token_id, fim_sep_token_id;
  std::optional<bool> add_bos_token, add_eos_token, add_sep_token, add_space_prefix, remove_extra_whitespaces;
  std::optional<bool> normalizer_lowercase, normalizer_strip_accents;  // normalizer.lowercase, .strip_accents
  std::string chat_template;                                           // tokenizer.chat_template, or ""
  std::string tool_chat_template;  // tokenizer.chat_template.tool_use: for conversations with tools, or ""
  std::string architecture;        // general.architecture: a few defaults depend on it
  std::string name;                // general.name: so does one
};

}  // namespace ingot::core
