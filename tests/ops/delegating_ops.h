// Operations that hand everything to other ones: what a test overrides is all that is different.
#pragma once

#include "ops/ops.h"

namespace ingot::core {

class DelegatingOps : public Ops {
 public:
  explicit DelegatingOps(Ops& inner) : inner_(inner) {}

  Result<AlignedBuffer> allocate(size_t n_bytes) override { return inner_.allocate(n_bytes); }
  Result<WeightMatrix> pack_weight(const HostTensor& tensor) override { return inner_.pack_weight(tensor); }
  Status synchronise() override { return inner_.synchronise(); }
  const char* kernels() const override { return inner_.kernels(); }
  const char* kernels_for(const WeightMatrix& w) const override { return inner_.kernels_for(w); }
  const char* backend() const override { return inner_.backend(); }
  OpsMemory memory() const override { return inner_.memory(); }
  OpsMemory memory_for(const StepShape& step) const override { return inner_.memory_for(step); }

  void embed(std::span<const int32_t> ids, const WeightMatrix& table, float scale, TensorView out) override {
    inner_.embed(ids, table, scale, out);
  }
  void norm(const NormParams& params, TensorView x, TensorView out) override { inner_.norm(params, x, out); }
  void linear(const StepRows& step, TensorView x, const WeightMatrix& w, const Epilogue& epilogue,
              TensorView out) override {
    inner_.linear(step, x, w, epilogue, out);
  }
  void rope(const RopeParams& params, std::span<const int32_t> positions, TensorView x) override {
    inner_.rope(params, positions, x);
  }
  void activate(Activation activation, TensorView gate, TensorView up, TensorView out) override {
    inner_.activate(activation, gate, up, out);
  }
  void add(TensorView a, TensorView b, float scale, TensorView out) override { inner_.add(a, b, scale, out); }
  void scale_rows_by_sigmoid(TensorView gate, TensorView x) override { inner_.scale_rows_by_sigmoid(gate, x); }
  void softcap(float cap, TensorView x) override { inner_.softcap(cap, x); }
  void write_kv(const KvView& kv, int64_t first_position, TensorView k, TensorView v) override {
    inner_.write_kv(kv, first_position, k, v);
  }
  void attention(const StepRows& step, const AttentionParams& params, const KvView& kv, int64_t first_position,
                 TensorView q, TensorView out) override {
    inner_.attention(step, params, kv, first_position, q, out);
  }
  void token_shift(std::span<const RecurrentRows> sequences, TensorView x, std::span<const float> mix,
                   std::span<const TensorView> outs) override {
    inner_.token_shift(sequences, x, mix, outs);
  }
  void time_mix(const TimeMixParams& params, std::span<const RecurrentRows> sequences, const TimeMixInputs& inputs,
                TensorView out) override {
    inner_.time_mix(params, sequences, inputs, out);
  }
  void route(const RouteParams& params, TensorView logits, std::span<int32_t> out_ids,
             std::span<float> out_weights) override {
    inner_.route(params, logits, out_ids, out_weights);
  }
  void experts(const StepRows& step, const ExpertParams& params, std::span<const int32_t> ids,
               std::span<const float> weights, int64_t n_used, TensorView x, TensorView out) override {
    inner_.experts(step, params, ids, weights, n_used, x, out);
  }

 private:
  Ops& inner_;
};

}  // namespace ingot::core
