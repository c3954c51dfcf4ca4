// What a template may use. A real one needs a hundredth of any of these; a hostile one is refused within a second.
#pragma once

#include <cstddef>
#include <cstdint>

namespace ingot::core::jinja {

inline constexpr size_t kMaxSourceBytes = size_t{512} << 10;  // published templates have up to 50 KB
inline constexpr uint32_t kMaxSyntaxDepth = 200;              // of nested expressions and statements
inline constexpr uint32_t kMaxRunDepth = 500;    // of evaluations within evaluations: 1 MB of stack at most
inline constexpr uint32_t kMaxValueDepth = 200;  // of lists and dictionaries within one another
inline constexpr int64_t kMaxSteps = 6'000'000;
inline constexpr size_t kMaxValueBytes = size_t{48} << 20;   // all values that the template builds, together
inline constexpr size_t kMaxOutputBytes = size_t{24} << 20;  // of the rendered text
inline constexpr int64_t kMaxRange = 100'000;                // of range(), as Jinja's sandbox has it
// A step is about a name's lookup; work on bytes counts as one step for so many of them.
inline constexpr size_t kBytesPerStep = 64;

}  // namespace ingot::core::jinja
