#include "cache/recurrent_state.h"

#include <cstring>
#include <utility>

namespace ingot::core {

Result<RecurrentState::Values> RecurrentState::allocate() const {
  INGOT_ASSIGN(AlignedBuffer buffer, AlignedBuffer::allocate(static_cast<size_t>(n_floats_) * sizeof(float)));
  return std::make_shared<AlignedBuffer>(std::move(buffer));
}

Status RecurrentState::prepare() {
  if (n_floats_ == 0) return {};
  if (next_ == nullptr) {
    INGOT_ASSIGN(next_, allocate());
  }
  if (current_ == nullptr) {
    INGOT_ASSIGN(current_, allocate());
    std::memset(current_->data(), 0, current_->n_bytes());
  }
  return {};
}

int64_t RecurrentState::growth_bytes() const {
  return ((current_ == nullptr ? 1 : 0) + (next_ == nullptr ? 1 : 0)) * n_floats_ * int64_t{sizeof(float)};
}

int64_t RecurrentState::n_bytes() const {
  return ((current_ == nullptr ? 0 : 1) + (next_ == nullptr ? 0 : 1)) * n_floats_ * int64_t{sizeof(float)};
}

void RecurrentState::commit() {
  if (n_floats_ == 0) return;
  std::swap(current_, next_);
  if (std::exchange(shared_, false)) next_ = nullptr;
}

void RecurrentState::reset() {
  current_ = nullptr;
  next_ = nullptr;
  shared_ = false;
}

RecurrentState RecurrentState::fork() const {
  RecurrentState other(n_floats_);
  other.current_ = current_;
  if (current_ != nullptr) other.shared_ = shared_ = true;
  return other;
}

}  // namespace ingot::core
