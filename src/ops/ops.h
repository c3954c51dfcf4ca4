// The operations that a model is made of, and the only door through which models reach the machine.
//
// About a dozen coarse operations on TensorViews; CpuOps now, a GPU later. Everything here is row-wise: a row of the
// result depends on the same row of the input alone (attention: on the rows of its own sequence before it), and is
// reduced in an order that depends neither on the number of rows, nor on threads, nor on neighbours. That is what
// makes logits independent of chunk, batch and thread count, bit for bit.
//
// Shapes are (rows, cols), one row a token. Outputs come last. An output may be the same view as an input only where
// it is said. Shapes are checked once, when a model is loaded; here a wrong one is a bug (INGOT_CHECK), not an error.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "base/aligned_buffer.h"
#include "base/result.h"
#include "tensor/kv_view.h"
#include "tensor/tensor_view.h"
#include "tensor/weight_matrix.h"

namespace ingot::core {

// The rows of one step: first those of prompts, then those of generated tokens. A kernel may treat the two classes
// differently (never by row count), as long as each class is reproducible by itself.
struct StepRows {
  int64_t n_prompt = 0;
  int64_t n_generated = 0;
  int64_t total() const { return n_prompt + n_generated; }
};

enum class NormKind : uint8_t { kRms, kLayer };

struct NormParams {
  NormKind kind = NormKind::kRms;
  float epsilon = 1e-5f;
  std::span<const float> weight = {};  // (group) or, when empty, all ones
  std::span<const float> bias = {};    // (group) or empty
  int64_t group = 0;                   // values normalised together: 0 = the whole row; head_dim = each head by itself
};

enum class Activation : uint8_t {
  kNone,
  kSilu,
  kGelu,      // 0.5 x (1 + erf(x / sqrt 2))
  kGeluTanh,  // its tanh approximation, "gelu_pytorch_tanh", "gelu_new"
  kRelu,
  kReluSquared,
  kTanh,
  kSigmoid,
};

// y = activation(scale * (W x + bias)) * ... in this order: product, bias, scale, activation, then + residual.
struct Epilogue {
  std::span<const float> bias = {};  // (W.rows) or empty
  float scale = 1.0f;
  Activation activation = Activation::kNone;
  const TensorView* residual = nullptr;  // (rows, W.rows), added last; may be the output itself
};

enum class RopeLayout : uint8_t {
  kInterleaved,  // pairs (2i, 2i + 1): GGUF's "norm" layout, of llama
  kHalves,       // pairs (i, i + rotary_dim / 2): "neox", of most others
};

struct RopeParams {
  RopeLayout layout = RopeLayout::kInterleaved;
  int64_t head_dim = 0;
  int64_t rotary_dim = 0;  // the first rotary_dim values of each head turn, the rest pass
  std::span<const float> frequencies =
      {};                  // (rotary_dim / 2): radians per position, with every scaling already in them
  float magnitude = 1.0f;  // factor on cos and sin (YaRN and long-rope attention factor)
};

struct AttentionParams {
  int64_t n_heads = 0;                // query heads; n_heads / kv.n_kv_heads of them share one head of keys
  float scale = 1.0f;                 // on q.k
  float softcap = 0.0f;               // 0 = none; else scores become softcap * tanh(score / softcap)
  int64_t window = 0;                 // 0 = all positions before; else position t sees (t - window, t]
  int64_t end_seen = 0;               // 0 = causal; else every row sees positions [0, end_seen), which are written
  std::span<const float> sinks = {};  // (n_heads) logits that join the softmax's sum without a value, or empty
};

struct RouteParams {
  int64_t n_used = 0;          // experts per token
  bool normalize = true;       // weights of the chosen experts sum to 1
  bool softmax_before = true;  // probabilities over all experts, then choose; else softmax over the chosen logits
  float scale = 1.0f;          // on the weights at the end
  bool operator==(const RouteParams&) const = default;
};

// One stack of expert matrices for each of gate, up, down; n_slices = number of experts.
struct ExpertParams {
  const WeightMatrix* gate = nullptr;  // (n_experts, expert_ffn_dim, dim)
  const WeightMatrix* up = nullptr;    // (n_experts, expert_ffn_dim, dim)
  const WeightMatrix* down = nullptr;  // (n_experts, dim, expert_ffn_dim)
  Activation activation = Activation::kSilu;
};

// Rows of one sequence in a step over several, and what one layer remembers of the rows before them. Sequences follow
// one another without gaps.
struct RecurrentRows {
  int64_t first_row = 0;
  int64_t n_rows = 0;
  const float* before = nullptr;  // what the step begins with
  float* after = nullptr;         // what it leaves behind; may be before
  // Not null: rows of a prompt that begin at a multiple of recurrent_grid(). Gets what stood at the last one.
  float* after_grid = nullptr;
};

// RWKV-7's recurrence with what surrounds it; kernels/kernel_table.h has the equations (TimeMixArgs).
struct TimeMixParams {
  int64_t n_heads = 0;
  int64_t head_size = 0;                    // a multiple of 16, at most 256
  std::span<const float> k_k, k_a, r_k;     // (n_heads * head_size)
  std::span<const float> norm_weight = {};  // (n_heads * head_size), each head normed by itself; empty: no norm
  std::span<const float> norm_bias = {};
  float norm_epsilon = 0.0f;
};

// (rows, n_heads * head_size) each. w, a and value_mix before their nonlinearities.
struct TimeMixInputs {
  TensorView r, w, k, v, a;
  TensorView g = {};          // data == nullptr: no gate
  TensorView value_mix = {};  // how far v moves to first_v; data == nullptr: it stays
  TensorView first_v = {};
};

// A tensor as the file has it, already checked against the architecture.
struct HostTensor {
  const std::byte* data = nullptr;
  DType type = DType::kF32;
  int64_t n_slices = 1;
  int64_t rows = 0;
  int64_t cols = 0;
  std::shared_ptr<const void> owner;
  bool for_products = true;  // false: only embed() will read it, so that no other layout pays
};

// What the next operation is for, in the words of profiles. Names are string literals: "qkv_projection", "rope".
struct OpLabel {
  int32_t layer = -1;  // -1: none
  const char* name = "";
};

// Working memory that a backend holds, in bytes.
struct OpsMemory {
  int64_t attention_scratch = 0;  // partial results of attention that is split over the cache
  int64_t other_scratch = 0;
};

// Products that linear_each() takes together.
inline constexpr size_t kMostLinearJobs = 8;

// A step over rows of one prompt, as far as a backend's working memory depends on it. Nothing is read: weights and
// caches may have no data.
struct StepShape {
  struct Attention {
    AttentionParams params;
    KvView kv;
  };
  struct Gated {
    const WeightMatrix* gate = nullptr;
    const WeightMatrix* up = nullptr;
    const WeightMatrix* next = nullptr;
  };
  struct Experts {
    ExpertParams params;
    int64_t n_used = 0;
  };
  using Each = std::array<const WeightMatrix*, kMostLinearJobs>;  // that linear_each() takes together; null: no more
  std::span<const Each> eachs = {};
  int64_t time_mix_head_size = 0;  // of the recurrence, 0: there is none
  int64_t n_rows = 0;
  int64_t first_position = 0;                         // of its rows in their sequence
  std::span<const WeightMatrix* const> linears = {};  // that all rows are multiplied by
  std::span<const Gated> gated = {};                  // likewise, by gated_linear()
  std::span<const Attention> attentions = {};
  std::span<const Experts> experts = {};
};

// How long the stages of attention take, each run by itself over all rows.
struct AttentionStageTimes {
  int64_t scores_ns = 0;   // q.k
  int64_t softmax_ns = 0;  // with scaling and masking
  int64_t values_ns = 0;   // the weighted sums
};

// The rows that a product reads: as they are, or what a norm makes of them.
struct LinearInput {
  TensorView x;  // (rows, cols)
  std::optional<NormParams> norm = std::nullopt;
  TensorView spare = {};        // with a norm: as large as x, its contents are lost where the backend needs it
  const char* norm_label = "";  // what profiles call the norm, a string literal
  // Not null: x in the form that a product wants, left by gated_linear(); then x itself has no values.
  const void* packed = nullptr;
};

// One of several products with the same rows.
struct LinearTarget {
  const WeightMatrix* w = nullptr;
  Epilogue epilogue = {};
  TensorView out = {};  // (rows, w->rows)
};

// activation(gate x) * (up x); outs of gate and up are not looked at.
struct GatedProduct {
  LinearTarget gate;
  LinearTarget up;
  Activation activation = Activation::kSilu;
  TensorView out;                      // (rows, gate.w->rows)
  TensorView spare;                    // as large as out, its contents are lost where the backend needs it
  const WeightMatrix* next = nullptr;  // of the only product that will read out, or null
};

// One of several products with rows of their own.
struct LinearJob {
  LinearInput input;  // (rows, target.w->cols)
  LinearTarget target;
};

// Rows of one sequence in a step over several, whose keys and values go into its cache. Sequences follow one another
// without gaps.
struct KvRows {
  int64_t first_row = 0;
  int64_t n_rows = 0;
  int64_t first_position = 0;  // of first_row in its sequence
  KvView kv;                   // of this layer, with pages for every row
};

// What becomes of the heads that the products of Q, K and V give: norms, turns, and the way into the cache.
struct HeadParams {
  int64_t n_heads = 0;
  int64_t n_kv_heads = 0;
  int64_t key_dim = 0;
  int64_t value_dim = 0;
  std::optional<NormParams> q_norm = std::nullopt;  // of each head by itself
  std::optional<NormParams> k_norm = std::nullopt;
  std::optional<RopeParams> rope = std::nullopt;
  std::span<const int32_t> positions = {};  // (rows)
  std::span<const KvRows> sequences = {};   // all rows of the step

  // Of the matrix of all heads: (rows, n_heads * key_dim), (rows, n_kv_heads * key_dim), (rows, n_kv_heads *
  // value_dim).
  TensorView queries(TensorView heads) const { return heads.col_range(0, n_heads * key_dim); }
  TensorView keys(TensorView heads) const { return heads.col_range(n_heads * key_dim, n_kv_heads * key_dim); }
  TensorView values(TensorView heads) const {
    return heads.col_range((n_heads + n_kv_heads) * key_dim, n_kv_heads * value_dim);
  }
};

// How long parts of operations took that do several things in one go, for profiles.
struct PartTimes {
  struct Part {
    int64_t ns = 0;         // of the operation's time
    int64_t shared_ns = 0;  // of these, in loops that threads shared
  };
  Part norm;       // of LinearInput
  Part head_norm;  // of HeadParams, as the next ones
  Part rope;
  Part kv_write;
};

class Ops {
 public:
  virtual ~Ops() = default;

  // Stands until the next one; only profiles read it.
  void set_label(OpLabel label) { label_ = label; }
  // From now on parts of operations are timed and added there; null: no longer. A backend may leave it.
  virtual void time_parts(PartTimes* /*times*/) {}

  // -- Memory ---------------------------------------------------------------------------------------------------
  virtual Result<AlignedBuffer> allocate(size_t n_bytes) = 0;
  // Lays a weight out for this backend. kRowMajor shares the file's pages; other layouts own their bytes.
  virtual Result<WeightMatrix> pack_weight(const HostTensor& tensor) = 0;
  // Waits until everything asked for is done and gives the first error since the last call: a backend works in memory
  // of its own, which may run out (kOutOfMemory; the results of that step are then void, but defined).
  virtual Status synchronise() { return {}; }
  // What runs: "avx512", "avx2", "portable", "reference".
  virtual const char* kernels() const = 0;
  // What runs for products with this weight, more exactly: also whether its type is decoded by plain code only.
  virtual const char* kernels_for(const WeightMatrix&) const { return kernels(); }
  virtual const char* backend() const = 0;  // "cpu"
  virtual OpsMemory memory() const { return {}; }
  // What memory() would tell at most if this backend had run such a step and nothing else.
  virtual OpsMemory memory_for(const StepShape&) const { return {}; }

  // -- Rows to rows ---------------------------------------------------------------------------------------------
  // out[r] = scale * table[ids[r]]. Precondition: every id is a row of the table. out: (ids, table.cols).
  virtual void embed(std::span<const int32_t> ids, const WeightMatrix& table, float scale, TensorView out) = 0;
  // out may be x.
  virtual void norm(const NormParams& params, TensorView x, TensorView out) = 0;
  // x: (rows, w.cols); out: (rows, w.rows). out may not overlap x.
  virtual void linear(const StepRows& step, TensorView x, const WeightMatrix& w, const Epilogue& epilogue,
                      TensorView out) = 0;
  // norm() where there is one, then linear() with each target, with the same bits; a backend may do all in one go,
  // reading x once.
  virtual void linear_group(const StepRows& step, const LinearInput& input, std::span<const LinearTarget> targets) {
    const TensorView x = normalized(input);
    for (const LinearTarget& target : targets) linear(step, x, *target.w, target.epilogue, target.out);
  }
  // linear_group() for each job, with the same bits; at most kMostLinearJobs of them, none of whose outputs another one
  // reads. A backend may do all in one go.
  virtual void linear_each(const StepRows& step, std::span<const LinearJob> jobs) {
    for (const LinearJob& job : jobs) linear_group(step, job.input, {&job.target, 1});
  }
  // With the bits of norm(), linear() and activate(). Returns how product.next is to read out: as it is, or, until the
  // next call, from a form that a backend has packed it into, leaving nothing in out.
  virtual LinearInput gated_linear(const StepRows& step, const LinearInput& input, const GatedProduct& product) {
    const TensorView x = normalized(input);
    linear(step, x, *product.gate.w, product.gate.epilogue, product.out);
    linear(step, x, *product.up.w, product.up.epilogue, product.spare);
    activate(product.activation, product.out, product.spare, product.out);
    return {.x = product.out};
  }
  // Turns every head of x, (rows, n_heads * head_dim), in place; row r stands at positions[r].
  virtual void rope(const RopeParams& params, std::span<const int32_t> positions, TensorView x) = 0;
  // out = activation(gate) * up; out may be gate or up. With no up (data == nullptr): out = activation(gate).
  virtual void activate(Activation activation, TensorView gate, TensorView up, TensorView out) = 0;
  // out = a + scale * b; out may be a or b.
  virtual void add(TensorView a, TensorView b, float scale, TensorView out) = 0;
  // x[r] *= sigmoid(gate[r]) with gate (rows, 1): the shared expert's gate.
  virtual void scale_rows_by_sigmoid(TensorView gate, TensorView x) = 0;
  // x = cap * tanh(x / cap), in place.
  virtual void softcap(float cap, TensorView x) = 0;

  // -- Attention ------------------------------------------------------------------------------------------------
  // Stores rows of k, (rows, n_kv_heads * key_dim), and v, (rows, n_kv_heads * value_dim), at positions
  // [first_position, first_position + rows). Precondition: the pages exist.
  virtual void write_kv(const KvView& kv, int64_t first_position, TensorView k, TensorView v) = 0;
  // The way from a layer's input to its heads: linear_group(), then norm() and rope() on queries and keys, then
  // write_kv() for every sequence, with the same bits. targets: Q, K and V, or one matrix that has them joined; their
  // outs are the columns of heads, (rows, queries + keys + values), in this order. Afterwards only its queries are
  // defined.
  virtual void project_heads(const StepRows& step, const LinearInput& input, std::span<const LinearTarget> targets,
                             const HeadParams& params, TensorView heads);
  // Row r stands at first_position + r and sees positions [0, first_position + r], or all before params.end_seen; less
  // by the window.
  // q: (rows, n_heads * key_dim); out: (rows, n_heads * value_dim).
  virtual void attention(const StepRows& step, const AttentionParams& params, const KvView& kv, int64_t first_position,
                         TensorView q, TensorView out) = 0;

  // The same numbers up to rounding, in stages that a profile can tell apart and that keep scores in memory in between:
  // more work than attention(), which holds them in registers and caches. Empty where a backend has no such stages.
  virtual std::optional<AttentionStageTimes> time_attention_stages(const StepRows&, const AttentionParams&,
                                                                   const KvView&, int64_t /*first_position*/,
                                                                   TensorView /*q*/, TensorView /*out*/) {
    return std::nullopt;
  }

  // -- Recurrence -----------------------------------------------------------------------------------------------
  // Rows of prompts are computed in chunks of so many, each from a state at a multiple of it; 1: row after row. A
  // sequence without after_grid is computed row after row in any case.
  virtual int64_t recurrent_grid(int64_t /*head_size*/) const { return 1; }
  // outs[i][r] = x[r] + (x[r - 1] - x[r]) * mix[i], where the row before a sequence's first is what its state holds,
  // (x.cols), and its last row is left there. mix: (outs, x.cols); outs: (rows, x.cols), none may be x.
  virtual void token_shift(std::span<const RecurrentRows> sequences, TensorView x, std::span<const float> mix,
                           std::span<const TensorView> outs) = 0;
  // State: (n_heads, head_size keys, head_size values). out: (rows, n_heads * head_size), none of the inputs.
  virtual void time_mix(const TimeMixParams& params, std::span<const RecurrentRows> sequences,
                        const TimeMixInputs& inputs, TensorView out) = 0;

  // -- Mixture of experts ---------------------------------------------------------------------------------------
  // logits: (rows, n_experts). Ties go to the lower expert. out_ids, out_weights: (rows, n_used), best first.
  virtual void route(const RouteParams& params, TensorView logits, std::span<int32_t> out_ids,
                     std::span<float> out_weights) = 0;
  // out[r] = sum over slots, in slot order, of weights[r, slot] * down[e](act(gate[e] x) * (up[e] x)), e = ids[r,
  // slot].
  virtual void experts(const StepRows& step, const ExpertParams& params, std::span<const int32_t> ids,
                       std::span<const float> weights, int64_t n_used, TensorView x, TensorView out) = 0;

 protected:
  // What the products read: x itself, or its norm in `spare`.
  TensorView normalized(const LinearInput& input) {
    if (!input.norm) return input.x;
    norm(*input.norm, input.x, input.spare);
    return input.spare;
  }

  OpLabel label_;
};

}  // namespace ingot::core
