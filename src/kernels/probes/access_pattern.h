// How a pattern of access uses the memory: floats read one after another, at a distance, or anywhere.
//
// What counts is the bytes asked for. A cache line of 64 bytes is fetched whole: at a distance of 16 floats a
// sixteenth of the fetched bytes is used.
#pragma once

#include <cstdint>
#include <span>

namespace ingot::core {

// The sum of data[0], data[stride], ... to the end of the data. Precondition: 0 < stride.
float sum_strided(std::span<const float> data, int64_t stride);

// The sum of n_reads floats at places that a congruential sequence from seed draws.
// Precondition: the number of floats is a power of two, at most 2^32.
float sum_random(std::span<const float> data, uint64_t seed, int64_t n_reads);

}  // namespace ingot::core
