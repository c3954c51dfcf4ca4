#include "catalog/hugging_face.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "catalog/made_up_home.h"

namespace ingot::core::test {
namespace {

using ::testing::ElementsAre;

std::vector<std::string> names_of(const FoundModels& found) {
  std::vector<std::string> names;
  for (const FoundModel& model : found.models) names.push_back(model.name);
  return names;
}

FoundModels find(const MadeUpHome& home) {
  return find_in_hugging_face({ModelOwner::kHuggingFace, home.path("hub")});
}

TEST(HuggingFace, FollowsLinksToBlobs) {
  const MadeUpHome home;
  const std::string repository = "hub/models--Qwen--Qwen3-0.6B-GGUF/";
  home.write(repository + "blobs/abc", small_gguf());
  home.link("../../blobs/abc", repository + "snapshots/1234567890/Qwen3-0.6B-Q8_0.gguf");
  home.write("hub/datasets--x--y/snapshots/1/z.gguf", "");
  home.write("hub/models--a--b/snapshots/1/config.json", "");
  const FoundModels found = find(home);
  ASSERT_EQ(found.models.size(), 1u);
  EXPECT_EQ(found.models[0].name, "qwen3-0.6b:q8_0");
  EXPECT_EQ(found.models[0].name_there, "Qwen/Qwen3-0.6B-GGUF");
  EXPECT_EQ(found.models[0].path, home.path(repository + "snapshots/1234567890/Qwen3-0.6B-Q8_0.gguf"));
}

TEST(HuggingFace, MainHasThePlainName) {
  const MadeUpHome home;
  const std::string repository = "hub/models--o--r/";
  home.write(repository + "snapshots/1111111111/m-Q8_0.gguf", small_gguf("llama", 4));
  home.write(repository + "snapshots/2222222222/m-Q8_0.gguf", small_gguf("llama", 8));
  home.write(repository + "refs/main", "1111111111\n");
  EXPECT_THAT(names_of(find(home)), ElementsAre("m:q8_0", "m:q8_0@2222222"));
  EXPECT_THAT(find(home).models[0].path, ::testing::HasSubstr("1111111111"));
}

TEST(HuggingFace, WhatTwoRevisionsShareIsOneModel) {
  const MadeUpHome home;
  const std::string repository = "hub/models--o--r/";
  home.write(repository + "blobs/abc", small_gguf());
  home.link("../../blobs/abc", repository + "snapshots/1111111111/m-Q8_0.gguf");
  home.link("../../blobs/abc", repository + "snapshots/2222222222/m-Q8_0.gguf");
  EXPECT_THAT(names_of(find(home)), ElementsAre("m:q8_0"));
}

TEST(HuggingFace, AFileThatSaysNothingHasItsRepositorysName) {
  const MadeUpHome home;
  home.write("hub/models--o--Tiny-GGUF/snapshots/1111111111/model.gguf", small_gguf());
  home.write("hub/models--o--Tiny-GGUF/snapshots/1111111111/Q8_0/ggml-model-00001-of-00002.gguf", small_gguf());
  const FoundModels found = find(home);
  ASSERT_EQ(found.models.size(), 2u);
  EXPECT_EQ(found.models[0].name, "tiny");
  EXPECT_EQ(found.models[1].fault, "part 2 of 2 is missing");
}

}  // namespace
}  // namespace ingot::core::test
