// Functions of vectors, each within 2 units in the last place where nothing else is said; the same code in every path
// of an instruction set, so that a value does not depend on where it was computed.
// Coefficients are weighted minimax fits (Lawson's iteration on Chebyshev nodes) made for these intervals.
// Included by table.cpp after simd.h, inside its region and namespace.

// e^x. Below -104: 0; above 88.73: infinity; a NaN stays one.
inline F32 exp(F32 x) {
  // Operands in this order: where x is a NaN, min and max give it on.
  x = min(broadcast(89.0f), max(broadcast(-104.0f), x));
  const I32 n = to_i32(mul(x, broadcast(1.44269504f)));
  const F32 steps = to_f32(n);
  // x - n ln 2 in two parts; the first has 9 bits, so that its product with n is exact.
  F32 r = fma(steps, broadcast(-0.693359375f), x);
  r = fma(steps, broadcast(2.12194440e-4f), r);
  // e^r = 1 + r + r^2 q(r), |r| <= 0.35, relative error 3e-9.
  F32 q = broadcast(0.00138142218f);
  q = fma(q, r, broadcast(0.00836889868f));
  q = fma(q, r, broadcast(0.0416684057f));
  q = fma(q, r, broadcast(0.166665191f));
  q = fma(q, r, broadcast(0.499999933f));
  const F32 y = add(broadcast(1.0f), fma(mul(r, r), q, r));
  // Times 2^n in two factors: 2^n alone leaves the range where the result is subnormal or the largest.
  const I32 half = half_i32(n);
  const I32 bias = broadcast_i32(127);
  const F32 first = as_f32(shift_left(add_i32(half, bias), 23));
  const F32 second = as_f32(shift_left(add_i32(sub_i32(n, half), bias), 23));
  return mul(mul(y, first), second);
}

inline F32 tanh(F32 x) {
  const F32 magnitude = abs(x);
  // Small: x + x^3 p(x^2), |x| < 0.625.
  const F32 z = mul(x, x);
  F32 p = broadcast(0.00214753975f);
  p = fma(p, z, broadcast(-0.00818267726f));
  p = fma(p, z, broadcast(0.0217029686f));
  p = fma(p, z, broadcast(-0.0539472046f));
  p = fma(p, z, broadcast(0.133332098f));
  p = fma(p, z, broadcast(-0.333333309f));
  const F32 small = fma(mul(p, z), x, x);
  const F32 one = broadcast(1.0f);
  const F32 large = sub(one, div(broadcast(2.0f), add(exp(add(magnitude, magnitude)), one)));
  return select_less(magnitude, broadcast(0.625f), small, copy_sign(large, x));
}

inline F32 sigmoid(F32 x) {
  const F32 one = broadcast(1.0f);
  return div(one, add(one, exp(sub(zero(), x))));
}

// The error function, absolute error 2e-7.
inline F32 erf(F32 x) {
  const F32 magnitude = abs(x);
  const F32 z = mul(x, x);
  // |x| < 1: x p(x^2).
  F32 p = broadcast(7.88912284e-05f);
  p = fma(p, z, broadcast(-0.000802084227f));
  p = fma(p, z, broadcast(0.00518953545f));
  p = fma(p, z, broadcast(-0.0268544446f));
  p = fma(p, z, broadcast(0.112836002f));
  p = fma(p, z, broadcast(-0.376126271f));
  p = fma(p, z, broadcast(1.12837917f));
  const F32 small = mul(p, x);
  // Else 1 - e^(-x^2) q(t), t = 1 / (1 + |x| / 2); from 4.2 on it is 1.
  const F32 one = broadcast(1.0f);
  const F32 t = div(one, fma(broadcast(0.5f), min(broadcast(4.2f), magnitude), one));
  F32 q = broadcast(0.11885406f);
  q = fma(q, t, broadcast(-0.469478019f));
  q = fma(q, t, broadcast(0.560710038f));
  q = fma(q, t, broadcast(-0.101506591f));
  q = fma(q, t, broadcast(0.346766781f));
  q = fma(q, t, broadcast(0.259992692f));
  q = fma(q, t, broadcast(0.284862796f));
  q = fma(q, t, broadcast(-0.000150722466f));
  const F32 large = sub(one, mul(exp(sub(zero(), z)), q));
  return select_less(magnitude, one, small, copy_sign(large, x));
}

template <Nonlinearity kKind>
inline F32 apply(F32 x) {
  if constexpr (kKind == Nonlinearity::kSilu) {
    return div(x, add(broadcast(1.0f), exp(sub(zero(), x))));
  } else if constexpr (kKind == Nonlinearity::kGelu) {
    return mul(mul(broadcast(0.5f), x), add(broadcast(1.0f), erf(mul(x, broadcast(0.707106781f)))));
  } else if constexpr (kKind == Nonlinearity::kGeluTanh) {
    // (1 + tanh u) / 2 = 1 / (1 + e^(-2u)), which does not cancel where u is very negative.
    const F32 cubic = fma(mul(mul(x, x), broadcast(0.044715f)), x, x);
    return div(x, add(broadcast(1.0f), exp(mul(broadcast(-2.0f * 0.797884561f), cubic))));
  } else if constexpr (kKind == Nonlinearity::kRelu) {
    return max(zero(), x);
  } else if constexpr (kKind == Nonlinearity::kReluSquared) {
    const F32 positive = max(zero(), x);
    return mul(positive, positive);
  } else if constexpr (kKind == Nonlinearity::kTanh) {
    return tanh(x);
  } else if constexpr (kKind == Nonlinearity::kSigmoid) {
    return sigmoid(x);
  } else {
    return x;
  }
}
