// What recurrent layers remember of one sequence: a fixed number of floats, however long the sequence is.
//
// A step reads the current values and writes the next ones; commit() makes these current. So a step that fails or is
// cancelled half-way leaves no trace. Forks share the current values, which are never written.
//
// Not thread-safe, but forks may be used by different threads.
#pragma once

#include <cstdint>
#include <memory>

#include "base/aligned_buffer.h"
#include "base/result.h"

namespace ingot::core {

class RecurrentState {
 public:
  // All zeros. Takes no memory before prepare().
  explicit RecurrentState(int64_t n_floats) : n_floats_(n_floats) {}
  RecurrentState(RecurrentState&&) noexcept = default;
  RecurrentState& operator=(RecurrentState&&) noexcept = default;

  // Room for current and next values. Errors: kOutOfMemory; the state is then as before.
  Status prepare();
  // Bytes that prepare() would allocate; and that are allocated, shared ones included.
  int64_t growth_bytes() const;
  int64_t n_bytes() const;

  // Of all layers, (n_floats). Precondition: prepare() made room.
  const float* current() const { return current_->as<float>().data(); }
  float* next() const { return next_->as<float>().data(); }
  void commit();
  // Back to zeros.
  void reset();
  RecurrentState fork() const;

 private:
  using Values = std::shared_ptr<AlignedBuffer>;
  Result<Values> allocate() const;

  int64_t n_floats_;
  Values current_;
  Values next_;  // never shared
  // Whether a fork may read current_ too. That it has gone is not noticed, which costs an allocation at most.
  mutable bool shared_ = false;
};

}  // namespace ingot::core
