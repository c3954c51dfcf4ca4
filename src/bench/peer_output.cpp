#include "bench/peer_output.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <optional>
#include <utility>

#include "base/utf8.h"

namespace ingot::core {
namespace {

constexpr size_t kMaxBytes = size_t{64} << 20;
constexpr size_t kMaxMetrics = 4096;
constexpr size_t kMaxSamples = 1'000'000;
constexpr double kMaxTokens = 1e12;

constexpr const char* kExpected =
    "expected JSON of llama-bench (-o json) or ingot (--json), llama.cpp's lines \"prompt eval time = ...\", "
    "or a number a line";

std::string_view trimmed(std::string_view text) {
  const size_t begin = text.find_first_not_of(" \t\r\n");
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t\r\n") + 1 - begin);
}

// Reads a line from left to right; every step either succeeds and moves on or leaves it where it was.
class LineReader {
 public:
  explicit LineReader(std::string_view rest) : rest_(rest) {}

  bool skip(std::string_view word) {
    if (!rest_.starts_with(word)) return false;
    rest_.remove_prefix(word.size());
    return true;
  }
  void skip_spaces() { rest_.remove_prefix(std::min(rest_.find_first_not_of(" \t"), rest_.size())); }
  std::optional<double> number() {
    double value = 0;
    const auto parsed = std::from_chars(rest_.data(), rest_.data() + rest_.size(), value);
    if (parsed.ec != std::errc()) return std::nullopt;
    rest_.remove_prefix(static_cast<size_t>(parsed.ptr - rest_.data()));
    return value;
  }
  std::string_view rest() const { return rest_; }

 private:
  std::string_view rest_;
};

bool is_positive(std::optional<double> value) {
  return value && std::isfinite(*value) && *value > 0;
}

// A whole count that a double and a name can hold.
bool is_count(std::optional<double> value) {
  return value && *value >= 0 && *value <= kMaxTokens && *value == std::floor(*value);
}

void add_sample(PeerOutput& output, PeerMetric metric) {
  for (PeerMetric& known : output.metrics) {
    if (known.test != metric.test || known.unit != metric.unit) continue;
    if (known.samples.size() < kMaxSamples) known.samples.push_back(metric.samples.front());
    return;
  }
  if (output.metrics.size() < kMaxMetrics) output.metrics.push_back(std::move(metric));
}

PeerMetric time_metric(std::string test, double ns, double tokens) {
  return {
      .test = std::move(test), .unit = "ns", .direction = Direction::kLowerIsBetter, .tokens = tokens, .samples = {ns}};
}

PeerMetric rate_metric(std::string test, double rate) {
  return {.test = std::move(test),
          .unit = "tokens/s",
          .direction = Direction::kHigherIsBetter,
          .tokens = 0,
          .samples = {rate}};
}

// What a line said: nothing of interest, a figure, or something that looks like one and is none.
enum class LineKind : uint8_t { kOther, kRead, kMalformed };

// "common_perf_print: prompt eval time =     3.38 ms /     9 tokens (    0.38 ms per token,  2662.72 tokens per
// second)". Older programs put llama_print_timings or llama_perf_context_print in front, newer ones also the time of
// day.
LineKind read_llama_time(std::string_view line, PeerOutput& output) {
  const size_t eval = line.find("eval time");
  const size_t load = line.find("load time");
  const size_t begin = std::min(eval, load);
  if (begin == std::string_view::npos) return LineKind::kOther;
  const bool is_load = load == begin;
  const bool is_prompt = !is_load && line.substr(0, begin).ends_with("prompt ");
  LineReader reader(line.substr(begin + std::string_view("eval time").size()));
  reader.skip_spaces();
  if (!reader.skip("=")) return LineKind::kOther;  // the words in some other text
  reader.skip_spaces();
  const auto ms = reader.number();
  reader.skip_spaces();
  if (!ms || !reader.skip("ms")) return LineKind::kMalformed;
  const double ns = *ms * 1e6;
  // 0.00 ms: the phase did not take place, as with a prompt of one token.
  if (!is_positive(ns)) return *ms == 0 ? LineKind::kOther : LineKind::kMalformed;
  if (is_load) {
    add_sample(output, time_metric("load", ns, 0));
    return LineKind::kRead;
  }
  reader.skip_spaces();
  if (!reader.skip("/")) return LineKind::kMalformed;
  reader.skip_spaces();
  const auto tokens = reader.number();
  if (!is_count(tokens)) return LineKind::kMalformed;
  if (*tokens == 0) return LineKind::kOther;
  add_sample(output, time_metric(fmt::format("{}{:.0f}", is_prompt ? "pp" : "tg", *tokens), ns, *tokens));
  return LineKind::kRead;
}

// "[ Prompt: 19.5 t/s | Generation: 11.8 t/s ]" of llama-cli.
LineKind read_llama_cli_rates(std::string_view line, PeerOutput& output) {
  const size_t begin = line.find("[ Prompt: ");
  if (begin == std::string_view::npos) return LineKind::kOther;
  LineReader reader(line.substr(begin + std::string_view("[ Prompt: ").size()));
  const auto prompt = reader.number();
  if (!prompt || !reader.skip(" t/s | Generation: ")) return LineKind::kMalformed;
  const auto generation = reader.number();
  if (!generation || !reader.skip(" t/s ]")) return LineKind::kMalformed;
  if (is_positive(prompt)) add_sample(output, rate_metric("pp", *prompt));
  if (is_positive(generation)) add_sample(output, rate_metric("tg", *generation));
  return is_positive(prompt) || is_positive(generation) ? LineKind::kRead : LineKind::kOther;
}

// "ingot: load 97 ms, prompt 19 tokens at 167.6 tok/s, first token after 215 ms, generated 8 tokens at 147.9 tok/s (".
LineKind read_ingot_line(std::string_view line, PeerOutput& output) {
  const size_t begin = line.find("load ");
  if (begin == std::string_view::npos || line.find(" ms, prompt ", begin) == std::string_view::npos) {
    return LineKind::kOther;
  }
  LineReader reader(line.substr(begin));
  const auto take = [&reader](std::string_view before) {
    return reader.skip(before) ? reader.number() : std::optional<double>();
  };
  const auto load_ms = take("load ");
  const auto n_prompt = take(" ms, prompt ");
  const auto prompt_rate = take(" tokens at ");
  const auto first_ms = take(" tok/s, first token after ");
  const auto n_generated = take(" ms, generated ");
  const auto rate = take(" tokens at ");
  if (!is_count(n_prompt) || !is_count(n_generated) || !load_ms || !prompt_rate || !first_ms || !rate) {
    return LineKind::kMalformed;
  }
  const auto add = [&output](std::string test, double ns, double tokens) {
    if (is_positive(ns)) add_sample(output, time_metric(std::move(test), ns, tokens));
  };
  add("load", *load_ms * 1e6, 0);
  if (*n_prompt > 0) add(fmt::format("pp{:.0f}", *n_prompt), *n_prompt / *prompt_rate * 1e9, *n_prompt);
  const double n_decoded = *n_generated - 1;  // the first token falls to the prompt's time
  if (n_decoded > 0) add(fmt::format("tg{:.0f}", n_decoded), n_decoded / *rate * 1e9, n_decoded);
  add(fmt::format("ttft{:.0f}", *n_prompt), *first_ms * 1e6, 0);
  return output.metrics.empty() ? LineKind::kOther : LineKind::kRead;
}

// -- plain numbers
// -----------------------------------------------------------------------------------------------------

struct PlainUnit {
  std::string_view written;
  std::string_view unit;
  double factor;
  Direction direction;
};

constexpr std::array kUnits = {
    PlainUnit{"ns", "ns", 1, Direction::kLowerIsBetter},
    PlainUnit{"us", "ns", 1e3, Direction::kLowerIsBetter},
    PlainUnit{"ms", "ns", 1e6, Direction::kLowerIsBetter},
    PlainUnit{"s", "ns", 1e9, Direction::kLowerIsBetter},
    PlainUnit{"tok/s", "tokens/s", 1, Direction::kHigherIsBetter},
    PlainUnit{"t/s", "tokens/s", 1, Direction::kHigherIsBetter},
    PlainUnit{"tokens/s", "tokens/s", 1, Direction::kHigherIsBetter},
    PlainUnit{"GB/s", "GB/s", 1, Direction::kHigherIsBetter},
    PlainUnit{"GFLOP/s", "GFLOP/s", 1, Direction::kHigherIsBetter},
};

Result<PlainUnit> find_unit(std::string_view written, Direction without_unit) {
  if (written.empty()) return PlainUnit{"", "", 1, without_unit};
  for (const PlainUnit& unit : kUnits) {
    if (unit.written == written) return unit;
  }
  return invalid("{} is no known unit, expected ns, us, ms, s, tok/s, t/s, tokens/s, GB/s, GFLOP/s or none",
                 printable(written));
}

std::string_view next_line(std::string_view& text) {
  const size_t end = std::min(text.find('\n'), text.size());
  const std::string_view line = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  return line;
}

Status read_number_line(std::string_view line, Direction without_unit, PeerMetric& metric) {
  LineReader reader(line);
  const auto number = reader.number();
  if (!number) return invalid("\"{}\" is no number: {}", printable(line), kExpected);
  INGOT_ASSIGN(const PlainUnit unit, find_unit(trimmed(reader.rest()), without_unit));
  const double value = *number * unit.factor;
  if (!is_positive(value)) return invalid("\"{}\" is no figure to compare, expected more than 0", printable(line));
  if (metric.samples.empty()) {
    metric.unit = unit.unit;
    metric.direction = unit.direction;
  }
  if (metric.unit != unit.unit) {
    return invalid("\"{}\" has another unit than the lines before it, expected one unit", printable(line));
  }
  if (metric.samples.size() >= kMaxSamples) return invalid("more than {} numbers were printed", kMaxSamples);
  metric.samples.push_back(value);
  return {};
}

std::optional<double> digits_after(std::string_view text, std::string_view prefix, std::string_view& rest) {
  LineReader reader(text);
  // from_chars would take "1e5" and "nan" for numbers; a test's name has digits alone.
  if (!reader.skip(prefix)) return std::nullopt;
  const size_t n_digits = std::min(reader.rest().find_first_not_of("0123456789"), reader.rest().size());
  if (n_digits == 0 || n_digits > 12) return std::nullopt;
  rest = reader.rest().substr(n_digits);
  return LineReader(reader.rest().substr(0, n_digits)).number();
}

}  // namespace

double tokens_of_test(std::string_view test) {
  std::string_view rest;
  double n_tokens = 0;
  if (const auto prompt = digits_after(test, "pp", rest)) {
    n_tokens = *prompt;
    if (const auto generated = digits_after(rest, "+tg", rest)) n_tokens += *generated;
  } else if (const auto generated = digits_after(test, "tg", rest)) {
    n_tokens = *generated;
  } else {
    return 0;
  }
  if (rest.empty()) return n_tokens;
  const bool at_depth = digits_after(rest, "@d", rest).has_value() && rest.empty();
  return at_depth ? n_tokens : 0;
}

Result<PeerOutput> read_peer_timings(std::string_view text) {
  PeerOutput output;
  std::string malformed;
  while (!text.empty()) {
    const std::string_view line = next_line(text);
    const std::array kinds = {std::pair("llama.cpp's timings", &read_llama_time),
                              std::pair("llama.cpp's timings", &read_llama_cli_rates),
                              std::pair("ingot run", &read_ingot_line)};
    for (const auto& [source, read] : kinds) {
      const LineKind kind = read(line, output);
      if (kind == LineKind::kRead && output.source.empty()) output.source = source;
      if (kind == LineKind::kMalformed && malformed.empty()) malformed = printable(trimmed(line));
      if (kind != LineKind::kOther) break;
    }
  }
  if (!output.metrics.empty()) return output;
  if (!malformed.empty()) {
    return invalid("\"{}\" is no timing, expected \"eval time = ... ms / ... tokens\" with numbers above 0", malformed);
  }
  // Of another kind than a line that is one and cannot be read.
  return fail(ErrorKind::kUnsupported,
              "there is no timing line, expected \"prompt eval time = ... ms / ... tokens\" or the like");
}

Result<PeerOutput> read_plain_numbers(std::string_view text, Direction without_unit) {
  PeerMetric metric{.test = "value", .unit = "", .direction = without_unit, .tokens = 0, .samples = {}};
  while (!text.empty()) {
    const std::string_view line = trimmed(next_line(text));
    if (!line.empty()) INGOT_TRY(read_number_line(line, without_unit, metric));
  }
  if (metric.samples.empty()) return invalid("nothing was printed, {}", kExpected);
  return PeerOutput{.source = "plain numbers", .metrics = {std::move(metric)}};
}

Result<PeerOutput> read_peer_output(std::string_view out, std::string_view err, const PeerOptions& options) {
  if (out.size() > kMaxBytes || err.size() > kMaxBytes) {
    return invalid("more than {} MiB were printed, expected a few lines", kMaxBytes >> 20);
  }
  const std::string_view result = trimmed(out);
  const bool looks_like_json = result.starts_with('{') || result.starts_with('[');
  Result<PeerOutput> json = looks_like_json ? read_peer_json(result) : Result<PeerOutput>(PeerOutput{});
  if (looks_like_json && json) return json;
  // A model may write what looks like JSON, and what looks like a timing: the program's own are on standard error.
  Result<PeerOutput> timings = read_peer_timings(err);
  if (timings) return timings;
  const bool malformed = timings.error().kind == ErrorKind::kInvalidInput;
  if (Result<PeerOutput> printed = read_peer_timings(out); printed || !malformed) timings = std::move(printed);
  if (timings || timings.error().kind == ErrorKind::kInvalidInput) return timings;
  if (looks_like_json) return json;
  return read_plain_numbers(result, options.plain_number);
}

}  // namespace ingot::core
