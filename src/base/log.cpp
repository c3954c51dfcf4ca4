#include "base/log.h"

#include <mutex>

namespace ingot::core {
namespace {

struct SinkHolder {
  std::mutex mutex;
  LogSink sink;
};

SinkHolder& holder() {
  static SinkHolder instance;
  return instance;
}

}  // namespace

void set_log_sink(LogSink sink) {
  std::scoped_lock lock(holder().mutex);
  holder().sink = std::move(sink);
}

void log_line(LogLevel level, std::string_view line) {
  std::scoped_lock lock(holder().mutex);
  if (holder().sink) holder().sink(level, line);
}

}  // namespace ingot::core
