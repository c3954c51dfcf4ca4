#include "ingot/version.h"

#include <ingot_build_commit.h>

namespace ingot {
namespace {

#define INGOT_TEXT_OF(value) #value
#define INGOT_TEXT(value) INGOT_TEXT_OF(value)
#define INGOT_VERSION_TEXT \
  INGOT_TEXT(INGOT_VERSION_MAJOR) "." INGOT_TEXT(INGOT_VERSION_MINOR) "." INGOT_TEXT(INGOT_VERSION_PATCH)

#if defined(__clang__)
constexpr const char* kCompiler = "Clang " __clang_version__;
#else
constexpr const char* kCompiler = "GCC " __VERSION__;
#endif

}  // namespace

Version version() {
  return {INGOT_VERSION_MAJOR, INGOT_VERSION_MINOR, INGOT_VERSION_PATCH};
}
const char* version_string() {
  return INGOT_VERSION_TEXT;
}
const char* build_commit() {
  return INGOT_BUILD_COMMIT;
}
const char* build_compiler() {
  return kCompiler;
}

bool is_compatible(int major, int minor) {
  // Structs of options grow in minor releases, so a program needs the minor release that it was compiled with.
  return major == INGOT_VERSION_MAJOR && minor == INGOT_VERSION_MINOR;
}

}  // namespace ingot
