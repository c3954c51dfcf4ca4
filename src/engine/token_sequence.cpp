#include "engine/token_sequence.h"

#include <algorithm>
#include <new>
#include <stdexcept>
#include <utility>

#include "engine/memory.h"
#include "engine/sequence_bytes.h"

namespace ingot::core {
namespace {

// Room for rows x cols more floats at the end of values.
Status grow(std::vector<float>& values, int64_t rows, int64_t cols) {
  if (rows * cols >= int64_t{1} << 20) {  // small ones are not worth asking the system
    INGOT_TRY(check_free_memory(rows * cols * int64_t{sizeof(float)}, "the outputs of this call"));
  }
  try {
    values.resize(values.size() + static_cast<size_t>(rows * cols));
  } catch (const std::bad_alloc&) {
    return fail(ErrorKind::kOutOfMemory, "cannot allocate outputs of {} x {} values", rows, cols);
  } catch (const std::length_error&) {
    return fail(ErrorKind::kOutOfMemory, "cannot allocate outputs of {} x {} values", rows, cols);
  }
  return {};
}

}  // namespace

struct TokenSequence::Input {
  std::span<const int32_t> tokens;
  TensorView embeddings;
  int64_t n_rows() const { return tokens.empty() ? embeddings.rows : static_cast<int64_t>(tokens.size()); }
};

TokenSequence::TokenSequence(std::shared_ptr<Engine> engine)
    : engine_(std::move(engine)), state_(engine_->model().state_shape()) {}

Status TokenSequence::check_fits(int64_t n_tokens) const {
  const int64_t context = engine_->info().context;
  if (n_tokens <= context - length()) return {};
  if (length() == 0) {
    return invalid("the prompt has {} tokens, but the context holds {}", n_tokens, context);
  }
  return invalid("{} tokens after {} earlier ones make {}, but the context holds {}", n_tokens, length(),
                 length() + n_tokens, context);
}

Result<FeedResult> TokenSequence::feed(std::span<const int32_t> tokens, TensorView embeddings,
                                       const FeedOptions& options) {
  const Input input = {tokens, embeddings};
  const int64_t n_rows = input.n_rows();
  if (n_rows == 0) return invalid("nothing to feed: no tokens");
  if (options.chunk < 1) return invalid("a chunk of {} tokens, expected at least 1", options.chunk);
  INGOT_TRY(engine_->check_tokens(tokens));
  INGOT_TRY(check_fits(n_rows));
  INGOT_TRY(compute_pending(/*want_logits=*/false, options.cancel.flag()));

  const int64_t start = length();
  FeedResult result;
  // The last row goes by itself where it wants other outputs than the rows before it: no row's numbers depend on its
  // neighbours, and the head is not computed for rows that nobody asked for.
  const bool mixed = (options.logits == Rows::kAll) != (options.hidden == Rows::kAll) && n_rows > 1 &&
                     (options.logits == Rows::kLast || options.hidden == Rows::kLast);
  Status status;
  if (mixed) {
    FeedOptions body = options;
    if (body.logits == Rows::kLast) body.logits = Rows::kNone;
    if (body.hidden == Rows::kLast) body.hidden = Rows::kNone;
    status = feed_rows(input, 0, n_rows - 1, result, body);
    if (status) status = feed_rows(input, n_rows - 1, 1, result, options);
  } else {
    status = feed_rows(input, 0, n_rows, result, options);
  }
  if (status) return result;
  if (status.error().kind != ErrorKind::kCancelled) INGOT_TRY(truncate(start));
  return tl::unexpected(std::move(status).error());
}

Status TokenSequence::feed_rows(const Input& input, int64_t first, int64_t n_rows, FeedResult& out,
                                const FeedOptions& options) {
  const int64_t n_vocab = engine_->info().vocab_size;
  const int64_t dim = engine_->info().dim;
  for (int64_t done = 0; done < n_rows;) {
    if (options.cancel.cancelled()) return fail(ErrorKind::kCancelled, "cancelled");
    const int64_t n_chunk = std::min<int64_t>(options.chunk, n_rows - done);
    const bool last_chunk = done + n_chunk == n_rows;
    SequenceSlice slice;
    slice.state = &state_;
    if (input.tokens.empty()) {
      slice.embeddings = input.embeddings.row_range(first + done, n_chunk);
    } else {
      slice.tokens = input.tokens.subspan(static_cast<size_t>(first + done), static_cast<size_t>(n_chunk));
    }
    slice.generated = options.generated;
    slice.all_rows = options.logits == Rows::kAll || options.hidden == Rows::kAll;
    const int64_t n_outputs = slice.all_rows ? n_chunk : 1;

    ForwardOutputs outputs;
    if (options.logits == Rows::kAll || (options.logits == Rows::kLast && last_chunk)) {
      INGOT_TRY(grow(out.logits, n_outputs, n_vocab));
      outputs.logits =
          TensorView::matrix(out.logits.data() + out.logits.size() - n_outputs * n_vocab, n_outputs, n_vocab);
    }
    if (options.hidden == Rows::kAll || (options.hidden == Rows::kLast && last_chunk)) {
      INGOT_TRY(grow(out.hidden, n_outputs, dim));
      outputs.hidden = TensorView::matrix(out.hidden.data() + out.hidden.size() - n_outputs * dim, n_outputs, dim);
    }
    INGOT_TRY(engine_->step(std::span(&slice, 1), outputs, options.cancel.flag()));

    if (slice.tokens.empty()) {
      tokens_.insert(tokens_.end(), static_cast<size_t>(n_chunk), -1);
    } else {
      tokens_.insert(tokens_.end(), slice.tokens.begin(), slice.tokens.end());
    }
    if (outputs.logits.data != nullptr) {
      last_logits_.assign(out.logits.end() - n_vocab, out.logits.end());
    } else {
      last_logits_.clear();
    }
    done += n_chunk;
    if (options.on_progress) options.on_progress(first + done, input.n_rows());
  }
  return {};
}

Status TokenSequence::append_generated(int32_t token, const std::atomic<bool>* cancel) {
  INGOT_TRY(compute_pending(/*want_logits=*/false, cancel));
  tokens_.push_back(token);
  last_logits_.clear();
  return {};
}

Status TokenSequence::compute_pending(bool want_logits, const std::atomic<bool>* cancel) {
  if (state_.length() == length()) return {};
  std::vector<float> logits(want_logits ? static_cast<size_t>(engine_->info().vocab_size) : 0);
  SequenceSlice slice;
  slice.state = &state_;
  slice.tokens = std::span(tokens_).last(1);
  slice.generated = true;
  ForwardOutputs outputs;
  if (want_logits) outputs.logits = TensorView::matrix(logits.data(), 1, engine_->info().vocab_size);
  INGOT_TRY(engine_->step(std::span(&slice, 1), outputs, cancel));
  last_logits_ = std::move(logits);
  return {};
}

Status TokenSequence::truncate(int64_t n_tokens) {
  if (n_tokens < 0 || n_tokens > length()) {
    return invalid("cannot truncate a sequence of {} tokens to {}", length(), n_tokens);
  }
  if (n_tokens == length()) return {};
  if (n_tokens < state_.length()) state_.truncate(n_tokens);
  tokens_.resize(static_cast<size_t>(n_tokens));
  last_logits_.clear();
  return {};
}

TokenSequence TokenSequence::fork() const {
  TokenSequence copy(engine_, state_.fork());
  copy.tokens_ = tokens_;
  copy.last_logits_ = last_logits_;
  return copy;
}

Result<std::vector<std::byte>> TokenSequence::save() const {
  return pack_sequence({.tokens = tokens_, .last_logits = last_logits_, .state = state_.snapshot()});
}

Status TokenSequence::restore(std::span<const std::byte> bytes) {
  INGOT_ASSIGN(SavedSequence saved, unpack_sequence(bytes));
  SequenceState state(engine_->model().state_shape());
  INGOT_TRY(state.restore(saved.state));
  const auto n_tokens = static_cast<int64_t>(saved.tokens.size());
  const size_t n_logits = saved.last_logits.size();
  if (n_tokens - state.length() < 0 || n_tokens - state.length() > 1 ||
      (n_logits != 0 && n_logits != static_cast<size_t>(engine_->info().vocab_size))) {
    return invalid("a saved sequence of {} tokens has a state of {} and {} logits", n_tokens, state.length(), n_logits);
  }
  if (n_tokens > engine_->info().context) {
    return invalid("the saved sequence has {} tokens, but the context holds {}", n_tokens, engine_->info().context);
  }
  state_ = std::move(state);
  tokens_ = std::move(saved.tokens);
  last_logits_ = std::move(saved.last_logits);
  return {};
}

}  // namespace ingot::core
