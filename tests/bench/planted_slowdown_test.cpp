// Slowdowns that are planted in a real run, by operations that do more than they should: the diagnosis must find each
// one and name it, and must not see it where it is not.
//
// Other programs may disturb some of the runs. So each is made several times, and most of them must come out as they
// must: a diagnosis that sees ghosts, or nothing, does not reach that by chance.
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <thread>

#include "base/sanitizer.h"
#include "bench/diagnosis.h"
#include "bench/profile_summary.h"
#include "model/golden_models.h"
#include "ops/delegating_ops.h"
#include "ops/profiled_ops.h"

namespace ingot::core {
namespace {

constexpr int kRuns = 11;
constexpr int kMost = 8;

const ProfileFinding* find(const ProfileReport& report, const std::string& kind) {
  for (const ProfileFinding& finding : report.findings) {
    if (finding.kind == kind) return &finding;
  }
  return nullptr;
}

std::string kinds(const ProfileReport& report) {
  std::string all;
  for (const ProfileFinding& finding : report.findings) all += finding.kind + ": " + finding.text + "\n";
  return all;
}

// How often the diagnosis of kRuns runs was as it must be, and what it was otherwise.
struct Outcome {
  int n_right = 0;
  std::string wrong;

  void add(bool right, const ProfileReport& report) { right ? void(++n_right) : void(wrong += kinds(report) + "--\n"); }
};
// A sanitizer slows plain code far more than it slows sleeping or waiting: the proportions that the diagnosis judges
// are then those of the instrumentation.
#define INGOT_SKIP_UNDER_SANITIZER() \
  if (INGOT_UNDER_SANITIZER) GTEST_SKIP() << "proportions of times are not those of the program under a sanitizer"

#define EXPECT_MOSTLY_RIGHT(outcome) EXPECT_GE((outcome).n_right, kMost) << (outcome).wrong

// What an empty loop over these threads takes, as the ceilings have it.
double measure_barrier_us(ThreadPool& pool) {
  std::vector<double> samples;
  for (int loop = 0; loop < 501; ++loop) {
    const int64_t start_ns = steady_now_ns();
    pool.parallel_for(pool.n_threads(), 1, [](int64_t, int64_t, int) {});
    samples.push_back(static_cast<double>(steady_now_ns() - start_ns) * 1e-3);
  }
  std::ranges::nth_element(samples, samples.begin() + 250);
  return samples[250];
}

// -- In a model -------------------------------------------------------------------------------------------------------

struct TinyRun {
  std::unique_ptr<CpuOps> ops;
  GoldenModel golden = read_golden("llama.F32.gguf");
  std::shared_ptr<const Model> model;
  MachineCeilings ceilings;

  explicit TinyRun(int n_threads) : ops(make_ops(n_threads)), model(load_golden(golden, *ops)) {
    ceilings.threads = n_threads;
    ceilings.barrier_us = measure_barrier_us(ops->pool());
  }

  // A prefill of n_rows tokens, several times over, with operations that decorate() puts between the profile and ops.
  ProfileReport run(int64_t n_rows, const std::function<std::unique_ptr<Ops>(Ops&, Recorder&)>& decorate) {
    constexpr int kSteps = 10;
    Recorder recorder({.n_operations = 4000, .n_loops = 40'000, .n_threads = 2});
    const std::unique_ptr<Ops> decorated = decorate(*ops, recorder);
    ProfiledOps profiled(*decorated, recorder);
    recorder.set_phase(StepPhase::kPrefill);
    std::vector<int32_t> tokens;
    for (int64_t row = 0; row < n_rows; ++row) tokens.push_back(golden.tokens[static_cast<size_t>(row) % 88]);
    ForwardScratch scratch;
    ops->set_loop_recorder(&recorder);
    RequestTimes times{.start_ns = zone_now_ns()};
    for (int step = 0; step < kSteps; ++step) {
      SequenceState state(model->state_shape());
      SequenceSlice slice;
      slice.state = &state;
      slice.tokens = tokens;
      const StageZone zone(&recorder, "step");
      EXPECT_TRUE(forward(*model, profiled, {&slice, 1}, {}, nullptr, &scratch).has_value());
    }
    times.end_ns = times.first_byte_ns = zone_now_ns();
    ops->set_loop_recorder(nullptr);
    EXPECT_EQ(recorder.n_dropped(), 0);
    ProfileReport report;
    report.ceilings = ceilings;
    report.prompt_tokens = kSteps * n_rows;
    summarize(recorder, model->spec(), times, report);
    report.findings = diagnose(report);
    return report;
  }
  ProfileReport run_undisturbed(int64_t n_rows) {
    return run(n_rows, [](Ops& inner, Recorder&) { return std::make_unique<DelegatingOps>(inner); });
  }
  // The best that any operation of an undisturbed run reaches stands for the machine's limits.
  void calibrate(int64_t n_rows) {
    const ProfileReport report = run_undisturbed(n_rows);
    for (const ProfileOperation& row : report.operations) {
      double& memory = ceilings.dram_read.all_threads;
      double& compute = ceilings.fp32.all_threads;
      memory = std::max(memory, row.gb_per_s * 1e9);
      compute = std::max(compute, row.gflop_per_s * 1e9);
    }
  }
};

class SleepyRope final : public DelegatingOps {
 public:
  using DelegatingOps::DelegatingOps;
  void rope(const RopeParams& params, std::span<const int32_t> positions, TensorView x) override {
    DelegatingOps::rope(params, positions, x);
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
};

TEST(PlantedSlowdown, ASleepInOneOperationIsFoundAndNamed) {
  INGOT_SKIP_UNDER_SANITIZER();
  constexpr int64_t kRows = 240;
  TinyRun tiny(2);
  ASSERT_TRUE(tiny.model);
  tiny.calibrate(kRows);
  Outcome calm, sleepy;
  for (int run = 0; run < kRuns; ++run) {
    ProfileReport report = tiny.run_undisturbed(kRows);
    calm.add(find(report, "slow operation") == nullptr, report);

    report = tiny.run(kRows, [](Ops& inner, Recorder&) { return std::make_unique<SleepyRope>(inner); });
    const ProfileFinding* slow = find(report, "slow operation");
    const bool named = slow != nullptr && slow->text.starts_with("rope of layers 0-1 takes") && slow->share > 0.4;
    const bool alone = find(report, "barrier-bound") == nullptr && find(report, "dispatch-bound") == nullptr;
    sleepy.add(named && alone, report);
  }
  EXPECT_MOSTLY_RIGHT(calm);
  EXPECT_MOSTLY_RIGHT(sleepy);
}

// After every operation the threads meet again, for nothing: several times, since a worker that comes late is not
// waited for, which on a busy machine makes an empty loop cheap.
class MoreBarriers final : public DelegatingOps {
 public:
  static constexpr int kBarriers = 8;

  MoreBarriers(Ops& inner, Recorder& recorder) : DelegatingOps(inner), pool_(*ThreadPool::create(2)) {
    pool_->set_recorder(&recorder);
  }
  void norm(const NormParams& params, TensorView x, TensorView out) override {
    DelegatingOps::norm(params, x, out);
    meet();
  }
  void linear(const StepRows& step, TensorView x, const WeightMatrix& w, const Epilogue& epilogue,
              TensorView out) override {
    DelegatingOps::linear(step, x, w, epilogue, out);
    meet();
  }
  void rope(const RopeParams& params, std::span<const int32_t> positions, TensorView x) override {
    DelegatingOps::rope(params, positions, x);
    meet();
  }
  void activate(Activation activation, TensorView gate, TensorView up, TensorView out) override {
    DelegatingOps::activate(activation, gate, up, out);
    meet();
  }
  void write_kv(const KvView& kv, int64_t first_position, TensorView k, TensorView v) override {
    DelegatingOps::write_kv(kv, first_position, k, v);
    meet();
  }
  void attention(const StepRows& step, const AttentionParams& params, const KvView& kv, int64_t first_position,
                 TensorView q, TensorView out) override {
    DelegatingOps::attention(step, params, kv, first_position, q, out);
    meet();
  }

 private:
  void meet() {
    for (int barrier = 0; barrier < kBarriers; ++barrier) pool_->parallel_for(2, 1, [](int64_t, int64_t, int) {});
  }
  std::unique_ptr<ThreadPool> pool_;
};

TEST(PlantedSlowdown, MoreBarriersAreFoundAndNamed) {
  INGOT_SKIP_UNDER_SANITIZER();
  // Operations of a few microseconds, like those of a token of a small model: more barriers are much to them. One
  // thread computes them, so that all loops over threads are the planted ones.
  constexpr int64_t kRows = 4;
  TinyRun tiny(1);
  ASSERT_TRUE(tiny.model);
  tiny.ceilings.barrier_us = measure_barrier_us(**ThreadPool::create(2));
  Outcome calm, disturbed;
  for (int run = 0; run < kRuns; ++run) {
    ProfileReport report = tiny.run_undisturbed(kRows);
    calm.add(find(report, "barrier-bound") == nullptr && report.phases.at(0).loops == 0, report);

    report =
        tiny.run(kRows, [](Ops& inner, Recorder& recorder) { return std::make_unique<MoreBarriers>(inner, recorder); });
    const ProfileFinding* barrier = find(report, "barrier-bound");
    disturbed.add(barrier != nullptr &&
                      barrier->text.find("starting and ending parallel loops, most in ") != std::string::npos &&
                      barrier->evidence.find(" an operation), half of them shorter than ") != std::string::npos,
                  report);
  }
  EXPECT_MOSTLY_RIGHT(calm);
  EXPECT_MOSTLY_RIGHT(disturbed);
}

// With threads that share the work as they should, the loops that are there are no finding.
TEST(PlantedSlowdown, TheBarriersThatThereMustBeAreNoFinding) {
  INGOT_SKIP_UNDER_SANITIZER();
  constexpr int64_t kRows = 240;
  TinyRun tiny(2);
  ASSERT_TRUE(tiny.model);
  Outcome calm;
  for (int run = 0; run < kRuns; ++run) {
    const ProfileReport report = tiny.run_undisturbed(kRows);
    EXPECT_GT(report.phases.at(0).loops, 0);
    calm.add(find(report, "barrier-bound") == nullptr && find(report, "dispatch-bound") == nullptr, report);
  }
  EXPECT_MOSTLY_RIGHT(calm);
}

// -- Of memory --------------------------------------------------------------------------------------------------------

class ReadsTwice final : public DelegatingOps {
 public:
  using DelegatingOps::DelegatingOps;
  void linear(const StepRows& step, TensorView x, const WeightMatrix& w, const Epilogue& epilogue,
              TensorView out) override {
    DelegatingOps::linear(step, x, w, epilogue, out);
    DelegatingOps::linear(step, x, w, epilogue, out);
  }
};

// Products of one row with matrices that no cache of a core holds: nothing but reading. One thread and a millisecond a
// step, so that some step of several has a processor for itself however busy the machine is.
class Products {
 public:
  Products() : ops_(make_ops(1)), values_(static_cast<size_t>(kMatrices * kDim * kDim), 0.25f) {
    for (int64_t n = 0; n < kMatrices; ++n) {
      HostTensor tensor;
      tensor.data = reinterpret_cast<const std::byte*>(values_.data() + n * kDim * kDim);
      tensor.rows = kDim;
      tensor.cols = kDim;
      weights_.push_back(*ops_->pack_weight(tensor));
    }
    spec_.layers.resize(kMatrices);
  }

  struct Step {
    std::unique_ptr<Recorder> recorder;
    RequestTimes times;
    int64_t ns() const { return times.end_ns - times.start_ns; }
    double bytes_per_second() const { return kWeightsBytes * 1e9 / static_cast<double>(ns()); }
  };

  CpuOps& ops() { return *ops_; }

  // A decode step, if it is quicker than the quickest so far.
  void run(Ops& ops, Step& quickest) {
    Step step{.recorder = std::make_unique<Recorder>(RecorderCapacity{.n_operations = 8, .n_loops = 8}), .times = {}};
    ops_->set_loop_recorder(step.recorder.get());
    step.recorder->set_phase(StepPhase::kDecode);
    ProfiledOps profiled(ops, *step.recorder);
    step.times.start_ns = zone_now_ns();
    StageZone zone(step.recorder.get(), "step");
    for (int32_t layer = 0; layer < kMatrices; ++layer) {
      profiled.set_label({.layer = layer, .name = "down_projection"});
      profiled.linear({0, 1}, TensorView::matrix(x_.data(), 1, kDim), weights_[static_cast<size_t>(layer)], {},
                      TensorView::matrix(y_.data(), 1, kDim));
    }
    zone.stop();
    step.times.end_ns = step.times.first_byte_ns = zone_now_ns();
    ops_->set_loop_recorder(nullptr);
    if (quickest.recorder == nullptr || step.ns() < quickest.ns()) quickest = std::move(step);
  }

  ProfileReport report(const Step& step, double ceiling) const {
    ProfileReport report;
    report.ceilings.threads = 1;
    report.ceilings.fp32.all_threads = 1e15;
    report.ceilings.dram_read.all_threads = ceiling;
    report.memory.weights = static_cast<int64_t>(kWeightsBytes);
    summarize(*step.recorder, spec_, step.times, report);
    report.findings = diagnose(report);
    return report;
  }

 private:
  static constexpr int64_t kDim = 1024, kMatrices = 3;
  static constexpr double kWeightsBytes = 4.0 * kDim * kDim * kMatrices;

  std::unique_ptr<CpuOps> ops_;
  std::vector<float> values_;
  std::vector<float> x_ = std::vector<float>(kDim, 1.0f), y_ = x_;
  std::vector<WeightMatrix> weights_;
  ModelSpec spec_;
};

TEST(PlantedSlowdown, AHalvedBandwidthIsFoundAndNamed) {
  INGOT_SKIP_UNDER_SANITIZER();
  Products products;
  ReadsTwice reads_twice(products.ops());
  Outcome calm, halved;
  for (int run = 0; run < kRuns; ++run) {
    // In turn, so that all three see the same machine. What the products reach undisturbed is the limit.
    Products::Step limit, undisturbed, disturbed;
    for (int step = 0; step < 15; ++step) {
      products.run(products.ops(), limit);
      products.run(products.ops(), undisturbed);
      products.run(reads_twice, disturbed);
    }
    ProfileReport report = products.report(undisturbed, limit.bytes_per_second());
    calm.add(find(report, "bandwidth-bound") != nullptr && find(report, "below bandwidth") == nullptr, report);

    report = products.report(disturbed, limit.bytes_per_second());
    const ProfileFinding* below = find(report, "below bandwidth");
    halved.add(below != nullptr && below->text.find("worst in down_projection") != std::string::npos &&
                   find(report, "bandwidth-bound") == nullptr,
               report);
  }
  EXPECT_MOSTLY_RIGHT(calm);
  EXPECT_MOSTLY_RIGHT(halved);
}

}  // namespace
}  // namespace ingot::core
