#include "cli/flags.h"

#include <fmt/format.h>

#include "cli/model_argument.h"
#include "cli/progress.h"
#include "cli/streams.h"
#include "engine/chunking.h"
#include "kernels/dispatch.h"
#include "threading/topology.h"

namespace ingot::cli {
namespace {

constexpr int64_t kMaxContext = int64_t{1} << 30;

std::string check_mode(const std::string& text) {
  if (text == "exact" || text == "fast" || text == "reference") return {};
  return fmt::format("{} is no mode, expected exact, fast or reference", text);
}

std::string check_kernels(const std::string& text) {
  const auto table = core::find_kernel_table(text);
  return table ? std::string() : table.error().message;
}

std::string check_chunk(const std::string& text) {
  const auto chunking = parse_chunking(text);
  return chunking ? std::string() : chunking.error().message;
}

void show_message(LogLevel level, std::string_view line, bool verbose) {
  if (level == LogLevel::kWarning) {
    say(fmt::format("warning: {}", line));
  } else if (verbose) {
    say(line);
  }
}

}  // namespace

const char* const kChunkHelp = R"(How a prompt is read (--chunk) changes time and memory, never a number of the result:
  N                   N tokens are computed together; 512 unless told otherwise
  none                the whole prompt at once
  auto, auto:SIZE     as many as half of the free memory holds, or SIZE (64M, 2G); of these as many as measure fastest
  incremental[:BASE]  BASE tokens at first, then fewer, so that each chunk takes equally long; none below 64
  layer-by-layer      the whole prompt through one layer before the next: weights are streamed once a prompt
  minimal             the smallest working set: one token at a time, or as few as take the least memory
With --chunk-overlap N each chunk computes the N tokens before it once more.)";

Expected<Chunking> ChunkFlags::chunking() const {
  Expected<Chunking> parsed = parse_chunking(chunk);
  if (!parsed) return parsed;
  const Chunking chunking = parsed->with_overlap(overlap);
  if (const auto status = core::check_chunking(chunking); !status) {
    return Error{ErrorCode::kInvalidInput, "--chunk-overlap: " + status.error().message};
  }
  return chunking;
}

Flag add_overlap_flag(CommandLine app, int& overlap) {
  return app.add_value("--chunk-overlap", overlap, "Tokens before a chunk that it computes once more")
      .check(in_range(0, static_cast<int>(core::kMostChunkTokens)));
}

void add_chunk_flags(CommandLine app, ChunkFlags& flags) {
  app.add_value("--chunk", flags.chunk,
                "Prompt tokens computed together: N, none, auto[:SIZE], incremental[:BASE], layer-by-layer or "
                "minimal; never changes the numbers (see below)")
      .check(check_chunk);
  add_overlap_flag(app, flags.overlap);
}

ModelOptions ModelFlags::options() const {
  ModelOptions options;
  options.threads = threads;
  options.context = context;
  options.mode = mode == "reference" ? Mode::kReference : mode == "fast" ? Mode::kFast : Mode::kExact;
  options.isa = isa;
  options.kv_type = kv_type == "f32" ? KvType::kF32 : KvType::kF16;
  options.check_tensors = check_tensors;
  options.chunk = chunk;
  return options;
}

void add_model_flags(CommandLine app, ModelFlags& flags, const std::string& context_help) {
  add_model_argument(app, flags.path, flags.models,
                     "A GGUF file, of a split model its first part; or a name of ingot models");
  app.add_optional("-t,--threads", flags.threads, "Threads; without it one per physical core")
      .check(in_range(1, core::kMaxThreads));
  if (!context_help.empty()) {
    app.add_optional("-c,--ctx", flags.context, context_help).check(in_range<int64_t>(1, kMaxContext));
  }
  app.add_value("--mode", flags.mode,
                "Arithmetic: exact; fast, with activations of 8 bits; or reference (slow, to compare with)")
      .check(check_mode, "{exact,fast,reference}");
  app.add_optional(
         "--isa", flags.isa,
         "Kernel set: " + core::available_kernel_tables() + "; without it the best one. The reference mode has its own")
      .check(check_kernels);
  app.add_value("--kv-type", flags.kv_type, "Type of cached keys and values: f16 or f32").choices({"f16", "f32"});
  app.add_switch("--check-tensors", flags.check_tensors,
                 "Look at every weight first; a NaN or infinite one is an error");
  app.add_switch("--verbose", flags.verbose, "Say more on stderr");
}

void show_messages(bool verbose) {
  set_log_callback([verbose](LogLevel level, std::string_view line) { show_message(level, line, verbose); });
}

Expected<Model> open_model(const ModelFlags& flags) {
  const Expected<std::string> path = resolve_model(flags.path, flags.models);
  if (!path) return path.error();
  Progress progress("loading");
  set_log_callback([verbose = flags.verbose, &progress](LogLevel level, std::string_view line) {
    progress.clear();
    show_message(level, line, verbose);
  });
  ModelOptions options = flags.options();
  options.on_progress = [&progress](double fraction) { progress.show(fmt::format("{:.0f} %", fraction * 100)); };
  Expected<Model> model = Model::open(*path, options);
  progress.clear();
  show_messages(flags.verbose);
  if (!model) return model;
  const ModelInfo& info = model->info();
  if (flags.context == 0 && info.context < info.train_context) {
    say(fmt::format("the context is {} tokens of the model's {}: half of the free memory holds no more (-c sets it)",
                    info.context, info.train_context));
  }
  if (flags.verbose) {
    say(fmt::format("{} {}, {} parameters, {} kernels, {} threads, context {}, loaded in {:.0f} ms", info.architecture,
                    info.name, info.n_parameters, info.kernels, info.threads, info.context, info.load_ms));
  }
  return model;
}

}  // namespace ingot::cli
