#include "bench/benchmark_log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <ctime>
#include <string>
#include <thread>
#include <vector>

#include "base/temporary_folder.h"
#include "bench/text_file.h"

namespace ingot::core {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

LogEntry entry_of(std::string title, std::string change) {
  return {.title = std::move(title),
          .change = std::move(change),
          .timestamp = 1700000000,
          .model = "tiny.gguf",
          .version = "rwkv7",
          .n_layers = 12,
          .embedding = 768,
          .processor = "Example 9000",
          .threads = 2,
          .format = "Q4_1",
          .mode = "exact",
          .kernels = "avx512",
          .engine = "0.2.0",
          .load_ms = 12.345,
          .prefill = 321.5,
          .generation = 45.67,
          .quality_tokens = {1, 2, 3},
          .kl_mean = 1.25e-6};
}

std::string append(std::string_view log, const LogEntry& entry) {
  return append_log_entry(log, entry, "benchmarks.md").value();
}

size_t count_of(const std::string& text, const std::string& part) {
  size_t n_found = 0;
  for (size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++n_found;
  return n_found;
}

TEST(QualityHash, FoldsTokens) {
  EXPECT_EQ(quality_hash({}), 0u);
  EXPECT_EQ(quality_hash(std::array<int32_t, 3>{1, 2, 3}), (1u * 31 + 2) * 31 + 3);
  // 2^64 is passed: computed with Python's integers, modulo 2^64.
  std::vector<int32_t> tokens(32);
  for (size_t n = 0; n < tokens.size(); ++n) tokens[n] = static_cast<int32_t>(1000 * n + 7);
  EXPECT_EQ(quality_hash(tokens), 0x5ec948af5fd0c80u);
}

TEST(Log, OfANewFileHasHeaderTitleAndEntry) {
  const std::string log = append("", entry_of("Prefill", "Before"));
  EXPECT_TRUE(log.starts_with("# Benchmark Results\n"));
  EXPECT_THAT(log, HasSubstr("--title"));
  EXPECT_THAT(log, HasSubstr("\n---\n\n## Prefill\n\n### "));
  for (const char* row :
       {"| Metric | Value |\n|--------|-------|\n| Model | tiny.gguf |\n| Version | rwkv7 |\n| Layers | 12 |\n"
        "| Embedding | 768 |\n| GPU | none |\n",
        "| **Load Time** | **12.35 ms** |\n| **Prefill** | **321.50 tok/s** |\n"
        "| **Generation** | **45.67 tok/s** |\n| Quality Hash | `402` |\n| KL Divergence | 1.25e-06 |\n",
        "<details>\n<summary>Quality tokens (first 16)</summary>\n\n```\n[1, 2, 3]\n```\n\n</details>\n"}) {
    EXPECT_THAT(log, HasSubstr(row));
  }
  std::time_t time = 1700000000;
  char expected[64];
  ASSERT_GT(std::strftime(expected, sizeof(expected), "### %Y-%m-%d %H:%M:%S - Before\n", std::localtime(&time)), 0u);
  EXPECT_THAT(log, HasSubstr(expected));
}

TEST(Log, GroupsEntriesOfOneTitle) {
  std::string log = append("", entry_of("A", "one"));
  log = append(log, entry_of("AB", "two"));
  log = append(log, entry_of("A", "three"));
  log = append(log, entry_of("AB", "four"));
  log = append(log, entry_of(" A ", "five"));
  EXPECT_EQ(count_of(log, "\n## "), 2u);
  const auto place = [&](const char* change) { return log.find(std::string(" - ") + change + "\n"); };
  EXPECT_LT(place("one"), place("three"));
  EXPECT_LT(place("three"), place("five"));
  EXPECT_LT(place("five"), log.find("\n## AB\n"));
  EXPECT_LT(log.find("\n## AB\n"), place("two"));
  EXPECT_LT(place("two"), place("four"));
  EXPECT_EQ(count_of(log, "\n\n\n"), 0u);
}

TEST(Log, KeepsWhatPeopleWrote) {
  const std::string written =
      "# Benchmark Results\r\n\r\nNotes | of \xff mine.\r\n## A\r\nText.\n```\n## B\n```\nMore.\n\n## C\nlast line "
      "without an end";
  const std::string with_b = append(written, entry_of("B", "new"));
  EXPECT_TRUE(with_b.starts_with(written));
  EXPECT_THAT(with_b, HasSubstr("without an end\n\n## B\n\n### "));
  const std::string with_a = append(written, entry_of("A", "new"));
  EXPECT_THAT(with_a, HasSubstr("More.\n\n### "));
  EXPECT_TRUE(with_a.ends_with("\n\n## C\nlast line without an end"));
  const std::string with_c = append(written, entry_of("C", "new"));
  EXPECT_THAT(with_c, HasSubstr("without an end\n\n### "));
}

TEST(Log, RefusesAnotherFile) {
  for (const char* other :
       {"# Benchmark Results of mine\n", "int main() {}\n", "# benchmark results\n", "\n\n## A\n"}) {
    const auto result = append_log_entry(other, entry_of("A", "b"), "main.c");
    ASSERT_FALSE(result.has_value()) << other;
    EXPECT_THAT(result.error().message, AllOf(HasSubstr("main.c"), HasSubstr("'# Benchmark Results'")));
  }
  EXPECT_TRUE(append_log_entry(" \n\n", entry_of("A", "b"), "blank").has_value());
}

TEST(Log, WantsOneLineEach) {
  for (const std::string wrong : {"", "  ", "a\nb", "a\rb", "\x1b[31m", "\xff"}) {
    EXPECT_FALSE(append_log_entry("", entry_of(wrong, "b"), "x").has_value()) << wrong;
    EXPECT_FALSE(append_log_entry("", entry_of("a", wrong), "x").has_value()) << wrong;
  }
  EXPECT_FALSE(append_log_entry("", entry_of(std::string(600, 'a'), "b"), "x").has_value());
}

TEST(Log, SaysWhatWasNotMeasured) {
  LogEntry entry = entry_of("A", "b");
  entry.load_ms.reset();
  entry.kl_mean.reset();
  entry.quality_tokens.clear();
  const std::string log = append("", entry);
  EXPECT_THAT(log, HasSubstr("| **Load Time** | not measured |"));
  EXPECT_THAT(log, HasSubstr("| Quality Hash | not measured |\n| KL Divergence | not measured |"));
  EXPECT_THAT(log, Not(HasSubstr("<details>")));
}

TEST(LogFile, IsMadeAndGrows) {
  const test::TemporaryFolder folder;
  const std::string path = folder.path("benchmarks.md");
  ASSERT_TRUE(append_to_log_file(path, entry_of("A", "one")));
  ASSERT_TRUE(append_to_log_file(path, entry_of("A", "two")));
  const std::string log = read_text_file(path).value();
  EXPECT_EQ(count_of(log, "\n### "), 2u);
  EXPECT_EQ(count_of(log, "# Benchmark Results"), 1u);
}

TEST(LogFile, ThatIsNoLogStaysAsItIs) {
  const test::TemporaryFolder folder;
  const std::string path = folder.write("notes.md", "# Notes\n");
  EXPECT_FALSE(append_to_log_file(path, entry_of("A", "one")).has_value());
  EXPECT_EQ(read_text_file(path).value(), "# Notes\n");
  EXPECT_FALSE(append_to_log_file(folder.path(""), entry_of("A", "one")).has_value());
  EXPECT_FALSE(append_to_log_file(folder.path("no/such.md"), entry_of("A", "one")).has_value());
}

TEST(LogFile, LosesNoEntryOfManyAtOnce) {
  const test::TemporaryFolder folder;
  const std::string path = folder.path("benchmarks.md");
  constexpr int kThreads = 4;
  constexpr int kEntries = 10;
  std::vector<std::thread> threads;
  for (int thread = 0; thread < kThreads; ++thread) {
    threads.emplace_back([&path, thread] {
      for (int n = 0; n < kEntries; ++n) {
        EXPECT_TRUE(append_to_log_file(path, entry_of("T" + std::to_string(thread), std::to_string(n))));
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  const std::string log = read_text_file(path).value();
  EXPECT_EQ(count_of(log, "\n### "), size_t{kThreads} * kEntries);
  EXPECT_EQ(count_of(log, "\n## "), size_t{kThreads});
}

}  // namespace
}  // namespace ingot::core
