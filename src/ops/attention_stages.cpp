// Attention in stages, for profiles: all scores of a piece of the work, then all its softmaxes, then all its weighted
// sums, each over the threads. The pieces are those of attention(): a block of query rows, the heads that share a head
// of keys, and a segment of the cache. As many at a time as keep their scores within a few caches' size.
#include <algorithm>

#include "ops/attention_args.h"
#include "ops/cpu_ops.h"
#include "profile/zone_clock.h"

namespace ingot::core {
namespace {

// Some thousand scores for each thread and stage; no more, or the scores come and go through the memory.
constexpr int64_t kScoresBytes = int64_t{4} << 20;

// Loops that are no part of the real work are not recorded as such.
class RecordingPause {
 public:
  explicit RecordingPause(ThreadPool& pool) : pool_(pool), recorder_(pool.recorder()) { pool_.set_recorder(nullptr); }
  ~RecordingPause() { pool_.set_recorder(recorder_); }
  RecordingPause(const RecordingPause&) = delete;
  RecordingPause& operator=(const RecordingPause&) = delete;

 private:
  ThreadPool& pool_;
  Recorder* recorder_;
};

struct Piece {
  AttentionItem item;
  int64_t segment = 0;
};

}  // namespace

std::optional<AttentionStageTimes> CpuOps::time_attention_stages(const StepRows& step, const AttentionParams& params,
                                                                 const KvView& kv, int64_t first_position, TensorView q,
                                                                 TensorView out) {
  if (!has_attention_stages()) return std::nullopt;
  INGOT_CHECK(step.total() == q.rows, "rows of a class each");
  const RecordingPause pause(*pool_);
  AttentionStageTimes times;
  const auto time_rows = [&](int64_t first, int64_t n_rows, TokenClass token_class) {
    if (n_rows == 0) return true;
    return time_stages(attention_args(params, kv, first_position + first, q.row_range(first, n_rows),
                                      out.row_range(first, n_rows), token_class, pool_->n_threads()),
                       out.row_range(first, n_rows), times);
  };
  const bool timed = time_rows(0, step.n_prompt, TokenClass::kPrompt) &&
                     time_rows(step.n_prompt, step.n_generated, TokenClass::kGenerated);
  return timed ? std::optional(times) : std::nullopt;
}

bool CpuOps::time_stages(const AttentionArgs& args, TensorView out, AttentionStageTimes& times) {
  const KvView& kv = *args.kv;
  const int64_t block_rows = args.block_rows;
  const SegmentRange segments = seen_segments(args, out.rows);
  const int64_t group = args.n_heads / kv.n_kv_heads;
  const int64_t partial = attention_partial_floats(kv.value_dim);
  const int64_t scores_floats = segment_scores_floats(block_rows, group);
  const int64_t partials_floats = block_rows * group * partial;
  const int64_t n_blocks = (out.rows + block_rows - 1) / block_rows;
  const int64_t pieces_per_block = segments.count * kv.n_kv_heads;
  const int64_t at_once =
      std::max<int64_t>(pool_->n_threads(), kScoresBytes / (scores_floats * static_cast<int64_t>(sizeof(float))));
  const int64_t blocks_at_once = std::clamp<int64_t>(at_once / pieces_per_block, 1, n_blocks);
  const int64_t n_pieces_at_once = std::min(at_once, blocks_at_once * pieces_per_block);

  const size_t bytes_per_thread = table_->attention_scratch_bytes(args);
  const Result<std::byte*> scratch = scratch_.get_per_thread(bytes_per_thread);
  const Result<std::byte*> scores_bytes =
      scratch_.get(ScratchSlot::kStageScores, static_cast<size_t>(n_pieces_at_once * scores_floats) * sizeof(float));
  const Result<std::byte*> partials_bytes =
      scratch_.get(ScratchSlot::kStagePartials,
                   static_cast<size_t>(blocks_at_once * pieces_per_block * partials_floats) * sizeof(float));
  for (const Result<std::byte*>* memory : {&scratch, &scores_bytes, &partials_bytes}) {
    if (memory->has_value()) continue;
    fail_step(memory->error(), out);
    return false;
  }
  float* const scores = reinterpret_cast<float*>(*scores_bytes);      // (pieces at once, scores_floats)
  float* const partials = reinterpret_cast<float*>(*partials_bytes);  // (blocks at once, segments, n_kv_heads, ...)
  const auto thread_scratch = [&](int thread_idx) {
    return *scratch + Scratch::thread_stride(bytes_per_thread) * static_cast<size_t>(thread_idx);
  };
  const auto over = [&](int64_t n_items, int64_t grain, const auto& fn) {
    const int64_t start_ns = zone_now_ns();
    pool_->parallel_for(n_items, grain, [&](int64_t begin, int64_t end, int thread_idx) {
      for (int64_t item = begin; item < end; ++item) fn(item, thread_idx);
    });
    return zone_now_ns() - start_ns;
  };

  for (int64_t first_block = 0; first_block < n_blocks; first_block += blocks_at_once) {
    const int64_t first_row = first_block * block_rows;
    const int64_t n_rows = std::min(blocks_at_once * block_rows, out.rows - first_row);
    const int64_t n_pieces = (n_rows + block_rows - 1) / block_rows * pieces_per_block;
    const auto piece_of = [&](int64_t piece) {
      const int64_t row = first_row + piece / pieces_per_block * block_rows;
      const AttentionItem item{row, std::min(row + block_rows, out.rows), piece % kv.n_kv_heads};
      return Piece{item, segments.first + piece % pieces_per_block / kv.n_kv_heads};
    };
    for (int64_t first = 0; first < n_pieces; first += n_pieces_at_once) {
      const int64_t n_now = std::min(n_pieces_at_once, n_pieces - first);
      times.scores_ns += over(n_now, 1, [&](int64_t n, int thread_idx) {
        const Piece piece = piece_of(first + n);
        table_->score_segment(args, piece.item, piece.segment, thread_scratch(thread_idx), scores + n * scores_floats);
      });
      times.softmax_ns += over(n_now, 1, [&](int64_t n, int) {
        const Piece piece = piece_of(first + n);
        table_->softmax_segment(args, piece.item, piece.segment, scores + n * scores_floats,
                                partials + (first + n) * partials_floats);
      });
      times.values_ns += over(n_now, 1, [&](int64_t n, int thread_idx) {
        const Piece piece = piece_of(first + n);
        table_->weigh_segment(args, piece.item, piece.segment, scores + n * scores_floats, thread_scratch(thread_idx),
                              partials + (first + n) * partials_floats);
      });
    }
    times.values_ns += over(n_rows * args.n_heads, 16, [&](int64_t n, int thread_idx) {
      const int64_t row = n / args.n_heads;
      const int64_t head = n % args.n_heads;
      const int64_t state = row % block_rows * group + head % group;
      const int64_t first_piece = row / block_rows * pieces_per_block + head / group;
      table_->merge_segments(args, first_row + row, head, partials + first_piece * partials_floats + state * partial,
                             segments.count, kv.n_kv_heads * partials_floats,
                             reinterpret_cast<float*>(thread_scratch(thread_idx)));
    });
  }
  return true;
}

}  // namespace ingot::core
