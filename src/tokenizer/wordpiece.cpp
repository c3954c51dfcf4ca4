#include "tokenizer/wordpiece.h"

namespace ingot::core {

Result<std::unique_ptr<Tokenizer>> create_wordpiece(std::shared_ptr<const Vocabulary>) {
  return fail(ErrorKind::kUnsupported, "this kind of tokenizer is not built yet");
}

}  // namespace ingot::core
