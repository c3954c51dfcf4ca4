// What has no markup, or none that is known: every byte is text.
#include "chat/formats/formats.h"

namespace ingot::core {

const OutputFormat kPlainFormat{.name = "plain"};

}  // namespace ingot::core
