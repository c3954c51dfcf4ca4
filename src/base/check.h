// INGOT_CHECK marks a programmer's mistake; no file, prompt or request can reach a failing one.
#pragma once

#include <cstdio>
#include <cstdlib>

#define INGOT_CHECK(condition, sentence)                                                                \
  do {                                                                                                  \
    if (!(condition)) {                                                                                 \
      std::fprintf(stderr, "ingot: bug at %s:%d: %s (%s)\n", __FILE__, __LINE__, sentence, #condition); \
      std::abort();                                                                                     \
    }                                                                                                   \
  } while (false)
