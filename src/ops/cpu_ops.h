// The operations on this machine's processor: they split the work over threads, the kernels of one instruction set do
// it. One file per operation; this one has the class and what the operations share.
//
// Not thread-safe: one thread at a time calls an instance, which owns its pool and its scratch.
#pragma once

#include <array>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "kernels/kernel_table.h"
#include "ops/ops.h"
#include "ops/part_timer.h"
#include "ops/scratch.h"
#include "threading/thread_pool.h"

namespace ingot::core {

enum class NumericMode : uint8_t {
  kExact,      // in vectors
  kFast,       // the same with activations of 8 bits
  kReference,  // the oracle: FP32 products, double sums, plain code
};

struct CpuOpsOptions {
  int n_threads = 0;     // 0: default_thread_count()
  std::string isa = {};  // a kernel table's name; empty: INGOT_ISA or the best (dispatch.h)
  NumericMode mode = NumericMode::kExact;
};

class CpuOps final : public Ops {
 public:
  // Errors: a thread count out of range; an instruction set that is unknown or missing here, one named together
  // with the reference mode, which has only its own, or without kernels for the fast mode.
  static Result<std::unique_ptr<CpuOps>> create(const CpuOpsOptions& options);
  // With a table that dispatch.h does not know. Errors: a thread count out of range.
  static Result<std::unique_ptr<CpuOps>> create_with(const KernelTable& table, int n_threads);

  int n_threads() const { return pool_->n_threads(); }
  NumericMode mode() const { return mode_; }
  // Errors as for create; the old threads then stay.
  Status set_n_threads(int n_threads);

  Result<AlignedBuffer> allocate(size_t n_bytes) override;
  Result<WeightMatrix> pack_weight(const HostTensor& tensor) override;
  Status synchronise() override;
  void time_parts(PartTimes* times) override { parts_.set_times(times); }
  const char* kernels() const override { return table_->name; }
  const char* kernels_for(const WeightMatrix& w) const override;
  const char* backend() const override { return "cpu"; }
  OpsMemory memory() const override;
  OpsMemory memory_for(const StepShape& step) const override;
  // Loops of these operations are recorded from now on; null: no longer. See ThreadPool::set_recorder.
  void set_loop_recorder(Recorder* recorder) { pool_->set_recorder(recorder); }
  // Whether time_attention_stages() does anything.
  bool has_attention_stages() const { return table_->score_segment != nullptr; }
  // For what a program wants to run over the same threads between two operations.
  ThreadPool& pool() { return *pool_; }

  void embed(std::span<const int32_t> ids, const WeightMatrix& table, float scale, TensorView out) override;
  void norm(const NormParams& params, TensorView x, TensorView out) override;
  void linear(const StepRows& step, TensorView x, const WeightMatrix& w, const Epilogue& epilogue,
              TensorView out) override;
  void linear_group(const StepRows& step, const LinearInput& input, std::span<const LinearTarget> targets) override;
  void linear_each(const StepRows& step, std::span<const LinearJob> jobs) override;
  LinearInput gated_linear(const StepRows& step, const LinearInput& input, const GatedProduct& product) override;
  void rope(const RopeParams& params, std::span<const int32_t> positions, TensorView x) override;
  void activate(Activation activation, TensorView gate, TensorView up, TensorView out) override;
  void add(TensorView a, TensorView b, float scale, TensorView out) override;
  void scale_rows_by_sigmoid(TensorView gate, TensorView x) override;
  void softcap(float cap, TensorView x) override;
  void write_kv(const KvView& kv, int64_t first_position, TensorView k, TensorView v) override;
  void project_heads(const StepRows& step, const LinearInput& input, std::span<const LinearTarget> targets,
                     const HeadParams& params, TensorView heads) override;
  void attention(const StepRows& step, const AttentionParams& params, const KvView& kv, int64_t first_position,
                 TensorView q, TensorView out) override;
  std::optional<AttentionStageTimes> time_attention_stages(const StepRows& step, const AttentionParams& params,
                                                           const KvView& kv, int64_t first_position, TensorView q,
                                                           TensorView out) override;
  void token_shift(std::span<const RecurrentRows> sequences, TensorView x, std::span<const float> mix,
                   std::span<const TensorView> outs) override;
  int64_t recurrent_grid(int64_t head_size) const override;
  void time_mix(const TimeMixParams& params, std::span<const RecurrentRows> sequences, const TimeMixInputs& inputs,
                TensorView out) override;
  void route(const RouteParams& params, TensorView logits, std::span<int32_t> out_ids,
             std::span<float> out_weights) override;
  void experts(const StepRows& step, const ExpertParams& params, std::span<const int32_t> ids,
               std::span<const float> weights, int64_t n_used, TensorView x, TensorView out) override;

  // The pairs of one expert among those of one call of experts().
  struct ExpertGroup {
    int64_t expert = 0;
    int64_t first = 0;  // of its pairs, in their sorted order
    int64_t count = 0;
    int64_t packed_first = 0;  // where its rows begin among packed ones
  };

 private:
  // Cosines and sines of every row of one call; the next layer of the same step finds them again.
  struct RopeTable {
    RopeLayout layout = RopeLayout::kInterleaved;
    float magnitude = 0.0f;
    std::vector<int32_t> positions;
    std::vector<float> frequencies;
    std::vector<float> cosines;       // (positions, rotary_dim)
    std::vector<float> signed_sines;  // (positions, rotary_dim)
  };

  // What gated_linear() left for one product: rows of one class each, at most kRowsAtOnce, as for_each_class() has
  // them.
  struct PackedOutput {
    struct Chunk {
      int64_t first_row = 0;
      PackedForm form = PackedForm::kFloats;
      size_t at = 0;  // in the bytes
    };
    std::vector<Chunk> chunks;
    std::byte* bytes = nullptr;
  };

  // The (token, slot) pairs of one call of experts, sorted by expert; kept, so that a step allocates nothing.
  struct ExpertOrder {
    std::vector<ExpertGroup> groups;  // of the experts that have pairs, ascending
    std::vector<int64_t> sorted_at;   // (pairs): where each one went
    std::vector<int64_t> next_of;     // (n_experts + 1): of the sorting alone
    void sort(std::span<const int32_t> ids, int64_t n_experts);
  };

  CpuOps(std::unique_ptr<ThreadPool> pool, const KernelTable* table, NumericMode mode);

  const RopeTable& rope_table(const RopeParams& params, std::span<const int32_t> positions);
  static RopeArgs rope_args(const RopeParams& params, const RopeTable& table, int64_t row);
  Result<WeightMatrix> pack_panels(const HostTensor& tensor, WeightMatrix matrix);
  // Room for packed weights that lives as long as any matrix in it.
  Result<std::shared_ptr<std::byte>> weight_room(size_t n_bytes);
  // Whether all of them lie in panels and want rows of both classes in the same forms, so that they can share them.
  bool share_rows(std::span<const LinearTarget> targets) const;
  // Room for the output of gated_linear() in the form that `next` wants; false where memory ran out.
  bool reserve_packed(const StepRows& step, const WeightMatrix& next);
  void run_gated(const GatedProduct& product, std::span<const LinearJob> jobs, TokenClass token_class,
                 int64_t first_row, int64_t n_rows, const PackedOutput::Chunk* packed_chunk);
  // Jobs as the kernels take them.
  struct PanelJobs {
    std::array<PanelLinearArgs, kMostLinearJobs> args;
    size_t n = 0;
    size_t scratch_bytes = 0;  // the most that one of them asks for
    std::span<const PanelLinearArgs> all() const { return std::span(args).first(n); }
  };
  // Rows [first_row, first_row + n_rows) of jobs whose weights lie in panels; all of one class. Normalises where there
  // is a norm, and packs each input once in every form that is asked for.
  Result<PanelJobs> pack_jobs(TokenClass token_class, int64_t first_row, int64_t n_rows,
                              std::span<const LinearJob> jobs);
  PanelJobs packed_before(const LinearJob& job, PackedForm form, int64_t first_row, int64_t n_rows) const;
  void each_in_panels(const StepRows& step, std::span<const LinearJob> jobs);
  void run_jobs(TokenClass token_class, int64_t first_row, int64_t n_rows, std::span<const LinearJob> jobs);
  void finish_heads(const HeadParams& params, const RopeTable* turns, TensorView heads, int64_t first_row,
                    int64_t n_rows, int64_t first_head, int64_t end_head, int thread_idx);
  // Where weights do not lie in panels.
  void project_heads_in_parts(const StepRows& step, const LinearInput& input, std::span<const LinearTarget> targets,
                              const HeadParams& params, TensorView heads);
  // What a product reads that takes rows as they are.
  TensorView normalized_by_itself(const LinearInput& input);
  // Whether threads share a loop over so many items.
  bool shared(int64_t n_items, int64_t grain) const { return pool_->n_threads() > 1 && n_items > grain; }
  // x itself or a copy whose rows end in zeros up to padded_columns(x.cols).
  Result<TensorView> padded_rows(TensorView x);
  // Rows for the experts' products with panels, each at its place in its group. rows: of the tokens, which have
  // pairs_per_row pairs each, or (0) already in the order of the sorted pairs.
  Result<const std::byte*> pack_pairs(ScratchSlot slot, PackedForm form, TensorView rows, int64_t pairs_per_row);
  // Experts of at most kRowsAtOnce rows of one class: the scratch stays bounded.
  void experts_chunk(TokenClass token_class, const ExpertParams& params, std::span<const int32_t> ids,
                     std::span<const float> weights, int64_t n_used, TensorView x, TensorView out);
  // Rows of one class.
  void attend(const AttentionArgs& args, TensorView out);
  // Adds to the times; false where memory ran out.
  bool time_stages(const AttentionArgs& args, TensorView out, AttentionStageTimes& times);
  // fn(row, first_col, n_cols) over every part of a (rows, cols) matrix, in pieces worth a thread's while.
  template <typename Fn>
  void for_each_piece(int64_t rows, int64_t cols, const Fn& fn);
  // Remembers the first error of a step for synchronise() and leaves defined values behind.
  void fail_step(Error error, TensorView out);
  size_t time_mix_scratch_bytes(int64_t head_size) const;

  std::unique_ptr<ThreadPool> pool_;
  const KernelTable* table_;
  NumericMode mode_;
  std::string scalar_decoding_name_;  // of the table, for types that it decodes by plain code
  Scratch scratch_;
  std::shared_ptr<AlignedBuffer> weight_chunk_;  // the newest room for packed weights
  size_t weight_chunk_used_ = 0;
  ExpertOrder expert_order_;
  std::vector<const float*> previous_rows_;  // of one call of token_shift(); kept, so that a step allocates nothing
  Status step_status_;
  std::array<RopeTable, 2> rope_tables_;  // two: models with windows alternate between two sets of frequencies
  size_t next_rope_table_ = 0;
  PartTimer parts_;
  PackedOutput packed_output_;
};

NormArgs norm_args(const NormParams& params);
Nonlinearity to_nonlinearity(Activation activation);

template <typename Fn>
void CpuOps::for_each_piece(int64_t rows, int64_t cols, const Fn& fn) {
  // Some ten microseconds of work: below that, waking another thread costs more than it gives.
  constexpr int64_t kPieceValues = 16384;
  if (rows == 0 || cols == 0) return;
  if (cols > kPieceValues) {
    const int64_t pieces_per_row = (cols + kPieceValues - 1) / kPieceValues;
    pool_->parallel_for(rows * pieces_per_row, 1, [&](int64_t begin, int64_t end, int) {
      for (int64_t piece = begin; piece < end; ++piece) {
        const int64_t first_col = piece % pieces_per_row * kPieceValues;
        fn(piece / pieces_per_row, first_col, std::min(kPieceValues, cols - first_col));
      }
    });
    return;
  }
  pool_->parallel_for(rows, kPieceValues / cols, [&](int64_t begin, int64_t end, int) {
    for (int64_t row = begin; row < end; ++row) fn(row, 0, cols);
  });
}

}  // namespace ingot::core
