// The JSON of llama-bench, of ingot bench and of ingot run.
#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "bench/peer_output.h"

namespace ingot::core {
namespace {

using Json = nlohmann::json;

constexpr size_t kMaxRows = 4096;
constexpr size_t kMaxSamples = 1'000'000;
constexpr size_t kMaxNameBytes = 200;
constexpr int64_t kMaxTokens = int64_t{1} << 40;

// A value for an error message: one line, short, plain characters.
std::string shown(const Json& value) {
  if (value.is_object()) return "an object";
  if (value.is_array()) return "an array";
  std::string text = value.dump(-1, ' ', /*ensure_ascii=*/true, Json::error_handler_t::replace);
  if (text.size() > 60) text = text.substr(0, 60) + "...";
  return text;
}

Result<double> positive_number(const Json& value, std::string_view name) {
  if (!value.is_number()) return invalid("{} is {}, expected a number", name, shown(value));
  const auto number = value.get<double>();
  if (!std::isfinite(number) || number <= 0) return invalid("{} is {}, expected more than 0", name, shown(value));
  return number;
}

// A count of tokens; 0 where the row has no such key.
Result<int64_t> count_of(const Json& row, const char* key) {
  const auto found = row.find(key);
  if (found == row.end()) return 0;
  const bool fits = found->is_number_unsigned() ? found->get<uint64_t>() <= uint64_t{kMaxTokens}
                                                : found->is_number_integer() && found->get<int64_t>() >= 0;
  if (!fits) return invalid("{} is {}, expected a count of tokens", key, shown(*found));
  return found->get<int64_t>();
}

Result<std::vector<double>> samples_of(const Json& list) {
  if (!list.is_array()) return invalid("samples_ns is {}, expected an array of numbers", shown(list));
  if (list.size() > kMaxSamples)
    return invalid("samples_ns has {} entries, expected at most {}", list.size(), kMaxSamples);
  std::vector<double> samples;
  samples.reserve(list.size());
  for (const Json& value : list) {
    INGOT_ASSIGN(const double sample, positive_number(value, "an entry of samples_ns"));
    samples.push_back(sample);
  }
  return samples;
}

// A row of a table, with what tells it from another row of the same test.
struct Row {
  PeerMetric metric;
  std::string model;
  int64_t threads = 0;
};

std::string file_name(const std::string& path) {
  return path.substr(path.find_last_of('/') + 1);
}

std::string text_of(const Json& row, const char* key) {
  const auto found = row.find(key);
  return found != row.end() && found->is_string() ? found->get<std::string>() : std::string();
}

// A name goes into tables and on terminals.
bool is_plain_name(const std::string& name) {
  return !name.empty() && name.size() <= kMaxNameBytes &&
         std::all_of(name.begin(), name.end(), [](char letter) { return letter >= ' ' && letter <= '~'; });
}

// -- llama-bench
// -------------------------------------------------------------------------------------------------------

bool is_llama_bench_row(const Json& row) {
  return row.is_object() && row.contains("n_prompt") && row.contains("n_gen");
}

std::string test_name(int64_t n_prompt, int64_t n_gen, int64_t depth) {
  std::string name = n_prompt > 0 ? fmt::format("pp{}", n_prompt) : std::string();
  if (n_gen > 0) name += fmt::format("{}tg{}", name.empty() ? "" : "+", n_gen);
  if (depth > 0) name += fmt::format("@d{}", depth);
  return name;
}

Result<Row> read_llama_bench_row(const Json& json) {
  INGOT_ASSIGN(const int64_t n_prompt, count_of(json, "n_prompt"));
  INGOT_ASSIGN(const int64_t n_gen, count_of(json, "n_gen"));
  INGOT_ASSIGN(const int64_t depth, count_of(json, "n_depth"));
  if (n_prompt == 0 && n_gen == 0) return invalid("n_prompt and n_gen are both 0, expected a test of one of them");
  Row row;
  INGOT_ASSIGN(row.threads, count_of(json, "n_threads"));
  row.model = file_name(text_of(json, "model_filename"));
  row.metric.test = test_name(n_prompt, n_gen, depth);
  row.metric.unit = "ns";
  row.metric.tokens = static_cast<double>(n_prompt + n_gen);
  if (const auto samples = json.find("samples_ns"); samples != json.end()) {
    INGOT_ASSIGN(row.metric.samples, samples_of(*samples));
  }
  if (!row.metric.samples.empty()) return row;
  const auto average = json.find("avg_ns");
  if (average == json.end()) return invalid("neither samples_ns nor avg_ns is there, expected one of them");
  INGOT_ASSIGN(const double average_ns, positive_number(*average, "avg_ns"));
  row.metric.samples = {average_ns};
  return row;
}

// -- ingot bench
// -------------------------------------------------------------------------------------------------------

bool is_ingot_row(const Json& row) {
  return row.is_object() && row.contains("test");
}

Result<Row> read_ingot_row(const Json& json) {
  Row row;
  row.metric.test = text_of(json, "test");
  if (!is_plain_name(row.metric.test)) {
    return invalid("test is {}, expected a name like pp512", shown(json.at("test")));
  }
  INGOT_ASSIGN(row.threads, count_of(json, "threads"));
  row.model = file_name(text_of(json, "model"));
  row.metric.unit = "ns";
  row.metric.tokens = tokens_of_test(row.metric.test);
  if (const auto samples = json.find("samples_ns"); samples != json.end()) {
    INGOT_ASSIGN(row.metric.samples, samples_of(*samples));
  }
  if (!row.metric.samples.empty()) return row;
  const auto summary = json.find("nanoseconds");
  if (summary == json.end() || !summary->is_object() || !summary->contains("median")) {
    return invalid("neither samples_ns nor nanoseconds.median is there, expected one of them");
  }
  INGOT_ASSIGN(const double median_ns, positive_number(summary->at("median"), "nanoseconds.median"));
  row.metric.samples = {median_ns};
  return row;
}

// -- tables
// ------------------------------------------------------------------------------------------------------------

// Two rows may be one test with other threads or another model. Both programs of a comparison name theirs by the same
// rule, so that equal lists of threads or models find each other.
std::vector<PeerMetric> with_own_names(std::vector<Row> rows) {
  // Returns whether any name had to change.
  const auto qualify = [&rows](auto suffix) {
    std::map<std::string, int> n_rows;
    for (const Row& row : rows) ++n_rows[row.metric.test];
    bool changed = false;
    for (size_t index = 0; index < rows.size(); ++index) {
      std::string& name = rows[index].metric.test;
      if (n_rows[name] == 1) continue;
      name += suffix(rows[index], index);
      changed = true;
    }
    return changed;
  };
  qualify([](const Row& row, size_t) { return fmt::format(" t{}", row.threads); });
  qualify([](const Row& row, size_t) { return is_plain_name(row.model) ? " " + row.model : std::string(); });
  // More than once only where a foreign name already looks like this.
  while (qualify([](const Row&, size_t index) { return fmt::format(" row {}", index + 1); })) {
  }
  std::vector<PeerMetric> metrics;
  metrics.reserve(rows.size());
  for (Row& row : rows) metrics.push_back(std::move(row.metric));
  return metrics;
}

template <typename List>
Result<PeerOutput> read_table(const List& list) {
  if (list.size() > kMaxRows) return invalid("the JSON has {} rows, expected at most {}", list.size(), kMaxRows);
  PeerOutput output;
  std::vector<Row> rows;
  for (const Json& json : list) {
    const bool from_llama = is_llama_bench_row(json);
    if (!from_llama && !is_ingot_row(json)) {
      return invalid("row {} of the JSON has neither n_prompt and n_gen (llama-bench) nor test (ingot bench)",
                     rows.size() + 1);
    }
    Result<Row> row = from_llama ? read_llama_bench_row(json) : read_ingot_row(json);
    if (!row) {
      return tl::unexpected(row.error().context(
          fmt::format("row {} of the JSON of {}", rows.size() + 1, from_llama ? "llama-bench" : "ingot bench")));
    }
    output.source = from_llama ? "llama-bench" : "ingot bench";
    rows.push_back(std::move(*row));
  }
  if (rows.empty()) return invalid("the JSON has no row, expected one for each test");
  output.metrics = with_own_names(std::move(rows));
  return output;
}

// -- ingot run
// ---------------------------------------------------------------------------------------------------------

struct RunTime {
  const char* key;
  std::string test;
  double tokens;
};

Result<PeerOutput> read_ingot_run(const Json& document) {
  const Json& timings = document.at("timings");
  if (!timings.is_object()) return invalid("timings is {}, expected an object", shown(timings));
  INGOT_ASSIGN(const int64_t n_prompt, count_of(document, "prompt_tokens"));
  const auto tokens = document.find("tokens");
  // The first token falls to the prompt's time.
  const size_t n_decoded = tokens != document.end() && tokens->is_array() && !tokens->empty() ? tokens->size() - 1 : 0;
  const std::array<RunTime, 4> times = {
      RunTime{"load_ms", "load", 0},
      RunTime{"prefill_ms", fmt::format("pp{}", n_prompt), static_cast<double>(n_prompt)},
      RunTime{"decode_ms", fmt::format("tg{}", n_decoded), static_cast<double>(n_decoded)},
      RunTime{"first_token_ms", fmt::format("ttft{}", n_prompt), 0},
  };
  PeerOutput output{.source = "ingot run", .metrics = {}};
  for (const RunTime& time : times) {
    const auto found = timings.find(time.key);
    // A time of 0 belongs to a phase that did not take place.
    if (found == timings.end() || (found->is_number() && found->get<double>() == 0)) continue;
    if (time.test.ends_with("pp0") || time.test.ends_with("tg0")) continue;
    INGOT_ASSIGN(const double ms, positive_number(*found, fmt::format("timings.{}", time.key)));
    if (!std::isfinite(ms * 1e6)) return invalid("timings.{} is {}, expected milliseconds", time.key, shown(*found));
    output.metrics.push_back({.test = time.test, .unit = "ns", .tokens = time.tokens, .samples = {ms * 1e6}});
  }
  if (output.metrics.empty()) return invalid("timings of the JSON of ingot run has no time above 0");
  return output;
}

// Lines of JSON, each an object; nothing where a line is none.
std::optional<std::vector<Json>> parse_lines(std::string_view text) {
  std::vector<Json> lines;
  while (!text.empty() && lines.size() <= kMaxRows) {
    const size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.find_first_not_of(" \t\r") == std::string_view::npos) continue;
    Json json = Json::parse(line, nullptr, /*allow_exceptions=*/false);
    if (!json.is_object()) return std::nullopt;
    // ingot's lines of JSON may begin with the machine, and end a stream of text with the timings.
    if (is_llama_bench_row(json) || is_ingot_row(json) || json.contains("timings")) lines.push_back(std::move(json));
  }
  return lines;
}

}  // namespace

Result<PeerOutput> read_peer_json(std::string_view text) {
  const Json document = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (document.is_discarded()) {
    const auto lines = parse_lines(text);
    if (!lines) return invalid("the output begins like JSON but is none, neither as a whole nor line by line");
    if (lines->size() == 1 && lines->front().contains("timings")) return read_ingot_run(lines->front());
    return read_table(*lines);
  }
  if (document.is_array()) return read_table(document);
  if (!document.is_object())
    return invalid("the output is the JSON {}, expected an object or an array", shown(document));
  if (is_llama_bench_row(document) || is_ingot_row(document)) return read_table(std::vector<Json>{document});
  if (document.contains("timings")) return read_ingot_run(document);
  const auto results = document.find("results");
  if (results == document.end() || !results->is_array()) {
    return invalid(
        "the JSON has none of: rows with n_prompt (llama-bench), results (ingot bench), timings (ingot run)");
  }
  return read_table(*results);
}

}  // namespace ingot::core
