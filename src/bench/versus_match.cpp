// Which figure of ours belongs to which of theirs.
#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include "bench/versus.h"

namespace ingot::core {
namespace {

// Two tests of one kind are compared by time per token if their lengths differ by at most this factor: a token more
// for BOS, or one less because the first generated token counts for the prompt.
constexpr double kLikeLength = 1.25;

// Reading and generating are different work, and so is the same at another depth.
struct Kind {
  std::string_view phase;  // "pp", "tg"; empty: neither alone
  std::string_view depth;  // "@d64" or empty
  bool operator==(const Kind&) const = default;
};

Kind kind_of(std::string_view test) {
  const std::string_view depth = test.substr(std::min(test.find('@'), test.size()));
  const std::string_view base = test.substr(0, test.size() - depth.size());
  const bool is_one = base.find('+') == std::string_view::npos;
  for (const std::string_view phase : {"pp", "tg"}) {
    if (is_one && (base == phase || (base.starts_with(phase) && tokens_of_test(base) > 0))) return {phase, depth};
  }
  return {};
}

bool has_time_per_token(const PeerMetric& metric) {
  return metric.unit == "tokens/s" || (metric.unit == "ns" && metric.tokens > 0);
}

bool alike_in_length(const PeerMetric& ours, const PeerMetric& theirs) {
  if (ours.tokens == 0 || theirs.tokens == 0) return true;  // a rate alone tells none
  return std::max(ours.tokens, theirs.tokens) <= kLikeLength * std::min(ours.tokens, theirs.tokens);
}

VersusMatch as_printed(const PeerMetric& ours, const PeerMetric& theirs) {
  return {.ours = ours.test,
          .theirs = theirs.test,
          .name = ours.test == "value" ? theirs.test : ours.test,
          .unit = ours.unit,
          .direction = ours.direction};
}

VersusMatch by_token(const PeerMetric& ours, const PeerMetric& theirs) {
  const bool is_plain = ours.test == "value";
  return {.ours = ours.test,
          .theirs = theirs.test,
          .name = is_plain ? theirs.test : ours.test,
          .unit = "ns/token",
          .direction = Direction::kLowerIsBetter,
          .per_token = true};
}

// The figures of both sides that nothing was found for yet.
class Leftovers {
 public:
  Leftovers(const PeerOutput& ours, const PeerOutput& theirs) {
    for (const PeerMetric& metric : ours.metrics) ours_.push_back(&metric);
    for (const PeerMetric& metric : theirs.metrics) theirs_.push_back(&metric);
  }

  void match_equal_names(VersusMatches& found) {
    for (size_t index = 0; index < ours_.size();) {
      const PeerMetric& metric = *ours_[index];
      const auto same = std::find_if(theirs_.begin(), theirs_.end(), [&](const PeerMetric* other) {
        return other->test == metric.test && other->unit == metric.unit && other->direction == metric.direction;
      });
      if (same == theirs_.end()) {
        ++index;
        continue;
      }
      found.matches.push_back(as_printed(metric, **same));
      theirs_.erase(same);
      ours_.erase(ours_.begin() + static_cast<std::ptrdiff_t>(index));
    }
  }

  // Only where there is one candidate on either side: nothing is guessed.
  void match_kinds(VersusMatches& found) {
    for (const PeerMetric* metric : std::vector(ours_)) {
      const Kind kind = kind_of(metric->test);
      if (kind.phase.empty()) continue;
      const PeerMetric* ours = only_one(ours_, kind);
      const PeerMetric* theirs = only_one(theirs_, kind);
      if (ours == nullptr || theirs == nullptr || !alike_in_length(*ours, *theirs)) continue;
      add_by_token(*ours, *theirs, found);
    }
  }

  // A plain number belongs to the only figure of the other side, if its unit says what it is.
  void match_plain_number(VersusMatches& found) {
    if (ours_.size() != 1 || theirs_.size() != 1 || !found.matches.empty()) return;
    const PeerMetric& ours = *ours_.front();
    const PeerMetric& theirs = *theirs_.front();
    if (ours.test != "value" && theirs.test != "value") return;
    if (ours.unit == theirs.unit && ours.direction == theirs.direction) {
      found.matches.push_back(as_printed(ours, theirs));
      ours_.clear();
      theirs_.clear();
    } else if (has_time_per_token(ours) && has_time_per_token(theirs)) {
      add_by_token(ours, theirs, found);
    }
  }

  void note_the_rest(VersusMatches& found) const {
    for (const PeerMetric* metric : ours_) found.notes.push_back(fmt::format("{} is ours alone", metric->test));
    for (const PeerMetric* metric : theirs_) found.notes.push_back(fmt::format("{} is theirs alone", metric->test));
  }

 private:
  static const PeerMetric* only_one(const std::vector<const PeerMetric*>& metrics, const Kind& kind) {
    const PeerMetric* one = nullptr;
    for (const PeerMetric* metric : metrics) {
      if (kind_of(metric->test) != kind || !has_time_per_token(*metric)) continue;
      if (one != nullptr) return nullptr;
      one = metric;
    }
    return one;
  }

  void add_by_token(const PeerMetric& ours, const PeerMetric& theirs, VersusMatches& found) {
    found.matches.push_back(by_token(ours, theirs));
    found.notes.push_back(
        fmt::format("{} of ours and {} of theirs are compared by time per token", ours.test, theirs.test));
    std::erase(ours_, &ours);
    std::erase(theirs_, &theirs);
  }

  std::vector<const PeerMetric*> ours_;
  std::vector<const PeerMetric*> theirs_;
};

std::string list_of(const PeerOutput& output) {
  constexpr size_t kMaxShown = 8;
  std::string text;
  for (size_t index = 0; index < std::min(output.metrics.size(), kMaxShown); ++index) {
    const PeerMetric& metric = output.metrics[index];
    text += fmt::format("{}{} ({})", index > 0 ? ", " : "", metric.test, metric.unit.empty() ? "no unit" : metric.unit);
  }
  return output.metrics.size() > kMaxShown ? text + ", ..." : text;
}

}  // namespace

Result<VersusMatches> match_figures(const PeerOutput& ours, const PeerOutput& theirs) {
  VersusMatches found;
  Leftovers left(ours, theirs);
  left.match_equal_names(found);
  left.match_kinds(found);
  left.match_plain_number(found);
  left.note_the_rest(found);
  if (found.matches.empty()) {
    return invalid("nothing that both measured: ours ({}) has {}; theirs ({}) has {}", ours.source, list_of(ours),
                   theirs.source, list_of(theirs));
  }
  return found;
}

}  // namespace ingot::core
