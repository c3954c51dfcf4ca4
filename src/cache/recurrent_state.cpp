#include "cache/recurrent_state.h"

#include <cstring>
#include <utility>

#include "base/check.h"

namespace ingot::core {

Result<RecurrentState::Values> RecurrentState::allocate() const {
  INGOT_ASSIGN(AlignedBuffer buffer, AlignedBuffer::allocate(static_cast<size_t>(n_floats_) * sizeof(float)));
  return Values{.buffer = std::make_shared<AlignedBuffer>(std::move(buffer))};
}

Status RecurrentState::prepare() {
  if (n_floats_ == 0) return {};
  if (!next_) {
    INGOT_ASSIGN(next_, allocate());
  }
  if (has_grid_ && !next_grid_) {
    INGOT_ASSIGN(next_grid_, allocate());
  }
  if (!current_) {
    INGOT_ASSIGN(current_, allocate());
    std::memset(current_.buffer->data(), 0, current_.buffer->n_bytes());
  }
  return {};
}

int64_t RecurrentState::growth_bytes() const {
  // With a grid at most: the values at its last position may need none.
  const int64_t n_missing =
      has_grid_ ? 4 - n_bytes() / (n_floats_ * int64_t{sizeof(float)}) : (current_ ? 0 : 1) + (next_ ? 0 : 1);
  return n_missing * n_floats_ * int64_t{sizeof(float)};
}

int64_t RecurrentState::n_bytes() const {
  const int n_there = (current_ ? 1 : 0) + (next_ ? 1 : 0) + (next_grid_ ? 1 : 0) + (grid_ ? 1 : 0);
  return n_there * n_floats_ * int64_t{sizeof(float)};
}

void RecurrentState::recycle(Values values) {
  if (!values || values.shared) return;
  if (!next_) {
    next_ = std::move(values);
  } else if (has_grid_ && !next_grid_) {
    next_grid_ = std::move(values);
  }
}

void RecurrentState::commit(GridStep grid_step) {
  if (n_floats_ == 0) return;
  Values before = std::exchange(current_, std::exchange(next_, {}));
  if (grid_step == GridStep::kLeft) {
    grid_ = std::move(before);
    return;
  }
  recycle(std::move(before));
  if (grid_step == GridStep::kKept) return;
  Values grid_before = std::exchange(grid_, {});
  if (grid_step == GridStep::kWritten) grid_ = std::exchange(next_grid_, {});
  recycle(std::move(grid_before));
}

void RecurrentState::return_to_grid() {
  INGOT_CHECK(grid_, "values at a grid position");
  recycle(std::exchange(current_, std::exchange(grid_, {})));
}

void RecurrentState::reset() {
  *this = RecurrentState(n_floats_, has_grid_);
}

RecurrentState RecurrentState::fork() const {
  if (current_) current_.shared = true;
  if (grid_) grid_.shared = true;
  RecurrentState other(n_floats_, has_grid_);
  other.current_ = current_;
  other.grid_ = grid_;
  return other;
}

}  // namespace ingot::core
