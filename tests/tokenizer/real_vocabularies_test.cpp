// The vocabularies of shared/data/vocab with the ids that their own tokenizers give (see the README there).
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "gguf/reader.h"
#include "golden.h"
#include "model/vocabulary.h"

namespace ingot::core {
namespace {

std::string read_file(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::stringstream content;
  content << file.rdbuf();
  return content.str();
}

TEST(RealVocabulariesTest, EncodeAsTheirModelsDo) {
  const auto folder = test::find_data("vocab");
  if (!folder) GTEST_SKIP() << "no vocabularies: set INGOT_TEST_DATA to the folder that holds vocab/";
  const std::string separator = "\n__ggml_vocab_test__\n";
  size_t n_texts = 0;
  for (const auto& entry : std::filesystem::directory_iterator(*folder)) {
    const std::string path = entry.path().string();
    if (entry.path().extension() != ".gguf" || !std::filesystem::exists(path + ".inp")) continue;
    const auto file = GgufFile::open(path);
    ASSERT_TRUE(file) << file.error().message;
    const auto tokenizer = Tokenizer::create(read_vocabulary(file->metadata()).value());
    ASSERT_TRUE(tokenizer) << path << ": " << tokenizer.error().message;
    const std::string texts = read_file(path + ".inp");
    std::stringstream expected(read_file(path + ".out"));
    size_t start = 0;
    for (std::string line; std::getline(expected, line);) {
      const size_t end = texts.find(separator, start);
      if (end == std::string::npos) break;
      const std::string text = texts.substr(start, end - start);
      start = end + separator.size();
      std::stringstream numbers(line);
      std::vector<int32_t> ids;
      for (int32_t id = 0; numbers >> id;) ids.push_back(id);
      const std::vector<int32_t> found = test::encode(**tokenizer, text);
      EXPECT_EQ(found, ids) << path << ": " << text;
      const std::string model = (*tokenizer)->vocabulary().model;
      if (model != "bert") {
        EXPECT_EQ(test::decode(**tokenizer, found), text) << path;
      }
      n_texts++;
    }
  }
  EXPECT_GT(n_texts, 100u);
}

}  // namespace
}  // namespace ingot::core
