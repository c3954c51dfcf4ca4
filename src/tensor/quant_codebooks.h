// The codebooks that quantised values index. Facts of the formats, carried over from llama.cpp's ggml-common.h.
#pragma once

#include <cstdint>

namespace ingot::core {

// IQ4_NL and IQ4_XS.
inline constexpr int8_t kIq4NlValues[16] = {-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113};

// MXFP4 and NVFP4: E2M1 (0, .5, 1, 1.5, 2, 3, 4, 6 and their negatives) doubled, so that they are integers; the scale
// is halved instead. The ninth entry, -0, is plain 0.
inline constexpr int8_t kE2m1Doubled[16] = {0, 1, 2, 3, 4, 6, 8, 12, 0, -1, -2, -3, -4, -6, -8, -12};

}  // namespace ingot::core
