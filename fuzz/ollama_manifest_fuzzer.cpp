// Any bytes as a manifest of Ollama: refused with one line, or digests that are safe in a path. The same bytes as the
// name of a file: a name that a shell and a terminal may see.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.h"
#include "base/utf8.h"
#include "catalog/model_name.h"
#include "catalog/ollama.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t n_bytes) {
  using namespace ingot::core;
  const std::string_view text(reinterpret_cast<const char*>(data), n_bytes);
  const auto digests = parse_ollama_manifest(text);
  if (!digests) {
    INGOT_CHECK(!digests.error().message.empty(), "an error says what is wrong");
    INGOT_CHECK(digests.error().message.find('\n') == std::string::npos, "on one line");
  } else {
    INGOT_CHECK(!digests->empty(), "a manifest names weights");
    for (const std::string& digest : *digests) {
      INGOT_CHECK(digest.size() == 64 && digest.find_first_not_of("0123456789abcdef") == std::string::npos, "a digest");
    }
  }
  const std::string_view file = text.substr(0, 255);
  const std::string name = name_of_file(file, text.substr(file.size() / 2, 255));
  INGOT_CHECK(!name.empty() && is_utf8(name), "a name is text");
  INGOT_CHECK(name.find_first_of(" \t\n'\"$`\\|&;<>()*?[]{}~#!\x1b\x7f/") == std::string::npos, "that obeys nothing");
  INGOT_CHECK(match_name(name, name) == Match::kWhole || name.size() > 256, "and means itself");
  nearest_names(file.substr(0, 32), {name}, 3);
  return 0;
}
