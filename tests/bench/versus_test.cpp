#include "bench/versus.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <string>

#include "base/temporary_folder.h"
#include "bench/versus_report.h"

namespace ingot::core {
namespace {

using test::TemporaryFolder;
using testing::Contains;
using testing::Each;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

std::string content(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

// A command that leaves a letter in a file and prints something.
std::string writes(const TemporaryFolder& folder, char letter, const std::string& printed) {
  return std::string("printf ") + letter + " >> " + folder.path("log") + "; echo " + shell_command({printed});
}

PeerMetric metric(const std::string& test, const std::string& unit, double tokens = 0) {
  const bool is_rate = unit.ends_with("/s");
  return {.test = test,
          .unit = unit,
          .direction = is_rate ? Direction::kHigherIsBetter : Direction::kLowerIsBetter,
          .tokens = tokens,
          .samples = {100}};
}

std::vector<std::string> matched(const std::vector<PeerMetric>& ours, const std::vector<PeerMetric>& theirs) {
  std::vector<std::string> names;
  const auto found = match_figures({.source = "a", .metrics = ours}, {.source = "b", .metrics = theirs});
  if (!found) return {"error: " + found.error().message};
  for (const VersusMatch& match : found->matches) {
    names.push_back(match.ours + ":" + match.theirs + (match.per_token ? " per token" : ""));
  }
  return names;
}

TEST(Versus, RunsBothInTurnAndDropsTheWarmUp) {
  const TemporaryFolder folder;
  std::vector<int> progress;
  VersusOptions options{.ours = writes(folder, 'o', "10"), .theirs = writes(folder, 't', "20"), .n_pairs = 4};
  options.on_pair = [&progress](const VersusProgress& step) {
    EXPECT_EQ(step.n_pairs, 4);
    EXPECT_GT(step.ours_wall_ns, 0);
    EXPECT_GT(step.theirs_wall_ns, 0);
    progress.push_back(step.n_done);
  };
  const VersusReport report = run_versus(options);
  EXPECT_EQ(content(folder.path("log")), "ottoottoot");
  EXPECT_THAT(progress, ElementsAre(0, 1, 2, 3, 4));
  EXPECT_FALSE(report.failure.has_value());
  EXPECT_EQ(report.n_pairs, 4);
  ASSERT_THAT(report.metrics, SizeIs(1));
  EXPECT_THAT(report.metrics[0].ours, ElementsAre(10, 10, 10, 10));
  EXPECT_THAT(report.metrics[0].theirs, ElementsAre(20, 20, 20, 20));
  EXPECT_DOUBLE_EQ(report.metrics[0].ratio.typical, 0.5);
  EXPECT_THAT(report.ours.wall_ns, SizeIs(4));
  EXPECT_EQ(report.theirs.source, "plain numbers");
}

TEST(Versus, JudgesByTheDirectionOfTheFigure) {
  VersusOptions options{.ours = "echo 120 tok/s", .theirs = "echo 100 tok/s", .n_pairs = 10};
  EXPECT_EQ(overall_verdict(run_versus(options).verdicts), Verdict::kImproved);
  options.ours = "echo 80 tok/s";
  EXPECT_TRUE(has_regression(run_versus(options).verdicts));
  options.ours = "echo 95 tok/s";  // within the threshold of 10 %
  EXPECT_EQ(overall_verdict(run_versus(options).verdicts), Verdict::kOk);
  options.thresholds.mean = 3;
  EXPECT_TRUE(has_regression(run_versus(options).verdicts));
  options.ours = "echo 120";
  options.theirs = "echo 100";
  EXPECT_TRUE(has_regression(run_versus(options).verdicts));  // a bare number is a time
  options.peer.plain_number = Direction::kHigherIsBetter;
  EXPECT_EQ(overall_verdict(run_versus(options).verdicts), Verdict::kImproved);
}

TEST(Versus, AFewPairsProveNothing) {
  const VersusReport report = run_versus({.ours = "echo 120", .theirs = "echo 100", .n_pairs = 1});
  EXPECT_EQ(overall_verdict(report.verdicts), Verdict::kOk);
  EXPECT_DOUBLE_EQ(report.metrics[0].ratio.typical, 1.2);
}

TEST(Versus, FailingCommandsKeepWhatWasMeasured) {
  const TemporaryFolder folder;
  // Fails from its fourth run on: one pair to warm up, then two that count.
  const std::string ours =
      writes(folder, 'o', "10") + "; echo no memory >&2; [ $(wc -c < " + folder.path("log") + ") -lt 4 ]";
  const VersusReport report = run_versus({.ours = ours, .theirs = "echo 20", .n_pairs = 10});
  ASSERT_TRUE(report.failure.has_value());
  EXPECT_EQ(report.failure->message, "our command: exit code 1: no memory");
  EXPECT_EQ(report.n_pairs, 2);
  ASSERT_THAT(report.metrics, SizeIs(1));
  EXPECT_THAT(report.metrics[0].ours, SizeIs(2));
  EXPECT_FALSE(report.interrupted);

  const VersusReport none = run_versus({.ours = "echo 1", .theirs = "no-such-engine"});
  ASSERT_TRUE(none.failure.has_value());
  EXPECT_THAT(none.failure->message, HasSubstr("the other command: exit code 127"));
  EXPECT_THAT(none.metrics, IsEmpty());
}

TEST(Versus, TooSlowIsAFailure) {
  const VersusReport report =
      run_versus({.ours = "echo 1", .theirs = "sleep 60", .n_pairs = 1, .time_limit = std::chrono::milliseconds(100)});
  ASSERT_TRUE(report.failure.has_value());
  EXPECT_THAT(report.failure->message, HasSubstr("time limit"));
}

TEST(Versus, AnInterruptKeepsWhatWasMeasured) {
  VersusOptions options{.ours = "echo 10", .theirs = "echo 20", .n_pairs = 1000};
  options.on_pair = [&options](const VersusProgress& step) {
    if (step.n_done == 3) options.cancel.cancel();
  };
  const VersusReport report = run_versus(options);
  EXPECT_TRUE(report.interrupted);
  EXPECT_FALSE(report.failure.has_value());
  EXPECT_EQ(report.n_pairs, 3);
  EXPECT_THAT(versus_text(report), HasSubstr("3 pairs in turn, then interrupted"));
}

TEST(Versus, AFigureThatDisappearsIsAFailure) {
  const TemporaryFolder folder;
  const std::string ours =
      writes(folder, 'o', "") + "; echo eval time = 5 ms / $(wc -c < " + folder.path("log") + ") runs >&2";
  const VersusReport report = run_versus({.ours = ours, .theirs = "echo eval time = 5 ms / 1 runs", .n_pairs = 3});
  ASSERT_TRUE(report.failure.has_value());
  EXPECT_THAT(report.failure->message, HasSubstr("our command did not print tg1 again"));
}

TEST(Versus, WithoutFiguresTheWallTimeIsCompared) {
  const VersusReport report = run_versus({.ours = "sleep 0.02", .theirs = "sleep 0.2; echo done", .n_pairs = 3});
  EXPECT_FALSE(report.failure.has_value());
  EXPECT_THAT(report.notes, Contains(HasSubstr("times of the whole processes")));
  ASSERT_THAT(report.metrics, SizeIs(1));
  EXPECT_EQ(report.metrics[0].test, "wall time");
  EXPECT_THAT(report.metrics[0].ours, Each(testing::Ge(0.02e9)));
  EXPECT_LT(report.metrics[0].ratio.typical, 1);
  // One side alone is a mistake, not a reason to compare something else.
  const VersusReport one_side = run_versus({.ours = "echo 1", .theirs = "echo done", .n_pairs = 3});
  ASSERT_TRUE(one_side.failure.has_value());
  EXPECT_THAT(one_side.failure->message, HasSubstr("what the other command printed: \"done\" is no number"));
}

TEST(Versus, MedianOfTheSamplesOfARun) {
  const VersusReport report = run_versus({.ours = "printf '1\\n2\\n30\\n'", .theirs = "echo 4", .n_pairs = 1});
  EXPECT_THAT(report.metrics[0].ours, ElementsAre(2));
}

TEST(Versus, FiguresFindEachOtherByName) {
  EXPECT_THAT(matched({metric("load", "ns"), metric("pp64", "ns", 64), metric("tg8", "ns", 8)},
                      {metric("tg8", "ns", 8), metric("pp64", "ns", 64), metric("pp32", "ns", 32)}),
              ElementsAre("pp64:pp64", "tg8:tg8"));
}

TEST(Versus, FiguresOfLikeLengthAreComparedByToken) {
  EXPECT_THAT(
      matched({metric("pp9", "ns", 9), metric("tg7", "ns", 7)}, {metric("pp10", "ns", 10), metric("tg8", "ns", 8)}),
      ElementsAre("pp9:pp10 per token", "tg7:tg8 per token"));
  EXPECT_THAT(
      matched({metric("pp9", "ns", 9), metric("tg7", "ns", 7)}, {metric("pp", "tokens/s"), metric("tg", "tokens/s")}),
      ElementsAre("pp9:pp per token", "tg7:tg per token"));
  EXPECT_THAT(matched({metric("pp64", "ns", 64)}, {metric("pp64", "tokens/s")}), ElementsAre("pp64:pp64 per token"));
  // Other work is not the same work.
  for (const char* theirs : {"pp512", "tg64", "pp64@d16", "pp64+tg8"}) {
    EXPECT_THAT(matched({metric("pp64", "ns", 64)}, {metric(theirs, "ns", tokens_of_test(theirs))}),
                ElementsAre(HasSubstr("nothing that both measured")))
        << theirs;
  }
  // Nothing is guessed between two candidates.
  EXPECT_THAT(matched({metric("pp64", "ns", 64)}, {metric("pp60", "ns", 60), metric("pp70", "ns", 70)}),
              ElementsAre(HasSubstr("error")));
}

TEST(Versus, APlainNumberBelongsToTheOnlyFigure) {
  EXPECT_THAT(matched({metric("pp64", "ns", 64)}, {metric("value", "ns")}), ElementsAre("pp64:value"));
  EXPECT_THAT(matched({metric("value", "tokens/s")}, {metric("pp64", "ns", 64)}), ElementsAre("value:pp64 per token"));
  EXPECT_THAT(matched({metric("pp64", "ns", 64)}, {metric("value", "")}),
              ElementsAre("error: nothing that both measured: ours (a) has pp64 (ns); theirs (b) has value (no unit)"));
  EXPECT_THAT(matched({metric("pp64", "ns", 64), metric("tg8", "ns", 8)}, {metric("value", "ns")}),
              ElementsAre(HasSubstr("error")));
}

TEST(Versus, TimesPerTokenComeFromTimesAndRates) {
  const VersusReport report = run_versus(
      {.ours = "echo '{\"test\": \"pp64\", \"samples_ns\": [64e6]}'", .theirs = "echo 500 tok/s", .n_pairs = 1});
  ASSERT_THAT(report.metrics, SizeIs(1));
  EXPECT_EQ(report.metrics[0].unit, "ns/token");
  EXPECT_THAT(report.metrics[0].ours, ElementsAre(1e6));
  EXPECT_THAT(report.metrics[0].theirs, ElementsAre(2e6));
}

TEST(Versus, Reports) {
  const VersusReport report = run_versus({.ours = "echo 120 ms", .theirs = "echo 100 ms", .n_pairs = 10});
  const std::string text = versus_text(report);
  EXPECT_THAT(text, HasSubstr("ours:   echo 120 ms (plain numbers)"));
  EXPECT_THAT(
      text, HasSubstr("| value | 120 ms | 100 ms | 1.200 | 1.200 to 1.200 | Regression (mean +20.0 %, median +20.0 %"));
  const auto json = versus_json(report);
  EXPECT_EQ(json.at("schema"), 1);
  EXPECT_EQ(json.at("pairs"), 10);
  EXPECT_EQ(json.at("verdict"), "Regression");
  EXPECT_EQ(json.at("metrics").at(0).at("ours").size(), 10u);
  EXPECT_NEAR(json.at("metrics").at(0).at("ratio").get<double>(), 1.2, 1e-9);
  EXPECT_TRUE(json.at("error").is_null());
}

TEST(Versus, QuotesForTheShell) {
  const std::vector<std::string> odd = {"printf", "%s|", "a b", "it's", "$HOME", "", "*", "\"\\n\"", "new\nline"};
  const Result<ShellRun> run = run_shell(shell_command(odd), {});
  ASSERT_TRUE(run.has_value());
  EXPECT_EQ(run->out, "a b|it's|$HOME||*|\"\\n\"|new\nline|");
}

TEST(Versus, KnowsItsOwnProgram) {
  const Result<std::string> program = own_program();
  ASSERT_TRUE(program.has_value());
  EXPECT_THAT(*program, HasSubstr("bench_versus_test"));
}

}  // namespace
}  // namespace ingot::core
