#include "cache/sequence_state.h"

#include <xxhash.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <type_traits>

#include "base/check.h"

namespace ingot::core {
namespace {

constexpr uint32_t kMagic = 0x53514E49;  // "INQS"
constexpr uint32_t kVersion = 3;
constexpr uint32_t kVersionWithGrid = 4;

// A snapshot: this header, four words for each layer (heads, key size, value size, recurrent floats), the contents, a
// checksum of all that. Contents are block after block, in a block layer after layer, keys before values, head after
// head, laid out as in the block (kv_view.h) but only of the positions in use; then, of a state that has seen anything,
// the recurrent floats, and in version 4 those at the last grid position. Numbers are little-endian, as everywhere in
// ingot's files.
struct SnapshotHeader {
  uint32_t magic = kMagic;
  uint32_t version = kVersion;
  uint64_t model_fingerprint = 0;
  uint32_t kv_dtype = 0;
  uint32_t n_layers = 0;
  int64_t length = 0;
};
static_assert(sizeof(SnapshotHeader) == 32 && std::is_trivially_copyable_v<SnapshotHeader>, "no padding is written");
using LayerHeader = std::array<uint32_t, 4>;

// As --kv-type has them. The number is read from a file.
const char* kv_type_name(uint32_t type) {
  if (type == static_cast<uint32_t>(DType::kF32)) return "f32";
  return type == static_cast<uint32_t>(DType::kF16) ? "f16" : "unknown";
}

int64_t value_bytes(DType dtype) {
  return dtype == DType::kF32 ? 4 : 2;
}

int64_t key_page_bytes(const StateShape& shape, const KvLayerShape& layer) {
  return layer.n_kv_heads * kPageTokens * layer.key_dim * value_bytes(shape.kv_dtype);
}

int64_t value_page_bytes(const StateShape& shape, const KvLayerShape& layer) {
  return layer.n_kv_heads * kPageTokens * layer.value_dim * value_bytes(shape.kv_dtype);
}

std::vector<LayerHeader> layer_headers(const StateShape& shape) {
  std::vector<LayerHeader> headers;
  for (size_t layer_idx = 0; layer_idx < shape.layers.size(); ++layer_idx) {
    const KvLayerShape& layer = shape.layers[layer_idx];
    const int64_t n_floats = shape.recurrent.empty() ? 0 : shape.recurrent[layer_idx].n_floats();
    headers.push_back({static_cast<uint32_t>(layer.n_kv_heads), static_cast<uint32_t>(layer.key_dim),
                       static_cast<uint32_t>(layer.value_dim), static_cast<uint32_t>(n_floats)});
  }
  return headers;
}

// Calls fn(bytes in the block, their number) for all that n_tokens positions of a block occupy, in snapshot order.
template <typename Fn>
void for_each_run(const StateShape& shape, std::byte* block, int64_t n_tokens, const Fn& fn) {
  const int64_t element = value_bytes(shape.kv_dtype);
  // n_runs rows of kPageTokens groups of values, of each the first n_tokens; whole pages in one run.
  const auto visit = [&](int64_t n_runs, int64_t token_bytes) {
    if (n_tokens == kPageTokens) {
      fn(block, static_cast<size_t>(n_runs * kPageTokens * token_bytes));
      block += n_runs * kPageTokens * token_bytes;
      return;
    }
    for (int64_t run = 0; run < n_runs; ++run) {
      fn(block, static_cast<size_t>(n_tokens * token_bytes));
      block += kPageTokens * token_bytes;
    }
  };
  for (const KvLayerShape& layer : shape.layers) {
    visit(layer.n_kv_heads * layer.key_dim, element);
    visit(layer.n_kv_heads, layer.value_dim * element);
  }
}

}  // namespace

int64_t StateShape::bytes_per_block() const {
  int64_t n_bytes = 0;
  for (const KvLayerShape& layer : layers) n_bytes += key_page_bytes(*this, layer) + value_page_bytes(*this, layer);
  return n_bytes;
}

int64_t StateShape::recurrent_floats() const {
  int64_t n_floats = 0;
  for (const RecurrentLayerShape& layer : recurrent) n_floats += layer.n_floats();
  return n_floats;
}

SequenceState::SequenceState(std::shared_ptr<const StateShape> shape)
    : shape_(std::move(shape)),
      key_pages_(shape_->layers.size()),
      value_pages_(shape_->layers.size()),
      recurrent_(shape_->recurrent_floats(), shape_->recurrent_grid > 1) {
  int64_t first = 0;
  for (const RecurrentLayerShape& layer : shape_->recurrent) {
    recurrent_firsts_.push_back(first);
    first += layer.n_floats();
  }
}

size_t SequenceState::n_blocks_for(int64_t n_tokens) const {
  if (shape_->bytes_per_block() == 0) return 0;
  return static_cast<size_t>((n_tokens + kPageTokens - 1) / kPageTokens);
}

Result<SequenceState::Block> SequenceState::new_block() const {
  // Decoding reads all blocks for every token: on huge pages a sixth faster (measured, 4096 positions). Only where
  // blocks fill them: what a plan of memory counts is what there is.
  constexpr int64_t kHugePageBytes = int64_t{1} << 21;
  const int64_t n_bytes = shape_->bytes_per_block();
  const auto allocate = n_bytes % kHugePageBytes == 0 ? AlignedBuffer::allocate_on_huge_pages : AlignedBuffer::allocate;
  INGOT_ASSIGN(AlignedBuffer buffer, allocate(static_cast<size_t>(n_bytes)));
  return std::make_shared<AlignedBuffer>(std::move(buffer));
}

void SequenceState::set_block(size_t block_idx, Block block) {
  std::byte* page = block->data();
  if (block_idx == blocks_.size()) {
    blocks_.push_back(nullptr);
    for (auto& pages : key_pages_) pages.push_back(nullptr);
    for (auto& pages : value_pages_) pages.push_back(nullptr);
  }
  blocks_[block_idx] = std::move(block);
  for (size_t layer_idx = 0; layer_idx < shape_->layers.size(); ++layer_idx) {
    const KvLayerShape& layer = shape_->layers[layer_idx];
    key_pages_[layer_idx][block_idx] = page;
    page += key_page_bytes(*shape_, layer);
    value_pages_[layer_idx][block_idx] = page;
    page += value_page_bytes(*shape_, layer);
  }
}

void SequenceState::drop_blocks_from(size_t n_blocks) {
  blocks_.resize(n_blocks);
  for (auto& pages : key_pages_) pages.resize(n_blocks);
  for (auto& pages : value_pages_) pages.resize(n_blocks);
  n_shared_blocks_ = std::min(n_shared_blocks_, n_blocks);
}

Status SequenceState::reserve(int64_t n_tokens) {
  INGOT_CHECK(n_tokens >= 0, "room for a number of tokens");
  const auto n_blocks = n_blocks_for(length_ + n_tokens);
  const auto first_written = static_cast<size_t>(length_ / kPageTokens);
  const bool unshare = first_written < n_shared_blocks_ && first_written < n_blocks;

  // All that can fail comes first.
  INGOT_TRY(recurrent_.prepare());
  std::vector<Block> added;
  for (size_t n = blocks_.size(); n < n_blocks; ++n) {
    INGOT_ASSIGN(Block block, new_block());
    added.push_back(std::move(block));
  }
  if (unshare) {
    INGOT_ASSIGN(Block copy, new_block());
    std::memcpy(copy->data(), blocks_[first_written]->data(), static_cast<size_t>(shape_->bytes_per_block()));
    set_block(first_written, std::move(copy));
    n_shared_blocks_ = first_written;
  }
  for (Block& block : added) set_block(blocks_.size(), std::move(block));
  return {};
}

int64_t SequenceState::growth_bytes(int64_t n_tokens) const {
  const auto n_blocks = n_blocks_for(length_ + n_tokens);
  const auto first_written = static_cast<size_t>(length_ / kPageTokens);
  const bool unshare = first_written < n_shared_blocks_ && first_written < n_blocks;
  const size_t n_added = n_blocks > blocks_.size() ? n_blocks - blocks_.size() : 0;
  return static_cast<int64_t>(n_added + (unshare ? 1 : 0)) * shape_->bytes_per_block() + recurrent_.growth_bytes();
}

void SequenceState::advance(int64_t n_tokens, bool generated) {
  INGOT_CHECK(n_tokens >= 0 && n_blocks_for(length_ + n_tokens) <= blocks_.size(), "positions that were reserved");
  if (n_tokens == 0) return;
  recurrent_.commit(grid_step(n_tokens, generated));
  length_ += n_tokens;
}

RecurrentState::GridStep SequenceState::grid_step(int64_t n_tokens, bool generated) const {
  using GridStep = RecurrentState::GridStep;
  const int64_t grid = shape_->recurrent_grid;
  if (grid == 1) return GridStep::kKept;
  if ((length_ + n_tokens) % grid == 0) return GridStep::kNone;
  if (writes_grid(generated)) return GridStep::kWritten;
  const bool passed_one = length_ / grid != (length_ + n_tokens) / grid;
  if (passed_one) return GridStep::kNone;
  return off_grid() == 0 ? GridStep::kLeft : GridStep::kKept;
}

bool SequenceState::can_truncate(int64_t n_tokens) const {
  return n_tokens == 0 || n_tokens == length_ || shape_->recurrent_floats() == 0;
}

void SequenceState::truncate(int64_t n_tokens) {
  INGOT_CHECK(n_tokens >= 0 && n_tokens <= length_ && can_truncate(n_tokens), "positions that the state has");
  if (n_tokens == 0) recurrent_.reset();
  length_ = n_tokens;
  drop_blocks_from(n_blocks_for(n_tokens));
}

void SequenceState::return_to_grid() {
  INGOT_CHECK(knows_grid(), "a state at the last grid position");
  if (off_grid() == 0) return;
  recurrent_.return_to_grid();
  length_ -= off_grid();
  drop_blocks_from(n_blocks_for(length_));
}

SequenceState SequenceState::fork() const {
  SequenceState other(shape_);
  const auto n_blocks = n_blocks_for(length_);
  for (size_t block_idx = 0; block_idx < n_blocks; ++block_idx) other.set_block(block_idx, blocks_[block_idx]);
  other.recurrent_ = recurrent_.fork();
  other.length_ = length_;
  other.n_shared_blocks_ = n_blocks;
  n_shared_blocks_ = std::max(n_shared_blocks_, n_blocks);
  return other;
}

KvView SequenceState::layer(int64_t layer_idx) const {
  const auto index = static_cast<size_t>(layer_idx);
  INGOT_CHECK(index < shape_->layers.size(), "a layer of the model");
  const KvLayerShape& layer = shape_->layers[index];
  return {.dtype = shape_->kv_dtype,
          .n_kv_heads = layer.n_kv_heads,
          .key_dim = layer.key_dim,
          .value_dim = layer.value_dim,
          .key_pages = key_pages_[index],
          .value_pages = value_pages_[index]};
}

std::span<const float> SequenceState::recurrent_values() const {
  const auto n_floats = static_cast<size_t>(shape_->recurrent_floats());
  if (length_ == 0 || n_floats == 0) return {};
  return {recurrent_.current(), n_floats};
}

RecurrentView SequenceState::recurrent(int64_t layer_idx, bool continued, bool generated) const {
  const auto index = static_cast<size_t>(layer_idx);
  INGOT_CHECK(index < recurrent_firsts_.size(), "a recurrent layer of the model");
  const int64_t first = recurrent_firsts_[index];
  float* next = recurrent_.next() + first;
  return {.before = continued ? next : recurrent_.current() + first,
          .after = next,
          .after_grid = writes_grid(generated) ? recurrent_.next_grid() + first : nullptr};
}

std::vector<std::byte> SequenceState::snapshot() const {
  const std::vector<LayerHeader> layers = layer_headers(*shape_);
  SnapshotHeader header;
  header.model_fingerprint = shape_->model_fingerprint;
  header.kv_dtype = static_cast<uint32_t>(shape_->kv_dtype);
  header.n_layers = static_cast<uint32_t>(layers.size());
  header.length = length_;
  if (recurrent_.grid() != nullptr) header.version = kVersionWithGrid;

  std::vector<std::byte> bytes;
  const size_t recurrent_bytes = static_cast<size_t>(shape_->recurrent_floats()) * sizeof(float);
  bytes.reserve(sizeof(header) + layers.size() * sizeof(LayerHeader) +
                static_cast<size_t>(length_ * shape_->bytes_per_token()) + 2 * recurrent_bytes + sizeof(uint64_t));
  const auto append = [&](const void* data, size_t n_bytes) {
    const auto* first = static_cast<const std::byte*>(data);
    bytes.insert(bytes.end(), first, first + n_bytes);
  };
  append(&header, sizeof(header));
  append(layers.data(), layers.size() * sizeof(LayerHeader));
  for (int64_t first = 0; !blocks_.empty() && first < length_; first += kPageTokens) {
    std::byte* block = blocks_[static_cast<size_t>(first / kPageTokens)]->data();
    for_each_run(*shape_, block, std::min(kPageTokens, length_ - first), append);
  }
  if (length_ > 0 && recurrent_bytes > 0) append(recurrent_.current(), recurrent_bytes);
  if (recurrent_.grid() != nullptr) append(recurrent_.grid(), recurrent_bytes);
  const uint64_t checksum = XXH3_64bits(bytes.data(), bytes.size());
  append(&checksum, sizeof(checksum));
  return bytes;
}

Status SequenceState::restore(std::span<const std::byte> snapshot) {
  const std::vector<LayerHeader> layers = layer_headers(*shape_);
  const size_t layers_bytes = layers.size() * sizeof(LayerHeader);
  SnapshotHeader header;
  if (snapshot.size() < sizeof(header) + sizeof(uint64_t)) {
    return invalid("the saved state has {} bytes; expected at least {}", snapshot.size(),
                   sizeof(header) + sizeof(uint64_t));
  }
  std::memcpy(&header, snapshot.data(), sizeof(header));
  if (header.magic != kMagic) return invalid("not a saved state: it begins with other bytes than ingot's");
  if (header.version != kVersion && header.version != kVersionWithGrid) {
    return invalid("the saved state has version {}; expected {} or {}", header.version, kVersion, kVersionWithGrid);
  }
  if (header.model_fingerprint != shape_->model_fingerprint) {
    return invalid("the saved state is of another model (fingerprint {:016x}; expected {:016x})",
                   header.model_fingerprint, shape_->model_fingerprint);
  }
  if (header.n_layers != layers.size()) {
    return invalid("the saved state has {} layers; expected {}", header.n_layers, layers.size());
  }
  if (header.kv_dtype != static_cast<uint32_t>(shape_->kv_dtype)) {
    return invalid("the saved state has keys and values of type {}; expected {}, as the model is open now",
                   kv_type_name(header.kv_dtype), kv_type_name(static_cast<uint32_t>(shape_->kv_dtype)));
  }
  // The length is trusted only once it explains the number of bytes there are.
  const size_t fixed_bytes = sizeof(header) + layers_bytes + sizeof(uint64_t);
  const int64_t token_bytes = shape_->bytes_per_token();
  const int64_t recurrent_bytes = header.length == 0 ? 0 : shape_->recurrent_floats() * int64_t{sizeof(float)};
  const bool has_grid = header.version == kVersionWithGrid;
  const int64_t kv_bytes =
      static_cast<int64_t>(snapshot.size()) - static_cast<int64_t>(fixed_bytes) - (has_grid ? 2 : 1) * recurrent_bytes;
  // Recurrent layers alone say nothing of the length.
  const bool explained = token_bytes == 0
                             ? kv_bytes == 0 && header.length >= 0
                             : kv_bytes >= 0 && kv_bytes % token_bytes == 0 && header.length == kv_bytes / token_bytes;
  if (!explained) {
    return invalid("the saved state has {} bytes, which {} positions do not explain: it is truncated or altered",
                   snapshot.size(), header.length);
  }
  const std::span<const std::byte> hashed = snapshot.first(snapshot.size() - sizeof(uint64_t));
  uint64_t checksum = 0;
  std::memcpy(&checksum, hashed.data() + hashed.size(), sizeof(checksum));
  if (checksum != XXH3_64bits(hashed.data(), hashed.size())) {
    return invalid("the saved state is altered: its checksum does not fit its bytes");
  }
  if (std::memcmp(snapshot.data() + sizeof(header), layers.data(), layers_bytes) != 0) {
    return invalid("the saved state has layers of another shape");
  }

  SequenceState restored(shape_);
  INGOT_TRY(restored.reserve(header.length));
  const std::byte* contents = snapshot.data() + sizeof(header) + layers_bytes;
  for (int64_t first = 0; token_bytes > 0 && first < header.length; first += kPageTokens) {
    std::byte* block = restored.blocks_[static_cast<size_t>(first / kPageTokens)]->data();
    for_each_run(*shape_, block, std::min(kPageTokens, header.length - first), [&](std::byte* run, size_t n_bytes) {
      std::memcpy(run, contents, n_bytes);
      contents += n_bytes;
    });
  }
  if (recurrent_bytes > 0) {
    const auto n_bytes = static_cast<size_t>(recurrent_bytes);
    std::memcpy(restored.recurrent_.next(), contents, n_bytes);
    // Of no use to a processor without a grid.
    const bool takes_grid = has_grid && header.length % shape_->recurrent_grid != 0;
    if (takes_grid) std::memcpy(restored.recurrent_.next_grid(), contents + n_bytes, n_bytes);
    using GridStep = RecurrentState::GridStep;
    restored.recurrent_.commit(takes_grid ? GridStep::kWritten : GridStep::kKept);
  }
  restored.length_ = header.length;
  *this = std::move(restored);
  return {};
}

}  // namespace ingot::core
