// Activations of 16 bits in two signed bytes, a = 256 high + low: | all high bytes | all low bytes |
// Included by the code_sums.h of an instruction set, inside its region and namespace.

constexpr float kLargestWide = 32512.0f;  // 127 * 256: in two signed bytes, also when low is rounded
constexpr float kLargestByte = 127.0f;

// kLanes activations from column col on.
inline void store_byte_digits(std::byte* digits, int64_t columns, int64_t col, I32 a) {
  const I32 high = shift_right_signed(add_i32(a, broadcast_i32(128)), 8);
  store_low_bytes(reinterpret_cast<int8_t*>(digits + col), high);
  store_low_bytes(reinterpret_cast<int8_t*>(digits + columns + col), sub_i32(a, shift_left(high, 8)));
}

// Four bytes, the same in every lane.
INGOT_ALWAYS_INLINE I32 broadcast_word(const std::byte* p) {
  int32_t value;
  std::memcpy(&value, p, sizeof(value));
  return broadcast_i32(value);
}
