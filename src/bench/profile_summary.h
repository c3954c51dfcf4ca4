// From events to the figures of a profile: sums by phase, by group of like layers, by operation.
#pragma once

#include <string>
#include <vector>

#include "ingot/profile.h"
#include "model/model_spec.h"
#include "profile/recorder.h"

namespace ingot::core {

// For each layer the name of its group: "0-29", "0-4,6-10". Layers that are alike are in one.
std::vector<std::string> name_layer_groups(const ModelSpec& spec);

// Which limit binds so much work at most, and how long it takes at that limit.
struct Bound {
  std::string name;  // "DRAM", "L3", "L2", "fp32", "bf16", "int8", "amx"; empty where the ceilings are unknown
  double seconds = 0;
};
// The unit that does an operation's arithmetic, operations a second.
struct ArithmeticLimit {
  std::string name;
  double rate = 0;
};
ArithmeticLimit arithmetic_limit(const MachineCeilings& ceilings, const OperationEvent& event);
// bytes, flops: of one call. streams: the bytes are weights, of which a step reads footprint_bytes in all.
Bound find_bound(const MachineCeilings& ceilings, const ArithmeticLimit& arithmetic, double bytes, double flops,
                 bool streams, double footprint_bytes);

// Fills phases, operations, layers and the stages up to first_byte_ns and after it. Uses report's ceilings and memory.
// start_ns, end_ns: of the request. first_byte_ns: when text was first given out; end_ns where there was none.
struct RequestTimes {
  int64_t start_ns = 0;
  int64_t first_byte_ns = 0;
  int64_t end_ns = 0;
};
void summarize(const Recorder& recorder, const ModelSpec& spec, const RequestTimes& times, ProfileReport& out_report);

}  // namespace ingot::core
