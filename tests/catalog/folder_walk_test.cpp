#include "catalog/folder_walk.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "catalog/gguf_folder.h"
#include "catalog/made_up_home.h"

namespace ingot::core::test {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

TEST(FolderWalk, FindsFilesInOrder) {
  const MadeUpHome home;
  home.write("m/b.gguf", "");
  home.write("m/a.GGUF", "");
  home.write("m/a.txt", "");
  home.write("m/deep/er/c.gguf", "");
  home.write("m/.hidden/d.gguf", "");
  home.write("m/.e.gguf", "");
  const Walk walk = walk_folder(home.path("m"), is_gguf_name);
  EXPECT_THAT(walk.files, ElementsAre(home.path("m/a.GGUF"), home.path("m/b.gguf"), home.path("m/deep/er/c.gguf")));
  EXPECT_THAT(walk.notes, IsEmpty());
}

TEST(FolderWalk, AFolderThatIsNotThereIsEmpty) {
  const MadeUpHome home;
  const Walk walk = walk_folder(home.path("nowhere"), is_gguf_name);
  EXPECT_THAT(walk.files, IsEmpty());
  EXPECT_THAT(walk.notes, IsEmpty());
}

TEST(FolderWalk, GoesRoundNoCircle) {
  const MadeUpHome home;
  home.write("m/a/x.gguf", "");
  home.link("..", "m/a/up");
  home.link("self", "m/self");
  home.link(home.path("m"), "m/a/again");
  const Walk walk = walk_folder(home.path("m"), is_gguf_name);
  EXPECT_THAT(walk.files, ElementsAre(home.path("m/a/x.gguf")));
}

TEST(FolderWalk, FollowsALinkToAFolder) {
  const MadeUpHome home;
  home.write("elsewhere/x.gguf", "");
  home.link(home.path("elsewhere"), "m/link");
  EXPECT_THAT(walk_folder(home.path("m"), is_gguf_name).files, ElementsAre(home.path("m/link/x.gguf")));
}

TEST(FolderWalk, LeavesOtherPlacesOut) {
  const MadeUpHome home;
  home.write("m/theirs/x.gguf", "");
  home.write("m/ours/y.gguf", "");
  const Walk walk = walk_folder(home.path("m"), is_gguf_name, {real_path(home.path("m/theirs"))});
  EXPECT_THAT(walk.files, ElementsAre(home.path("m/ours/y.gguf")));
}

TEST(FolderWalk, StopsAtItsBoundsAndSaysSo) {
  const MadeUpHome home;
  for (int index = 0; index < 20; ++index) home.write("m/" + std::to_string(index) + ".gguf", "");
  const Walk files = walk_folder(home.path("m"), is_gguf_name, {}, {.max_files = 5});
  EXPECT_EQ(files.files.size(), 5u);
  EXPECT_THAT(files.notes, ElementsAre(HasSubstr("5 files")));
  const Walk entries = walk_folder(home.path("m"), is_gguf_name, {}, {.max_entries = 7});
  EXPECT_EQ(entries.files.size(), 7u);
  EXPECT_THAT(entries.notes, ElementsAre(HasSubstr("first 7 entries")));
}

TEST(FolderWalk, GoesOnlySoDeep) {
  const MadeUpHome home;
  std::string deep = "m";
  for (int depth = 0; depth < 30; ++depth) deep += "/d";
  home.write(deep + "/x.gguf", "");
  home.write("m/y.gguf", "");
  const Walk walk = walk_folder(home.path("m"), is_gguf_name);
  EXPECT_THAT(walk.files, ElementsAre(home.path("m/y.gguf")));
  EXPECT_THAT(walk.notes, ElementsAre(HasSubstr("8 folders deep")));
}

TEST(FolderWalk, NamesAFolderThatCannotBeRead) {
  const MadeUpHome home;
  home.write("m/closed/x.gguf", "");
  home.write("m/open/y.gguf", "");
  ::chmod(home.path("m/closed").c_str(), 0);
  ::chmod(home.path("").c_str(), 0755);
  // Root reads every folder: for as long as this takes, the test is nobody.
  constexpr uid_t kNobody = 65534;
  const bool is_root = geteuid() == 0;
  ASSERT_EQ(is_root ? ::seteuid(kNobody) : 0, 0);
  const Walk walk = walk_folder(home.path("m"), is_gguf_name);
  const Walk within = walk_folder(home.path("m/closed/deeper"), is_gguf_name);
  ASSERT_EQ(is_root ? ::seteuid(0) : 0, 0);
  ::chmod(home.path("m/closed").c_str(), 0700);
  EXPECT_THAT(walk.files, ElementsAre(home.path("m/open/y.gguf")));
  EXPECT_THAT(walk.notes, ElementsAre(HasSubstr("closed")));
  EXPECT_THAT(within.notes, ElementsAre(HasSubstr("ermission")));
}

}  // namespace
}  // namespace ingot::core::test
