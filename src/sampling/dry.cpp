#include "sampling/dry.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

namespace ingot::core {

Dry::Dry(DryParams params) : params_(std::move(params)) {
  if (!params_.token_text) return;
  for (const std::string& breaker : params_.breakers) matchers_.emplace_back(breaker);
}

void Dry::read(std::span<const int32_t> history) {
  if (history.size() < n_read_) {
    for (TextMatcher& matcher : matchers_) matcher.reset();
    n_read_ = 0;
    after_breaker_ = 0;
  }
  for (; n_read_ < history.size(); ++n_read_) {
    const int32_t id = history[n_read_];
    bool breaks = id < 0;
    if (breaks) {
      for (TextMatcher& matcher : matchers_) matcher.reset();
    } else if (!matchers_.empty()) {
      const std::string text = params_.token_text(id);
      for (TextMatcher& matcher : matchers_) {
        for (const char byte : text) breaks = matcher.step(byte) || breaks;
      }
    }
    if (breaks) after_breaker_ = n_read_ + 1;
  }
}

bool Dry::completes_breaker(int32_t id) const {
  if (matchers_.empty()) return false;
  const std::string text = params_.token_text(id);
  return std::any_of(matchers_.begin(), matchers_.end(), [&text](TextMatcher matcher) {
    return std::any_of(text.begin(), text.end(), [&matcher](char byte) { return matcher.step(byte); });
  });
}

// Z-algorithm (Gusfield 1997) over the history read backwards: each token is compared a bounded number of times,
// however the text repeats itself.
void Dry::measure_repetitions(std::span<const int32_t> history) {
  const size_t n = history.size();
  const auto at = [history, n](size_t back) { return history[n - 1 - back]; };
  lengths_.assign(n, 0);
  size_t box_begin = 0;
  size_t box_end = 0;  // [box_begin, box_end) is the known match that reaches furthest
  for (size_t back = 1; back < n; ++back) {
    size_t length = back < box_end ? std::min(box_end - back, lengths_[back - box_begin]) : 0;
    while (back + length < n && at(length) == at(back + length)) ++length;
    lengths_[back] = length;
    if (back + length > box_end) {
      box_begin = back;
      box_end = back + length;
    }
  }
}

void Dry::apply(std::span<const int32_t> history, Candidates& candidates) {
  if (!params_.active()) return;
  read(history);
  const size_t longest = history.size() - after_breaker_;
  if (params_.last_n > 0 && history.size() > static_cast<size_t>(params_.last_n)) {
    history = history.last(static_cast<size_t>(params_.last_n));
  }
  const auto allowed = static_cast<size_t>(params_.allowed_length);
  if (longest < allowed || history.size() <= allowed) return;
  measure_repetitions(history);

  // The token that followed each earlier occurrence, with the length of what it would prolong.
  std::vector<std::pair<int32_t, size_t>> followers;
  for (size_t back = 1; back < history.size(); ++back) {
    const size_t length = std::min(lengths_[back], longest);
    const int32_t id = history[history.size() - back];
    if (length >= allowed && id >= 0) followers.emplace_back(id, length);
  }
  // Of each token the longest.
  std::sort(followers.begin(), followers.end(),
            [](const auto& a, const auto& b) { return a.first != b.first ? a.first < b.first : a.second > b.second; });
  const auto end =
      std::unique(followers.begin(), followers.end(), [](const auto& a, const auto& b) { return a.first == b.first; });
  followers.erase(end, followers.end());
  std::erase_if(followers, [this](const auto& follower) { return completes_breaker(follower.first); });

  std::vector<int32_t> ids;
  ids.reserve(followers.size());
  for (const auto& follower : followers) ids.push_back(follower.first);
  candidates.change_logits(ids, [&](size_t index, float logit) {
    const auto excess = static_cast<double>(followers[index].second - allowed);
    // The power of a long repetition is beyond a float: a penalty as large as that changes nothing any more.
    constexpr double kMost = std::numeric_limits<float>::max();
    return logit - static_cast<float>(std::min(kMost, params_.multiplier * std::pow(params_.base, excess)));
  });
}

}  // namespace ingot::core
