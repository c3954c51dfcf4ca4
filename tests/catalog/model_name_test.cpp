#include "catalog/model_name.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/utf8.h"
#include "catalog/split_name.h"

namespace ingot::core::test {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(ModelName, OfFilesAsTheyAreCalled) {
  const struct {
    const char* file;
    const char* folder;
    const char* name;
  } cases[] = {
      {"SmolLM2-135M-Instruct.Q4_1.gguf", "models", "smollm2-135m-instruct:q4_1"},
      {"Llama-3.2-1B-Instruct-Q4_K_M.gguf", "x", "llama-3.2-1b-instruct:q4_k_m"},
      {"Qwen2.5-0.5B.Q8_0.GGUF", "", "qwen2.5-0.5b:q8_0"},
      {"Qwen3-8B-UD-Q4_K_XL.gguf", "", "qwen3-8b:ud-q4_k_xl"},
      {"gemma-3-1b-it-qat-q4_0.gguf", "", "gemma-3-1b-it-qat:q4_0"},
      {"mistral_7b_q4_0.gguf", "", "mistral_7b:q4_0"},
      {"x-IQ2_XXS.gguf", "", "x:iq2_xxs"},
      {"x-BF16.gguf", "", "x:bf16"},
      {"gpt-oss-20b-mxfp4.gguf", "", "gpt-oss-20b:mxfp4"},
      {"x-TQ1_0.gguf", "", "x:tq1_0"},
      {"plain.gguf", "", "plain"},
      {"model.gguf", "TinyLlama-GGUF", "tinyllama"},
      {"ggml-model-q4_0.gguf", "TinyLlama", "tinyllama:q4_0"},
      {"model-00001-of-00003.gguf", "Big-Q8_0", "big:q8_0"},
      {"Big-Q8_0-00002-of-00003.gguf", "", "big:q8_0"},
      {"q4_0.gguf", "Phi", "phi:q4_0"},
      {"-rf $(x).gguf", "", "rf---x-"},
      {"a:b.gguf", "", "a-b"},
      {"\xd0\x96-Q4_0.gguf", "", "\xd0\x96:q4_0"},
      {"bad\xff\x1b.gguf", "", "bad--"},
      {"c1\xc2\x9b.gguf", "", "c1--"},
      {".gguf", "", "unnamed"},
  };
  for (const auto& one : cases) EXPECT_EQ(name_of_file(one.file, one.folder), one.name) << one.file;
}

TEST(ModelName, AnyBytesGiveATypeableName) {
  std::string bytes;
  for (int byte = 1; byte < 256; ++byte) bytes += static_cast<char>(byte);
  for (size_t begin = 0; begin < bytes.size(); begin += 7) {
    const std::string name = name_of_file(bytes.substr(begin, 40) + ".gguf", "");
    EXPECT_FALSE(name.empty());
    EXPECT_TRUE(is_utf8(name));
    EXPECT_EQ(name.find_first_of(" \t\n'\"$`\\|&;<>()*?[]{}~#!\x1b\x7f/"), std::string::npos) << name;
    EXPECT_NE(name.front(), '-');
  }
}

TEST(ModelName, FormatTags) {
  for (const char* tag :
       {"q4_1", "q4_k_m", "q8_0", "iq2_xxs", "iq4_nl", "tq2_0", "f16", "bf16", "fp32", "mxfp4", "ud-q4_k_xl"}) {
    EXPECT_TRUE(is_format_tag(tag)) << tag;
  }
  for (const char* tag : {"", "q", "q4_", "qwen", "q4-1", "7b", "f17", "iq", "q123", "instruct", "q4f16"}) {
    EXPECT_FALSE(is_format_tag(tag)) << tag;
  }
}

TEST(ModelName, MatchesInDegrees) {
  const char* name = "smollm2-135m-instruct:q4_1";
  EXPECT_EQ(match_name("SmolLM2-135M-Instruct:Q4_1", name), Match::kWhole);
  EXPECT_EQ(match_name("smollm2-135m-instruct", name), Match::kBase);
  EXPECT_EQ(match_name("smol", name), Match::kPrefix);
  EXPECT_EQ(match_name("smollm2:q4", name), Match::kPrefix);
  EXPECT_EQ(match_name("smollm2-instruct", name), Match::kParts);
  EXPECT_EQ(match_name("instruct:q4", name), Match::kParts);
  EXPECT_EQ(match_name("135m", name), Match::kParts);
  for (const char* query :
       {"", "instruct-smollm2", "smollm3", "smollm2:q8", "ollm2", "-", "smollm2-135m-instruct:q4_10"}) {
    EXPECT_EQ(match_name(query, name), Match::kNone) << query;
  }
  EXPECT_EQ(match_name(std::string(1 << 20, 's'), name), Match::kNone);
}

TEST(ModelName, NearestNames) {
  const std::vector<std::string> names = {"llama3.2:1b", "smollm2-135m-instruct:q4_1", "gemma-3-270m:q4_k_m"};
  EXPECT_THAT(nearest_names("smolm2", names, 3), ElementsAre(names[1]));
  EXPECT_THAT(nearest_names("lama3.2", names, 3), ElementsAre(names[0]));
  EXPECT_THAT(nearest_names("gmema", names, 3), ElementsAre(names[2]));
  EXPECT_THAT(nearest_names("bloom", names, 3), IsEmpty());
  EXPECT_THAT(nearest_names("xy", names, 3), IsEmpty());
  EXPECT_THAT(nearest_names(std::string(100'000, 'x'), names, 3), IsEmpty());
}

TEST(SplitName, ReadsAndWrites) {
  const auto split = parse_split_name("/m/x-00002-of-00012.gguf");
  ASSERT_TRUE(split.has_value());
  EXPECT_EQ(split->stem, "/m/x");
  EXPECT_EQ(split->part, 2);
  EXPECT_EQ(split->n_parts, 12);
  EXPECT_EQ(split_part_name(*split, 3), "/m/x-00003-of-00012.gguf");
  for (const char* name : {"", "x.gguf", "-00002-of-0012.gguf", "x-00000-of-00002.gguf", "x-00003-of-00002.gguf",
                           "x-00001-of-00001.gguf", "x-0000a-of-00002.gguf", "x--0001-of-00002.gguf"}) {
    EXPECT_FALSE(parse_split_name(name).has_value()) << name;
  }
}

}  // namespace
}  // namespace ingot::core::test
