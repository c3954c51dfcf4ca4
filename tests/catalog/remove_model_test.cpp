#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

#include "catalog/catalog.h"
#include "catalog/made_up_home.h"

namespace ingot::core::test {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

namespace fs = std::filesystem;

Status remove(const std::string& query, const CatalogRequest& request) {
  INGOT_ASSIGN(const CatalogEntry entry, find_in_catalog(query, request, Wanted::kAnything));
  return remove_model(entry, request);
}

size_t files_in(const std::string& folder) {
  size_t n_files = 0;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) n_files += entry.is_directory() ? 0 : 1;
  return n_files;
}

TEST(RemoveModel, TakesAllPartsOfASplit) {
  const MadeUpHome home;
  for (int part = 1; part <= 3; ++part) {
    home.write(".cache/ingot/models/big-0000" + std::to_string(part) + "-of-00003.gguf", "x");
  }
  home.write(".cache/ingot/models/other.gguf", "x");
  const Status removed = remove("big", home.request());
  EXPECT_TRUE(removed.has_value()) << removed.error().message;
  EXPECT_EQ(files_in(home.models()), 1u);
  EXPECT_TRUE(fs::exists(home.models("other.gguf")));
  EXPECT_TRUE(fs::is_empty(home.models()) || std::distance(fs::directory_iterator(home.models()), {}) == 1);
}

TEST(RemoveModel, LeavesOtherProgramsFiles) {
  const MadeUpHome home;
  home.write(".lmstudio/models/o/r/B-Q4_0.gguf", small_gguf());
  home.write(".cache/huggingface/hub/models--o--r/snapshots/1/C-Q4_0.gguf", small_gguf());
  home.write_ollama("registry.ollama.ai/library/llama3.2/1b", 'a', small_gguf());
  const struct {
    const char* query;
    const char* owner;
    const char* how;
  } cases[] = {{"b", "LM Studio", "My Models"},
               {"c", "Hugging Face", "hf cache rm"},
               {"llama3.2", "Ollama", "ollama rm llama3.2:1b"}};
  for (const auto& one : cases) {
    const Status removed = remove(one.query, home.request());
    ASSERT_FALSE(removed.has_value());
    EXPECT_EQ(removed.error().kind, ErrorKind::kUnsupported);
    EXPECT_THAT(removed.error().message, AllOf(HasSubstr(one.owner), HasSubstr(one.how)));
  }
  EXPECT_TRUE(fs::exists(home.path(".lmstudio/models/o/r/B-Q4_0.gguf")));
  EXPECT_EQ(files_in(home.path(".ollama")), 2u);
}

TEST(RemoveModel, AFolderOfModelsWithinAnotherProgramsStaysTheirs) {
  const MadeUpHome home;
  const std::string theirs = home.write(".lmstudio/models/o/r/B-Q4_0.gguf", small_gguf());
  for (const char* folder : {".lmstudio/models/o", ".lmstudio/models", ""}) {
    const CatalogRequest request = home.request({{"INGOT_MODELS", home.path(folder)}});
    const Status removed = remove(theirs, request);
    ASSERT_FALSE(removed.has_value()) << folder;
    EXPECT_THAT(removed.error().message, HasSubstr("LM Studio"));
  }
  EXPECT_TRUE(fs::exists(theirs));
}

TEST(RemoveModel, LeavesWhatLiesElsewhere) {
  const MadeUpHome home;
  const std::string elsewhere = home.write("elsewhere/x.gguf", small_gguf());
  home.link(home.path("elsewhere"), ".cache/ingot/models/linked");
  EXPECT_THAT(remove(elsewhere, home.request()).error().message, HasSubstr("does not lie in the folder of models"));
  // Through a link to a folder as well.
  EXPECT_THAT(remove("x", home.request()).error().message, HasSubstr("does not lie in the folder of models"));
  EXPECT_TRUE(fs::exists(elsewhere));
  EXPECT_FALSE(remove(home.models("nowhere.gguf"), home.request()).has_value());
  fs::create_directories(home.models("d.gguf"));
  EXPECT_THAT(remove(home.models("d.gguf"), home.request()).error().message, HasSubstr("is a folder"));
}

TEST(RemoveModel, OfALinkOnlyTheLink) {
  const MadeUpHome home;
  const std::string target = home.write("elsewhere/x.gguf", small_gguf());
  home.link(target, ".cache/ingot/models/x.gguf");
  EXPECT_TRUE(remove("x", home.request()).has_value());
  EXPECT_TRUE(fs::exists(target));
  EXPECT_FALSE(fs::exists(fs::symlink_status(home.models("x.gguf"))));
}

TEST(RemoveModel, RemovesDamagedFiles) {
  const MadeUpHome home;
  home.write(".cache/ingot/models/bad.gguf", "x");
  home.link("nowhere", ".cache/ingot/models/dangling.gguf");
  EXPECT_TRUE(remove("bad", home.request()).has_value());
  EXPECT_TRUE(remove("dangling", home.request()).has_value());
  EXPECT_EQ(files_in(home.models()), 0u);
}

TEST(RemoveModel, NothingIsHalfRemoved) {
  const MadeUpHome home;
  CatalogEntry entry;
  entry.found.name = "big";
  entry.found.files = {home.write(".cache/ingot/models/a.gguf", "a"), home.models("vanished.gguf"),
                       home.write(".cache/ingot/models/b.gguf", "b")};
  const Status removed = remove_model(entry, home.request());
  ASSERT_FALSE(removed.has_value());
  EXPECT_THAT(removed.error().message, HasSubstr("vanished.gguf"));
  EXPECT_TRUE(fs::exists(home.models("a.gguf")));
  EXPECT_TRUE(fs::exists(home.models("b.gguf")));
  EXPECT_EQ(std::distance(fs::directory_iterator(home.models()), {}), 2);
}

}  // namespace
}  // namespace ingot::core::test
