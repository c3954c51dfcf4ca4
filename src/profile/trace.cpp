#include "profile/trace.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <limits>
#include <memory>

#include <nlohmann/json.hpp>

namespace ingot::core {
namespace {

using Json = nlohmann::ordered_json;

constexpr int kProcess = 1;
constexpr int kRequestTrack = 0;  // threads of the pool follow: thread i has track i + 1

const char* phase_name(StepPhase phase) {
  switch (phase) {
    case StepPhase::kPrefill:
      return "prefill";
    case StepPhase::kDecode:
      return "decode";
    case StepPhase::kNone:
      break;
  }
  return "request";
}

// One event a line, written as it is made: a long trace never lies in memory twice.
class TraceFile {
 public:
  TraceFile(std::FILE* file, int64_t origin_ns) : file_(file), origin_ns_(origin_ns) {}

  void write(const Json& event) {
    const std::string line = event.dump(-1, ' ', true, Json::error_handler_t::replace);
    failed_ = failed_ || std::fprintf(file_, "%s%s", first_ ? "" : ",\n", line.c_str()) < 0;
    first_ = false;
  }
  void name_track(int track, const std::string& name) {
    write({{"name", "thread_name"}, {"ph", "M"}, {"pid", kProcess}, {"tid", track}, {"args", {{"name", name}}}});
  }
  void span(const char* name, const char* category, int track, int64_t start_ns, int64_t end_ns, Json args) {
    Json event = {{"name", name},
                  {"cat", category},
                  {"ph", "X"},
                  {"ts", micros(start_ns - origin_ns_)},
                  {"dur", micros(end_ns - start_ns)},
                  {"pid", kProcess},
                  {"tid", track}};
    if (!args.is_null()) event["args"] = std::move(args);
    write(event);
  }
  bool failed() const { return failed_; }

 private:
  static double micros(int64_t ns) { return static_cast<double>(ns) / 1000.0; }

  std::FILE* file_;
  int64_t origin_ns_;
  bool first_ = true;
  bool failed_ = false;
};

Json operation_args(const OperationEvent& event) {
  const double seconds = static_cast<double>(event.end_ns - event.start_ns) * 1e-9;
  Json args = {{"rows", event.n_rows}, {"kernel", event.kernel}, {"backend", event.backend}};
  if (event.layer >= 0) args["layer"] = event.layer;
  if (event.format[0] != '\0') args["format"] = event.format;
  if (seconds > 0) {
    args["GB/s"] = static_cast<double>(event.n_bytes) * 1e-9 / seconds;
    args["GFLOP/s"] = static_cast<double>(event.n_flops) * 1e-9 / seconds;
  }
  if (event.apart) args["note"] = "run apart, beside the real work";
  return args;
}

int64_t earliest(const Recorder& recorder) {
  int64_t first = std::numeric_limits<int64_t>::max();
  for (const StageEvent& event : recorder.stages()) first = std::min(first, event.start_ns);
  for (const OperationEvent& event : recorder.operations()) first = std::min(first, event.start_ns);
  return first == std::numeric_limits<int64_t>::max() ? 0 : first;
}

void write_events(const Recorder& recorder, TraceFile& out) {
  out.name_track(kRequestTrack, "request");
  for (int thread_idx = 0; thread_idx < recorder.n_threads(); ++thread_idx) {
    out.name_track(thread_idx + 1, fmt::format("thread {}", thread_idx));
  }
  for (const StageEvent& event : recorder.stages()) {
    out.span(event.name, phase_name(event.phase), kRequestTrack, event.start_ns, event.end_ns, {});
  }
  // What each loop was for, so that the threads' tracks can say it.
  std::vector<const char*> loop_names(recorder.loops().size(), "loop");
  for (const OperationEvent& event : recorder.operations()) {
    out.span(event.name, phase_name(event.phase), kRequestTrack, event.start_ns, event.end_ns, operation_args(event));
    const auto end = std::min(static_cast<size_t>(event.end_loop), loop_names.size());
    for (auto loop = static_cast<size_t>(event.first_loop); loop < end; ++loop) loop_names[loop] = event.name;
  }
  for (int thread_idx = 0; thread_idx < recorder.n_threads(); ++thread_idx) {
    for (const ThreadSpan& span : recorder.spans(thread_idx)) {
      const auto loop = static_cast<size_t>(span.loop);
      out.span(loop < loop_names.size() ? loop_names[loop] : "loop", "thread", thread_idx + 1, span.start_ns,
               span.end_ns, {{"loop", span.loop}});
    }
  }
}

}  // namespace

Status write_chrome_trace(const Recorder& recorder, const std::string& path) {
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(path.c_str(), "we"), std::fclose);
  if (!file) return fail(ErrorKind::kIo, "{}: cannot write the trace: {}", path, std::strerror(errno));
  TraceFile out(file.get(), earliest(recorder));
  std::fputs("{\"displayTimeUnit\": \"ms\", \"traceEvents\": [\n", file.get());
  write_events(recorder, out);
  if (std::fputs("\n]}\n", file.get()) < 0 || std::fflush(file.get()) != 0 || out.failed()) {
    return fail(ErrorKind::kIo, "{}: cannot write the trace: {}", path, std::strerror(errno));
  }
  return {};
}

}  // namespace ingot::core
