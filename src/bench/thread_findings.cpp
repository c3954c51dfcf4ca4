#include "bench/thread_findings.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>

namespace ingot::core {
namespace {

using Findings = std::vector<ProfileFinding>;

// Below this share of a phase, nothing that these rules could advise would be felt.
constexpr double kLeastShare = 0.15;

// The operation of the phase that is first by some figure; empty where the figure is 0 everywhere.
template <typename Figure>
std::string worst_operation(const ProfileReport& report, const ProfilePhase& phase, const Figure& figure) {
  const ProfileOperation* worst = nullptr;
  for (const ProfileOperation& row : report.operations) {
    if (row.phase != phase.name || row.apart || figure(row) <= 0) continue;
    if (worst == nullptr || figure(row) > figure(*worst)) worst = &row;
  }
  if (worst == nullptr) return {};
  return worst->layers.empty() ? worst->name : fmt::format("{} of layers {}", worst->name, worst->layers);
}

std::string most_in(const std::string& operation) {
  return operation.empty() ? std::string() : ", most in " + operation;
}

double waited_ms(const ProfileOperation& row) {
  return row.wait_share * (row.ms - row.serial_ms);
}

// Starting and ending: the space between operations, and waiting in loops that are hardly longer than an empty one.
void find_launch_limits(const ProfileReport& report, const ProfilePhase& phase, Findings& out) {
  const double between_ms = std::max(0.0, phase.ms - phase.operations_ms);
  const double lost_ms = between_ms + phase.short_loop_wait_ms;
  const double share = lost_ms / phase.ms;
  if (share < kLeastShare) return;
  const bool barriers = phase.short_loop_wait_ms > between_ms;
  const auto steps = static_cast<double>(phase.steps);
  const auto operations = static_cast<double>(phase.operations);
  const double launch_us = 1000 * lost_ms / operations;
  std::string advice = "Fuse operations, or use fewer threads for work this small.";
  if (launch_us > 50) advice = "Ask for results later, and fuse operations: each launch costs tens of microseconds.";
  if (launch_us > 100) advice = "Batch several operations into one launch, and fuse what can be fused.";
  if (launch_us > 200) advice = "Record the step once and launch it as a whole; something delays every launch.";
  out.push_back(
      {.kind = barriers ? "barrier-bound" : "dispatch-bound",
       .share = share,
       .text = barriers ? fmt::format("{:.0f} % of the {} is spent starting and ending parallel loops{}.", 100 * share,
                                      phase.name, most_in(worst_operation(report, phase, waited_ms)))
                        : fmt::format("{:.0f} % of the {} is spent between operations, not on their work.", 100 * share,
                                      phase.name),
       .evidence = fmt::format("{:.0f} operations and {:.0f} parallel loops a step ({:.1f} an operation), half of them "
                               "shorter than {:.1f} us, where an empty one takes {:.1f} us; {:.1f} us lost an "
                               "operation: {:.1f} ms in short loops, {:.1f} ms between operations",
                               operations / steps, static_cast<double>(phase.loops) / steps,
                               static_cast<double>(phase.loops) / operations, phase.loop_us_median,
                               report.ceilings.barrier_us, launch_us, phase.short_loop_wait_ms, between_ms),
       .advice = std::move(advice)});
}

// Waiting in loops that are long enough to be worth sharing: somebody comes late, or has more to do.
void find_waiting(const ProfileReport& report, const ProfilePhase& phase, Findings& out) {
  // Shares of like pieces differ by a piece at the end; with eight pieces a thread that is an eighth at most.
  constexpr double kEven = 1.25;
  const double long_wait_ms = phase.wait_ms - phase.short_loop_wait_ms;
  if (long_wait_ms < kLeastShare * phase.ms) return;
  const std::string where = worst_operation(report, phase, waited_ms);
  const auto [least, most] = std::ranges::minmax_element(phase.thread_wait_ms);
  const std::string evidence = fmt::format(
      "{:.1f} ms a thread waited in long loops; thread {} waits {:.1f} ms, thread {} {:.1f} ms", long_wait_ms,
      most - phase.thread_wait_ms.begin(), *most, least - phase.thread_wait_ms.begin(), *least);
  const bool uneven = phase.imbalance > kEven;
  out.push_back({.kind = uneven ? "uneven threads" : "waiting threads",
                 .share = long_wait_ms / phase.ms,
                 .text = uneven ? fmt::format("The threads share the {} unevenly: the busiest does {:.2f} times the "
                                              "mean{}.",
                                              phase.name, phase.imbalance, most_in(where))
                                : fmt::format("Threads wait for each other for {:.0f} % of the {}{}.",
                                              100 * long_wait_ms / phase.ms, phase.name, most_in(where)),
                 .evidence = evidence,
                 .advice = "Another program may hold a core: a quieter machine, or fewer threads."});
}

// Operations that one thread computes while the others have nothing to do.
void find_serial_work(const ProfileReport& report, const ProfilePhase& phase, Findings& out) {
  if (phase.thread_busy_ms.size() < 2 || phase.serial_ms < kLeastShare * phase.ms) return;
  const std::string where = worst_operation(report, phase, [](const ProfileOperation& row) { return row.serial_ms; });
  out.push_back({.kind = "serial work",
                 .share = phase.serial_ms / phase.ms,
                 .text = fmt::format("One thread works alone for {:.0f} % of the {}{}.",
                                     100 * phase.serial_ms / phase.ms, phase.name, most_in(where)),
                 .evidence = fmt::format("{:.1f} of {:.1f} ms lie inside operations, but outside parallel loops",
                                         phase.serial_ms, phase.ms),
                 .advice = "Work too small to share: more rows at once (a larger chunk), or fewer threads."});
}

}  // namespace

void find_thread_limits(const ProfileReport& report, const ProfilePhase& phase, std::vector<ProfileFinding>& out) {
  if (phase.ms <= 0 || phase.steps == 0 || phase.operations == 0) return;
  find_launch_limits(report, phase, out);
  if (phase.thread_wait_ms.size() >= 2) find_waiting(report, phase, out);
  find_serial_work(report, phase, out);
}

}  // namespace ingot::core
