#include "catalog/ollama.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "catalog/made_up_home.h"

namespace ingot::core::test {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

std::string layer(const std::string& type, const std::string& digest) {
  return R"({"mediaType": ")" + type + R"(", "digest": ")" + digest + R"("})";
}
std::string manifest(const std::string& layers) {
  return R"({"layers": [)" + layers + "]}";
}
const std::string kModel = "application/vnd.ollama.image.model";
const std::string kDigits(64, 'a');

TEST(OllamaManifest, NamesTheWeights) {
  const auto digests = parse_ollama_manifest(
      manifest(layer("application/vnd.ollama.image.license", "sha256:0") + "," + layer(kModel, "sha256:" + kDigits)));
  ASSERT_TRUE(digests.has_value()) << digests.error().message;
  EXPECT_THAT(*digests, ElementsAre(kDigits));
}

TEST(OllamaManifest, RefusesWhatItCannotUse) {
  const struct {
    std::string text;
    const char* says;
  } cases[] = {
      {"", "no JSON"},
      {"[]", "no JSON object"},
      {"{}", "no list of layers"},
      {R"({"layers": 1})", "no list of layers"},
      {manifest(""), "names no weights"},
      {manifest(R"(1, "x", {}, {"mediaType": 5})"), "names no weights"},
      {manifest(layer("application/vnd.ollama.image.tensor; name=x", "sha256:" + kDigits)), "single tensors"},
      {manifest(R"({"mediaType": ")" + kModel + "\"}"), "no digest"},
      {manifest(layer(kModel, "sha256:../../etc/passwd")), "expected sha256:"},
      {manifest(layer(kModel, "sha256:abc")), "expected sha256:"},
      {manifest(layer(kModel, "md5:" + kDigits)), "expected sha256:"},
      {manifest(layer(kModel, "sha256:" + std::string(64, 'G'))), "expected sha256:"},
      {std::string(500'000, '['), "no JSON"},
  };
  for (const auto& one : cases) {
    const auto digests = parse_ollama_manifest(one.text);
    ASSERT_FALSE(digests.has_value()) << one.says;
    EXPECT_THAT(digests.error().message, HasSubstr(one.says));
  }
}

TEST(Ollama, NamesModelsAsOllamaDoes) {
  const MadeUpHome home;
  home.write_ollama("registry.ollama.ai/library/llama3.2/1b", 'a', small_gguf());
  home.write_ollama("registry.ollama.ai/someone/Tuned/latest", 'b', small_gguf());
  home.write_ollama("hf.co/bartowski/SmolLM2-GGUF/Q4_K_M", 'c', small_gguf());
  const FoundModels found = find_in_ollama({ModelOwner::kOllama, home.path(".ollama/models")});
  ASSERT_EQ(found.models.size(), 3u);
  EXPECT_EQ(found.models[0].name, "smollm2:q4_k_m");
  EXPECT_EQ(found.models[0].name_there, "hf.co/bartowski/SmolLM2-GGUF:Q4_K_M");
  EXPECT_EQ(found.models[1].name, "llama3.2:1b");
  EXPECT_EQ(found.models[1].name_there, "llama3.2:1b");
  EXPECT_EQ(found.models[1].path, home.path(".ollama/models/blobs/sha256-") + std::string(64, 'a'));
  EXPECT_EQ(found.models[2].name_there, "someone/Tuned:latest");
  for (const FoundModel& model : found.models) EXPECT_EQ(model.fault, "");
}

TEST(Ollama, SaysWhatIsMissing) {
  const MadeUpHome home;
  home.write_ollama("registry.ollama.ai/library/gone/1b", 'a', "");
  home.write(".ollama/models/manifests/registry.ollama.ai/library/torn/1b", R"({"layers": [)");
  home.write(".ollama/models/manifests/registry.ollama.ai/library/vast/1b", std::string(2'000'000, ' '));
  home.write(".ollama/models/manifests/stray", "x");
  const FoundModels found = find_in_ollama({ModelOwner::kOllama, home.path(".ollama/models")});
  ASSERT_EQ(found.models.size(), 3u);
  EXPECT_THAT(found.models[0].fault, HasSubstr("are not there"));
  EXPECT_THAT(found.models[1].fault, HasSubstr("no JSON"));
  EXPECT_THAT(found.models[2].fault, HasSubstr("larger than"));
  EXPECT_THAT(found.notes, IsEmpty());
}

}  // namespace
}  // namespace ingot::core::test
