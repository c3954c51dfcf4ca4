// What a file is that is not GGUF, told by its first bytes, for the error message.
#pragma once

#include <cstddef>
#include <span>

namespace ingot::core {

// A phrase that completes "is ..., expected GGUF"; null where the bytes give no hint.
const char* name_foreign_format(std::span<const std::byte> bytes);

}  // namespace ingot::core
