#include "bench/peer_output.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace ingot::core {
namespace {

using testing::DoubleNear;
using testing::ElementsAre;
using testing::HasSubstr;

// Excerpts of what the programs of build b9749 wrote, unless another is named.
constexpr std::string_view kLlamaBench = R"([
  {
    "build_commit": "d32676d77",
    "model_filename": "models/SmolLM2-135M-Instruct.Q4_1.gguf",
    "n_threads": 2,
    "n_prompt": 64,
    "n_gen": 0,
    "n_depth": 0,
    "avg_ns": 222816661,
    "avg_ts": 287.252405,
    "samples_ns": [ 221165391, 225475924, 221808668 ],
    "samples_ts": [ 289.376, 283.844, 288.537 ]
  },
  {
    "build_commit": "d32676d77",
    "model_filename": "models/SmolLM2-135M-Instruct.Q4_1.gguf",
    "n_threads": 2,
    "n_prompt": 0,
    "n_gen": 8,
    "n_depth": 16,
    "avg_ns": 68327632,
    "samples_ns": [ 68166436, 68242809, 68573652 ]
  }
]
)";

constexpr std::string_view kCompletion =
    "0.02.438.938 I common_perf_print:    sampling time =       0.89 ms\n"
    "0.02.438.958 I common_perf_print:    samplers time =       0.23 ms /    13 tokens\n"
    "0.02.438.980 I common_perf_print:        load time =    2072.07 ms\n"
    "0.02.438.995 I common_perf_print: prompt eval time =      36.01 ms /     5 tokens (    7.20 ms per token,   "
    "138.85 tokens per second)\n"
    "0.02.439.009 I common_perf_print:        eval time =     178.84 ms /     7 runs   (   25.55 ms per token,    "
    "39.14 tokens per second)\n"
    "0.02.439.023 I common_perf_print:       total time =     223.68 ms /    12 tokens\n";

PeerOutput read(std::string_view out, std::string_view err = {}, PeerOptions options = {}) {
  const Result<PeerOutput> output = read_peer_output(out, err, options);
  EXPECT_TRUE(output.has_value()) << output.error().message;
  return output.value_or(PeerOutput{});
}

std::string error_of(std::string_view out, std::string_view err = {}) {
  const Result<PeerOutput> output = read_peer_output(out, err, {});
  EXPECT_FALSE(output.has_value()) << out;
  return output.has_value() ? std::string() : output.error().message;
}

std::vector<std::string> names(const PeerOutput& output) {
  std::vector<std::string> tests;
  for (const PeerMetric& metric : output.metrics) tests.push_back(metric.test);
  return tests;
}

// The only sample of a test.
double sample(const PeerOutput& output, const std::string& test) {
  for (const PeerMetric& metric : output.metrics) {
    if (metric.test == test && metric.samples.size() == 1) return metric.samples.front();
  }
  ADD_FAILURE() << "there is no " << test << " with one sample";
  return 0;
}

TEST(PeerOutput, LlamaBench) {
  const PeerOutput output = read(kLlamaBench);
  EXPECT_EQ(output.source, "llama-bench");
  ASSERT_THAT(names(output), ElementsAre("pp64", "tg8@d16"));
  EXPECT_EQ(output.metrics[0].unit, "ns");
  EXPECT_EQ(output.metrics[0].direction, Direction::kLowerIsBetter);
  EXPECT_EQ(output.metrics[0].tokens, 64);
  EXPECT_THAT(output.metrics[0].samples, ElementsAre(221165391, 225475924, 221808668));
  EXPECT_EQ(output.metrics[1].tokens, 8);
}

TEST(PeerOutput, LlamaBenchLineByLine) {
  const PeerOutput output = read(
      R"({"n_threads": 2, "n_prompt": 16, "n_gen": 4, "n_depth": 0, "avg_ns": 95547013, "samples_ns": [ 92606784, 98487242 ]}
{"n_threads": 2, "n_prompt": 16, "n_gen": 0, "n_depth": 0, "avg_ns": 95547013}
)");
  EXPECT_THAT(names(output), ElementsAre("pp16+tg4", "pp16"));
  EXPECT_EQ(output.metrics[0].tokens, 20);
  EXPECT_EQ(sample(output, "pp16"), 95547013);
}

TEST(PeerOutput, RowsOfOneTestAreToldApart) {
  const PeerOutput threads = read(R"([{"n_threads": 1, "n_prompt": 16, "n_gen": 0, "avg_ns": 1},
                                      {"n_threads": 2, "n_prompt": 16, "n_gen": 0, "avg_ns": 1},
                                      {"n_threads": 2, "n_prompt": 32, "n_gen": 0, "avg_ns": 1}])");
  EXPECT_THAT(names(threads), ElementsAre("pp16 t1", "pp16 t2", "pp32"));
  const PeerOutput models = read(R"({"results": [{"test": "pp16", "model": "a.gguf", "threads": 2, "samples_ns": [1]},
                                                 {"test": "pp16", "model": "b.gguf", "threads": 2, "samples_ns": [1]},
                                                 {"test": "pp16", "model": "b.gguf", "threads": 2, "samples_ns": [1]}]})");
  EXPECT_THAT(names(models), ElementsAre("pp16 t2 a.gguf", "pp16 t2 b.gguf row 2", "pp16 t2 b.gguf row 3"));
}

TEST(PeerOutput, IngotBench) {
  const PeerOutput output = read(R"({"schema": 1, "machine": {}, "results": [
      {"test": "pp512", "threads": 2, "tokens_per_second": {"best": 1}, "samples_ns": [1.5e9, 1.25e9]},
      {"test": "pp512+tg32", "threads": 2, "samples_ns": [2e9]},
      {"test": "load", "threads": 2, "nanoseconds": {"median": 5e7}}]})");
  EXPECT_EQ(output.source, "ingot bench");
  EXPECT_THAT(names(output), ElementsAre("pp512", "pp512+tg32", "load"));
  EXPECT_THAT(output.metrics[0].samples, ElementsAre(1.5e9, 1.25e9));
  EXPECT_EQ(output.metrics[1].tokens, 544);
  EXPECT_EQ(sample(output, "load"), 5e7);
  EXPECT_THAT(names(read("{\"schema\": 1, \"machine\": {}}\n{\"test\": \"tg32\", \"samples_ns\": [1]}\n")),
              ElementsAre("tg32"));
}

TEST(PeerOutput, IngotRun) {
  const std::string json = R"({"schema":1,"text":"x","tokens":[7042,30,198,198],"prompt_tokens":5,)"
                           R"("timings":{"load_ms":66.5,"prefill_ms":62.6,"first_token_ms":129.8,"decode_ms":90}})";
  const PeerOutput output = read(json);
  EXPECT_THAT(names(output), ElementsAre("load", "pp5", "tg3", "ttft5"));
  EXPECT_EQ(sample(output, "tg3"), 90e6);
  // With --stream lines of text come first.
  EXPECT_THAT(names(read("{\"text\":\"x\"}\n" + json + "\n")), ElementsAre("load", "pp5", "tg3", "ttft5"));

  const PeerOutput line =
      read(" Paris.",
           "ingot: load 67 ms, prompt 5 tokens at 80.0 tok/s, first token after 130 ms, generated 8 "
           "tokens at 25.0 tok/s (avx512 kernels, 2 threads)\n");
  EXPECT_EQ(line.source, "ingot run");
  EXPECT_THAT(names(line), ElementsAre("load", "pp5", "tg7", "ttft5"));
  EXPECT_DOUBLE_EQ(sample(line, "pp5"), 62.5e6);
  EXPECT_DOUBLE_EQ(sample(line, "tg7"), 280e6);
}

TEST(PeerOutput, TimingLines) {
  const PeerOutput output = read("The capital of France is Paris.\n", kCompletion);
  EXPECT_EQ(output.source, "llama.cpp's timings");
  EXPECT_THAT(names(output), ElementsAre("load", "pp5", "tg7"));
  EXPECT_DOUBLE_EQ(sample(output, "load"), 2072.07e6);
  EXPECT_DOUBLE_EQ(sample(output, "pp5"), 36.01e6);
  EXPECT_DOUBLE_EQ(sample(output, "tg7"), 178.84e6);
  EXPECT_EQ(output.metrics[2].tokens, 7);
}

TEST(PeerOutput, TimingLinesOfOlderPrograms) {
  for (const std::string prefix : {"llama_print_timings:", "llama_perf_context_print:", ""}) {
    const PeerOutput output =
        read("", prefix + "        load time =      43.08 ms\n" + prefix +
                     " prompt eval time =       3.38 ms /     9 tokens (    0.38 ms per token,  2662.72 tokens per "
                     "second)\n" +
                     prefix +
                     "        eval time =       0.00 ms /     1 runs   (    0.00 ms per token,      inf tokens "
                     "per second)\n");
    // Nothing was generated.
    EXPECT_THAT(names(output), ElementsAre("load", "pp9")) << prefix;
  }
}

TEST(PeerOutput, RepeatedTimingsAreSamples) {
  const PeerOutput output = read("", "eval time = 10 ms / 5 tokens\neval time = 11 ms / 5 tokens\n");
  ASSERT_THAT(names(output), ElementsAre("tg5"));
  EXPECT_THAT(output.metrics[0].samples, ElementsAre(DoubleNear(10e6, 1), DoubleNear(11e6, 1)));
}

TEST(PeerOutput, TheProgramsTimingsAreBelievedOverTheModelsText) {
  const PeerOutput output = read("eval time = 1 ms / 7 runs\n", kCompletion);
  EXPECT_DOUBLE_EQ(sample(output, "tg7"), 178.84e6);
  EXPECT_THAT(names(read("{\"the model\": \"likes JSON\"", kCompletion)), ElementsAre("load", "pp5", "tg7"));
}

TEST(PeerOutput, RatesOfLlamaCli) {
  const PeerOutput output = read("> hello\n\nHello!\n\n[ Prompt: 19.5 t/s | Generation: 11.8 t/s ]\n\nExiting...\n");
  EXPECT_THAT(names(output), ElementsAre("pp", "tg"));
  EXPECT_EQ(output.metrics[0].unit, "tokens/s");
  EXPECT_EQ(output.metrics[0].direction, Direction::kHigherIsBetter);
  EXPECT_EQ(sample(output, "pp"), 19.5);
  EXPECT_EQ(sample(output, "tg"), 11.8);
  // A number as some languages write it is not taken for another one.
  EXPECT_THAT(error_of("[ Prompt: 178,2 t/s | Generation: 32,7 t/s ]"), HasSubstr("178,2"));
}

TEST(PeerOutput, PlainNumbers) {
  const PeerOutput bare = read("  812.5\n\n799.25\n");
  EXPECT_THAT(names(bare), ElementsAre("value"));
  EXPECT_EQ(bare.metrics[0].unit, "");
  EXPECT_EQ(bare.metrics[0].direction, Direction::kLowerIsBetter);
  EXPECT_THAT(bare.metrics[0].samples, ElementsAre(812.5, 799.25));
  EXPECT_EQ(read("3", "", {.plain_number = Direction::kHigherIsBetter}).metrics[0].direction,
            Direction::kHigherIsBetter);

  const PeerOutput time = read("1.5 ms\n1600us\n");
  EXPECT_EQ(time.metrics[0].unit, "ns");
  EXPECT_THAT(time.metrics[0].samples, ElementsAre(DoubleNear(1.5e6, 1e-6), DoubleNear(1.6e6, 1e-6)));
  EXPECT_EQ(read("117 t/s").metrics[0].direction, Direction::kHigherIsBetter);
}

TEST(PeerOutput, WhatIsNotUnderstoodIsAnError) {
  EXPECT_THAT(error_of(""), HasSubstr("nothing was printed"));
  EXPECT_THAT(error_of("error: no model\n"), HasSubstr("\"error: no model\" is no number"));
  EXPECT_THAT(error_of("| pp64 | 287.25 |\n"), HasSubstr("llama-bench (-o json)"));
  EXPECT_THAT(error_of("12 parsecs"), HasSubstr("parsecs is no known unit"));
  EXPECT_THAT(error_of("1 ms\n2 tok/s\n"), HasSubstr("another unit"));
  EXPECT_THAT(error_of("-1"), HasSubstr("more than 0"));
  EXPECT_THAT(error_of("nan"), HasSubstr("more than 0"));
  EXPECT_THAT(error_of("1e400"), HasSubstr("1e400"));
  EXPECT_THAT(error_of("text", "eval time = fast ms / 8 runs"), HasSubstr("is no timing"));
  EXPECT_THAT(read_peer_timings("eval time = fast ms / 8 runs").error().message, HasSubstr("is no timing"));
  EXPECT_THAT(read_peer_timings("eval time = -5 ms / 8 runs").error().message, HasSubstr("is no timing"));
  EXPECT_THAT(read_peer_timings("eval time = 5 ms / 8.5 runs").error().message, HasSubstr("is no timing"));
}

TEST(PeerOutput, ForeignJsonIsAnError) {
  EXPECT_THAT(error_of("[1, 2"), HasSubstr("begins like JSON"));
  EXPECT_THAT(error_of("[]"), HasSubstr("no row"));
  EXPECT_THAT(error_of("[3]"), HasSubstr("row 1 of the JSON has neither"));
  EXPECT_THAT(error_of("{}"), HasSubstr("none of"));
  EXPECT_THAT(error_of(R"({"results": 3})"), HasSubstr("none of"));
  EXPECT_THAT(error_of(R"({"timings": 3})"), HasSubstr("timings is 3"));
  EXPECT_THAT(error_of(R"({"timings": {"load_ms": "x"}})"), HasSubstr("timings.load_ms is \"x\", expected a number"));
  EXPECT_THAT(error_of(R"([{"n_prompt": -1, "n_gen": 0, "avg_ns": 1}])"),
              HasSubstr("row 1 of the JSON of llama-bench: n_prompt is -1, expected a count"));
  EXPECT_THAT(error_of(R"([{"n_prompt": 1.5, "n_gen": 0, "avg_ns": 1}])"), HasSubstr("n_prompt is 1.5"));
  EXPECT_THAT(error_of(R"([{"n_prompt": 1, "n_gen": 18446744073709551615, "avg_ns": 1}])"), HasSubstr("n_gen is"));
  EXPECT_THAT(error_of(R"([{"n_prompt": 0, "n_gen": 0, "avg_ns": 1}])"), HasSubstr("both 0"));
  EXPECT_THAT(error_of(R"([{"n_prompt": 1, "n_gen": 0}])"), HasSubstr("neither samples_ns nor avg_ns"));
  EXPECT_THAT(error_of(R"([{"n_prompt": 1, "n_gen": 0, "samples_ns": [0]}])"), HasSubstr("expected more than 0"));
  EXPECT_THAT(error_of(R"([{"n_prompt": 1, "n_gen": 0, "samples_ns": {}}])"), HasSubstr("expected an array"));
  EXPECT_THAT(error_of("[{\"test\": \"pp\\u001b[2J\", \"samples_ns\": [1]}]"), HasSubstr("test is \"pp\\u001b[2J\""));
  EXPECT_THAT(error_of(R"([{"test": 5, "samples_ns": [1]}])"), HasSubstr("test is 5"));
  EXPECT_THAT(error_of(R"([{"test": "pp1"}])"), HasSubstr("nanoseconds.median"));
}

TEST(PeerOutput, DeepJsonDoesNoHarm) {
  EXPECT_THAT(error_of(std::string(2'000'000, '[')), HasSubstr("begins like JSON"));
  EXPECT_THAT(error_of(std::string(1'000'000, '[') + std::string(1'000'000, ']')), HasSubstr("row 1"));
}

TEST(PeerOutput, TokensOfATest) {
  EXPECT_EQ(tokens_of_test("pp512"), 512);
  EXPECT_EQ(tokens_of_test("tg32"), 32);
  EXPECT_EQ(tokens_of_test("tg16@d4096"), 16);
  EXPECT_EQ(tokens_of_test("pp512+tg32"), 544);
  EXPECT_EQ(tokens_of_test("pp512+tg32@d8"), 544);
  for (const char* test : {"load", "ttft512", "pp", "pp1e5", "pp512x", "tg-3", "pp512@d", "pp512+tg", "ppnan"}) {
    EXPECT_EQ(tokens_of_test(test), 0) << test;
  }
}

}  // namespace
}  // namespace ingot::core
