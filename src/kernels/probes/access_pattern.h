// How a pattern of access uses the memory: floats read one after another, at a distance, or anywhere.
//
// What counts is the bytes asked for. A cache line of 64 bytes is fetched whole: at a distance of 16 floats a
// sixteenth of the fetched bytes is used.
#pragma once

#include <cstdint>
#include <span>

namespace ingot::core {

// The sum of n_reads floats from data[0], data[stride], ..., beginning again one later at the end of the data.
// A float of its own for every read, as long as n_reads does not exceed their number: nothing is read twice.
// Preconditions: 0 < stride, and the number of floats is a multiple of it.
float sum_strided(std::span<const float> data, int64_t stride, int64_t first, int64_t n_reads);

// The sum of n_reads floats at places that a congruential sequence from seed draws.
// Precondition: the number of floats is a power of two, at most 2^32.
float sum_random(std::span<const float> data, uint64_t seed, int64_t n_reads);

}  // namespace ingot::core
