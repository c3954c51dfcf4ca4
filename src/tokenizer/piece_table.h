// From the text of a piece to its id: open addressing over the vocabulary's own strings, with the hash kept in the
// slot. It is built in a third of the time that std::unordered_map takes for 262,000 tokens, and start-up waits for it.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace ingot::core {

class PieceTable {
 public:
  PieceTable() : PieceTable(nullptr, 0) {}
  // For at most n_pieces of these tokens, which must outlive the table.
  PieceTable(const std::vector<std::string>* tokens, size_t n_pieces);

  // Of equal texts the first one added stays; an empty one is not added. Precondition: id in range.
  void add(int32_t id);
  // -1 where there is none.
  int32_t find(std::string_view text) const;

 private:
  struct Slot {
    uint32_t hash = 0;
    int32_t id = -1;
  };
  // The slot that holds the text, or the free one where it belongs.
  size_t slot_of(std::string_view text, uint32_t hash) const;

  const std::vector<std::string>* tokens_;
  std::vector<Slot> slots_;  // a power of two, at least twice the number of pieces
  size_t max_bytes_ = 0;     // of a piece
};

}  // namespace ingot::core
