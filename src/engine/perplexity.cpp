#include "engine/perplexity.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <utility>

#include "engine/chunking.h"
#include "engine/npy_writer.h"
#include "engine/token_sequence.h"
#include "threading/thread_pool.h"

namespace ingot::core {
namespace {

constexpr int64_t kSmallestWindow = 4;
constexpr int64_t kBlockBytes = int64_t{32} << 20;  // logits that exist at a time, for one engine

// Bounds of exp in double precision are far beyond differences of logits; a row is one pass for the maximum, one for
// the sum.
double log_sum_exp(std::span<const float> logits) {
  const double best = *std::max_element(logits.begin(), logits.end());
  double sum = 0.0;
  for (const float logit : logits) sum += std::exp(logit - best);
  return best + std::log(sum);
}

struct RowScore {
  double nll = 0.0;
  double kl = 0.0;
  bool same_top = false;
};

// Sums over all scored tokens.
struct Totals {
  int64_t n = 0;
  double nll = 0.0;
  double nll_squared = 0.0;
  double kl = 0.0;
  double kl_max = 0.0;
  int64_t n_same_top = 0;

  void add(const RowScore& score) {
    ++n;
    nll += score.nll;
    nll_squared += score.nll * score.nll;
    kl += score.kl;
    kl_max = std::max(kl_max, score.kl);
    n_same_top += score.same_top ? 1 : 0;
  }
  double perplexity() const { return std::exp(nll / static_cast<double>(n)); }
  // Of the mean, carried over to its exponential: d exp(m) = exp(m) dm.
  double standard_error() const {
    if (n < 2) return 0.0;
    const double mean = nll / static_cast<double>(n);
    const double variance = std::max(0.0, nll_squared / static_cast<double>(n) - mean * mean);
    return perplexity() * std::sqrt(variance / static_cast<double>(n - 1));
  }
};

// Feeds one engine with window after window.
class WindowReader {
 public:
  WindowReader(std::shared_ptr<Engine> engine, const PerplexityOptions& options)
      : sequence_(std::move(engine)), options_(options) {}

  // Positions before the first scored one, of a new window.
  Status start(std::span<const int32_t> prefix) {
    INGOT_TRY(sequence_.truncate(0));
    return prefix.empty() ? Status() : feed(prefix, Rows::kNone).map([](FeedResult&&) {});
  }
  // Logits after each of the tokens: (tokens, n_vocab).
  Result<std::vector<float>> read(std::span<const int32_t> tokens) {
    return feed(tokens, Rows::kAll).map([](FeedResult&& result) { return std::move(result.logits); });
  }

 private:
  Result<FeedResult> feed(std::span<const int32_t> tokens, Rows logits) {
    return sequence_.feed(tokens, TensorView(),
                          {.logits = logits,
                           .chunk = options_.decode ? Chunking{1} : options_.chunk,
                           .generated = options_.decode,
                           .cancel = options_.cancel});
  }

  TokenSequence sequence_;
  const PerplexityOptions& options_;
};

Status check_finite(std::span<const RowScore> scores) {
  for (const RowScore& score : scores) {
    if (!std::isfinite(score.nll)) return invalid("the model gave logits that are no numbers: its file is damaged");
  }
  return {};
}

}  // namespace

Result<PerplexityWindows> PerplexityWindows::plan(int64_t n_tokens, int64_t context, const PerplexityOptions& options) {
  if (options.window < kSmallestWindow) {
    return invalid("windows of {} tokens, expected at least {}", options.window, kSmallestWindow);
  }
  if (options.n_windows < 0) return invalid("{} windows, expected 0 (all) or more", options.n_windows);
  if (options.window > context) {
    return invalid("windows of {} tokens, but the context holds {}", options.window, context);
  }
  PerplexityWindows plan;
  plan.window = options.window;
  plan.n_windows = n_tokens / options.window;
  if (plan.n_windows == 0) {
    return invalid("the text has {} tokens, but one window takes {}", n_tokens, options.window);
  }
  if (options.n_windows > 0) plan.n_windows = std::min(plan.n_windows, options.n_windows);
  plan.first_scored = options.window / 2;
  plan.n_scored = options.window - 1 - plan.first_scored;
  return plan;
}

double negative_log_likelihood(std::span<const float> logits, int32_t token) {
  return log_sum_exp(logits) - logits[static_cast<size_t>(token)];
}

double kl_divergence(std::span<const float> reference, std::span<const float> other) {
  const double reference_sum = log_sum_exp(reference);
  const double other_sum = log_sum_exp(other);
  double divergence = 0.0;
  for (size_t id = 0; id < reference.size(); ++id) {
    const double log_p = reference[id] - reference_sum;
    const double p = std::exp(log_p);
    if (p > 0.0) divergence += p * (log_p - (other[id] - other_sum));
  }
  // Zero is the least there is; rounding may end a hair below.
  return std::max(0.0, divergence);
}

Result<PerplexityResult> measure_perplexity(const std::shared_ptr<Engine>& engine, std::string_view text,
                                            const PerplexityOptions& options) {
  const Tokenizer& tokenizer = *engine->tokenizer();
  const bool adds_bos = tokenizer.adds_bos();
  INGOT_ASSIGN(std::vector<int32_t> tokens, tokenizer.encode(text, {.parse_special = false, .add_special = false}));
  if (adds_bos) tokens.insert(tokens.begin(), tokenizer.bos());
  INGOT_ASSIGN(const PerplexityWindows plan,
               PerplexityWindows::plan(static_cast<int64_t>(tokens.size()), engine->info().context, options));
  INGOT_TRY(engine->check_tokens(tokens));
  INGOT_TRY(check_chunking(options.chunk));

  std::shared_ptr<Engine> reference_engine;
  std::optional<WindowReader> reference;
  if (options.kl) {
    ModelOptions reference_options = engine->options();
    reference_options.mode = Mode::kReference;
    reference_options.context = engine->info().context;
    reference_options.threads = engine->info().threads;
    reference_options.on_progress = {};
    INGOT_ASSIGN(reference_engine, Engine::open(engine->path(), reference_options));
    reference.emplace(reference_engine, options);
  }
  const int64_t n_vocab = engine->info().vocab_size;
  std::optional<NpyWriter> writer;
  if (!options.save_logits.empty()) {
    INGOT_ASSIGN(writer, NpyWriter::create(options.save_logits, plan.n_windows * plan.n_scored, n_vocab));
  }
  INGOT_ASSIGN(const auto pool, ThreadPool::create(engine->info().threads));

  WindowReader reader(engine, options);
  Totals totals;
  const int64_t block_rows = std::clamp<int64_t>(kBlockBytes / (n_vocab * 4), 1, plan.n_scored);
  for (int64_t window_idx = 0; window_idx < plan.n_windows; ++window_idx) {
    const auto window =
        std::span(tokens).subspan(static_cast<size_t>(window_idx * plan.window), static_cast<size_t>(plan.window));
    if (adds_bos) window[0] = tokenizer.bos();
    const auto prefix = window.first(static_cast<size_t>(plan.first_scored));
    INGOT_TRY(reader.start(prefix));
    if (reference) INGOT_TRY(reference->start(prefix));
    for (int64_t done = 0; done < plan.n_scored;) {
      const int64_t n_rows = std::min(block_rows, plan.n_scored - done);
      const auto block = window.subspan(static_cast<size_t>(plan.first_scored + done), static_cast<size_t>(n_rows));
      INGOT_ASSIGN(const std::vector<float> logits, reader.read(block));
      std::vector<float> reference_logits;
      if (reference) {
        INGOT_ASSIGN(reference_logits, reference->read(block));
      }
      if (writer) INGOT_TRY(writer->write(logits));

      std::vector<RowScore> scores(static_cast<size_t>(n_rows));
      pool->parallel_for(n_rows, 1, [&](int64_t begin, int64_t end, int) {
        for (int64_t row = begin; row < end; ++row) {
          const auto row_logits =
              std::span(logits).subspan(static_cast<size_t>(row * n_vocab), static_cast<size_t>(n_vocab));
          const int32_t next = window[static_cast<size_t>(plan.first_scored + done + row + 1)];
          RowScore& score = scores[static_cast<size_t>(row)];
          score.nll = negative_log_likelihood(row_logits, next);
          if (!reference) continue;
          const auto expected =
              std::span(reference_logits).subspan(static_cast<size_t>(row * n_vocab), static_cast<size_t>(n_vocab));
          score.kl = kl_divergence(expected, row_logits);
          score.same_top = std::max_element(expected.begin(), expected.end()) - expected.begin() ==
                           std::max_element(row_logits.begin(), row_logits.end()) - row_logits.begin();
        }
      });
      INGOT_TRY(check_finite(scores));
      for (const RowScore& score : scores) totals.add(score);
      done += n_rows;
    }
    if (options.on_window) options.on_window(window_idx + 1, plan.n_windows, totals.perplexity());
  }
  if (writer) INGOT_TRY(writer->close());

  PerplexityResult result;
  result.perplexity = totals.perplexity();
  result.standard_error = totals.standard_error();
  result.n_tokens = totals.n;
  result.n_windows = plan.n_windows;
  result.mode = engine->info().mode;
  if (reference) {
    const auto n = static_cast<double>(totals.n);
    result.kl = {.mean = totals.kl / n, .max = totals.kl_max, .same_top = static_cast<double>(totals.n_same_top) / n};
  }
  return result;
}

}  // namespace ingot::core
