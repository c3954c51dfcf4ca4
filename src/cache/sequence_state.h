// What a model remembers of one sequence: for attention, the keys and values of every layer; for recurrent layers, as
// much as for any other length (recurrent_state.h). A recurrent state cannot be cut back to a position before its last,
// but for the grid's, where there is one.
//
// Keys and values live in blocks of kPageTokens positions; a block holds all layers, so that it is the unit in which a
// prefix can be shared, evicted or written to disk. Full blocks are immutable and shared by forks; the last, partly
// filled one is copied when a fork writes to it.
//
// Not thread-safe: one thread at a time works on a state. Forks may be used by different threads.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "base/aligned_buffer.h"
#include "base/result.h"
#include "cache/recurrent_state.h"
#include "tensor/kv_view.h"

namespace ingot::core {

// One layer's share of a block; layers without attention have n_kv_heads == 0.
struct KvLayerShape {
  int64_t n_kv_heads = 0;
  int64_t key_dim = 0;
  int64_t value_dim = 0;
};

// One layer's share of the recurrent state: the last inputs of its token shifts, (n_shifts, dim), then a matrix for
// each head, (n_heads, head_size keys, head_size values).
struct RecurrentLayerShape {
  int64_t n_shifts = 0;
  int64_t dim = 0;
  int64_t n_heads = 0;
  int64_t head_size = 0;
  int64_t n_floats() const { return n_shifts * dim + n_heads * head_size * head_size; }
};

// Where one layer reads and writes in a step; the same place where an earlier part of the step has written already.
struct RecurrentView {
  const float* before = nullptr;
  float* after = nullptr;
  float* after_grid = nullptr;  // also the values at the last grid position; null where nobody asks for them
  RecurrentView at(int64_t n_floats) const {
    return {before + n_floats, after + n_floats, after_grid == nullptr ? nullptr : after_grid + n_floats};
  }
};

struct StateShape {
  DType kv_dtype = DType::kF16;
  std::vector<KvLayerShape> layers;
  std::vector<RecurrentLayerShape> recurrent;  // of the same layers, or empty where none is recurrent
  // Rows of prompts are computed in chunks that begin at multiples of so many positions, so that their numbers do not
  // depend on where a prompt was cut: a prompt that goes on between two of them repeats the rows since the last, or
  // else is computed row after row. 1: any position.
  int64_t recurrent_grid = 1;
  uint64_t model_fingerprint = 0;  // a state is only good for the model that made it
  int64_t bytes_per_block() const;
  int64_t bytes_per_token() const { return bytes_per_block() / kPageTokens; }
  // Whatever the length.
  int64_t recurrent_floats() const;
};

class SequenceState {
 public:
  explicit SequenceState(std::shared_ptr<const StateShape> shape);
  SequenceState(SequenceState&&) noexcept = default;
  SequenceState& operator=(SequenceState&&) noexcept = default;

  int64_t length() const { return length_; }  // positions that it has seen
  const StateShape& shape() const { return *shape_; }

  // Makes room for positions [length, length + n_tokens) and unshares what they are written to.
  // Errors: kOutOfMemory; the state is then as before.
  Status reserve(int64_t n_tokens);
  // Bytes that reserve() would allocate.
  int64_t growth_bytes(int64_t n_tokens) const;
  // Of all blocks and recurrent values, shared ones included.
  int64_t n_bytes() const {
    return static_cast<int64_t>(blocks_.size()) * shape_->bytes_per_block() + recurrent_.n_bytes();
  }
  // The forward pass wrote n_tokens positions, which reserve had made room for; generated ones or of a prompt.
  void advance(int64_t n_tokens, bool generated = false);
  // Whether it can forget positions from n_tokens on, 0 <= n_tokens <= length(): with recurrent layers all or none.
  bool can_truncate(int64_t n_tokens) const;
  // Forgets them. Precondition: can_truncate(n_tokens).
  void truncate(int64_t n_tokens);
  // Positions since the last grid position; and whether the state at that one is at hand. It is not, up to the next
  // one, where a state was saved by a processor without a grid, or where rows went row after row past a grid position.
  int64_t off_grid() const { return length_ % shape_->recurrent_grid; }
  bool knows_grid() const { return off_grid() == 0 || recurrent_.grid() != nullptr; }
  // Forgets what came after the last grid position. Precondition: knows_grid().
  void return_to_grid();
  // A second state with the same contents, sharing the full blocks.
  SequenceState fork() const;

  // Keys and values of one layer; valid until the next reserve, truncate or restore.
  KvView layer(int64_t layer_idx) const;
  // All recurrent values, layer after layer; empty before the first position. Valid as keys and values are.
  std::span<const float> recurrent_values() const;
  // The recurrent values of one layer, likewise, between reserve() and advance(). continued: the step has already
  // written this layer's values for rows before the ones at hand. With after_grid for rows of a prompt on the grid.
  RecurrentView recurrent(int64_t layer_idx, bool continued, bool generated = false) const;

  // All of the state as bytes: header (magic, version, fingerprint, shape, length), contents, checksum (XXH3).
  std::vector<std::byte> snapshot() const;
  // Errors: of another model, another version or shape, truncated or altered: each named; nothing is changed then.
  Status restore(std::span<const std::byte> snapshot);

 private:
  using Block = std::shared_ptr<AlignedBuffer>;  // all layers: keys, then values of each

  bool writes_grid(bool generated) const { return shape_->recurrent_grid > 1 && !generated && off_grid() == 0; }
  RecurrentState::GridStep grid_step(int64_t n_tokens, bool generated) const;
  Result<Block> new_block() const;
  size_t n_blocks_for(int64_t n_tokens) const;
  // Puts a block in its place, which is an old one or the next.
  void set_block(size_t block_idx, Block block);
  void drop_blocks_from(size_t n_blocks);

  std::shared_ptr<const StateShape> shape_;
  std::vector<Block> blocks_;
  // Pages of every layer, layer after layer: [layer][block].
  std::vector<std::vector<std::byte*>> key_pages_;
  std::vector<std::vector<std::byte*>> value_pages_;
  std::vector<int64_t> recurrent_firsts_;  // of each layer's floats
  RecurrentState recurrent_;
  int64_t length_ = 0;
  // The first so many blocks may be seen by other states and are never written. fork() raises it in both; that a
  // block's other owner has gone is not noticed, which costs one copy of the last block at most.
  mutable size_t n_shared_blocks_ = 0;
};

}  // namespace ingot::core
