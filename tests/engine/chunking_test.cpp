#include "engine/chunking.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace ingot::core {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TEST(Chunking, IsReadAndNamed) {
  EXPECT_EQ(parse_chunking("512").value(), Chunking(512));
  EXPECT_EQ(parse_chunking("1").value(), Chunking(1));
  EXPECT_EQ(parse_chunking("none").value(), Chunking::none());
  EXPECT_EQ(parse_chunking("auto").value(), Chunking::automatic());
  EXPECT_EQ(parse_chunking("auto:512M").value(), Chunking::automatic(int64_t{512} << 20));
  EXPECT_EQ(parse_chunking("auto:4G").value(), Chunking::automatic(int64_t{4} << 30));
  EXPECT_EQ(parse_chunking("auto:1000000").value(), Chunking::automatic(1000000));
  EXPECT_EQ(parse_chunking("incremental").value(), Chunking::incremental(512));
  EXPECT_EQ(parse_chunking("incremental:64").value(), Chunking::incremental(64));
  EXPECT_EQ(parse_chunking("layer-by-layer").value(), Chunking::layer_by_layer());
  EXPECT_EQ(parse_chunking("minimal").value(), Chunking::minimal());
  for (const char* text : {"512", "none", "auto", "auto:512M", "auto:3T", "auto:1000001", "incremental",
                           "incremental:100", "layer-by-layer", "minimal"}) {
    EXPECT_EQ(chunking_name(parse_chunking(text).value()), text);
  }
  EXPECT_EQ(chunking_name(Chunking(100).with_overlap(10)), "100, overlap 10");
}

TEST(Chunking, ErrorsNameWhatWasExpected) {
  for (const char* text : {"", "0", "-1", "1.5", "512 ", "1048577", "99999999999999999999", "auto:", "auto:0", "auto:M",
                           "auto:-1M", "auto:9223372036854775807K", "auto:64m", "incremental:", "incremental:63",
                           "incremental:x", "layer-by-layer:3", "Minimal", "all"}) {
    EXPECT_FALSE(parse_chunking(text)) << text;
  }
  EXPECT_THAT(parse_chunking("all").error().message,
              HasSubstr("all: expected 1 to 1048576 tokens, none, auto, auto:SIZE, incremental, incremental:TOKENS, "
                        "layer-by-layer or minimal"));
  EXPECT_THAT(parse_chunking("auto:x").error().message, HasSubstr("auto:512M"));
  EXPECT_THAT(parse_chunking("incremental:32").error().message, HasSubstr("expected 64 to 1048576"));
  EXPECT_THAT(parse_chunking("a\nb").error().message, Not(HasSubstr("\n")));
}

TEST(Chunking, OverlapsGoOnlyWithChunksThatHaveSomethingBeforeThem) {
  EXPECT_TRUE(check_chunking(Chunking(100).with_overlap(100)));
  EXPECT_TRUE(check_chunking(Chunking::automatic().with_overlap(64)));
  EXPECT_TRUE(check_chunking(Chunking::incremental(64).with_overlap(64)));
  for (const Chunking& wrong :
       {Chunking::none().with_overlap(1), Chunking::layer_by_layer().with_overlap(1),
        Chunking::minimal().with_overlap(1), Chunking(100).with_overlap(101), Chunking(100).with_overlap(-1),
        Chunking::automatic().with_overlap(65), Chunking(0), Chunking::incremental(63), Chunking::automatic(-1)}) {
    EXPECT_FALSE(check_chunking(wrong)) << chunking_name(wrong);
  }
}

}  // namespace
}  // namespace ingot::core
