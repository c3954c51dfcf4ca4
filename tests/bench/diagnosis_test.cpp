// Every rule on figures made for it: found when it should be, with what is to blame in its words, and not otherwise.
#include "bench/diagnosis.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

namespace ingot::core {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

// A decode of 100 steps in 1000 ms on two threads, of which everything is in order: half of it reads weights at 90 % of
// the memory's speed, nothing waits, and the prompt before took longer than loading.
struct Calm {
  ProfileReport report;

  Calm() {
    report.ceilings.threads = 2;
    report.ceilings.dram_read.all_threads = 20e9;
    report.ceilings.l3_read.all_threads = 60e9;
    report.ceilings.fp32.all_threads = 200e9;
    report.ceilings.fp32_isa = "avx512";
    report.ceilings.barrier_us = 2;
    report.prompt_tokens = 100;
    report.generated_tokens = 100;
    report.model.train_context = 2048;
    report.memory.kv_per_token = 4096;
    report.wall_ms = 2000;
    report.first_byte_ms = 1000;
    report.stages = {{"open file", 1}, {"load weights", 100}, {"build tokenizer", 50}, {"prefill: layers", 849}};
    report.decode_stages = {{"decode", 990}, {"sampling", 5}, {"detokenize", 1}, {"output", 1}, {"other", 3}};
    ProfilePhase phase;
    phase.name = "decode";
    phase.tokens = 100;
    phase.steps = 100;
    phase.ms = 1000;
    phase.operations_ms = 980;
    phase.operations = 30'000;
    phase.loops = 20'000;
    phase.loop_us_median = 40;
    phase.wait_ms = 50;
    phase.short_loop_wait_ms = 20;
    phase.serial_ms = 60;
    phase.imbalance = 1.05;
    phase.thread_busy_ms = {930, 870};
    phase.thread_wait_ms = {20, 80};
    report.phases = {phase};
    add("down_projection", "Q4_0", 500, 90, "DRAM");
    add("qkv_projection", "Q4_0", 250, 50, "fp32");
    add("rope", "", 50, 40, "L2");
    add("attention", "", 20, 40, "L3");
    add("norm", "", 160, 40, "L2");
  }
  ProfilePhase& phase() { return report.phases[0]; }
  ProfileOperation& row(const std::string& name) {
    return *std::ranges::find(report.operations, name, &ProfileOperation::name);
  }
  // A share of the phase's 1000 ms.
  void add(const std::string& name, const std::string& format, double ms, double percent, const std::string& bound) {
    ProfileOperation row;
    row.phase = "decode";
    row.layers = "0-29";
    row.name = name;
    row.format = format;
    row.calls = 3000;
    row.ms = ms;
    row.share = ms / 1000;
    row.bytes = percent / 100 * ms * 1e-3 * 20e9;
    row.gb_per_s = row.bytes * 1e-6 / ms;
    row.percent_of_ceiling = percent;
    row.bound = bound;
    row.loops = 3000;
    row.wait_share = 0.05;
    report.operations.push_back(row);
  }
  void set_ms(const std::string& name, double ms) {
    row(name).ms = ms;
    row(name).share = ms / 1000;
  }
  const ProfileFinding* find(const std::string& kind) {
    found = diagnose(report);
    const auto at = std::ranges::find(found, kind, &ProfileFinding::kind);
    return at == found.end() ? nullptr : &*at;
  }
  std::vector<ProfileFinding> found;
};

TEST(Diagnosis, OfACalmRunIsOnlyWhatBoundsIt) {
  Calm calm;
  const auto findings = diagnose(calm.report);
  ASSERT_EQ(findings.size(), 1u);
  EXPECT_EQ(findings[0].kind, "bandwidth-bound");
  EXPECT_DOUBLE_EQ(findings[0].share, 0.5);
  EXPECT_THAT(findings[0].evidence, AllOf(HasSubstr("18.0 GB/s"), HasSubstr("90 %"), HasSubstr("excellent")));
  EXPECT_THAT(findings[0].advice, HasSubstr("smaller weight format"));
}

TEST(Diagnosis, OfNothingIsEmpty) {
  EXPECT_TRUE(diagnose({}).empty());
  ProfileReport report;
  report.phases.resize(2);
  report.phases[0].name = "prefill";
  report.phases[1].name = "decode";
  EXPECT_TRUE(diagnose(report).empty());
}

TEST(Diagnosis, WithoutCeilingsJudgesNoOperation) {
  Calm calm;
  calm.report.ceilings = {};
  for (ProfileOperation& row : calm.report.operations) {
    row.bound.clear();
    row.percent_of_ceiling = 0;
  }
  EXPECT_TRUE(diagnose(calm.report).empty());
}

TEST(Diagnosis, PutsWhatMattersMostFirst) {
  Calm calm;
  calm.report.decode_stages[1].ms = 200;
  calm.phase().short_loop_wait_ms = 350;
  calm.phase().wait_ms = 380;
  const auto findings = diagnose(calm.report);
  ASSERT_EQ(findings.size(), 3u);
  EXPECT_EQ(findings[0].kind, "bandwidth-bound");
  EXPECT_EQ(findings[1].kind, "barrier-bound");
  EXPECT_EQ(findings[2].kind, "sampler-bound");
}

TEST(SlowOperation, IsOneWhoseWorkDoesNotExplainItsTime) {
  Calm calm;
  calm.set_ms("rope", 400);
  calm.row("rope").percent_of_ceiling = 1;
  const ProfileFinding* finding = calm.find("slow operation");
  ASSERT_NE(finding, nullptr);
  EXPECT_THAT(finding->text, HasSubstr("rope of layers 0-29 takes 40 % of the decode"));
  EXPECT_THAT(finding->evidence, AllOf(HasSubstr("3000 calls of 133.3 us"), HasSubstr("1 % of the L2 ceiling")));

  calm.row("rope").percent_of_ceiling = 40;
  EXPECT_EQ(calm.find("slow operation"), nullptr) << "it works hard";
  calm.row("rope").percent_of_ceiling = 1;
  calm.set_ms("rope", 100);
  EXPECT_EQ(calm.find("slow operation"), nullptr) << "too little to matter";
  calm.set_ms("rope", 400);
  calm.row("rope").apart = true;
  EXPECT_EQ(calm.find("slow operation"), nullptr) << "no part of the real work";
}

// Where every operation is far from the machine's limits, as in the reference mode, none of them is the odd one.
TEST(SlowOperation, IsNoneAmongEquals) {
  Calm calm;
  for (ProfileOperation& row : calm.report.operations) row.percent_of_ceiling = 1;
  EXPECT_EQ(calm.find("slow operation"), nullptr);
}

TEST(BandwidthBound, EndsWhereTheWeightsAreNoMatter) {
  Calm calm;
  calm.set_ms("down_projection", 290);
  EXPECT_EQ(calm.find("bandwidth-bound"), nullptr);
}

TEST(DequantisationBound, NamesFormatAndOperation) {
  Calm calm;
  calm.row("down_projection").percent_of_ceiling = 25;
  calm.row("down_projection").gb_per_s = 5;
  const ProfileFinding* finding = calm.find("dequantisation-bound");
  ASSERT_NE(finding, nullptr);
  EXPECT_THAT(finding->text, AllOf(HasSubstr("Q4_0"), HasSubstr("down_projection")));
  EXPECT_THAT(finding->evidence, AllOf(HasSubstr("25 %"), HasSubstr("poor"), HasSubstr("5.0 GB/s")));
  EXPECT_EQ(calm.find("bandwidth-bound"), nullptr);
  calm.row("down_projection").percent_of_ceiling = 61;
  EXPECT_EQ(calm.find("dequantisation-bound"), nullptr);
}

TEST(BelowBandwidth, IsOfWeightsThatNeedNoDecoding) {
  Calm calm;
  for (const char* format : {"F32", "F16", "BF16"}) {
    calm.row("down_projection").percent_of_ceiling = 45;
    calm.row("down_projection").format = format;
    const ProfileFinding* finding = calm.find("below bandwidth");
    ASSERT_NE(finding, nullptr) << format;
    EXPECT_THAT(finding->text, AllOf(HasSubstr("45 %"), HasSubstr("down_projection")));
    EXPECT_EQ(calm.find("dequantisation-bound"), nullptr);
    calm.row("down_projection").percent_of_ceiling = 90;
    EXPECT_EQ(calm.find("below bandwidth"), nullptr);
  }
}

TEST(MemoryBandwidthLost, IsFoundBesideTheRequest) {
  Calm calm;
  calm.report.dram_read_now = 10e9;  // half of the ceiling
  const ProfileFinding* finding = calm.find("memory bandwidth lost");
  ASSERT_NE(finding, nullptr);
  EXPECT_DOUBLE_EQ(finding->share, 0.5);
  EXPECT_THAT(finding->text, HasSubstr("50 %"));
  EXPECT_THAT(finding->evidence, AllOf(HasSubstr("10.0 GB/s"), HasSubstr("20.0 GB/s")));
  calm.report.dram_read_now = 17e9;  // as far apart as two measurements may be
  EXPECT_EQ(calm.find("memory bandwidth lost"), nullptr);
  calm.report.dram_read_now = 25e9;
  EXPECT_EQ(calm.find("memory bandwidth lost"), nullptr);
  calm.report.dram_read_now = 0;  // not measured
  EXPECT_EQ(calm.find("memory bandwidth lost"), nullptr);
}

// Kernels that take all of what a neighbour leaves are not to blame.
TEST(MemoryBandwidthLost, IsNotTheFormatsFault) {
  Calm calm;
  calm.report.dram_read_now = 10e9;
  calm.row("down_projection").percent_of_ceiling = 45;
  const ProfileFinding* finding = calm.find("bandwidth-bound");
  ASSERT_NE(finding, nullptr);
  EXPECT_THAT(finding->evidence, HasSubstr("90 % of what the memory gives now"));
  EXPECT_EQ(calm.find("dequantisation-bound"), nullptr);
  // Weights that a cache holds do not feel it.
  calm.row("down_projection").bound = "L3";
  EXPECT_NE(calm.find("dequantisation-bound"), nullptr);
}

TEST(ComputeBound, SaysWhatTheUnitsCouldDo) {
  Calm calm;
  calm.set_ms("qkv_projection", 600);
  calm.set_ms("down_projection", 100);
  calm.row("qkv_projection").flops = 60e9;
  const ProfileFinding* finding = calm.find("compute-bound");
  ASSERT_NE(finding, nullptr);
  EXPECT_DOUBLE_EQ(finding->share, 0.6);
  EXPECT_THAT(finding->evidence, AllOf(HasSubstr("100 GFLOP/s, 50 %"), HasSubstr("FP32 (avx512)")));
  EXPECT_THAT(finding->advice, HasSubstr("More cores"));
  calm.report.ceilings.int8_vnni.all_threads = 800e9;
  EXPECT_THAT(calm.find("compute-bound")->advice, HasSubstr("4.0 times"));
  calm.set_ms("qkv_projection", 290);
  EXPECT_EQ(calm.find("compute-bound"), nullptr);
}

// The fast mode multiplies bytes: FP32's peak says nothing of it, and its advice neither.
TEST(ComputeBound, NamesTheUnitThatMultiplies) {
  for (const char* unit : {"int8", "bf16", "amx"}) {
    SCOPED_TRACE(unit);
    Calm calm;
    calm.report.ceilings.int8_vnni.all_threads = 800e9;
    calm.set_ms("qkv_projection", 600);
    calm.row("qkv_projection").bound = unit;
    const ProfileFinding* finding = calm.find("compute-bound");
    ASSERT_NE(finding, nullptr);
    EXPECT_THAT(finding->evidence, AllOf(HasSubstr(std::string("of what ") + unit), Not(HasSubstr("FP32"))));
    EXPECT_THAT(finding->advice, Not(HasSubstr("FP32")));
  }
}

TEST(ComputeBound, IsNotSaidOfIdleUnits) {
  Calm calm;
  calm.set_ms("qkv_projection", 600);
  calm.row("qkv_projection").percent_of_ceiling = 12;
  EXPECT_EQ(calm.find("compute-bound"), nullptr);
  const ProfileFinding* finding = calm.find("below compute");
  ASSERT_NE(finding, nullptr);
  EXPECT_THAT(finding->text, HasSubstr("at 12 % of what the units can do"));
}

TEST(DispatchBound, IsTheSpaceBetweenOperations) {
  Calm calm;
  calm.phase().operations_ms = 800;
  const ProfileFinding* finding = calm.find("dispatch-bound");
  ASSERT_NE(finding, nullptr);
  EXPECT_DOUBLE_EQ(finding->share, 0.22);  // and the waiting in short loops
  EXPECT_THAT(finding->evidence,
              AllOf(HasSubstr("300 operations"), HasSubstr("200 parallel loops"), HasSubstr("7.3 us lost an operation"),
                    HasSubstr("200.0 ms between operations")));
  EXPECT_THAT(finding->advice, HasSubstr("fewer threads"));
  calm.phase().operations_ms = 900;
  EXPECT_EQ(calm.find("dispatch-bound"), nullptr);
}

// Launches of a device: 50, 100 and 200 us are where deferring, batching and recording begin to pay.
TEST(DispatchBound, AdvisesByTheCostOfALaunch) {
  Calm calm;
  calm.phase().operations_ms = 700;
  for (const auto& [operations, advice] : {std::pair(4000, "Ask for results later"), std::pair(2000, "Batch several"),
                                           std::pair(1000, "Record the step once")}) {
    calm.phase().operations = operations;
    ASSERT_NE(calm.find("dispatch-bound"), nullptr);
    EXPECT_THAT(calm.find("dispatch-bound")->advice, HasSubstr(advice)) << operations;
  }
}

TEST(BarrierBound, IsWaitingInLoopsThatAreHardlyWork) {
  Calm calm;
  calm.phase().wait_ms = 220;
  calm.phase().short_loop_wait_ms = 200;
  calm.phase().loop_us_median = 3;
  calm.row("norm").wait_share = 0.9;
  const ProfileFinding* finding = calm.find("barrier-bound");
  ASSERT_NE(finding, nullptr);
  EXPECT_THAT(finding->text, HasSubstr("most in norm of layers 0-29"));
  EXPECT_THAT(finding->evidence, AllOf(HasSubstr("half of them shorter than 3.0 us, where an empty one takes 2.0 us"),
                                       HasSubstr("(0.7 an operation)")));
  EXPECT_EQ(calm.find("dispatch-bound"), nullptr);
  EXPECT_EQ(calm.find("waiting threads"), nullptr);
  calm.phase().short_loop_wait_ms = 120;
  EXPECT_EQ(calm.find("barrier-bound"), nullptr);
}

TEST(WaitingThreads, AreThoseOfLongLoops) {
  Calm calm;
  calm.phase().wait_ms = 220;
  calm.phase().thread_wait_ms = {210, 230};
  calm.row("down_projection").wait_share = 0.4;
  const ProfileFinding* finding = calm.find("waiting threads");
  ASSERT_NE(finding, nullptr);
  EXPECT_DOUBLE_EQ(finding->share, 0.2);
  EXPECT_THAT(finding->text, HasSubstr("most in down_projection"));
  EXPECT_EQ(calm.find("barrier-bound"), nullptr);
  EXPECT_EQ(calm.find("uneven threads"), nullptr);
}

TEST(UnevenThreads, NameTheOnesThatWaitMostAndLeast) {
  Calm calm;
  calm.phase().wait_ms = 220;
  calm.phase().thread_wait_ms = {10, 430};
  calm.phase().imbalance = 1.6;
  const ProfileFinding* finding = calm.find("uneven threads");
  ASSERT_NE(finding, nullptr);
  EXPECT_THAT(finding->text, HasSubstr("1.60 times the mean"));
  EXPECT_THAT(finding->evidence, AllOf(HasSubstr("thread 1 waits 430.0 ms"), HasSubstr("thread 0 10.0 ms")));
  EXPECT_EQ(calm.find("waiting threads"), nullptr);
  // Uneven shares of next to nothing cost nothing.
  calm.phase().wait_ms = 40;
  EXPECT_EQ(calm.find("uneven threads"), nullptr);
}

// What one thread computes alone is neither waiting nor imbalance: the loops are not to blame.
TEST(SerialWork, NamesTheOperationWithTheMostOfIt) {
  Calm calm;
  calm.phase().serial_ms = 300;
  calm.row("norm").serial_ms = 160;
  calm.row("rope").serial_ms = 50;
  const ProfileFinding* finding = calm.find("serial work");
  ASSERT_NE(finding, nullptr);
  EXPECT_DOUBLE_EQ(finding->share, 0.3);
  EXPECT_THAT(finding->text, HasSubstr("most in norm"));
  EXPECT_EQ(calm.find("uneven threads"), nullptr);
  calm.phase().thread_busy_ms = {1000};
  calm.phase().thread_wait_ms = {0};
  EXPECT_EQ(calm.find("serial work"), nullptr) << "of one thread there is nothing else";
}

TEST(KvGrowth, IsSaidWithTheLengthThatDoublesAStep) {
  Calm calm;
  calm.set_ms("attention", 300);
  const ProfileFinding* finding = calm.find("KV growth");
  ASSERT_NE(finding, nullptr);
  // 3 ms a step over 150 positions are 20 us each; the other 7 ms are as much as 350 positions.
  EXPECT_THAT(finding->evidence, AllOf(HasSubstr("20.00 us and 4096 bytes"), HasSubstr("from 350 tokens on")));
}

TEST(KvGrowth, LooksAheadAsFarAsTheModelsContext) {
  Calm calm;  // 0.2 ms a step over 150 positions: half of a step from 7350 positions on
  EXPECT_EQ(calm.find("KV growth"), nullptr);
  calm.report.model.train_context = 8192;
  ASSERT_NE(calm.find("KV growth"), nullptr);
  EXPECT_THAT(calm.find("KV growth")->evidence, HasSubstr("from 7350 tokens on"));
}

// The cost of starting attention is not that of its positions.
TEST(KvGrowth, IsNotGuessedFromAFewPositions) {
  Calm calm;
  calm.set_ms("attention", 300);
  calm.report.prompt_tokens = 5;
  EXPECT_EQ(calm.find("KV growth"), nullptr);
}

TEST(KvGrowth, IsOfTheDecodeOnly) {
  Calm calm;
  calm.set_ms("attention", 300);
  calm.phase().name = "prefill";
  for (ProfileOperation& row : calm.report.operations) row.phase = "prefill";
  EXPECT_EQ(calm.find("KV growth"), nullptr);
}

TEST(LoadBound, NamesTheSlowestPart) {
  Calm calm;
  calm.report.stages[1].ms = 600;
  const ProfileFinding* finding = calm.find("load-bound");
  ASSERT_NE(finding, nullptr);
  EXPECT_NEAR(finding->share, 0.651, 1e-9);
  EXPECT_THAT(finding->evidence, AllOf(HasSubstr("651.0 of 1000.0 ms"), HasSubstr("\"load weights\" (600.0 ms)")));
  calm.report.stages[1].ms = 400;
  EXPECT_EQ(calm.find("load-bound"), nullptr);
  calm.report.stages.push_back({"pack weights", 450});
  const ProfileFinding* packing = calm.find("load-bound");
  ASSERT_NE(packing, nullptr);
  EXPECT_THAT(packing->evidence, AllOf(HasSubstr("901.0 of 1000.0 ms"), HasSubstr("\"pack weights\" (450.0 ms)")));
}

TEST(SamplerBound, CountsSamplingTextAndOutput) {
  Calm calm;
  calm.report.decode_stages[1].ms = 60;
  calm.report.decode_stages[3].ms = 50;
  const ProfileFinding* finding = calm.find("sampler-bound");
  ASSERT_NE(finding, nullptr);
  EXPECT_DOUBLE_EQ(finding->share, 0.111);
  EXPECT_THAT(finding->evidence, AllOf(HasSubstr("sampling 60.00 ms"), HasSubstr("output 50.00 ms of 1000.0 ms")));
  calm.report.decode_stages[3].ms = 20;
  EXPECT_EQ(calm.find("sampler-bound"), nullptr);
}

}  // namespace
}  // namespace ingot::core
