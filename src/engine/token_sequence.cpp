#include "engine/token_sequence.h"

#include <algorithm>
#include <chrono>
#include <new>
#include <optional>
#include <stdexcept>
#include <utility>

#include "base/atomic_file.h"
#include "base/mapped_file.h"
#include "engine/chunking.h"
#include "engine/memory.h"
#include "engine/sequence_bytes.h"

namespace ingot::core {
namespace {

constexpr int64_t kSmallNeed = int64_t{4} << 20;  // less than this is not worth asking the system

// Room for rows x cols more floats at the end of values, so that they do not move later.
Status make_room(std::vector<float>& values, int64_t rows, int64_t cols) {
  try {
    values.reserve(values.size() + static_cast<size_t>(rows * cols));
  } catch (const std::bad_alloc&) {
    return fail(ErrorKind::kOutOfMemory, "cannot allocate outputs of {} x {} values", rows, cols);
  } catch (const std::length_error&) {
    return fail(ErrorKind::kOutOfMemory, "cannot allocate outputs of {} x {} values", rows, cols);
  }
  return {};
}

// The next rows x cols of values, for a step to write.
TensorView extend(std::vector<float>& values, int64_t rows, int64_t cols) {
  const size_t before = values.size();
  values.resize(before + static_cast<size_t>(rows * cols));
  return TensorView::matrix(values.data() + before, rows, cols);
}

int64_t n_output_rows(Rows rows, int64_t n_tokens) {
  return rows == Rows::kAll ? n_tokens : rows == Rows::kLast ? 1 : 0;
}

int64_t free_memory() {
  const MemoryLimits limits = query_memory_limits();
  return std::min(limits.physical, limits.address_space);
}

}  // namespace

struct TokenSequence::Input {
  std::span<const int32_t> tokens;
  TensorView embeddings;
  int64_t n_rows() const { return tokens.empty() ? embeddings.rows : static_cast<int64_t>(tokens.size()); }
};

struct TokenSequence::Chunk {
  int64_t first = 0;  // of the input's rows
  int64_t n_tokens = 0;
  int64_t n_repeated = 0;  // rows before these
};

// The memory of rows that come after repeated ones.
struct TokenSequence::RepeatedRows {
  std::vector<int32_t> tokens = {};
  std::vector<float> embeddings = {};
};

// What lasts from the first chunk to the last.
struct TokenSequence::Reading {
  ForwardScratch scratch = {};
  int64_t kv_bytes_before = 0;
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
  if (!engine_->info().causal) {
    return fail(ErrorKind::kUnsupported, "{} models are encoders: they embed texts and do not continue them",
                engine_->info().architecture);
  }
  INGOT_TRY(check_chunking(options.chunk));
  INGOT_TRY(engine_->check_tokens(tokens));
  INGOT_TRY(check_fits(n_rows));
  INGOT_TRY(compute_pending(/*want_logits=*/false, options.cancel.flag()));

  if (options.chunk.overlap > 0 && engine_->info().state_bytes > 0) {
    return invalid("an overlap of {} tokens, but {} keeps a state that cannot go back to earlier tokens",
                   options.chunk.overlap, engine_->info().architecture);
  }

  const int64_t start = length();
  // A recurrent state cannot be cut back after an error: the one from before is kept. A single row is all or nothing.
  std::optional<SequenceState> state_before;
  if (engine_->info().state_bytes > 0 && n_rows > 1) state_before = state_.fork();
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
  if (status.error().kind != ErrorKind::kCancelled) {
    if (state_before) state_ = std::move(*state_before);
    INGOT_TRY(truncate(start));
  }
  return tl::unexpected(std::move(status).error());
}

PrefillTask TokenSequence::prefill_task(int64_t n_tokens, const FeedOptions& options) const {
  const int64_t n_values = n_output_rows(options.logits, n_tokens) * engine_->info().vocab_size +
                           n_output_rows(options.hidden, n_tokens) * engine_->info().dim +
                           (options.logits == Rows::kNone ? 0 : engine_->info().vocab_size);  // last_logits_
  PrefillTask task;
  task.n_tokens = n_tokens;
  task.n_before = length();
  task.final_rows = options.hidden == Rows::kNone ? options.logits : Rows::kNone;
  task.kv_bytes = state_.growth_bytes(length() - state_.length() + n_tokens);
  task.kv_block_bytes = state_.shape().bytes_per_block();
  task.output_bytes = n_values * static_cast<int64_t>(sizeof(float));
  task.chunking = options.chunk;
  if (!options.generated && can_repeat_from_grid()) task.grid = state_.shape().recurrent_grid;
  return task;
}

PrefillSetting TokenSequence::prefill_setting(std::span<const ChunkSample> samples) const {
  return {.work = engine_->prefill_work(),
          .memory_of = [this](const StepSize& size,
                              int64_t first_position) { return engine_->step_memory(size, first_position); },
          .free_bytes = 0,
          .held = engine_->ops_memory(),
          .samples = samples};
}

Result<PrefillPlan> TokenSequence::plan(int64_t n_tokens, const FeedOptions& options) const {
  if (n_tokens < 1) return invalid("{} tokens to read, expected at least 1", n_tokens);
  INGOT_TRY(check_fits(n_tokens));
  const std::vector<ChunkSample> samples = engine_->chunk_samples();
  PrefillSetting setting = prefill_setting(samples);
  setting.free_bytes = free_memory();
  return plan_prefill(prefill_task(n_tokens, options), setting);
}

Status TokenSequence::prepare(int64_t n_rows, FeedResult& out, const FeedOptions& options) {
  last_prefill_ = {};
  last_prefill_.plan.n_tokens = n_rows;
  // One row is one chunk, whatever the strategy; generated tokens come so, and there must be quick.
  if (n_rows == 1) return {};
  const std::vector<ChunkSample> samples = engine_->chunk_samples();
  const PrefillTask task = prefill_task(n_rows, options);
  PrefillSetting setting = prefill_setting(samples);
  if (options.chunk.strategy == Chunking::Strategy::kAuto) setting.free_bytes = free_memory();
  INGOT_ASSIGN(last_prefill_.plan, plan_prefill(task, setting));
  if (last_prefill_.plan.memory.total() >= kSmallNeed) {
    setting.free_bytes = free_memory();
    INGOT_TRY(check_memory(last_prefill_.plan, task, setting));
  }
  INGOT_TRY(make_room(out.logits, n_output_rows(options.logits, n_rows), engine_->info().vocab_size));
  return make_room(out.hidden, n_output_rows(options.hidden, n_rows), engine_->info().dim);
}

Status TokenSequence::feed_rows(const Input& input, int64_t first, int64_t n_rows, FeedResult& out,
                                const FeedOptions& options) {
  INGOT_TRY(prepare(n_rows, out, options));
  const int64_t n_vocab = engine_->info().vocab_size;
  Reading reading{.kv_bytes_before = state_.n_bytes()};
  for (int64_t done = 0; done < n_rows;) {
    if (options.cancel.cancelled()) return fail(ErrorKind::kCancelled, "cancelled");
    const std::vector<ChunkSample> samples = n_rows > 1 ? engine_->chunk_samples() : std::vector<ChunkSample>();
    Chunk chunk = {.first = first + done,
                   .n_tokens = next_chunk(last_prefill_.plan, done, engine_->prefill_work(), samples),
                   .n_repeated = std::min<int64_t>(options.chunk.overlap, done)};
    if (state_.shape().recurrent_grid > 1) put_on_grid(chunk, options);
    const bool last_chunk = done + chunk.n_tokens == n_rows;
    ForwardOutputs outputs;
    if (options.logits == Rows::kAll || (options.logits == Rows::kLast && last_chunk)) {
      outputs.logits = extend(out.logits, options.logits == Rows::kAll ? chunk.n_tokens : 1, n_vocab);
    }
    if (options.hidden == Rows::kAll || (options.hidden == Rows::kLast && last_chunk)) {
      outputs.hidden = extend(out.hidden, options.hidden == Rows::kAll ? chunk.n_tokens : 1, engine_->info().dim);
    }
    INGOT_TRY(feed_timed(input, chunk, outputs, options, reading, samples));

    if (input.tokens.empty()) {
      tokens_.insert(tokens_.end(), static_cast<size_t>(chunk.n_tokens), -1);
      if (state_.shape().recurrent_grid > 1) keep_embedded(input.embeddings.row_range(chunk.first, chunk.n_tokens));
    } else {
      const auto fed = input.tokens.subspan(static_cast<size_t>(chunk.first), static_cast<size_t>(chunk.n_tokens));
      tokens_.insert(tokens_.end(), fed.begin(), fed.end());
    }
    if (outputs.logits.data != nullptr) {
      last_logits_.assign(out.logits.end() - n_vocab, out.logits.end());
    } else {
      last_logits_.clear();
    }
    done += chunk.n_tokens;
    last_prefill_.measured.outputs =
        static_cast<int64_t>((out.logits.size() + out.hidden.size() + last_logits_.size()) * sizeof(float));
    if (options.on_progress) options.on_progress(first + done, input.n_rows());
  }
  return {};
}

Status TokenSequence::feed_timed(const Input& input, const Chunk& chunk, const ForwardOutputs& outputs,
                                 const FeedOptions& options, Reading& reading, std::span<const ChunkSample> samples) {
  if (last_prefill_.plan.n_tokens == 1) return feed_chunk(input, chunk, outputs, options, reading);
  const int64_t n_rows = chunk.n_tokens + chunk.n_repeated;
  const PrefillFlops flops = engine_->prefill_work().flops(state_.length() - chunk.n_repeated, n_rows);
  const auto start = std::chrono::steady_clock::now();
  INGOT_TRY(feed_chunk(input, chunk, outputs, options, reading));
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();

  if (!options.generated && options.chunk.strategy != Chunking::Strategy::kLayerByLayer) {
    engine_->add_chunk_sample({.n_rows = n_rows, .seconds = seconds, .flops = flops});
  }
  const OpsMemory ops = engine_->ops_memory();
  PrefillMemory& measured = last_prefill_.measured;
  measured.activations = std::max(measured.activations, reading.scratch.n_bytes());
  measured.attention_scratch = ops.attention_scratch;
  measured.kernel_scratch = ops.other_scratch;
  if (engine_->recorder() != nullptr) {
    last_prefill_.chunks.push_back({.n_tokens = chunk.n_tokens,
                                    .n_repeated = chunk.n_repeated,
                                    .n_cached = state_.length(),
                                    .estimated_ms = estimate_seconds(samples, n_rows, flops) * 1000,
                                    .ms = seconds * 1000});
  }
  return {};
}

const float* TokenSequence::embedded_row(int64_t position) const {
  const int64_t dim = engine_->info().dim;
  const int64_t first = embedded_end_ - static_cast<int64_t>(embedded_.size()) / dim;
  if (position < first || position >= embedded_end_) return nullptr;
  return embedded_.data() + (position - first) * dim;
}

void TokenSequence::keep_embedded(TensorView rows) {
  const int64_t n_most = state_.shape().recurrent_grid - 1;
  if (embedded_end_ != length() - rows.rows) embedded_.clear();
  for (int64_t row = std::max<int64_t>(0, rows.rows - n_most); row < rows.rows; ++row) {
    embedded_.insert(embedded_.end(), rows.row(row), rows.row(row) + rows.cols);
  }
  const auto most = static_cast<size_t>(n_most * rows.cols);
  if (embedded_.size() > most) embedded_.erase(embedded_.begin(), embedded_.end() - static_cast<ptrdiff_t>(most));
  embedded_end_ = length();
}

bool TokenSequence::can_repeat_from_grid() const {
  if (!state_.knows_grid()) return false;
  for (int64_t position = state_.length() - state_.off_grid(); position < state_.length(); ++position) {
    if (tokens_[static_cast<size_t>(position)] < 0 && embedded_row(position) == nullptr) return false;
  }
  return true;
}

void TokenSequence::put_on_grid(Chunk& chunk, const FeedOptions& options) const {
  const int64_t off_grid = state_.off_grid();
  const bool repeats = off_grid > 0 && !options.generated && can_repeat_from_grid();
  if (repeats) chunk.n_repeated = off_grid;
  // What goes row after row ends at the next grid position. Rows that go by layer begin there: none of them is
  // repeated.
  const bool by_layer = options.chunk.strategy == Chunking::Strategy::kLayerByLayer;
  if (options.generated || (off_grid > 0 && (!repeats || by_layer))) {
    chunk.n_tokens = std::min(chunk.n_tokens, state_.shape().recurrent_grid - off_grid);
  }
}

Status TokenSequence::repeat_rows(int64_t n_repeated, SequenceSlice& slice, RepeatedRows& rows) {
  const auto since = std::span(tokens_).last(static_cast<size_t>(n_repeated));
  if (!slice.tokens.empty() && std::ranges::all_of(since, [](int32_t token) { return token >= 0; })) {
    rows.tokens.assign(since.begin(), since.end());
    rows.tokens.insert(rows.tokens.end(), slice.tokens.begin(), slice.tokens.end());
    slice.tokens = rows.tokens;
    return {};
  }
  const int64_t dim = engine_->info().dim;
  const int64_t n_rows = n_repeated + slice.n_rows();
  INGOT_TRY(make_room(rows.embeddings, n_rows, dim));
  const TensorView all = extend(rows.embeddings, n_rows, dim);
  for (int64_t row = 0; row < n_repeated; ++row) {
    const int32_t& token = since[static_cast<size_t>(row)];
    if (token >= 0) {
      INGOT_TRY(engine_->embed(std::span(&token, 1), all.row_range(row, 1)));
    } else {
      std::copy_n(embedded_row(length() - n_repeated + row), dim, all.row(row));
    }
  }
  if (slice.tokens.empty()) {
    for (int64_t row = n_repeated; row < n_rows; ++row) {
      std::copy_n(slice.embeddings.row(row - n_repeated), dim, all.row(row));
    }
  } else {
    INGOT_TRY(engine_->embed(slice.tokens, all.row_range(n_repeated, slice.n_rows())));
  }
  slice.tokens = {};
  slice.embeddings = all;
  return {};
}

Status TokenSequence::feed_from_grid(SequenceSlice slice, const ForwardOutputs& outputs, const FeedOptions& options,
                                     Reading& reading) {
  RepeatedRows rows;
  INGOT_TRY(repeat_rows(slice.n_repeated, slice, rows));
  SequenceState before = state_.fork();
  state_.return_to_grid();
  Status status = engine_->step(std::span(&slice, 1), outputs, options.cancel.flag(), &reading.scratch);
  if (!status) state_ = std::move(before);
  return status;
}

Status TokenSequence::feed_chunk(const Input& input, const Chunk& chunk, const ForwardOutputs& outputs,
                                 const FeedOptions& options, Reading& reading) {
  const bool from_grid = chunk.n_repeated > 0 && state_.shape().recurrent_grid > 1;
  // Rows since the grid may have come with an earlier input.
  const int64_t first_row = from_grid ? chunk.first : chunk.first - chunk.n_repeated;
  const int64_t n_rows = chunk.first + chunk.n_tokens - first_row;
  SequenceSlice slice;
  slice.state = &state_;
  if (input.tokens.empty()) {
    slice.embeddings = input.embeddings.row_range(first_row, n_rows);
  } else {
    slice.tokens = input.tokens.subspan(static_cast<size_t>(first_row), static_cast<size_t>(n_rows));
  }
  slice.generated = options.generated;
  slice.all_rows = options.logits == Rows::kAll || options.hidden == Rows::kAll;
  slice.n_repeated = chunk.n_repeated;
  int64_t& kv_bytes = last_prefill_.measured.kv;
  if (from_grid) {
    INGOT_TRY(feed_from_grid(slice, outputs, options, reading));
    kv_bytes = std::max(kv_bytes, state_.n_bytes() - reading.kv_bytes_before);
    return {};
  }
  if (options.chunk.strategy == Chunking::Strategy::kLayerByLayer) {
    const int64_t n_layers = engine_->info().n_layers;
    const auto on_layer = [&](int64_t n_done) {
      if (!options.on_progress || n_done == n_layers) return;
      options.on_progress(chunk.first + n_rows * n_done / n_layers, input.n_rows());
    };
    INGOT_TRY(engine_->step_by_layer(slice, kLayerRows, outputs, options.cancel.flag(), &reading.scratch, on_layer));
    kv_bytes = state_.n_bytes() - reading.kv_bytes_before;
    return {};
  }
  if (chunk.n_repeated == 0) {
    INGOT_TRY(engine_->step(std::span(&slice, 1), outputs, options.cancel.flag(), &reading.scratch));
    kv_bytes = std::max(kv_bytes, state_.n_bytes() - reading.kv_bytes_before);
    return {};
  }
  // The state from before stays at hand: cut short, a chunk must not cost the tokens that it repeats.
  SequenceState before = state_.fork();
  state_.truncate(state_.length() - chunk.n_repeated);
  const int64_t n_shared = state_.length() / kPageTokens * state_.shape().bytes_per_block();
  Status status = engine_->step(std::span(&slice, 1), outputs, options.cancel.flag(), &reading.scratch);
  if (!status) {
    state_ = std::move(before);
    return status;
  }
  kv_bytes = std::max(kv_bytes, state_.n_bytes() + before.n_bytes() - n_shared - reading.kv_bytes_before);
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
  if (n_tokens < state_.length()) {
    if (!state_.can_truncate(n_tokens)) {
      return fail(
          ErrorKind::kUnsupported,
          "cannot truncate a sequence of {} tokens to {}: {} keeps a state that cannot go back; expected 0, or a "
          "fork or saved state from there",
          length(), n_tokens, engine_->info().architecture);
    }
    state_.truncate(n_tokens);
  }
  tokens_.resize(static_cast<size_t>(n_tokens));
  last_logits_.clear();
  return {};
}

TokenSequence TokenSequence::fork() const {
  TokenSequence copy(engine_, state_.fork());
  copy.tokens_ = tokens_;
  copy.last_logits_ = last_logits_;
  copy.embedded_ = embedded_;
  copy.embedded_end_ = embedded_end_;
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
  embedded_.clear();
  last_logits_ = std::move(saved.last_logits);
  return {};
}

Status TokenSequence::save_file(const std::string& path) const {
  INGOT_ASSIGN(const std::vector<std::byte> bytes, save());
  return write_file_atomically(path, bytes);
}

Status TokenSequence::restore_file(const std::string& path) {
  INGOT_ASSIGN(const auto file, MappedFile::open(path));
  Status restored = restore(file->bytes());
  if (file->damaged()) return fail(ErrorKind::kIo, "{}: the file changed while it was read", path);
  if (!restored) return tl::unexpected(restored.error().context(path));
  return {};
}

}  // namespace ingot::core
