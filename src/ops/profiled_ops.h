// Operations that record themselves: a shell around other Ops, which is there only while somebody profiles.
//
// What an operation does in one go with others, such as the norm before a product, is recorded by itself all the same:
// the backend tells how long it took (PartTimes), and that is taken out of the operation's time.
//
// Bytes and operations are those of the mathematics: a product of (rows, n) with (m, n) reads the weight, both
// activations once, and takes 2 rows m n operations, however the kernel goes about it. So GB/s and GFLOP/s of one
// record can be compared with the limits of the machine, and a kernel that reads twice shows as slow, not as busy.
#pragma once

#include <vector>

#include "ops/ops.h"
#include "profile/recorder.h"

namespace ingot::core {

// What is run once more beside the real work, to tell its parts apart.
struct ProfileDetail {
  bool attention = false;  // scores, softmax and weighted values
};

class ProfiledOps final : public Ops {
 public:
  // Both outlive this.
  ProfiledOps(Ops& inner, Recorder& recorder, ProfileDetail detail = {})
      : inner_(inner), recorder_(recorder), detail_(detail) {
    inner_.time_parts(&part_times_);
  }
  ~ProfiledOps() override { inner_.time_parts(nullptr); }
  ProfiledOps(const ProfiledOps&) = delete;
  ProfiledOps& operator=(const ProfiledOps&) = delete;

  Result<AlignedBuffer> allocate(size_t n_bytes) override { return inner_.allocate(n_bytes); }
  // A stage, "pack weights": no part of a step, like all that loads.
  Result<WeightMatrix> pack_weight(const HostTensor& tensor) override;
  Status synchronise() override { return inner_.synchronise(); }
  const char* kernels() const override { return inner_.kernels(); }
  const char* kernels_for(const WeightMatrix& w) const override { return inner_.kernels_for(w); }
  const char* backend() const override { return inner_.backend(); }
  OpsMemory memory() const override { return inner_.memory(); }
  OpsMemory memory_for(const StepShape& step) const override { return inner_.memory_for(step); }

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
                                                           TensorView out) override {
    return inner_.time_attention_stages(step, params, kv, first_position, q, out);
  }
  void token_shift(std::span<const RecurrentRows> sequences, TensorView x, std::span<const float> mix,
                   std::span<const TensorView> outs) override;
  int64_t recurrent_grid(int64_t head_size) const override { return inner_.recurrent_grid(head_size); }
  void time_mix(const TimeMixParams& params, std::span<const RecurrentRows> sequences, const TimeMixInputs& inputs,
                TensorView out) override;
  void route(const RouteParams& params, TensorView logits, std::span<int32_t> out_ids,
             std::span<float> out_weights) override;
  void experts(const StepRows& step, const ExpertParams& params, std::span<const int32_t> ids,
               std::span<const float> weights, int64_t n_used, TensorView x, TensorView out) override;

 private:
  struct Work {
    int64_t n_bytes = 0;
    int64_t n_flops = 0;
    int64_t n_rows = 0;
    int64_t position = 0;
    const WeightMatrix* weight = nullptr;
    bool mixed_formats = false;  // of several weights, of which `weight` is the first
  };
  // A part of an operation that is recorded as one by itself.
  struct Part {
    const char* name = "";
    PartTimes::Part PartTimes::*time = nullptr;
    Work work;
  };
  // fallback is the name where the model gave none. Parts that ran stand behind the whole, each taken out of its time.
  template <typename Fn>
  void record(const char* fallback, const Work& work, const Fn& fn, std::span<const Part> parts = {});
  static Part norm_part(const LinearInput& input);
  static Work norm_work(TensorView x);
  static Work group_work(TensorView x, std::span<const LinearTarget> targets);
  static Work rope_work(const RopeParams& params, std::span<const int32_t> positions, TensorView x);
  static Work kv_write_work(const KvView& kv, int64_t first_position, int64_t n_rows);

  void record_attention_stages(const StepRows& step, const AttentionParams& params, const KvView& kv,
                               int64_t first_position, TensorView q, int64_t out_cols);

  Ops& inner_;
  Recorder& recorder_;
  ProfileDetail detail_;
  PartTimes part_times_;           // of the operation that runs
  std::vector<float> stages_out_;  // (rows, n_heads * value_dim): what the stages compute, for nobody
  std::vector<bool> expert_used_;  // (n_experts): kept, so that recording does not allocate
};

// Pairs of a query row and a position that it sees, over all rows: causal, less by the window.
int64_t attention_pairs(int64_t first_position, int64_t n_rows, int64_t window);

}  // namespace ingot::core
