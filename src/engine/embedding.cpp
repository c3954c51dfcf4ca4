#include "engine/embedding.h"

#include <algorithm>
#include <cmath>
#include <deque>

namespace ingot::core {
namespace {

Status check(const Engine& engine, std::span<const std::vector<int32_t>> sequences, const EmbedOptions& options) {
  if (options.batch_rows < 1) return invalid("{} rows computed together, expected at least 1", options.batch_rows);
  for (size_t idx = 0; idx < sequences.size(); ++idx) {
    const auto n_tokens = static_cast<int64_t>(sequences[idx].size());
    if (n_tokens == 0) return invalid("sequence {} has no tokens", idx);
    if (n_tokens > engine.info().context) {
      return invalid("sequence {} has {} tokens, but the context holds {}", idx, n_tokens, engine.info().context);
    }
    INGOT_TRY(engine.check_tokens(sequences[idx]));
  }
  return {};
}

// One sequence that is being read.
struct Reading {
  size_t idx = 0;
  SequenceState state;
  size_t n_done = 0;
};

// Sums of a mean, in double: they do not depend on how a sequence was cut.
using Sums = std::vector<double>;

class Embedder {
 public:
  Embedder(Engine& engine, std::span<const std::vector<int32_t>> sequences, const EmbedOptions& options)
      : engine_(engine),
        sequences_(sequences),
        options_(options),
        pooling_(options.pooling.value_or(engine.info().pooling)),
        grid_(engine.model().state_shape()->recurrent_grid),
        embeddings_(sequences.size()) {}

  Result<std::vector<std::vector<float>>> run() {
    int64_t n_total = 0;
    for (const auto& sequence : sequences_) n_total += static_cast<int64_t>(sequence.size());
    int64_t n_done = 0;
    while (n_done < n_total) {
      if (options_.cancel.cancelled()) return fail(ErrorKind::kCancelled, "cancelled");
      INGOT_ASSIGN(const int64_t n_rows, step());
      n_done += n_rows;
      if (options_.on_progress) options_.on_progress(n_done, n_total);
    }
    return std::move(embeddings_);
  }

 private:
  bool wants_all_rows() const { return pooling_ != Pooling::kLast; }

  // What is cut goes on at a position where the recurrence can begin. The first of a step has rows in any case.
  size_t rows_before_cut(size_t n_rows, bool first) const {
    const auto grid = static_cast<size_t>(grid_);
    return std::max(n_rows - n_rows % grid, first ? grid : 0);
  }

  // Rows of as many sequences as fit; gives their number.
  Result<int64_t> step() {
    slices_.clear();
    const bool causal = engine_.info().causal;
    auto left = static_cast<size_t>(options_.batch_rows);
    size_t n_rows = 0;
    for (size_t n = 0; left > 0; ++n) {
      if (n == readings_.size()) {
        if (next_ == sequences_.size()) break;
        // An encoder's text is not cut: it waits for the next step, or has one of its own.
        if (!causal && n > 0 && sequences_[next_].size() > left) break;
        readings_.push_back({.idx = next_++, .state = SequenceState(engine_.model().state_shape())});
      }
      Reading& reading = readings_[n];
      const std::span<const int32_t> tokens = sequences_[reading.idx];
      SequenceSlice slice;
      slice.state = &reading.state;
      const size_t rest = tokens.size() - reading.n_done;
      const bool cut = causal && left < rest;
      if (cut) left = std::min(rest, rows_before_cut(left, n == 0));
      if (left == 0) break;
      slice.tokens = tokens.subspan(reading.n_done, cut ? left : rest);
      slice.all_rows = wants_all_rows();
      left -= std::min(left, slice.tokens.size());  // none where something was cut
      n_rows += slice.tokens.size();
      slices_.push_back(slice);
    }
    const int64_t dim = engine_.info().dim;
    const auto n_outputs = static_cast<int64_t>(wants_all_rows() ? n_rows : slices_.size());
    hidden_.resize(static_cast<size_t>(n_outputs * dim));
    const TensorView hidden = TensorView::matrix(hidden_.data(), n_outputs, dim);
    INGOT_TRY(engine_.step(slices_, {.logits = {}, .hidden = hidden}, options_.cancel.flag(), &scratch_));

    int64_t row = 0;
    for (const SequenceSlice& slice : slices_) {
      // Sequences end in the order in which they began: the first ones of the queue.
      Reading& reading = readings_.front();
      const int64_t n_given = wants_all_rows() ? slice.n_rows() : 1;
      const bool begins = reading.n_done == 0;
      reading.n_done += slice.tokens.size();
      const bool ends = reading.n_done == sequences_[reading.idx].size();
      take(reading.idx, hidden.row_range(row, n_given), begins, ends);
      row += n_given;
      if (ends) readings_.pop_front();
    }
    return static_cast<int64_t>(n_rows);
  }

  // Some of a sequence's rows, in order.
  void take(size_t idx, TensorView rows, bool begins, bool ends) {
    std::vector<float>& out = embeddings_[idx];
    const auto dim = static_cast<size_t>(rows.cols);
    switch (pooling_) {
      case Pooling::kLast:
        if (ends) out.assign(rows.row(0), rows.row(0) + dim);
        break;
      case Pooling::kFirst:
        if (begins) out.assign(rows.row(0), rows.row(0) + dim);
        break;
      case Pooling::kNone:
        out.insert(out.end(), rows.data, rows.data + static_cast<size_t>(rows.rows) * dim);
        break;
      case Pooling::kMean:
        if (begins) sums_.assign(dim, 0.0);
        for (int64_t row = 0; row < rows.rows; ++row) {
          for (size_t col = 0; col < dim; ++col) sums_[col] += rows.row(row)[col];
        }
        if (!ends) break;
        for (const double sum : sums_) {
          out.push_back(static_cast<float>(sum / static_cast<double>(sequences_[idx].size())));
        }
        break;
    }
    if (ends && options_.normalize) normalize(out, dim);
  }

  static void normalize(std::vector<float>& rows, size_t dim) {
    for (size_t first = 0; first < rows.size(); first += dim) {
      const std::span<float> row = std::span(rows).subspan(first, dim);
      double squares = 0.0;
      for (const float value : row) squares += static_cast<double>(value) * value;
      if (squares == 0.0) continue;
      const double factor = 1.0 / std::sqrt(squares);
      for (float& value : row) value = static_cast<float>(value * factor);
    }
  }

  Engine& engine_;
  std::span<const std::vector<int32_t>> sequences_;
  const EmbedOptions& options_;
  const Pooling pooling_;
  const int64_t grid_;
  std::vector<std::vector<float>> embeddings_;
  std::deque<Reading> readings_;  // begun and not ended; at most the last one of a step is not ended by it
  size_t next_ = 0;               // of the sequences
  Sums sums_;                     // of the one that is not ended
  std::vector<SequenceSlice> slices_;
  std::vector<float> hidden_;
  ForwardScratch scratch_;
};

}  // namespace

Result<std::vector<std::vector<float>>> embed_batch(Engine& engine, std::span<const std::vector<int32_t>> sequences,
                                                    const EmbedOptions& options) {
  INGOT_TRY(check(engine, sequences, options));
  return Embedder(engine, sequences, options).run();
}

}  // namespace ingot::core

namespace ingot {

const char* pooling_name(Pooling pooling) {
  switch (pooling) {
    case Pooling::kLast:
      return "last";
    case Pooling::kMean:
      return "mean";
    case Pooling::kFirst:
      return "cls";
    case Pooling::kNone:
      return "none";
  }
  return "unknown";
}

}  // namespace ingot
