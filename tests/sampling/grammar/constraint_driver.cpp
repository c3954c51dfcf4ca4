// Grammars and schemas from another program: tests/reference/check_schema.py and check_gbnf.py hold them to independent
// validators. Reads a JSON document a line, answers with one a line:
//   {"schema": TEXT} or {"gbnf": TEXT}, with
//     "text": TEXT                       microseconds of processor time of a mask while this is written, twice
//     "accept": [TEXT, ...]              which of these are whole texts of it
//     "sample": N, "seed": S, "tokens": T   N texts of random tokens, with at most T tokens before the shortest way out
// answers {"error": ..., "kind": ...} or {"accepted": [...], "samples": [...], "stuck": [...]}.
#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <iostream>
#include <map>
#include <nlohmann/json.hpp>

#include "base/cpu_time.h"
#include "engine/constrained_output.h"
#include "gguf/reader.h"
#include "model/vocabulary.h"
#include "sampling/grammar/constraint.h"
#include "sampling/grammar/gbnf_parser.h"
#include "sampling/grammar/json_schema.h"
#include "sampling/rng.h"

namespace ingot::core {
namespace {

using Json = nlohmann::json;

bool is_whole(const std::shared_ptr<const Automaton>& automaton, const std::string& text) {
  Walker walker(*automaton);
  ConfigurationSet here;
  walker.enter({automaton->start(), kBottom}, here);
  for (const char byte : text) {
    ConfigurationSet next;
    walker.step(here, static_cast<uint8_t>(byte), next);
    here = std::move(next);
    if (here.is_dead() || walker.exhausted()) return false;
    walker.reset_work();
  }
  return here.at_bottom;
}

// Random tokens; from max_tokens on whatever may end it ends it, and closing bytes are preferred.
std::optional<std::string> random_text(const std::shared_ptr<TokenMasks>& masks, Rng& rng, int max_tokens,
                                       std::string& out_text) {
  Constraint constraint(masks);
  const VocabularyTrie& trie = masks->trie();
  for (int step = 0; step < 20 * max_tokens && !constraint.is_complete(); ++step) {
    const auto mask = constraint.allowed();
    if (!mask) return mask.error().message;
    std::vector<int32_t> tokens;
    for (size_t word = 0; word < mask->size(); ++word) {
      for (uint64_t bits = (*mask)[word]; bits != 0; bits &= bits - 1) {
        tokens.push_back(static_cast<int32_t>(word * 64) + std::countr_zero(bits));
      }
    }
    const bool late = step > max_tokens;
    if (constraint.may_end() && (late || rng.next() % 4 == 0)) break;
    std::erase_if(tokens, [&](int32_t token) {
      return std::find(trie.end_tokens().begin(), trie.end_tokens().end(), token) != trie.end_tokens().end();
    });
    if (tokens.empty()) break;
    int32_t token = tokens[rng.next() % tokens.size()];
    // Most tokens are plain text: what has structure is looked for half of the time, always once it is late.
    if (late || rng.next() % 2 == 0) {
      for (int attempt = 0; attempt < 64; ++attempt) {
        const int32_t other = tokens[rng.next() % tokens.size()];
        if (trie.token_bytes(other).find_first_of(late ? "\"}]" : "\"}],:{[\\0123456789-.e") == std::string::npos)
          continue;
        token = other;
        break;
      }
    }
    if (const Status accepted = constraint.accept(token); !accepted) return accepted.error().message;
    out_text += trie.token_bytes(token);
  }
  return constraint.may_end() ? std::nullopt : std::optional<std::string>("unfinished");
}

// The text's tokens, the longest that fits each time; the time that each mask took.
Json mask_times(const std::shared_ptr<TokenMasks>& masks, const std::string& text) {
  const VocabularyTrie& trie = masks->trie();
  std::map<std::string, int32_t> by_bytes;
  for (int32_t token = 0; token < trie.n_tokens(); ++token) by_bytes.emplace(trie.token_bytes(token), token);
  Constraint constraint(masks);
  std::vector<double> times;
  double moves = 0;
  for (size_t position = 0; position < text.size();) {
    const double start = thread_cpu_seconds();
    if (!constraint.allowed()) return "no mask";
    times.push_back(1e6 * (thread_cpu_seconds() - start));
    size_t n = std::min<size_t>(text.size() - position, 24);
    while (n > 1 && !by_bytes.contains(text.substr(position, n))) --n;
    const double moved = thread_cpu_seconds();
    if (!constraint.accept(by_bytes[text.substr(position, n)])) return "not accepted at " + std::to_string(position);
    moves += 1e6 * (thread_cpu_seconds() - moved);
    position += n;
  }
  std::vector<double> sorted = times;
  std::sort(sorted.begin(), sorted.end());
  double sum = 0;
  for (const double time : times) sum += time;
  const auto n_times = static_cast<double>(times.size());
  return {{"tokens", times.size()},
          {"mean_us", sum / n_times},
          {"median_us", sorted[sorted.size() / 2]},
          {"most_us", sorted.back()},
          {"move_us", moves / n_times}};
}

Json answer(const Json& question, const std::shared_ptr<const VocabularyTrie>& trie) {
  const auto parsed = question.contains("gbnf") ? parse_gbnf(question["gbnf"].get<std::string>())
                                                : parse_json_schema(question["schema"].get<std::string>());
  const auto refusal = [](const Error& error) {
    return Json{{"error", error.message}, {"kind", error.kind == ErrorKind::kUnsupported ? "unsupported" : "invalid"}};
  };
  if (!parsed) return refusal(parsed.error());
  const auto automaton = Automaton::compile(parsed->syntax, parsed->root);
  if (!automaton) return refusal(automaton.error());
  Json result = {{"accepted", Json::array()},
                 {"samples", Json::array()},
                 {"stuck", Json::array()},
                 {"states", (*automaton)->n_states()}};
  for (const Json& text : question.value("accept", Json::array())) {
    result["accepted"].push_back(is_whole(*automaton, text.get<std::string>()));
  }
  if (!trie) return result;
  const auto masks = std::make_shared<TokenMasks>(*automaton, trie);
  if (question.contains("text")) {
    result["first"] = mask_times(masks, question["text"].get<std::string>());
    result["again"] = mask_times(masks, question["text"].get<std::string>());
  }
  Rng rng(question.value("seed", uint64_t{1}));
  for (int sample = 0; sample < question.value("sample", 0); ++sample) {
    std::string text;
    const auto fault = random_text(masks, rng, question.value("tokens", 60), text);
    if (!fault) result["samples"].push_back(text);
    if (fault) result["stuck"].push_back(*fault + ": " + text);
  }
  return result;
}

}  // namespace
}  // namespace ingot::core

int main(int argc, char** argv) {
  using namespace ingot::core;
  std::shared_ptr<const VocabularyTrie> trie;
  if (argc > 1) {
    const auto file = GgufFile::open(argv[1]);
    if (!file) return std::cerr << file.error().message << '\n', 1;
    const auto tokenizer = read_vocabulary(file->metadata()).and_then(Tokenizer::create);
    if (!tokenizer) return std::cerr << tokenizer.error().message << '\n', 1;
    trie = vocabulary_trie(**tokenizer, 0);
  }
  std::string line;
  while (std::getline(std::cin, line)) {
    const auto question = nlohmann::json::parse(line, nullptr, /*allow_exceptions=*/false);
    if (!question.is_object()) return 1;
    std::cout << answer(question, trie).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) << std::endl;
  }
  return 0;
}
