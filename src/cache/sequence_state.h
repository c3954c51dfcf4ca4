// What a model remembers of one sequence: for attention, the keys and values of every layer.
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
#include "tensor/kv_view.h"

namespace ingot::core {

// One layer's share of a block; layers without attention have n_kv_heads == 0.
struct KvLayerShape {
  int64_t n_kv_heads = 0;
  int64_t key_dim = 0;
  int64_t value_dim = 0;
};

struct StateShape {
  DType kv_dtype = DType::kF16;
  std::vector<KvLayerShape> layers;
  uint64_t model_fingerprint = 0;  // a state is only good for the model that made it
  int64_t bytes_per_block() const;
  int64_t bytes_per_token() const { return bytes_per_block() / kPageTokens; }
};

class SequenceState {
 public:
  explicit SequenceState(std::shared_ptr<const StateShape> shape);
  SequenceState(SequenceState&&) noexcept = default;
  SequenceState& operator=(SequenceState&&) noexcept = default;

  int64_t length() const { return length_; }  // positions that hold keys and values
  const StateShape& shape() const { return *shape_; }

  // Makes room for positions [length, length + n_tokens) and unshares the block they begin in.
  // Errors: kOutOfMemory; the state is then as before.
  Status reserve(int64_t n_tokens);
  // Bytes that reserve() would allocate.
  int64_t growth_bytes(int64_t n_tokens) const;
  // Of all blocks, shared ones included.
  int64_t n_bytes() const { return static_cast<int64_t>(blocks_.size()) * shape_->bytes_per_block(); }
  // The forward pass wrote n_tokens positions, which reserve had made room for.
  void advance(int64_t n_tokens);
  // Forgets positions from n_tokens on. Precondition: n_tokens <= length().
  void truncate(int64_t n_tokens);
  // A second state with the same contents, sharing the full blocks.
  SequenceState fork() const;

  // Keys and values of one layer; valid until the next reserve, truncate or restore.
  KvView layer(int64_t layer_idx) const;

  // All of the state as bytes: header (magic, version, fingerprint, shape, length), contents, checksum (XXH3).
  std::vector<std::byte> snapshot() const;
  // Errors: of another model, another version or shape, truncated or altered: each named; nothing is changed then.
  Status restore(std::span<const std::byte> snapshot);

 private:
  using Block = std::shared_ptr<AlignedBuffer>;  // all layers: keys, then values of each

  Result<Block> new_block() const;
  // Puts a block in its place, which is an old one or the next.
  void set_block(size_t block_idx, Block block);
  void drop_blocks_from(size_t n_blocks);

  std::shared_ptr<const StateShape> shape_;
  std::vector<Block> blocks_;
  // Pages of every layer, layer after layer: [layer][block].
  std::vector<std::vector<std::byte*>> key_pages_;
  std::vector<std::vector<std::byte*>> value_pages_;
  int64_t length_ = 0;
  // The first so many blocks may be seen by other states and are never written. fork() raises it in both; that a
  // block's other owner has gone is not noticed, which costs one copy of the last block at most.
  mutable size_t n_shared_blocks_ = 0;
};

}  // namespace ingot::core
