// From a chat template to a prompt's tokens.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "chat/chat_template.h"
#include "tokenizer/tokenizer.h"

namespace ingot::core {

// The template of the file that the vocabulary comes from, or the one with this source; with the texts of the
// vocabulary's BOS and EOS. Errors: those of ChatTemplate::parse().
Result<ChatTemplate> chat_template_of(const Tokenizer& tokenizer, const std::string& source = {});

// The tokens of what a template rendered: its marks become control tokens, but for bytes that a user wrote (sorted and
// apart). A BOS that the vocabulary wants stands in front also where the template wrote none. Errors: those of
// encode().
Result<std::vector<int32_t>> encode_rendered(const Tokenizer& tokenizer, std::string_view text,
                                             std::span<const TextRange> user);

}  // namespace ingot::core
