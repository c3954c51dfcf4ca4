// Whether this build runs under a sanitizer that takes over signals, memory limits or allocation.
#pragma once

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define INGOT_UNDER_SANITIZER 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define INGOT_UNDER_SANITIZER 1
#endif
#endif
#if !defined(INGOT_UNDER_SANITIZER)
#define INGOT_UNDER_SANITIZER 0
#endif

namespace ingot::core {

// For the sizes of tests that show a growth with the size, and take a minute under a sanitizer.
inline constexpr int kSizeDivisor = INGOT_UNDER_SANITIZER ? 10 : 1;

}  // namespace ingot::core
