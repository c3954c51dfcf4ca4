// What recurrent layers remember of one sequence: a fixed number of floats, however long the sequence is.
//
// A step reads the current values and writes the next ones; commit() makes these current. So a step that fails or is
// cancelled half-way leaves no trace. Forks share the current values, which are never written.
//
// Where rows of prompts are computed in chunks on a grid of positions, the values at the last grid position are kept
// beside the current ones, to begin the next prompt with. Buffers change their roles; none is ever copied.
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
  // All zeros, which are a grid position's values. Takes no memory before prepare().
  RecurrentState(int64_t n_floats, bool has_grid) : n_floats_(n_floats), has_grid_(has_grid) {}
  RecurrentState(RecurrentState&&) noexcept = default;
  RecurrentState& operator=(RecurrentState&&) noexcept = default;

  // Room for current and next values, and with a grid for the next ones of the grid.
  // Errors: kOutOfMemory; the state is then as before.
  Status prepare();
  // Bytes that prepare() would allocate; and that are allocated, shared ones included.
  int64_t growth_bytes() const;
  int64_t n_bytes() const;

  // Of all layers, (n_floats). Precondition: prepare() made room.
  const float* current() const { return current_.floats(); }
  float* next() const { return next_.floats(); }
  float* next_grid() const { return next_grid_.floats(); }
  // The values at the last grid position, before the current ones; null where the current ones are at one, and where
  // the grid's are not known.
  const float* grid() const { return grid_ ? grid_.floats() : nullptr; }

  // The next values become current. The positions before and after them, and what the step wrote, say where the values
  // at the grid position are now.
  enum class GridStep : uint8_t {
    kKept,     // where they were: no grid position was reached, or there is no grid
    kLeft,     // the values that were current are at a grid position
    kWritten,  // the step wrote next_grid()
    kNone      // the next values are at a grid position themselves, or beyond one that nobody kept
  };
  void commit(GridStep grid_step);
  // The grid's values become current. Precondition: grid() != nullptr.
  void return_to_grid();

  // Back to zeros.
  void reset();
  RecurrentState fork() const;

 private:
  struct Values {
    std::shared_ptr<AlignedBuffer> buffer;
    // Whether a fork may read it too. That it has gone is not noticed, which costs an allocation at most.
    mutable bool shared = false;
    explicit operator bool() const { return buffer != nullptr; }
    float* floats() const { return buffer->as<float>().data(); }
  };
  Result<Values> allocate() const;
  // What has no role any more becomes room for the next step, unless a fork may read it.
  void recycle(Values values);

  int64_t n_floats_;
  bool has_grid_;
  Values current_;
  Values grid_;
  Values next_;  // these two are never shared
  Values next_grid_;
};

}  // namespace ingot::core
