#include "catalog/places.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "catalog/made_up_home.h"

namespace ingot::core::test {
namespace {

using ::testing::Contains;
using ::testing::Not;

std::vector<std::string> folders_of(const std::vector<ModelPlace>& places) {
  std::vector<std::string> folders;
  for (const ModelPlace& place : places) folders.push_back(place.folder);
  return folders;
}

TEST(Places, AreBelowTheHome) {
  const MadeUpHome home;
  const auto places = model_places("/m", home.environment({{"HOME", "/h"}}));
  EXPECT_EQ(places.front().folder, "/m");
  EXPECT_EQ(places.front().owner, ModelOwner::kModelsFolder);
  for (const char* folder : {"/h/.lmstudio/models", "/h/.cache/lm-studio/models", "/h/.ollama/models",
                             "/usr/share/ollama/.ollama/models", "/h/.cache/huggingface/hub", "/h/.cache/llama.cpp",
                             "/h/.local/share/Jan/data/llamacpp/models", "/h/.local/share/nomic.ai/GPT4All"}) {
    EXPECT_THAT(folders_of(places), Contains(folder));
  }
}

TEST(Places, FollowTheVariablesOfTheirPrograms) {
  const MadeUpHome home;
  const auto folders = [&](const std::map<std::string, std::string>& variables) {
    return folders_of(model_places("", home.environment(variables)));
  };
  EXPECT_THAT(folders({{"OLLAMA_MODELS", "/o"}}), Contains("/o"));
  EXPECT_THAT(folders({{"HF_HOME", "/hf"}}), Contains("/hf/hub"));
  EXPECT_THAT(folders({{"HF_HOME", "/hf"}, {"HF_HUB_CACHE", "/hub"}}), Contains("/hub"));
  EXPECT_THAT(folders({{"HF_HOME", "/hf"}, {"HF_HUB_CACHE", "/hub"}}), Not(Contains("/hf/hub")));
  EXPECT_THAT(folders({{"LLAMA_CACHE", "/l"}}), Contains("/l"));
  EXPECT_THAT(folders({{"HOME", "/h"}, {"LLAMA_CACHE", "~/l"}}), Contains("/h/l"));
  EXPECT_THAT(folders({{"XDG_CACHE_HOME", "/c"}}), Contains("/c/llama.cpp"));
  // A relative one is no folder, by XDG's rule.
  EXPECT_THAT(folders({{"HOME", "/h"}, {"XDG_CACHE_HOME", "c"}}), Contains("/h/.cache/llama.cpp"));
}

TEST(Places, TheFolderOfModelsMoves) {
  const MadeUpHome home;
  EXPECT_EQ(default_models_folder(home.environment({{"HOME", "/h"}})), "/h/.cache/ingot/models");
  EXPECT_EQ(default_models_folder(home.environment({{"XDG_CACHE_HOME", "/c"}})), "/c/ingot/models");
  EXPECT_EQ(default_models_folder(home.environment({{"INGOT_MODELS", "here"}})), "here");
  EXPECT_EQ(default_models_folder([](const char*) { return std::string(); }), "");
}

TEST(Places, WhatAnotherProgramNamesTooIsTheirs) {
  const MadeUpHome home;
  const auto places = model_places("/h/.lmstudio/models", home.environment({{"HOME", "/h"}}));
  EXPECT_EQ(places.front().owner, ModelOwner::kLmStudio);
  for (const ModelPlace& place : places) EXPECT_NE(place.owner, ModelOwner::kModelsFolder);
}

TEST(Places, Inside) {
  EXPECT_TRUE(is_inside("/a/b", "/a"));
  EXPECT_TRUE(is_inside("/a", "/a"));
  EXPECT_TRUE(is_inside("/a", "/"));
  EXPECT_FALSE(is_inside("/ab", "/a"));
  EXPECT_FALSE(is_inside("/", "/a"));
}

}  // namespace
}  // namespace ingot::core::test
