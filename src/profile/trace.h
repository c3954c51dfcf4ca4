// What was recorded as a file in Chrome's trace event format, which Perfetto and chrome://tracing open: a track with
// the stages of the request and the operations in them, and one for each thread with its share of every loop.
// Format: "Trace Event Format", Google, complete events ("ph": "X"), times in microseconds.
#pragma once

#include <string>

#include "base/result.h"
#include "profile/recorder.h"

namespace ingot::core {

// Errors: kIo, with the file's name.
Status write_chrome_trace(const Recorder& recorder, const std::string& path);

}  // namespace ingot::core
