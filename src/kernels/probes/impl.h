// The loops of the probes, written once over a few vector operations that the file including this defines:
// Words, zero_words(), load_words(p), add_words(a, b), sum_words(a); prefetch(p).
// Included inside the region and namespace of each instruction set.

constexpr int64_t kVectorBytes = static_cast<int64_t>(sizeof(Words));
constexpr int kWordSums = 8;
// Measured on Zen 4: farther than a page, the one limit of the hardware's own prefetcher; not far enough to be
// evicted before its use.
constexpr int64_t kAheadBytes = 4096;

// Reads kStreams equal parts of data side by side.
template <int kStreams, bool kPrefetch>
uint64_t read_words(const std::byte* data, int64_t n_bytes) {
  static_assert(kReadBlockBytes % (kStreams * kWordSums * kVectorBytes) == 0, "a block is read in whole turns");
  Words sums[kWordSums];
  INGOT_UNROLL
  for (int s = 0; s < kWordSums; ++s) sums[s] = zero_words();
  const int64_t part_bytes = n_bytes / kStreams;
  for (int64_t offset = 0; offset < part_bytes; offset += kWordSums * kVectorBytes) {
    INGOT_UNROLL
    for (int stream = 0; stream < kStreams; ++stream) {
      const std::byte* from = data + stream * part_bytes + offset;
      INGOT_UNROLL
      for (int s = 0; s < kWordSums; ++s) {
        // One request a cache line. Beyond the end of data it is dropped or reads what nobody asked for.
        if (kPrefetch && s * kVectorBytes % 64 == 0) prefetch(from, s * kVectorBytes + kAheadBytes);
        sums[s] = add_words(sums[s], load_words(from + s * kVectorBytes));
      }
    }
  }
  INGOT_UNROLL
  for (int s = 1; s < kWordSums; ++s) sums[0] = add_words(sums[0], sums[s]);
  return sum_words(sums[0]);
}
