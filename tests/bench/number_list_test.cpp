#include "bench/number_list.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace ingot::core {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Pair;

TEST(NumberList, NumbersAndRanges) {
  EXPECT_THAT(*parse_number_list("512", 0, 4096), ElementsAre(512));
  EXPECT_THAT(*parse_number_list("128,512", 0, 4096), ElementsAre(128, 512));
  EXPECT_THAT(*parse_number_list("1-4", 0, 4096), ElementsAre(1, 2, 3, 4));
  EXPECT_THAT(*parse_number_list("128-512+128", 0, 4096), ElementsAre(128, 256, 384, 512));
  EXPECT_THAT(*parse_number_list("64-1000*2,7", 0, 4096), ElementsAre(64, 128, 256, 512, 7));
  EXPECT_THAT(*parse_number_list("0-0", 0, 4096), ElementsAre(0));
}

TEST(NumberList, EndsAtTheLargestNumber) {
  const int64_t most = INT64_MAX;
  EXPECT_THAT(*parse_number_list("9223372036854775806-9223372036854775807", 0, most), ElementsAre(most - 1, most));
  EXPECT_EQ(parse_number_list("1-9223372036854775807*2", 0, most)->size(), 63u);
}

TEST(NumberList, NamesWhatIsWrong) {
  for (const char* text : {"", "a", "1,", ",1", "1-", "-1", "3-1", "1-4+0", "1-4*1", "0-4*2", "1-4*", "1 ", "1e3",
                           "99999999999999999999", "1-4+-1"}) {
    EXPECT_FALSE(parse_number_list(text, 0, 4096)) << text;
  }
  EXPECT_THAT(parse_number_list("1,5000", 0, 4096).error().message, HasSubstr("5000"));
  EXPECT_EQ(parse_number_list("1\n2", 0, 4096).error().message.find('\n'), std::string::npos);
  EXPECT_THAT(parse_number_list("1-1000000", 0, 1 << 24).error().message, HasSubstr("more than"));
}

TEST(NumberList, ChunksMayBeStrategies) {
  EXPECT_THAT(*parse_chunk_list("128-512*2,auto:64M,layer-by-layer,7"),
              ElementsAre(Chunking(128), Chunking(256), Chunking(512), Chunking::automatic(int64_t{64} << 20),
                          Chunking::layer_by_layer(), Chunking(7)));
  for (const char* text : {"", "512,", "0", "0-4", "auto:,512", "512;none", "layer-by-layer+1", "4-2"}) {
    EXPECT_FALSE(parse_chunk_list(text)) << text;
  }
}

TEST(NumberList, Pairs) {
  EXPECT_THAT(*parse_pair_list("512,32;64,8", 1, 4096), ElementsAre(Pair(512, 32), Pair(64, 8)));
  EXPECT_FALSE(parse_pair_list("512", 1, 4096));
  EXPECT_FALSE(parse_pair_list("512,32,1", 1, 4096));
}

}  // namespace
}  // namespace ingot::core
