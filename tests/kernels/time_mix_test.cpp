// RWKV-7's recurrence against the paper's equations in double, over long sequences and at the ends of its decays.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>

#include "base/aligned_buffer.h"
#include "kernels/emulated_tiles.h"
#include "random_weights.h"

namespace ingot::core {
namespace {

constexpr const char* kAllTables[] = {"reference",   "portable",    "avx2",    "avx512",
                                      "avx512_vnni", "avx512_bf16", "amx_bf16"};

enum class Decays : uint8_t { kSpread, kFastest, kSlowest, kMixed };

// Inputs of one head, (n_rows, head_size) each.
struct Head {
  Head(int64_t n_rows_, int64_t head_size, Decays decays, uint32_t seed) : n_rows(n_rows_), size(head_size) {
    std::mt19937 random(seed);
    for (std::vector<float>* values : {&r, &w, &k, &v, &a, &g, &value_mix, &first_v}) {
      *values = random_floats(random, n_rows * size);
    }
    // As in trained models, sums of such a head are of the size of its values.
    for (float& value : r) value /= std::sqrt(static_cast<float>(size));
    for (float& value : w) value = raw_decay(decays, value, random);
    for (std::vector<float>* values : {&k_k, &k_a, &r_k, &norm_weight, &norm_bias}) {
      *values = random_floats(random, size);
    }
    state = random_floats(random, size * size);
  }

  static float raw_decay(Decays decays, float normal, std::mt19937& random) {
    switch (decays) {
      case Decays::kSpread:
        return -4.0f + 2.0f * normal;
      case Decays::kFastest:
        return 100.0f;
      case Decays::kSlowest:
        return -100.0f;
      case Decays::kMixed:
        return random() % 2 == 0 ? 100.0f : -100.0f;
    }
    return normal;
  }

  TimeMixArgs args(int64_t first, int64_t count, float* out_state, float* out) const {
    const auto rows = [&](const std::vector<float>& x) {
      return TimeMixArgs::Rows{.data = x.data() + first * size, .stride = size};
    };
    TimeMixArgs args;
    args.head_size = size;
    args.n_rows = count;
    args.r = rows(r);
    args.w = rows(w);
    args.k = rows(k);
    args.v = rows(v);
    args.a = rows(a);
    if (gated) args.g = rows(g);
    if (mixes_values) {
      args.value_mix = rows(value_mix);
      args.first_v = rows(first_v);
    }
    args.k_k = k_k.data();
    args.k_a = k_a.data();
    args.r_k = r_k.data();
    if (normed) {
      args.norm_weight = norm_weight.data();
      args.norm_bias = norm_bias.data();
      args.norm_epsilon = 64e-5f;
    }
    args.state = out_state;
    args.out = out;
    args.out_stride = size;
    return args;
  }

  int64_t n_rows, size;
  bool gated = true, mixes_values = true, normed = true;
  std::vector<float> r, w, k, v, a, g, value_mix, first_v;
  std::vector<float> k_k, k_a, r_k, norm_weight, norm_bias;
  std::vector<float> state;  // (keys, values)
};

double sigmoid(double x) {
  return 1.0 / (1.0 + std::exp(-x));
}

struct Result64 {
  std::vector<double> out;
  std::vector<double> state;
};

// Equations of the paper, with the state as it has it: (values, keys), nothing rounded.
Result64 run_in_double(const Head& head) {
  const auto n = static_cast<size_t>(head.size);
  std::vector<double> s(n * n);
  for (size_t i = 0; i < n; ++i) {
    for (size_t j = 0; j < n; ++j) s[i * n + j] = head.state[j * n + i];
  }
  Result64 result;
  for (size_t row = 0; row < static_cast<size_t>(head.n_rows); ++row) {
    const auto at = [&](const std::vector<float>& x, size_t j) { return static_cast<double>(x[row * n + j]); };
    std::vector<double> w(n), a(n), v(n), k(n), kk(n), y(n);
    double length = 0.0, bonus = 0.0, mean = 0.0, variance = 0.0;
    for (size_t j = 0; j < n; ++j) {
      w[j] = std::exp(-std::exp(-0.5) * sigmoid(at(head.w, j)));
      a[j] = sigmoid(at(head.a, j));
      v[j] = at(head.v, j);
      if (head.mixes_values) v[j] += (at(head.first_v, j) - v[j]) * sigmoid(at(head.value_mix, j));
      kk[j] = at(head.k, j) * head.k_k[j];
      length += kk[j] * kk[j];
      k[j] = at(head.k, j) * (1.0 + (a[j] - 1.0) * head.k_a[j]);
      bonus += at(head.r, j) * k[j] * head.r_k[j];
    }
    for (size_t j = 0; j < n; ++j) kk[j] /= std::max(std::sqrt(length), 1e-12);
    for (size_t i = 0; i < n; ++i) {
      double removed = 0.0;
      for (size_t j = 0; j < n; ++j) removed -= s[i * n + j] * kk[j];
      for (size_t j = 0; j < n; ++j) {
        s[i * n + j] = s[i * n + j] * w[j] + removed * kk[j] * a[j] + v[i] * k[j];
        y[i] += s[i * n + j] * at(head.r, j);
      }
      mean += y[i] / static_cast<double>(n);
    }
    for (size_t i = 0; i < n; ++i) variance += (y[i] - mean) * (y[i] - mean) / static_cast<double>(n);
    for (size_t i = 0; i < n; ++i) {
      double out = y[i];
      if (head.normed) out = (y[i] - mean) / std::sqrt(variance + 64e-5f) * head.norm_weight[i] + head.norm_bias[i];
      out += bonus * v[i];
      result.out.push_back(head.gated ? out * at(head.g, i) : out);
    }
  }
  for (size_t j = 0; j < n; ++j) {
    for (size_t i = 0; i < n; ++i) result.state.push_back(s[i * n + j]);
  }
  return result;
}

struct Result32 {
  std::vector<float> out;
  std::vector<float> state;
};

// In calls of at most `chunk` rows.
Result32 run_table(const KernelTable& table, const Head& head, int64_t chunk) {
  Result32 result{.out = std::vector<float>(head.r.size() + 1, 99.0f), .state = head.state};
  auto scratch = AlignedBuffer::allocate(table.time_mix_scratch_bytes(head.size));
  for (int64_t first = 0; first < head.n_rows; first += chunk) {
    table.time_mix(head.args(first, std::min(chunk, head.n_rows - first), result.state.data(),
                             result.out.data() + first * head.size),
                   scratch->data());
  }
  EXPECT_EQ(result.out.back(), 99.0f) << "written behind the last row";
  result.out.pop_back();
  return result;
}

double relative_rms(const std::vector<float>& found, const std::vector<double>& expected) {
  double error = 0.0, norm = 0.0;
  for (size_t i = 0; i < found.size(); ++i) {
    error += std::pow(found[i] - expected[i], 2);
    norm += expected[i] * expected[i];
  }
  return std::sqrt(error / norm);
}

struct ChunkResult : Result32 {
  std::vector<float> grid_state;
};

// By chunks, in calls of at most n_rows_a_call rows, a multiple of a chunk's but for the last.
ChunkResult run_chunks(const KernelTable& table, const Head& head, int64_t n_rows_a_call) {
  ChunkResult result;
  result.out.assign(head.r.size() + 1, 99.0f);
  result.state = result.grid_state = head.state;
  auto scratch = AlignedBuffer::allocate(table.time_mix_chunks_scratch_bytes());
  for (int64_t first = 0; first < head.n_rows; first += n_rows_a_call) {
    TimeMixArgs args = head.args(first, std::min(n_rows_a_call, head.n_rows - first), result.state.data(),
                                 result.out.data() + first * head.size);
    args.grid_state = result.grid_state.data();
    table.time_mix_chunks(args, scratch->data());
  }
  EXPECT_EQ(result.out.back(), 99.0f) << "written behind the last row";
  result.out.pop_back();
  return result;
}

bool same_bits(std::span<const float> a, std::span<const float> b) {
  return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size_bytes()) == 0;
}

class TimeMix : public testing::TestWithParam<const char*> {};
INSTANTIATE_TEST_SUITE_P(Tables, TimeMix, testing::ValuesIn(kAllTables));

// Of some rows, with what a norm or a gate may enlarge: a thousandth of one rounding to bfloat16.
constexpr double kBound = 1e-6;

TEST_P(TimeMix, LongSequencesStayExactAtAllDecays) {
  INGOT_TABLE_OR_SKIP(table, GetParam());
  for (const Decays decays : {Decays::kSpread, Decays::kFastest, Decays::kSlowest, Decays::kMixed}) {
    Head head(4096, 64, decays, 7);
    head.normed = head.gated = false;
    const Result64 expected = run_in_double(head);
    const Result32 found = run_table(table, head, 512);
    const double out_error = relative_rms(found.out, expected.out);
    const double state_error = relative_rms(found.state, expected.state);
    // What decays takes its roundings with it: measured 0.4 to 2.4e-7. What never does keeps one of each row, and they
    // add like steps of a random walk: measured 0.8 to 1.4e-6, also where only the state is rounded (reference).
    const double bound = decays == Decays::kSlowest ? std::ldexp(1.0, -24) * std::sqrt(4096.0) : 4e-7;
    EXPECT_LE(out_error, bound) << "decays " << static_cast<int>(decays);
    EXPECT_LE(state_error, bound) << "decays " << static_cast<int>(decays);
    RecordProperty(fmt::format("decays_{}", static_cast<int>(decays)),
                   fmt::format("output {:.2g}, state {:.2g}", out_error, state_error));
  }
}

TEST_P(TimeMix, EveryHeadSizeAndEveryPart) {
  INGOT_TABLE_OR_SKIP(table, GetParam());
  for (const int64_t size : {16, 32, 48, 64, 80, 128, 256}) {
    for (const int without : {0, 1, 2, 3}) {
      Head head(19, size, Decays::kSpread, static_cast<uint32_t>(size));
      head.gated = without != 1;
      head.mixes_values = without != 2;
      head.normed = without != 3;
      const Result64 expected = run_in_double(head);
      const Result32 found = run_table(table, head, head.n_rows);
      EXPECT_LE(relative_rms(found.out, expected.out), kBound) << "heads of " << size << " without " << without;
      EXPECT_LE(relative_rms(found.state, expected.state), kBound) << "heads of " << size << " without " << without;
    }
  }
}

TEST_P(TimeMix, CutsChangeNoBit) {
  INGOT_TABLE_OR_SKIP(table, GetParam());
  const Head head(70, 64, Decays::kSpread, 3);
  const Result32 whole = run_table(table, head, head.n_rows);
  for (int64_t chunk = 1; chunk <= 64; ++chunk) {
    const Result32 cut = run_table(table, head, chunk);
    EXPECT_EQ(std::memcmp(whole.out.data(), cut.out.data(), whole.out.size() * sizeof(float)), 0) << chunk;
    EXPECT_EQ(std::memcmp(whole.state.data(), cut.state.data(), whole.state.size() * sizeof(float)), 0) << chunk;
  }
}

TEST_P(TimeMix, AKeyOfZerosHasNoDirection) {
  INGOT_TABLE_OR_SKIP(table, GetParam());
  Head head(3, 64, Decays::kSpread, 5);
  std::ranges::fill(head.k, 0.0f);
  const Result32 found = run_table(table, head, head.n_rows);
  const Result64 expected = run_in_double(head);
  EXPECT_LE(relative_rms(found.out, expected.out), kBound);
}

// The tile unit, where there is one, and one that is emulated.
class TimeMixChunks : public testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    const std::string name = GetParam();
    const Result<const KernelTable*> found = find_kernel_table(name == "emulated_tiles" ? "avx512_bf16" : name);
    if (!found) GTEST_SKIP() << "instruction set " << name << " is not available here";
    table_ = name == "emulated_tiles" ? &emulated_tiles_table() : *found;
  }
  const KernelTable& table() const { return *table_; }

 private:
  const KernelTable* table_ = nullptr;
};
INSTANTIATE_TEST_SUITE_P(Tables, TimeMixChunks, testing::Values("amx_bf16", "emulated_tiles"));

TEST_P(TimeMixChunks, LongSequencesStayExactAtAllDecays) {
  for (const Decays decays : {Decays::kSpread, Decays::kFastest, Decays::kSlowest, Decays::kMixed}) {
    Head head(4096, 64, decays, 7);
    head.normed = head.gated = false;
    const Result64 expected = run_in_double(head);
    const Result32 found = run_chunks(table(), head, 512);
    const double out_error = relative_rms(found.out, expected.out);
    const double state_error = relative_rms(found.state, expected.state);
    EXPECT_LE(out_error, 1e-5) << "decays " << static_cast<int>(decays);
    EXPECT_LE(state_error, 1e-5) << "decays " << static_cast<int>(decays);
    RecordProperty(fmt::format("decays_{}", static_cast<int>(decays)),
                   fmt::format("output {:.2g}, state {:.2g}", out_error, state_error));
  }
}

TEST_P(TimeMixChunks, EveryPartAndEveryLastChunk) {
  for (int64_t n_rows = 1; n_rows <= 33; ++n_rows) {
    for (const int without : {0, 1, 2, 3}) {
      Head head(n_rows, 64, Decays::kSpread, static_cast<uint32_t>(n_rows));
      head.gated = without != 1;
      head.mixes_values = without != 2;
      head.normed = without != 3;
      const Result64 expected = run_in_double(head);
      const Result32 found = run_chunks(table(), head, n_rows);
      EXPECT_LE(relative_rms(found.out, expected.out), 3e-5) << n_rows << " rows without " << without;
      EXPECT_LE(relative_rms(found.state, expected.state), 1e-5) << n_rows << " rows without " << without;
    }
  }
}

TEST_P(TimeMixChunks, LaterRowsAndCutsChangeNoBit) {
  const Head head(70, 64, Decays::kSpread, 3);
  const ChunkResult whole = run_chunks(table(), head, head.n_rows);
  for (const int64_t n_rows_a_call : {16, 32, 48, 64}) {
    const ChunkResult cut = run_chunks(table(), head, n_rows_a_call);
    EXPECT_TRUE(same_bits(whole.out, cut.out)) << n_rows_a_call;
    EXPECT_TRUE(same_bits(whole.state, cut.state)) << n_rows_a_call;
    EXPECT_TRUE(same_bits(whole.grid_state, cut.grid_state)) << n_rows_a_call;
  }
  Head start = head;
  for (start.n_rows = 1; start.n_rows < head.n_rows; ++start.n_rows) {
    const ChunkResult found = run_chunks(table(), start, start.n_rows);
    const size_t n = static_cast<size_t>(start.n_rows * head.size);
    EXPECT_TRUE(same_bits(std::span(whole.out).first(n), std::span(found.out).first(n))) << start.n_rows;
    // The state on the grid is the one that a call of the whole chunks alone ends with.
    Head chunks = head;
    chunks.n_rows = start.n_rows / kTimeMixChunk * kTimeMixChunk;
    EXPECT_TRUE(same_bits(found.grid_state, run_chunks(table(), chunks, head.n_rows).state)) << start.n_rows;
  }
}

TEST_P(TimeMixChunks, WhatIsNotFiniteStaysInItsRowAndLaterOnes) {
  const Head head(16, 64, Decays::kSpread, 4);
  const ChunkResult whole = run_chunks(table(), head, head.n_rows);
  constexpr size_t kDamagedRow = 9;
  for (std::vector<float> Head::*values : {&Head::r, &Head::w, &Head::k, &Head::v, &Head::a}) {
    Head damaged = head;
    (damaged.*values)[kDamagedRow * 64 + 5] = std::numeric_limits<float>::quiet_NaN();
    const ChunkResult found = run_chunks(table(), damaged, head.n_rows);
    EXPECT_TRUE(same_bits(std::span(whole.out).first(kDamagedRow * 64), std::span(found.out).first(kDamagedRow * 64)));
    EXPECT_FALSE(same_bits(whole.out, found.out));
  }
}

TEST_P(TimeMix, TokenShift) {
  INGOT_TABLE_OR_SKIP(table, GetParam());
  std::mt19937 random(9);
  for (const int64_t n : {1, 3, 16, 17, 64, 100}) {
    const std::vector<float> x = random_floats(random, n), before = random_floats(random, n);
    const std::vector<float> mix = random_floats(random, n);
    std::vector<float> out(static_cast<size_t>(n) + 1, 99.0f);
    table.token_shift(x.data(), before.data(), mix.data(), n, out.data());
    for (size_t i = 0; i < x.size(); ++i) {
      const double expected = x[i] + (static_cast<double>(before[i]) - x[i]) * mix[i];
      const double size = std::abs(x[i]) + (std::abs(before[i]) + std::abs(x[i])) * std::abs(mix[i]);
      EXPECT_NEAR(out[i], expected, 1.2e-7 * size);
    }
    EXPECT_EQ(out.back(), 99.0f);
  }
}

}  // namespace
}  // namespace ingot::core
