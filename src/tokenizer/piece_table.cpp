#include "tokenizer/piece_table.h"

#include <algorithm>
#include <bit>

namespace ingot::core {

namespace {

uint32_t hash_of(std::string_view text) {
  return static_cast<uint32_t>(std::hash<std::string_view>{}(text));
}

}  // namespace

PieceTable::PieceTable(const std::vector<std::string>* tokens, size_t n_pieces)
    : tokens_(tokens), slots_(std::bit_ceil(2 * n_pieces + 1)) {}

size_t PieceTable::slot_of(std::string_view text, uint32_t hash) const {
  const size_t mask = slots_.size() - 1;
  size_t slot = hash & mask;
  while (slots_[slot].id >= 0 &&
         (slots_[slot].hash != hash || (*tokens_)[static_cast<size_t>(slots_[slot].id)] != text)) {
    slot = (slot + 1) & mask;
  }
  return slot;
}

void PieceTable::add(int32_t id) {
  const std::string_view text = (*tokens_)[static_cast<size_t>(id)];
  if (text.empty()) return;
  const uint32_t hash = hash_of(text);
  const size_t slot = slot_of(text, hash);
  if (slots_[slot].id >= 0) return;
  slots_[slot] = {hash, id};
  max_bytes_ = std::max(max_bytes_, text.size());
}

int32_t PieceTable::find(std::string_view text) const {
  if (text.size() > max_bytes_) return -1;
  const uint32_t hash = hash_of(text);
  return slots_[slot_of(text, hash)].id;
}

}  // namespace ingot::core
