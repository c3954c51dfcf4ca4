// Memory: keys and values per token measured and computed, how their allocation grows, what pages cost, and how fast
// memory is read in several orders.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <memory>
#include <numeric>
#include <random>

#include "bench/suites.h"
#include "cache/sequence_state.h"
#include "kernels/probes/access_pattern.h"
#include "profile/access_efficiency.h"

namespace ingot::core {
namespace {

constexpr int64_t kMegabyte = int64_t{1} << 20;
constexpr int64_t kTokens = 1024;

// A model of the shapes that figures are asked for, where no file is given.
struct Profile {
  const char* name;
  int64_t n_layers, n_heads, n_kv_heads, head_dim;
};
constexpr Profile kProfiles[] = {
    {"TinyLlama 1.1B", 22, 32, 4, 64}, {"7B", 32, 32, 32, 128}, {"13B", 40, 40, 40, 128}, {"70B", 80, 64, 8, 128}};

std::shared_ptr<const StateShape> shape_of(const Profile& profile) {
  auto shape = std::make_shared<StateShape>();
  shape->layers.assign(static_cast<size_t>(profile.n_layers),
                       {.n_kv_heads = profile.n_kv_heads, .key_dim = profile.head_dim, .value_dim = profile.head_dim});
  return shape;
}

int64_t allocated_bytes() {
  return allocation_counts().n_bytes.load();
}

// Tokens appended n_append at a time, nothing computed: what the bookkeeping and the allocation cost.
BenchCase append_case(const std::string& model, const std::shared_ptr<const StateShape>& shape, int64_t n_append,
                      int64_t estimate_per_token) {
  auto state = std::make_shared<SequenceState>(shape);
  auto measured = std::make_shared<int64_t>(0);
  BenchCase bench;
  bench.row.test = fmt::format("kv append {}", n_append);
  bench.row.model = model;
  bench.row.format = "F16";
  bench.row.threads = 1;
  bench.row.work = static_cast<double>(kTokens);
  bench.prepare = [state]() -> Status {
    state->truncate(0);
    return {};
  };
  bench.run = [state, measured, n_append]() -> Status {
    const int64_t before = allocated_bytes();
    for (int64_t done = 0; done < kTokens; done += n_append) {
      INGOT_TRY(state->reserve(n_append));
      state->advance(n_append);
    }
    *measured = allocated_bytes() - before;
    return {};
  };
  bench.finish = [shape, measured, estimate_per_token](BenchResult& row) {
    row.figures["kv_bytes_per_token_measured"] = static_cast<double>(*measured) / static_cast<double>(kTokens);
    row.figures["kv_bytes_per_token_computed"] = static_cast<double>(shape->bytes_per_token());
    // layers * 2 * heads * head_dim * 4 bytes: counts query heads and F32, as an earlier document did.
    row.figures["kv_bytes_per_token_estimated"] = static_cast<double>(estimate_per_token);
    // A sequence of one token holds a whole block: the price of pages at its worst, and at 1000 tokens.
    row.figures["page_overhead_1_token"] = static_cast<double>(kPageTokens);
    row.figures["page_overhead_1000_tokens"] =
        static_cast<double>(kPageTokens) * std::ceil(1000.0 / static_cast<double>(kPageTokens)) / 1000.0;
  };
  return bench;
}

// 64 MB at once, or the same in pieces; touched, or the system would not have given them yet.
BenchCase allocation_case(int64_t piece_bytes) {
  constexpr int64_t kTotal = 64 * kMegabyte;
  BenchCase bench;
  bench.row.test = fmt::format("allocate 64 MB in {} pieces", kTotal / piece_bytes);
  bench.row.threads = 1;
  bench.row.work = static_cast<double>(kTotal);
  bench.row.work_unit = "bytes";
  bench.run = [piece_bytes]() -> Status {
    std::vector<AlignedBuffer> pieces;
    for (int64_t done = 0; done < kTotal; done += piece_bytes) {
      INGOT_ASSIGN(AlignedBuffer piece, AlignedBuffer::allocate(static_cast<size_t>(piece_bytes)));
      for (int64_t at = 0; at < piece_bytes; at += 4096) piece.data()[at] = std::byte{1};
      pieces.push_back(std::move(piece));
    }
    return {};
  };
  return bench;
}

// Sequences of different lengths come and go: how much of what is held is not in use.
BenchCase fragmentation_case(const std::shared_ptr<const StateShape>& shape) {
  auto wasted = std::make_shared<double>(0.0);
  BenchCase bench;
  bench.row.test = "fragmentation of 32 sequences";
  bench.row.format = "F16";
  bench.row.threads = 1;
  bench.run = [shape, wasted]() -> Status {
    std::mt19937 random(1);
    std::vector<SequenceState> states;
    int64_t n_used = 0, n_held = 0;
    for (int index = 0; index < 32; ++index) {
      SequenceState& state = states.emplace_back(shape);
      const int64_t n_tokens = 1 + static_cast<int64_t>(random() % 200);
      INGOT_TRY(state.reserve(n_tokens));
      state.advance(n_tokens);
      state.truncate(n_tokens / 2);
      n_used += n_tokens / 2;
      n_held += static_cast<int64_t>(state.layer(0).key_pages.size()) * kPageTokens;
    }
    *wasted = n_held > 0 ? 1.0 - static_cast<double>(n_used) / static_cast<double>(n_held) : 0.0;
    return {};
  };
  bench.finish = [wasted](BenchResult& row) { row.figures["unused_share_of_pages"] = *wasted; };
  return bench;
}

// Floats in sequence, at a distance, anywhere; the bytes asked for count, not the lines fetched.
BenchCase access_case(const std::shared_ptr<AlignedBuffer>& buffer, Access access, int64_t stride) {
  const auto n_floats = static_cast<int64_t>(buffer->as<float>().size());
  const int64_t n_reads = access == Access::kRandom ? n_floats / 16 : n_floats / stride;
  BenchCase bench;
  bench.row.test = access == Access::kRandom ? std::string("read random") : fmt::format("read stride {}", stride);
  bench.row.format = "F32";
  bench.row.threads = 1;
  bench.row.work = static_cast<double>(n_reads) * sizeof(float);
  bench.row.work_unit = "bytes";
  bench.row.figures["expected_share_of_peak"] = expected_efficiency(access, stride);
  auto sum = std::make_shared<float>(0.0f);
  bench.run = [=]() -> Status {
    const std::span<const float> data = buffer->as<float>();
    *sum = access == Access::kRandom ? sum_random(data, 1, n_reads) : sum_strided(data, stride);
    return {};
  };
  return bench;
}

}  // namespace

Result<std::vector<BenchCase>> memory_cases(const OperationSuite& suite) {
  std::vector<BenchCase> cases;
  for (const BenchModel& model : suite.models) {
    int64_t estimate = 0;
    for (const LayerSpec& layer : model.engine->model().spec().layers) {
      estimate += 2 * layer.attention.n_heads * layer.attention.key_dim * 4;
    }
    for (const int64_t n : {1, 16, 64, 256}) {
      cases.push_back(append_case(model.name, model.engine->model().state_shape(), n, estimate));
    }
  }
  for (const Profile& profile : kProfiles) {
    const int64_t estimate = profile.n_layers * 2 * profile.n_heads * profile.head_dim * 4;
    cases.push_back(append_case(profile.name, shape_of(profile), 64, estimate));
  }
  cases.push_back(fragmentation_case(shape_of(kProfiles[0])));
  for (const int64_t piece : {64 * kMegabyte, kMegabyte, kMegabyte / 16}) cases.push_back(allocation_case(piece));
  // Far beyond the caches, and a power of two as the random walk wants it.
  INGOT_ASSIGN(AlignedBuffer allocated, AlignedBuffer::allocate(static_cast<size_t>(256 * kMegabyte)));
  const auto buffer = std::make_shared<AlignedBuffer>(std::move(allocated));
  std::ranges::fill(buffer->as<float>(), 1.0f);
  cases.push_back(access_case(buffer, Access::kSequential, 1));
  for (const int64_t stride : {8, 32, 64}) cases.push_back(access_case(buffer, Access::kStrided, stride));
  cases.push_back(access_case(buffer, Access::kRandom, 1));
  return cases;
}

}  // namespace ingot::core
