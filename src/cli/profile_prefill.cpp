#include "cli/profile_prefill.h"

#include <fmt/format.h>

#include <algorithm>

#include "engine/memory.h"

namespace ingot::cli {
namespace {

using core::format_bytes;

std::string runs_text(const PrefillPlan& plan) {
  std::string text;
  for (const PrefillPlan::Run& run : plan.runs) {
    text += fmt::format("{}{} x {}", text.empty() ? "" : ", ", run.n_chunks, run.n_tokens);
  }
  return text;
}

// Chunks that are all alike say no more than their sum: the first ones and the last stand for them.
std::string chunks_text(const std::vector<ProfilePrefill::Chunk>& chunks) {
  constexpr size_t kMostLines = 12;
  std::string text = fmt::format("  {:>7} {:>9} {:>8} {:>13} {:>12} {:>9}\n", "tokens", "repeated", "cached",
                                 "estimated ms", "measured ms", "tok/s");
  for (size_t index = 0; index < chunks.size(); ++index) {
    if (chunks.size() > kMostLines && index == kMostLines - 1) {
      text += fmt::format("  ... {} more\n", chunks.size() - kMostLines);
      index = chunks.size() - 1;
    }
    const ProfilePrefill::Chunk& chunk = chunks[index];
    const std::string estimated = chunk.estimated_ms > 0 ? fmt::format("{:.1f}", chunk.estimated_ms) : "-";
    const double rate = chunk.ms > 0 ? static_cast<double>(chunk.tokens) * 1000 / chunk.ms : 0;
    text += fmt::format("  {:>7} {:>9} {:>8} {:>13} {:>12.1f} {:>9.1f}\n", chunk.tokens, chunk.repeated, chunk.cached,
                        estimated, chunk.ms, rate);
  }
  return text;
}

Json memory_json(const PrefillMemory& memory) {
  return {{"activations", memory.activations},
          {"attention_scratch", memory.attention_scratch},
          {"kernel_scratch", memory.kernel_scratch},
          {"kv", memory.kv},
          {"outputs", memory.outputs},
          {"total", memory.total()}};
}

}  // namespace

std::string prefill_text(const ProfilePrefill& prefill) {
  const PrefillPlan& plan = prefill.plan;
  const PrefillMemory& planned = plan.memory;
  const PrefillMemory& measured = prefill.measured;
  std::string out = fmt::format("reading the prompt with chunk {}: {}\n", chunking_name(plan.chunking), plan.reason);
  out += fmt::format("  planned: {} tokens, at most {} together\n", runs_text(plan), plan.largest_chunk);
  const auto line = [&out](const char* name, int64_t plan_bytes, int64_t found_bytes) {
    out += fmt::format("  {:<16} {:>11} planned {:>11} measured\n", name, format_bytes(plan_bytes),
                       format_bytes(found_bytes));
  };
  line("activations", planned.activations, measured.activations);
  line("kernel scratch", planned.kernel_scratch, measured.kernel_scratch);
  line("attention parts", planned.attention_scratch, measured.attention_scratch);
  line("keys and values", planned.kv, measured.kv);
  line("outputs", planned.outputs, measured.outputs);
  line("together", planned.total(), measured.total());
  out += chunks_text(prefill.chunks);
  if (prefill.arithmetic_ms > 0 && prefill.ms > 0) {
    out += fmt::format("  {:.1f} ms in all; the arithmetic alone takes {:.1f} ms at this machine's highest rate\n",
                       prefill.ms, prefill.arithmetic_ms);
  }
  return out + "\n";
}

Json prefill_json(const ProfilePrefill& prefill) {
  Json runs = Json::array();
  for (const PrefillPlan::Run& run : prefill.plan.runs) {
    runs.push_back({{"chunks", run.n_chunks}, {"tokens", run.n_tokens}});
  }
  Json chunks = Json::array();
  for (const ProfilePrefill::Chunk& chunk : prefill.chunks) {
    chunks.push_back({{"tokens", chunk.tokens},
                      {"repeated", chunk.repeated},
                      {"cached", chunk.cached},
                      {"estimated_ms", chunk.estimated_ms},
                      {"ms", chunk.ms}});
  }
  return {{"chunking", chunking_name(prefill.plan.chunking)},
          {"reason", prefill.plan.reason},
          {"runs", std::move(runs)},
          {"largest_chunk", prefill.plan.largest_chunk},
          {"memory", memory_json(prefill.plan.memory)},
          {"measured_memory", memory_json(prefill.measured)},
          {"arithmetic_ms", prefill.arithmetic_ms},
          {"estimated_ms", prefill.plan.estimated_ms},
          {"ms", prefill.ms},
          {"chunks", std::move(chunks)}};
}

}  // namespace ingot::cli
