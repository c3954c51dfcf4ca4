#include "catalog/summary_cache.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>

#include "base/temporary_folder.h"

namespace ingot::core::test {
namespace {

using ::testing::HasSubstr;

const FileStamp kOld = {.bytes = 7, .modified_ns = 1'000, .changed_ns = 2'000, .inode = UINT64_MAX};

FileSummary a_model() {
  FileSummary summary;
  summary.kind = FileKind::kLanguageModel;
  summary.architecture = "llama";
  summary.title = "A \x1b title";
  summary.format = "Q4_1";
  summary.n_parameters = 5;
  summary.context = 9;
  return summary;
}

TEST(SummaryCache, KeepsAndForgets) {
  const TemporaryFolder folder;
  const std::string path = folder.path("new/cache.json");
  SummaryCache cache = SummaryCache::open(path);
  cache.keep("/m/x.gguf", {kOld, kOld}, a_model());
  cache.store();
  SummaryCache again = SummaryCache::open(path);
  const FileSummary* found = again.find("/m/x.gguf", {kOld, kOld});
  ASSERT_NE(found, nullptr);
  EXPECT_EQ(*found, a_model());
  // Any doubt is a miss.
  for (int64_t FileStamp::*field : {&FileStamp::bytes, &FileStamp::modified_ns, &FileStamp::changed_ns}) {
    FileStamp other = kOld;
    other.*field += 1;
    EXPECT_EQ(again.find("/m/x.gguf", {kOld, other}), nullptr);
  }
  FileStamp moved = kOld;
  moved.inode = 3;
  EXPECT_EQ(again.find("/m/x.gguf", {moved, kOld}), nullptr);
  EXPECT_EQ(again.find("/m/x.gguf", {kOld}), nullptr);
  EXPECT_EQ(again.find("/m/y.gguf", {kOld, kOld}), nullptr);
}

TEST(SummaryCache, DoesNotKeepWhatMayChange) {
  const TemporaryFolder folder;
  SummaryCache cache = SummaryCache::open(folder.path("cache.json"));
  FileSummary damaged = a_model();
  damaged.kind = FileKind::kDamaged;
  cache.keep("/damaged", {kOld}, damaged);
  FileStamp fresh = kOld;
  fresh.changed_ns =
      std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::system_clock::now().time_since_epoch()).count();
  cache.keep("/fresh", {fresh}, a_model());
  cache.keep("/stampless", {}, a_model());
  cache.keep("/odd\xff", {kOld}, a_model());
  EXPECT_EQ(cache.size(), 0u);
  cache.store();
  EXPECT_FALSE(std::filesystem::exists(folder.path("cache.json")));
}

TEST(SummaryCache, AForeignFileIsEmpty) {
  const TemporaryFolder folder;
  for (const char* text : {"", "x", "[1]", "{}", R"({"format": "ingot ceilings", "version": 1, "files": []})"}) {
    EXPECT_EQ(SummaryCache::open(folder.write("cache.json", text)).size(), 0u);
  }
  EXPECT_EQ(SummaryCache::open(folder.path("")).size(), 0u);
  SummaryCache nowhere = SummaryCache::open("");
  nowhere.keep("/x", {kOld}, a_model());
  nowhere.store();
  EXPECT_EQ(nowhere.size(), 0u);
}

TEST(SummaryCache, SaysWhatIsWrong) {
  const auto with = [](const std::string& file) {
    return R"({"format": "ingot model summaries", "version": 1, "files": [)" + file + "]}";
  };
  const std::string rest =
      R"("kind": "model", "reason": "", "architecture": "", "title": "", "format": "", "parameters": 0, "context": 0})";
  const struct {
    std::string text;
    const char* says;
  } cases[] = {
      {R"({"format": "ingot model summaries", "version": 2, "files": []})", "'version' is 2"},
      {with("5"), "not an object"},
      {with("{}"), "'path'"},
      {with(R"({"path": "x", )" + rest), "'stamps'"},
      {with(R"({"path": "x", "stamps": [[1, 2, 3]], )" + rest), "four numbers"},
      {with(R"({"path": "x", "stamps": [[1, 2, 1e300, 4]], )" + rest), "'changed_ns'"},
      {with(R"({"path": "x", "stamps": [[1, 2, 3, -4]], )" + rest), "'inode'"},
      {with(R"({"path": "x", "stamps": [[18446744073709551615, 2, 3, 4]], )" + rest), "'bytes'"},
      {with(R"({"path": "x", "stamps": [[1, 2, 3, 4]], "kind": "odd"})"), "'kind'"},
  };
  for (const auto& one : cases) {
    const auto cache = SummaryCache::parse(one.text);
    ASSERT_FALSE(cache.has_value()) << one.says;
    EXPECT_THAT(cache.error().message, HasSubstr(one.says));
  }
  EXPECT_TRUE(SummaryCache::parse(with(R"({"path": "x", "stamps": [[1, 2, 3, 4]], )" + rest)).has_value());
}

}  // namespace
}  // namespace ingot::core::test
