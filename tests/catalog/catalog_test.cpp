// Whole homes: what is listed, and which model a name means.
#include "catalog/catalog.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <algorithm>
#include <chrono>
#include <thread>

#include "catalog/made_up_home.h"

namespace ingot::core::test {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

std::vector<std::string> names_of(const Catalog& catalog) {
  std::vector<std::string> names;
  for (const CatalogEntry& entry : catalog.entries) names.push_back(entry.found.name);
  return names;
}

std::string path_of(const std::string& query, const CatalogRequest& request) {
  const auto entry = find_in_catalog(query, request, Wanted::kLanguageModels);
  return entry ? entry->found.path : "error: " + entry.error().message;
}

TEST(Catalog, ListsEveryPlace) {
  const MadeUpHome home;
  home.write(".cache/ingot/models/A-Q8_0.gguf", small_gguf("llama", 8));
  home.write(".lmstudio/models/o/r/B-Q4_0.gguf", small_gguf("qwen3"));
  home.write(".cache/llama.cpp/ggml-org_gemma-3-1b-it-GGUF_gemma-3-1b-it-Q4_K_M.gguf", small_gguf("gemma3"));
  home.write(".cache/huggingface/hub/models--o--r/snapshots/1/C-Q4_0.gguf", small_gguf());
  home.write(".local/share/nomic.ai/GPT4All/D.gguf", small_gguf());
  home.write(".local/share/Jan/data/llamacpp/models/E/model.gguf", small_gguf());
  home.write_ollama("registry.ollama.ai/library/llama3.2/1b", 'a', small_gguf());
  const Catalog catalog = list_catalog(home.request());
  EXPECT_THAT(names_of(catalog),
              UnorderedElementsAre("a:q8_0", "b:q4_0", "gemma-3-1b-it:q4_k_m", "c:q4_0", "d", "e", "llama3.2:1b"));
  EXPECT_THAT(catalog.notes, IsEmpty());
  const CatalogEntry& first = catalog.entries.front();
  EXPECT_EQ(first.found.name, "a:q8_0");
  EXPECT_EQ(first.found.owner, ModelOwner::kModelsFolder);
  EXPECT_EQ(first.summary.kind, FileKind::kLanguageModel);
  EXPECT_EQ(first.summary.architecture, "llama");
  EXPECT_EQ(first.summary.format, "F32");
  EXPECT_EQ(first.summary.n_parameters, 256);
  EXPECT_EQ(first.summary.context, 512);
  EXPECT_EQ(first.bytes, static_cast<int64_t>(small_gguf("llama", 8).size()));
}

TEST(Catalog, AnEmptyHomeIsAnEmptyList) {
  const MadeUpHome home;
  const Catalog catalog = list_catalog(home.request());
  EXPECT_THAT(catalog.entries, IsEmpty());
  EXPECT_THAT(catalog.notes, IsEmpty());
  EXPECT_THAT(catalog.folders, IsEmpty());
  EXPECT_THAT(list_catalog(CatalogRequest{}).entries, IsEmpty());
}

TEST(Catalog, NamesWhatIsNoLanguageModel) {
  const MadeUpHome home;
  for (const char* architecture : {"clip", "whisper", "flux", "sdxl", ""}) {
    home.write(".cache/ingot/models/m" + std::string(architecture) + ".gguf", small_gguf(architecture));
  }
  GgufBuilder adapter;
  adapter.text("general.architecture", "llama").text("general.type", "adapter");
  adapter.tensor({.name = "blk.0.ffn_up.weight.lora_a", .dims = {32}, .data = std::string(128, '\0')});
  home.write(".cache/ingot/models/lora.gguf", adapter.build());
  GgufBuilder vocabulary;
  vocabulary.text("general.architecture", "llama");
  home.write(".cache/ingot/models/vocab.gguf", vocabulary.build());
  const Catalog catalog = list_catalog(home.request());
  ASSERT_EQ(catalog.entries.size(), 7u);
  for (const CatalogEntry& entry : catalog.entries) {
    EXPECT_EQ(entry.summary.kind, FileKind::kOther) << entry.found.path;
    EXPECT_NE(entry.summary.reason, "");
  }
  EXPECT_THAT(path_of("mclip", home.request()), AllOf(HasSubstr("no language model"), HasSubstr("projector")));
}

TEST(Catalog, DamagedFilesEndNothing) {
  const MadeUpHome home;
  home.write(".cache/ingot/models/good.gguf", small_gguf());
  home.write(".cache/ingot/models/empty.gguf", "");
  home.write(".cache/ingot/models/text.gguf", "not a model");
  home.write(".cache/ingot/models/cut.gguf", small_gguf().substr(0, 60));
  home.link("nowhere", ".cache/ingot/models/dangling.gguf");
  home.link("ring.gguf", ".cache/ingot/models/ring.gguf");
  ASSERT_EQ(::mkfifo(home.models("pipe.gguf").c_str(), 0600), 0);
  std::filesystem::create_directories(home.models("folder.gguf"));
  home.write(".cache/ingot/models/odd\xff\x1b.gguf", small_gguf());
  const Catalog catalog = list_catalog(home.request());
  EXPECT_EQ(catalog.entries.size(), 8u);
  for (const CatalogEntry& entry : catalog.entries) {
    const bool good = entry.found.name == "good" || entry.found.name == "odd--";
    EXPECT_EQ(entry.summary.kind, good ? FileKind::kLanguageModel : FileKind::kDamaged) << entry.found.name;
    EXPECT_EQ(entry.summary.reason.empty(), good) << entry.found.name;
    EXPECT_EQ(entry.summary.reason.find(home.models()), std::string::npos) << entry.summary.reason;
  }
  EXPECT_THAT(path_of("text", home.request()), AllOf(HasSubstr("cannot be read"), HasSubstr("GGUF")));
}

TEST(Catalog, ASplitIsOneModel) {
  const MadeUpHome home;
  const auto part = [](uint16_t number, uint16_t count) {
    GgufBuilder builder;
    builder.text("general.architecture", "llama")
        .number<uint16_t>("split.no", number)
        .number<uint16_t>("split.count", count);
    builder.tensor(
        {.name = "blk." + std::to_string(number) + ".ffn_up.weight", .dims = {32}, .data = std::string(128, '\0')});
    return builder.build();
  };
  for (uint16_t number = 0; number < 3; ++number) {
    home.write(".cache/ingot/models/whole-Q8_0-0000" + std::to_string(number + 1) + "-of-00003.gguf", part(number, 3));
    if (number != 1)
      home.write(".cache/ingot/models/torn-0000" + std::to_string(number + 1) + "-of-00003.gguf", part(number, 3));
  }
  const Catalog catalog = list_catalog(home.request());
  ASSERT_THAT(names_of(catalog), ElementsAre("torn", "whole:q8_0"));
  EXPECT_EQ(catalog.entries[0].summary.kind, FileKind::kDamaged);
  EXPECT_EQ(catalog.entries[0].summary.reason, "part 2 of 3 is missing");
  EXPECT_EQ(catalog.entries[1].summary.kind, FileKind::kLanguageModel) << catalog.entries[1].summary.reason;
  EXPECT_EQ(catalog.entries[1].found.files.size(), 3u);
  EXPECT_EQ(catalog.entries[1].summary.n_parameters, 96);
  EXPECT_EQ(catalog.entries[1].bytes, 3 * static_cast<int64_t>(part(0, 3).size()));
  EXPECT_EQ(path_of("whole", home.request()), home.models("whole-Q8_0-00001-of-00003.gguf"));
}

TEST(Catalog, ALinkToAnotherPlaceIsOneModel) {
  const MadeUpHome home;
  home.write(".lmstudio/models/o/r/B-Q4_0.gguf", small_gguf());
  home.link(home.path(".lmstudio/models/o/r/B-Q4_0.gguf"), ".cache/ingot/models/B-Q4_0.gguf");
  const Catalog catalog = list_catalog(home.request());
  ASSERT_EQ(catalog.entries.size(), 1u);
  EXPECT_EQ(catalog.entries[0].found.path, home.models("B-Q4_0.gguf"));
}

TEST(Catalog, FindsByNamesInPart) {
  const MadeUpHome home;
  const std::string smollm = home.write(".cache/ingot/models/SmolLM2-135M-Instruct.Q4_1.gguf", small_gguf());
  const std::string gemma = home.write(".cache/ingot/models/gemma-3-270m.Q4_K_M.gguf", small_gguf());
  home.write_ollama("registry.ollama.ai/library/llama3.2/1b", 'a', small_gguf());
  home.write_ollama("registry.ollama.ai/library/llama3.2/latest", 'b', small_gguf("llama", 8));
  home.write_ollama("registry.ollama.ai/library/llama3.2-vision/latest", 'c', small_gguf("llama", 12));
  const CatalogRequest request = home.request();
  for (const char* query : {"smollm2", "SMOL", "smollm2-135m-instruct:q4_1", "smollm2-instruct", "smollm2:q4"}) {
    EXPECT_EQ(path_of(query, request), smollm) << query;
  }
  EXPECT_EQ(path_of("gemma-3-270m", request), gemma);
  const std::string blobs = home.path(".ollama/models/blobs/sha256-");
  EXPECT_EQ(path_of("llama3.2:1b", request), blobs + std::string(64, 'a'));
  EXPECT_EQ(path_of("llama3.2", request), blobs + std::string(64, 'b'));
  EXPECT_EQ(path_of("llama3.2-v", request), blobs + std::string(64, 'c'));
  EXPECT_THAT(path_of("llama", request), AllOf(HasSubstr("may mean 3 models"), HasSubstr("llama3.2:1b")));
}

TEST(Catalog, PrefersTheFolderOfModels) {
  const MadeUpHome home;
  home.write(".lmstudio/models/o/r/Twin-Q8_0.gguf", small_gguf("llama", 4));
  const std::string ours = home.write(".cache/ingot/models/Twin-Big-Q8_0.gguf", small_gguf("llama", 8));
  EXPECT_EQ(path_of("twin", home.request()), ours);
  EXPECT_EQ(path_of("twin:q8_0", home.request()), home.path(".lmstudio/models/o/r/Twin-Q8_0.gguf"));
}

TEST(Catalog, TwinsAreTypedAsPaths) {
  const MadeUpHome home;
  const std::string first = home.write(".lmstudio/models/a/r/Twin-Q8_0.gguf", small_gguf("llama", 4));
  const std::string second = home.write(".lmstudio/models/b/r/Twin-Q8_0.gguf", small_gguf("llama", 8));
  EXPECT_THAT(path_of("twin", home.request()), AllOf(HasSubstr(first), HasSubstr(second)));
  // The same file twice is one choice.
  home.write(".lmstudio/models/b/r/Twin-Q8_0.gguf", small_gguf("llama", 4));
  EXPECT_EQ(path_of("twin", home.request()), first);
}

TEST(Catalog, SaysWhereItLooked) {
  const MadeUpHome home;
  home.write(".cache/ingot/models/SmolLM2-135M-Instruct.Q4_1.gguf", small_gguf());
  EXPECT_THAT(path_of("smolm2", home.request()),
              AllOf(HasSubstr("did you mean smollm2-135m-instruct:q4_1?"), HasSubstr(home.path(".cache/ingot/models")),
                    HasSubstr("Ollama")));
  EXPECT_THAT(path_of("zzz\x1b", home.request()), AllOf(HasSubstr("zzz\\x1b"), Not(HasSubstr("did you mean"))));
  EXPECT_THAT(path_of("", home.request()), HasSubstr("error: "));
}

TEST(Catalog, APathIsAPath) {
  const MadeUpHome home;
  home.write(".cache/ingot/models/a.gguf", small_gguf());
  EXPECT_TRUE(is_path("a.gguf"));
  EXPECT_TRUE(is_path("./a"));
  EXPECT_TRUE(is_path("."));
  EXPECT_FALSE(is_path("a-name-that-is-not-there"));
  EXPECT_FALSE(is_path(""));
  EXPECT_FALSE(is_path(std::string(1 << 20, 'x')));
  EXPECT_THAT(path_of(home.path("a.gguf"), home.request()), HasSubstr("no such file"));
  EXPECT_EQ(path_of(home.models("a.gguf"), home.request()), home.models("a.gguf"));
}

TEST(Catalog, OlderRevisionsAreNamedByTheirMark) {
  const MadeUpHome home;
  const std::string repository = ".cache/huggingface/hub/models--o--r/";
  const std::string old = home.write(repository + "snapshots/1111111111/m-Q8_0.gguf", small_gguf("llama", 4));
  const std::string current = home.write(repository + "snapshots/2222222222/m-Q8_0.gguf", small_gguf("llama", 8));
  home.write(repository + "refs/main", "2222222222");
  EXPECT_EQ(path_of("m", home.request()), current);
  EXPECT_EQ(path_of("m:q8_0@1111111", home.request()), old);
}

// A cached summary is used while the file is the same, and no longer.
TEST(Catalog, ReadsAHeaderOnce) {
  const MadeUpHome home;
  home.write(".cache/ingot/models/a.gguf", small_gguf("llama", 4));
  std::this_thread::sleep_for(std::chrono::milliseconds(2100));  // younger files are not kept
  const CatalogRequest request = home.request();
  EXPECT_EQ(list_catalog(request).entries.at(0).summary.n_parameters, 128);
  EXPECT_EQ(SummaryCache::open(request.cache_path).size(), 1u);
  // Other contents under the old stamp would be another file's: size, times and inode are compared.
  home.write(".cache/ingot/models/a.gguf", small_gguf("llama", 8));
  EXPECT_EQ(list_catalog(request).entries.at(0).summary.n_parameters, 256);
  home.write(".cache/ingot/models/a.gguf", "damaged");
  EXPECT_EQ(list_catalog(request).entries.at(0).summary.kind, FileKind::kDamaged);
}

}  // namespace
}  // namespace ingot::core::test
