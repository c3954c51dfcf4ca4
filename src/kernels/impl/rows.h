// Operations on single rows.
// Included by table.cpp after math.h, inside its region and namespace.

// out[0:n] = kernel(first value, lanes of a[0:n], lanes of b[0:n]), the last lanes by partial loads and stores.
// A macro-free loop: the kernels are structs with a static or const call, since lambdas may not take vectors.
template <typename Kernel>
inline void map(const Kernel& kernel, const float* a, const float* b, int64_t n, float* out) {
  int64_t col = 0;
  for (; col + kLanes <= n; col += kLanes) {
    store(out + col, kernel.value(load(a + col), b == nullptr ? zero() : load(b + col)));
  }
  if (col == n) return;
  const int64_t rest = n - col;
  store_partial(out + col, rest,
                kernel.value(load_partial(a + col, rest), b == nullptr ? zero() : load_partial(b + col, rest)));
}

template <Nonlinearity kKind>
struct Activated {
  F32 value(F32 gate, F32) const { return apply<kKind>(gate); }
};
template <Nonlinearity kKind>
struct Gated {
  F32 value(F32 gate, F32 up) const { return mul(apply<kKind>(gate), up); }
};

template <Nonlinearity kKind>
inline void activate_kind(const float* gate, const float* up, int64_t n, float* out) {
  if (up == nullptr) {
    map(Activated<kKind>{}, gate, nullptr, n, out);
  } else {
    map(Gated<kKind>{}, gate, up, n, out);
  }
}

void activate(Nonlinearity nonlinearity, const float* gate, const float* up, int64_t n, float* out) {
  switch (nonlinearity) {
    case Nonlinearity::kNone:
      return activate_kind<Nonlinearity::kNone>(gate, up, n, out);
    case Nonlinearity::kSilu:
      return activate_kind<Nonlinearity::kSilu>(gate, up, n, out);
    case Nonlinearity::kGelu:
      return activate_kind<Nonlinearity::kGelu>(gate, up, n, out);
    case Nonlinearity::kGeluTanh:
      return activate_kind<Nonlinearity::kGeluTanh>(gate, up, n, out);
    case Nonlinearity::kRelu:
      return activate_kind<Nonlinearity::kRelu>(gate, up, n, out);
    case Nonlinearity::kReluSquared:
      return activate_kind<Nonlinearity::kReluSquared>(gate, up, n, out);
    case Nonlinearity::kTanh:
      return activate_kind<Nonlinearity::kTanh>(gate, up, n, out);
    case Nonlinearity::kSigmoid:
      return activate_kind<Nonlinearity::kSigmoid>(gate, up, n, out);
  }
}

struct AddScaled {
  F32 scale;
  F32 value(F32 a, F32 b) const { return fma(b, scale, a); }
};
void add_scaled(const float* a, const float* b, float scale, int64_t n, float* out) {
  map(AddScaled{broadcast(scale)}, a, b, n, out);
}

struct Scaled {
  F32 factor;
  F32 value(F32 x, F32) const { return mul(x, factor); }
};
void scale_in_place(float factor, int64_t n, float* x) {
  map(Scaled{broadcast(factor)}, x, nullptr, n, x);
}

struct Capped {
  F32 cap;
  F32 value(F32 x, F32) const { return mul(cap, tanh(div(x, cap))); }
};
void softcap(float cap, int64_t n, float* x) {
  map(Capped{broadcast(cap)}, x, nullptr, n, x);
}

float sigmoid_of(float x) {
  float value[kLanes];
  store(value, sigmoid(broadcast(x)));
  return value[0];
}

void encode_f16(const float* x, int64_t n, uint16_t* out) {
  int64_t col = 0;
  for (; col + kLanes <= n; col += kLanes) store_f16(out + col, load(x + col));
  if (col == n) return;
  uint16_t rest[kLanes];
  store_f16(rest, load_partial(x + col, n - col));
  std::memcpy(out + col, rest, static_cast<size_t>(n - col) * sizeof(uint16_t));
}

// Sums run in one vector from the first column to the last, then over its lanes.
inline float sum_of(const float* x, int64_t n) {
  F32 total = zero();
  int64_t col = 0;
  for (; col + kLanes <= n; col += kLanes) total = add(total, load(x + col));
  if (col < n) total = add(total, load_partial(x + col, n - col));
  return sum(total);
}

inline float sum_of_squares(const float* x, int64_t n, float mean) {
  const F32 means = broadcast(mean);
  F32 total = zero();
  int64_t col = 0;
  for (; col + kLanes <= n; col += kLanes) {
    const F32 centred = sub(load(x + col), means);
    total = fma(centred, centred, total);
  }
  if (col < n) {
    const int64_t rest = n - col;
    const F32 centred = select_lanes(0, rest, sub(load_partial(x + col, rest), means), zero());
    total = fma(centred, centred, total);
  }
  return sum(total);
}

struct Normalised {
  F32 mean;
  F32 factor;
  F32 value(F32 x, F32) const { return mul(sub(x, mean), factor); }
};
struct Product {
  F32 value(F32 a, F32 b) const { return mul(a, b); }
};
struct Sum {
  F32 value(F32 a, F32 b) const { return add(a, b); }
};

void norm(const NormArgs& args, const float* x, int64_t n, float* out) {
  const auto count = static_cast<float>(n);
  const float mean = args.subtract_mean ? sum_of(x, n) / count : 0.0f;
  const float variance = sum_of_squares(x, n, mean) / count;
  const float factor = 1.0f / std::sqrt(variance + args.epsilon);
  map(Normalised{broadcast(mean), broadcast(factor)}, x, nullptr, n, out);
  if (args.weight != nullptr) map(Product{}, out, args.weight, n, out);
  if (args.bias != nullptr) map(Sum{}, out, args.bias, n, out);
}

// Two products and a sum, never fused: equal bits in every table.
void rope(const RopeArgs& args, int64_t n_heads, float* x) {
  const int64_t n_pairs = args.rotary_dim / 2;
  const float* cosines = args.cosines;
  const float* sines = args.signed_sines;
  for (int64_t head = 0; head < n_heads; ++head, x += args.head_dim) {
    int64_t done = 0;
    if (args.interleaved) {
      for (; done + kLanes <= args.rotary_dim; done += kLanes) {
        const F32 turned = load(x + done);
        store(x + done, add(mul(turned, load(cosines + done)), mul(swap_pairs(turned), load(sines + done))));
      }
      done /= 2;
    } else {
      for (; done + kLanes <= n_pairs; done += kLanes) {
        const F32 a = load(x + done);
        const F32 b = load(x + n_pairs + done);
        store(x + done, add(mul(a, load(cosines + done)), mul(b, load(sines + done))));
        store(x + n_pairs + done, add(mul(b, load(cosines + n_pairs + done)), mul(a, load(sines + n_pairs + done))));
      }
    }
    for (int64_t pair = done; pair < n_pairs; ++pair) {
      const int64_t a = args.interleaved ? 2 * pair : pair;
      const int64_t b = args.interleaved ? 2 * pair + 1 : pair + n_pairs;
      const float xa = x[a];
      const float xb = x[b];
      x[a] = xa * cosines[a] + xb * sines[a];
      x[b] = xb * cosines[b] + xa * sines[b];
    }
  }
}
