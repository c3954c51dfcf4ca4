#include "engine/memory.h"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <fstream>
#include <iterator>

#include "model/buffers.h"

namespace ingot::core {
namespace {

// Smaller contexts than this are not worth the load: then the error tells more.
constexpr int64_t kSmallestDefaultContext = 64;

std::string read_text(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

std::optional<int64_t> parse_number(std::string_view text) {
  const size_t start = text.find_first_not_of(" \t");
  if (start == std::string_view::npos) return std::nullopt;
  int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data() + start, text.data() + text.size(), number);
  return error == std::errc() ? std::optional(number) : std::nullopt;
}

// What the control group of this process (cgroup v2) still grants: its limit less what cannot be reclaimed.
std::optional<int64_t> control_group_memory() {
  std::string group = read_text("/proc/self/cgroup");
  const size_t unified = group.find("0::");
  if (unified == std::string::npos) return std::nullopt;
  group = group.substr(unified + 3, group.find('\n', unified) - unified - 3);
  // Inside a container the path may be that of the host; its own group is then at the root.
  for (const std::string& folder : {"/sys/fs/cgroup" + group, std::string("/sys/fs/cgroup")}) {
    const std::optional<int64_t> limit = parse_number(read_text(folder + "/memory.max"));
    const std::optional<int64_t> used = parse_number(read_text(folder + "/memory.current"));
    if (!limit || !used) continue;
    const std::string stat = read_text(folder + "/memory.stat");
    const int64_t file_pages =
        find_memory_field(stat, "active_file").value_or(0) + find_memory_field(stat, "inactive_file").value_or(0);
    return std::max<int64_t>(0, *limit - std::max<int64_t>(0, *used - file_pages));
  }
  return std::nullopt;
}

int64_t saturating_add(int64_t a, int64_t b) {
  int64_t sum = 0;
  return __builtin_add_overflow(a, b, &sum) ? std::numeric_limits<int64_t>::max() : sum;
}

int64_t saturating_mul(int64_t a, int64_t b) {
  int64_t product = 0;
  return __builtin_mul_overflow(a, b, &product) ? std::numeric_limits<int64_t>::max() : product;
}

// What fits `free_bytes` beside `fixed` of them: the smallest change first; all of them together only if no single one
// does. Begins with "; ".
std::string options_that_fit(const MemoryNeed& need, int64_t fixed, int64_t free_bytes, int64_t context) {
  const int64_t least_kv = need.least_kv_per_token > 0 ? need.least_kv_per_token : need.kv_per_token;
  const int64_t least_activations = need.least_activations > 0 ? need.least_activations : need.activations;
  const int64_t rest = free_bytes > fixed ? free_bytes - fixed : 0;  // for activations, keys and values
  const auto fits = [&](int64_t kv_per_token, int64_t activations) {
    return saturating_add(activations, saturating_mul(context, kv_per_token)) <= rest;
  };
  const auto longest = [&](int64_t kv_per_token, int64_t activations) {
    return kv_per_token > 0 && rest > activations ? std::min((rest - activations) / kv_per_token, context - 1) : 0;
  };
  std::string options;
  const auto add = [&options](std::string_view option) {
    options += (options.empty() ? "" : ", ") + std::string(option);
  };
  if (const int64_t shorter = longest(need.kv_per_token, need.activations); shorter >= kSmallestDefaultContext) {
    add(fmt::format("a context of {} tokens", shorter));
  }
  if (least_kv < need.kv_per_token && fits(least_kv, need.activations)) add("keys and values in f16");
  if (least_activations < need.activations && fits(need.kv_per_token, least_activations)) add("chunk minimal");
  if (!options.empty()) return "; would fit: " + options;

  if (const int64_t shorter = longest(least_kv, least_activations); shorter >= 1) {
    add(fmt::format("a context of {} tokens", shorter));
    if (least_kv < need.kv_per_token) options += " with keys and values in f16";
    if (least_activations < need.activations) options += " with chunk minimal";
    return "; would fit: " + options;
  }
  return fixed > free_bytes ? "; no option helps where the weights alone do not fit" : "; no option makes it fit";
}

}  // namespace

std::optional<int64_t> find_memory_field(std::string_view text, std::string_view key) {
  for (size_t line = 0; line < text.size();) {
    const size_t end = std::min(text.find('\n', line), text.size());
    std::string_view rest = text.substr(line, end - line);
    line = end + 1;
    if (!rest.starts_with(key)) continue;
    rest.remove_prefix(key.size());
    if (rest.starts_with(':')) rest.remove_prefix(1);
    if (rest.starts_with(' ') || rest.starts_with('\t')) return parse_number(rest);
  }
  return std::nullopt;
}

MemoryLimits query_memory_limits() {
  MemoryLimits limits;
  if (const auto kilobytes = find_memory_field(read_text("/proc/meminfo"), "MemAvailable")) {
    limits.physical = *kilobytes * 1024;
  }
  if (const auto granted = control_group_memory()) limits.physical = std::min(limits.physical, *granted);

  rlimit address_space{};
  if (getrlimit(RLIMIT_AS, &address_space) == 0 && address_space.rlim_cur != RLIM_INFINITY) {
    const int64_t used = parse_number(read_text("/proc/self/statm")).value_or(0) * sysconf(_SC_PAGESIZE);
    const uint64_t limit = std::min<uint64_t>(address_space.rlim_cur, std::numeric_limits<int64_t>::max());
    limits.address_space = std::max<int64_t>(0, static_cast<int64_t>(limit) - used);
  }
  return limits;
}

int64_t estimate_activation_bytes(const ModelSpec& spec, int64_t n_rows) {
  int64_t widest = 0;
  for (const LayerSpec& layer : spec.layers) {
    const AttentionSpec& attention = layer.attention;
    const FfnSpec& ffn = layer.ffn;
    const int64_t mixer =
        2 * (attention.query_width() + attention.key_width() + attention.value_width()) + attention.mixed_width();
    const int64_t experts = ffn.n_experts + 3 * std::max(ffn.shared_ffn_dim, ffn.route.n_used * ffn.expert_ffn_dim);
    const TimeMixSpec& mix = layer.time_mix;
    // Its inputs and their shifted tokens, what it gives, and the first layer's values.
    const int64_t recurrent = mix.n_heads == 0 ? 0 : (kTimeMixInputs + 2) * mix.width() + mix.n_shifted * spec.dim;
    widest = std::max({widest, mixer, 3 * ffn.ffn_dim, experts, recurrent});
  }
  // Residual, normed and mixed rows beside the widest layer; one row of logits, twice.
  const int64_t floats_per_row = saturating_add(saturating_mul(4, spec.dim), widest);
  return saturating_mul(4, saturating_add(saturating_mul(n_rows, floats_per_row), 2 * spec.n_vocab));
}

Result<int64_t> choose_context(const MemoryNeed& need, const MemoryLimits& limits, int64_t wanted,
                               int64_t train_context) {
  const int64_t fixed = saturating_add(need.weights, need.activations);
  const int64_t context = wanted > 0 ? wanted : std::min(train_context, kSmallestDefaultContext);
  const int64_t kv = saturating_mul(context, need.kv_per_token);
  if (saturating_add(fixed, kv) > limits.physical) {
    return fail(
        ErrorKind::kOutOfMemory,
        "model and context need {} (weights {}, {} tokens of context {}, scratch {}), but only {} of memory are "
        "free{}",
        format_bytes(saturating_add(fixed, kv)), format_bytes(need.weights), context, format_bytes(kv),
        format_bytes(need.activations), format_bytes(limits.physical),
        options_that_fit(need, need.weights, limits.physical, context));
  }
  if (saturating_add(need.activations, kv) > limits.address_space) {
    return fail(ErrorKind::kOutOfMemory,
                "{} tokens of context and scratch need {}, but only {} are left of the limit on address space "
                "(ulimit -v){}",
                context, format_bytes(saturating_add(need.activations, kv)), format_bytes(limits.address_space),
                options_that_fit(need, 0, limits.address_space, context));
  }
  if (wanted > 0 || need.kv_per_token == 0) return wanted > 0 ? wanted : train_context;
  const int64_t half_free = std::min(limits.physical - fixed, limits.address_space - need.activations) / 2;
  return std::clamp(half_free / need.kv_per_token, context, std::max(context, train_context));
}

Status check_free_memory(int64_t n_bytes, std::string_view what) {
  const MemoryLimits limits = query_memory_limits();
  const int64_t free_bytes = std::min(limits.physical, limits.address_space);
  if (n_bytes <= free_bytes) return {};
  return fail(ErrorKind::kOutOfMemory, "{} need {}, but only {} are free", what, format_bytes(n_bytes),
              format_bytes(free_bytes));
}

std::string format_bytes(int64_t n_bytes) {
  const auto bytes = static_cast<double>(n_bytes);
  if (bytes >= 1e12) return fmt::format("{:.2f} TB", bytes / 1e12);
  if (bytes >= 1e9) return fmt::format("{:.2f} GB", bytes / 1e9);
  if (bytes >= 1e6) return fmt::format("{:.1f} MB", bytes / 1e6);
  if (bytes >= 1e4) return fmt::format("{:.1f} kB", bytes / 1e3);
  return fmt::format("{} bytes", n_bytes);
}

}  // namespace ingot::core
