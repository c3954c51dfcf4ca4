#include "bench/ceilings_cache.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>

#include "base/temporary_folder.h"

namespace ingot::core {
namespace {

using testing::HasSubstr;

CachedCeilings example(const std::string& processor, int n_threads = 2) {
  CachedCeilings entry;
  entry.key = {.processor = processor, .n_threads = n_threads, .isa = "portable,avx2", .probes = "1"};
  entry.measured_at = 1700000001;
  entry.ceilings.processor = processor;
  entry.ceilings.n_threads = n_threads;
  entry.ceilings.dram_read = {.one_thread = 1.5e10, .all_threads = 2.5e10};
  entry.ceilings.l3_read = {.one_thread = 3, .all_threads = 4};
  entry.ceilings.l2_read = {.one_thread = 5, .all_threads = 6};
  entry.ceilings.fp32 = {.one_thread = 7, .all_threads = 8};
  entry.ceilings.int8_vnni = {.one_thread = 9, .all_threads = 10};
  entry.ceilings.bf16_dot = {.one_thread = 11, .all_threads = 12};
  entry.ceilings.amx_bf16 = {.one_thread = 13, .all_threads = 14};
  entry.ceilings.amx_int8 = {.one_thread = 15, .all_threads = 16};
  entry.ceilings.barrier_s = 1.25e-6;
  entry.ceilings.granted = 0.96875;
  entry.ceilings.fp32_isa = "avx2";
  return entry;
}

void expect_equal(const CachedCeilings& a, const CachedCeilings& b) {
  EXPECT_EQ(a.key, b.key);
  EXPECT_EQ(a.measured_at, b.measured_at);
  EXPECT_EQ(a.ceilings.processor, b.ceilings.processor);
  EXPECT_EQ(a.ceilings.n_threads, b.ceilings.n_threads);
  EXPECT_EQ(ceilings_json(a.ceilings), ceilings_json(b.ceilings));
}

TEST(CeilingsCache, TextReadsBackAsWritten) {
  const auto read =
      parse_ceilings_cache(format_ceilings_cache({example("A \"quoted\" CPU"), example("B", 64)})).value();
  ASSERT_EQ(read.size(), 2u);
  expect_equal(read[0], example("A \"quoted\" CPU"));
  expect_equal(read[1], example("B", 64));
  EXPECT_TRUE(parse_ceilings_cache(format_ceilings_cache({})).value().empty());
}

TEST(CeilingsCache, JsonNamesEveryLimit) {
  const auto json = ceilings_json(example("A").ceilings);
  EXPECT_EQ(json["dram_read"]["one_thread"], 1.5e10);
  EXPECT_EQ(json["dram_read"]["all_threads"], 2.5e10);
  EXPECT_EQ(json["amx_int8"]["all_threads"], 16);
  EXPECT_EQ(json["barrier_s"], 1.25e-6);
  EXPECT_EQ(json.size(), 11u);
}

std::string error_of(const std::string& text) {
  const auto entries = parse_ceilings_cache(text);
  EXPECT_FALSE(entries.has_value());
  return entries.has_value() ? "" : entries.error().message;
}

TEST(CeilingsCache, DamageIsNamed) {
  EXPECT_THAT(error_of(""), HasSubstr("no JSON"));
  EXPECT_THAT(error_of("[]"), HasSubstr("no JSON object"));
  EXPECT_THAT(error_of("{}"), HasSubstr("'format'"));
  EXPECT_THAT(error_of(R"({"format": "other", "version": 1, "machines": []})"), HasSubstr("'other'"));
  EXPECT_THAT(error_of(R"({"format": "ingot ceilings", "version": 2, "machines": []})"), HasSubstr("'version' is 2"));
  EXPECT_THAT(error_of(R"({"format": "ingot ceilings", "version": 1})"), HasSubstr("'machines'"));
  EXPECT_THAT(error_of(R"({"format": "ingot ceilings", "version": 1, "machines": [7]})"), HasSubstr("not an object"));
}

// Whatever a value is replaced by, the text is refused or means something else; it never ends the program.
TEST(CeilingsCache, EveryFieldIsChecked) {
  const auto whole = nlohmann::ordered_json::parse(format_ceilings_cache({example("A")}));
  const auto values = whole.flatten();
  for (const auto& [path, ignored] : values.items()) {
    for (const char* replacement : {"null", "-1", "[]", "{}", "true", "1e999", "18446744073709551615"}) {
      auto damaged = whole;
      const auto value = nlohmann::ordered_json::parse(replacement, nullptr, false);
      if (value.is_discarded()) continue;
      damaged[nlohmann::ordered_json::json_pointer(path)] = value;
      const auto entries = parse_ceilings_cache(damaged.dump());
      const bool is_figure = path.find("/ceilings/") != std::string::npos;
      const bool may_pass = is_figure && std::string(replacement) == "18446744073709551615";
      EXPECT_TRUE(may_pass || !entries.has_value()) << path << " = " << replacement;
    }
    auto without = values;
    without.erase(path);
    EXPECT_FALSE(parse_ceilings_cache(without.unflatten().dump()).has_value()) << "without " << path;
  }
}

TEST(CeilingsCache, AFileIsReplacedEntryByEntry) {
  const test::TemporaryFolder folder;
  const std::string path = folder.path("deep/er/ceilings.json");
  EXPECT_TRUE(read_ceilings_cache(path).value().empty());
  ASSERT_TRUE(store_ceilings(path, example("A")).has_value());
  ASSERT_TRUE(store_ceilings(path, example("B")).has_value());
  CachedCeilings newer = example("A");
  newer.ceilings.barrier_s = 9;
  ASSERT_TRUE(store_ceilings(path, newer).has_value());
  const auto entries = read_ceilings_cache(path).value();
  ASSERT_EQ(entries.size(), 2u);
  expect_equal(entries[0], example("B"));
  expect_equal(entries[1], newer);
  int n_files = 0;
  for ([[maybe_unused]] const auto& file : std::filesystem::directory_iterator(folder.path("deep/er"))) ++n_files;
  EXPECT_EQ(n_files, 1) << "nothing unfinished is left";
}

TEST(CeilingsCache, ADamagedFileIsReplaced) {
  const test::TemporaryFolder folder;
  const std::string path = folder.write("ceilings.json", "half a fi");
  EXPECT_FALSE(read_ceilings_cache(path).has_value());
  ASSERT_TRUE(store_ceilings(path, example("A")).has_value());
  EXPECT_EQ(read_ceilings_cache(path).value().size(), 1u);
}

TEST(CeilingsCache, WhatCannotBeReadOrWrittenIsNamed) {
  const test::TemporaryFolder folder;
  const auto of_folder = read_ceilings_cache(folder.path(""));
  ASSERT_FALSE(of_folder.has_value());
  EXPECT_THAT(of_folder.error().message, HasSubstr("not a regular file"));
  ASSERT_EQ(mkfifo(folder.path("fifo").c_str(), 0600), 0);
  EXPECT_FALSE(read_ceilings_cache(folder.path("fifo")).has_value()) << "without waiting for a writer";
  folder.write("file", "");
  const Status stored = store_ceilings(folder.path("file/ceilings.json"), example("A"));
  ASSERT_FALSE(stored.has_value());
  EXPECT_EQ(stored.error().kind, ErrorKind::kIo);
  EXPECT_THAT(stored.error().message, HasSubstr("file/ceilings.json"));
}

TEST(CeilingsCache, PathFollowsTheEnvironment) {
  const char* cache = std::getenv("XDG_CACHE_HOME");
  const std::string before = cache != nullptr ? cache : "";
  setenv("XDG_CACHE_HOME", "/somewhere", 1);
  EXPECT_EQ(ceilings_cache_path(), "/somewhere/ingot/ceilings.json");
  unsetenv("XDG_CACHE_HOME");
  if (const char* home = std::getenv("HOME")) {
    EXPECT_EQ(ceilings_cache_path(), std::string(home) + "/.cache/ingot/ceilings.json");
  }
  if (!before.empty()) setenv("XDG_CACHE_HOME", before.c_str(), 1);
}

}  // namespace
}  // namespace ingot::core
