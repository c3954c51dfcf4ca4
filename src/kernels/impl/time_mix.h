// RWKV-7's recurrence for one head (TimeMixArgs).
// Included by table.cpp after rows.h, inside its region and namespace.
//
// Rows of a prompt lie n_heads heads apart, so some of them are first brought together, with everything done to them
// that looks at one row alone. Then the state, keys by values, passes through registers once a row: lanes are values,
// so that no sum crosses lanes, and a row's first sum, u, is added up while the row before it is being finished.

// Rows brought together: seven vectors each of a head of 64 take 14 KB, beside the 16 KB of its state.
constexpr int64_t kTimeMixRows = 8;
// Vectors of values whose sums stay in registers.
constexpr int kTimeMixVectors = kLanes == 16 ? 4 : 2;

// (n_rows, head_size) each, one after another.
struct TimeMixBlock {
  float* r;
  float* w;
  float* k;
  float* v;
  float* minus_kk;
  float* kk_a;
  float* y;
  float* bonus;  // (n_rows)

  TimeMixBlock(std::byte* scratch, int64_t n_rows, int64_t head_size) {
    float* next = reinterpret_cast<float*>(scratch);
    for (float** vectors : {&r, &w, &k, &v, &minus_kk, &kk_a, &y}) {
      *vectors = next;
      next += n_rows * head_size;
    }
    bonus = next;
  }
};

constexpr size_t time_mix_block_bytes(int64_t n_rows, int64_t head_size) {
  return static_cast<size_t>(n_rows * (7 * head_size + kColumnPadding)) * sizeof(float);
}

size_t time_mix_scratch_bytes(int64_t head_size) {
  return time_mix_block_bytes(kTimeMixRows, head_size);
}

void token_shift(const float* x, const float* previous, const float* mix, int64_t n, float* out) {
  int64_t col = 0;
  for (; col + kLanes <= n; col += kLanes) {
    const F32 now = load(x + col);
    store(out + col, fma(sub(load(previous + col), now), load(mix + col), now));
  }
  if (col == n) return;
  const int64_t rest = n - col;
  const F32 now = load_partial(x + col, rest);
  store_partial(out + col, rest, fma(sub(load_partial(previous + col, rest), now), load_partial(mix + col, rest), now));
}

// All that concerns row `row` alone, into row `at` of the block.
inline void prepare_time_mix(const TimeMixArgs& args, int64_t row, int64_t at, const TimeMixBlock& block) {
  const int64_t first = at * args.head_size;
  const float* value_mix = args.value_mix.row(row);
  F32 squares = zero();
  F32 bonus = zero();
  for (int64_t col = 0; col < args.head_size; col += kLanes) {
    const F32 k = load(args.k.row(row) + col);
    const F32 r = load(args.r.row(row) + col);
    const F32 a = sigmoid(load(args.a.row(row) + col));
    constexpr float kMinusRootOfE = -0.606530660f;  // -e^-0.5
    store(block.w + first + col, exp(mul(broadcast(kMinusRootOfE), sigmoid(load(args.w.row(row) + col)))));
    F32 v = load(args.v.row(row) + col);
    if (value_mix != nullptr) {
      v = fma(sub(load(args.first_v.row(row) + col), v), sigmoid(load(value_mix + col)), v);
    }
    store(block.v + first + col, v);
    const F32 kk = mul(k, load(args.k_k + col));
    squares = fma(kk, kk, squares);
    store(block.minus_kk + first + col, kk);
    store(block.kk_a + first + col, a);
    const F32 mixed_k = mul(k, fma(sub(a, broadcast(1.0f)), load(args.k_a + col), broadcast(1.0f)));
    store(block.k + first + col, mixed_k);
    store(block.r + first + col, r);
    bonus = fma(mul(r, mixed_k), load(args.r_k + col), bonus);
  }
  block.bonus[at] = sum(bonus);
  const F32 factor = broadcast(1.0f / std::max(std::sqrt(sum(squares)), 1e-12f));
  for (int64_t col = 0; col < args.head_size; col += kLanes) {
    const F32 kk = mul(load(block.minus_kk + first + col), factor);
    store(block.minus_kk + first + col, sub(zero(), kk));
    store(block.kk_a + first + col, mul(kk, load(block.kk_a + first + col)));
  }
}

// n_rows rows of the block through kVectors vectors of values from first_value on.
template <int kVectors>
inline void recur(const TimeMixArgs& args, const TimeMixBlock& block, int64_t n_rows, int64_t first_value) {
  const int64_t size = args.head_size;
  float* state = args.state + first_value;
  F32 next_u[kVectors];
  INGOT_UNROLL
  for (int n = 0; n < kVectors; ++n) next_u[n] = zero();
  for (int64_t key = 0; key < size; ++key) {
    const F32 minus_kk = broadcast(block.minus_kk[key]);
    INGOT_UNROLL
    for (int n = 0; n < kVectors; ++n) next_u[n] = fma(load(state + key * size + n * kLanes), minus_kk, next_u[n]);
  }
  for (int64_t row = 0; row < n_rows; ++row) {
    const int64_t first = row * size;
    // After the last row nobody asks for the next one's sum; its own keys will do.
    const float* next_minus_kk = block.minus_kk + (row + 1 < n_rows ? first + size : first);
    F32 u[kVectors];
    F32 v[kVectors];
    F32 y[kVectors];
    INGOT_UNROLL
    for (int n = 0; n < kVectors; ++n) {
      u[n] = next_u[n];
      v[n] = load(block.v + first + first_value + n * kLanes);
      y[n] = zero();
      next_u[n] = zero();
    }
    for (int64_t key = 0; key < size; ++key) {
      const F32 w = broadcast(block.w[first + key]);
      const F32 kk_a = broadcast(block.kk_a[first + key]);
      const F32 k = broadcast(block.k[first + key]);
      const F32 r = broadcast(block.r[first + key]);
      const F32 minus_kk = broadcast(next_minus_kk[key]);
      INGOT_UNROLL
      for (int n = 0; n < kVectors; ++n) {
        float* at = state + key * size + n * kLanes;
        const F32 s = fma(u[n], kk_a, fma(v[n], k, mul(load(at), w)));
        store(at, s);
        y[n] = fma(s, r, y[n]);
        next_u[n] = fma(s, minus_kk, next_u[n]);
      }
    }
    INGOT_UNROLL
    for (int n = 0; n < kVectors; ++n) store(block.y + first + first_value + n * kLanes, y[n]);
  }
}

// Norm, bonus and gate of a row of the block.
inline void finish_time_mix(const TimeMixArgs& args, int64_t row, int64_t at, const TimeMixBlock& block) {
  float* y = block.y + at * args.head_size;
  const float* v = block.v + at * args.head_size;
  const float* g = args.g.row(row);
  float* out = args.out + row * args.out_stride;
  if (args.norm_weight != nullptr) {
    norm({.subtract_mean = true, .epsilon = args.norm_epsilon, .weight = args.norm_weight, .bias = args.norm_bias}, y,
         args.head_size, y);
  }
  const F32 bonus = broadcast(block.bonus[at]);
  for (int64_t col = 0; col < args.head_size; col += kLanes) {
    const F32 sum = fma(load(v + col), bonus, load(y + col));
    store(out + col, g == nullptr ? sum : mul(sum, load(g + col)));
  }
}

void time_mix(const TimeMixArgs& args, std::byte* scratch) {
  const TimeMixBlock block(scratch, kTimeMixRows, args.head_size);
  for (int64_t first = 0; first < args.n_rows; first += kTimeMixRows) {
    const int64_t n_rows = std::min(kTimeMixRows, args.n_rows - first);
    for (int64_t row = 0; row < n_rows; ++row) prepare_time_mix(args, first + row, row, block);
    int64_t value = 0;
    for (; value + kTimeMixVectors * kLanes <= args.head_size; value += kTimeMixVectors * kLanes) {
      recur<kTimeMixVectors>(args, block, n_rows, value);
    }
    for (; value < args.head_size; value += kLanes) recur<1>(args, block, n_rows, value);
    for (int64_t row = 0; row < n_rows; ++row) finish_time_mix(args, first + row, row, block);
  }
}
