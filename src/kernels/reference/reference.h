// The oracle: separate plain code, products in FP32 and sums in double, functions of libm. It shares nothing with the
// templates of impl/, so that a wrong template cannot agree with itself. Quality tools compare whole texts with it,
// so its products are blocked.
#pragma once

#include "kernels/kernel_table.h"

namespace ingot::core::reference {

double nonlinearity(Nonlinearity kind, double x);

void linear(const LinearArgs& args, int64_t first, int64_t end, std::byte* scratch);
size_t linear_scratch_bytes(const LinearArgs& args);

void norm(const NormArgs& args, const float* x, int64_t n, float* out);
void rope(const RopeArgs& args, int64_t n_heads, float* x);
void activate(Nonlinearity kind, const float* gate, const float* up, int64_t n, float* out);
void add(const float* a, const float* b, float scale, int64_t n, float* out);
void scale_in_place(float factor, int64_t n, float* x);
void softcap(float cap, int64_t n, float* x);
float sigmoid(float x);
void encode_f16(const float* x, int64_t n, uint16_t* out);

void token_shift(const float* x, const float* previous, const float* mix, int64_t n, float* out);
void time_mix(const TimeMixArgs& args, std::byte* scratch);
size_t time_mix_scratch_bytes(int64_t head_size);

void attend(const AttentionArgs& args, const AttentionItem& item, std::byte* scratch);
size_t attention_scratch_bytes(const AttentionArgs& args);

}  // namespace ingot::core::reference
