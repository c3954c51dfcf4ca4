// Between the library's own results and those of the public interface.
#pragma once

#include <new>
#include <stdexcept>
#include <utility>

#include "base/result.h"
#include "ingot/expected.h"

namespace ingot {

inline Error to_public(core::Error error) {
  ErrorCode code = ErrorCode::kInvalidInput;
  switch (error.kind) {
    case core::ErrorKind::kInvalidInput:
      code = ErrorCode::kInvalidInput;
      break;
    case core::ErrorKind::kUnsupported:
      code = ErrorCode::kUnsupported;
      break;
    case core::ErrorKind::kIo:
      code = ErrorCode::kIo;
      break;
    case core::ErrorKind::kOutOfMemory:
      code = ErrorCode::kOutOfMemory;
      break;
    case core::ErrorKind::kCancelled:
      code = ErrorCode::kCancelled;
      break;
  }
  return {code, std::move(error.message)};
}

template <typename T>
Expected<T> to_public(core::Result<T> result) {
  if (!result) return to_public(std::move(result).error());
  return std::move(*result);
}

inline Status to_public(core::Status status) {
  if (!status) return to_public(std::move(status).error());
  return ok();
}

// The last catch before a program that embeds the library: a container that found no memory is an error as well.
template <typename Call>
auto guarded(const Call& call) -> decltype(call()) {
  try {
    return call();
  } catch (const std::bad_alloc&) {
    return Error{ErrorCode::kOutOfMemory, "out of memory"};
  } catch (const std::length_error&) {
    return Error{ErrorCode::kOutOfMemory, "out of memory: a buffer would be larger than the address space"};
  }
}

}  // namespace ingot
