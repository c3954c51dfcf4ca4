// Walking a text in stretches that are from the user altogether, or not at all.
#pragma once

#include <cstddef>
#include <utility>

#include "chat/jinja/value.h"

namespace ingot::core::jinja {

// Calls run(begin, end, user) for each stretch, in order.
template <typename Run>
void for_each_run(const StringObject& text, Run run) {
  size_t done = 0;
  for (const ByteSpan& span : text.user) {
    if (span.begin > done) run(done, size_t{span.begin}, false);
    run(size_t{span.begin}, size_t{span.end}, true);
    done = span.end;
  }
  if (done < text.bytes.size()) run(done, text.bytes.size(), false);
}

}  // namespace ingot::core::jinja
