#include "chat/output_parser.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "chat/white_space.h"

namespace ingot::core {

namespace {

constexpr size_t kMaxHeldSpace = 64;

bool counts_in(In in, Content content) {
  return (static_cast<unsigned>(in) >> static_cast<unsigned>(content) & 1U) != 0;
}

}  // namespace

OutputParser::OutputParser(const OutputFormat& format, Options options)
    : format_(&format), options_(std::move(options)) {
  for (const Marker& marker : format.markers) begins_marker_[static_cast<uint8_t>(marker.text[0])] = true;
  if (options_.in_reasoning && !format.reasoning_opener.empty()) {
    content_ = Content::kReasoning;
    after_marker_ = true;
  } else if (!format.start.empty()) {
    begin_steps(format.start, /*is_soft=*/true);
  }
}

void OutputParser::push(std::string_view text, std::vector<OutputDelta>& out_deltas) {
  INGOT_CHECK(!finished_, "nothing follows the end of an answer");
  out_ = &out_deltas;
  buffer_ += text;
  run();
  base_ += begin_;
  at_ -= begin_;
  buffer_.erase(0, begin_);
  begin_ = 0;
}

void OutputParser::run() {
  while (in_steps_ ? step() : read_content()) {
  }
  if (call_open_ && sent_) send_arguments(here());
}

void OutputParser::finish(std::vector<OutputDelta>& out_deltas) {
  push({}, out_deltas);
  finished_ = true;
  if (in_steps_) {
    if (!call_open_ && committed_ && is_space_until(buffer_.size())) return;
    if (!is_soft_ || call_open_) report(buffer_.size());
    if (std::exchange(call_open_, false)) {
      out_->push_back({.kind = OutputDeltaKind::kCallFailed, .call = n_calls_ - 1});
    }
    if (committed_) content_ = Content::kText;
  }
  if (begin_ < buffer_.size()) write(buffer_.size());
}

// Looks for markers and hands on the rest. True when steps have begun, false at the end of the bytes.
bool OutputParser::read_content() {
  while (at_ < buffer_.size()) {
    if (is_white_space(buffer_[at_])) {
      pass_space();
      continue;
    }
    if (begins_marker_[static_cast<uint8_t>(buffer_[at_])]) {
      const Marker* marker = nullptr;
      const Match found = find_marker(&marker);
      if (found == Match::kPartial) return false;
      if (found == Match::kFull) {
        if (apply(*marker)) return true;
        continue;
      }
    }
    size_t end = at_ + 1;
    while (end < buffer_.size() && !is_white_space(buffer_[end]) &&
           !begins_marker_[static_cast<uint8_t>(buffer_[end])]) {
      ++end;
    }
    write(end);
  }
  return false;
}

void OutputParser::pass_space() {
  const char space = buffer_[at_++];
  if (after_marker_) {
    if (!gap_is_fixed_ && gap_.size() < kMaxHeldSpace) gap_ += space;
    begin_ = at_;
  } else if (long_space_ || at_ - begin_ > kMaxHeldSpace) {
    write(at_);
    long_space_ = true;
  }
}

OutputParser::Match OutputParser::find_marker(const Marker** out_marker) const {
  Match best = Match::kNone;
  for (const Marker& marker : format_->markers) {
    if (!counts_in(marker.in, content_) || (marker.only_first && text_seen_)) continue;
    const Match found = match(marker.text);
    if (found == Match::kFull) {
      *out_marker = &marker;
      return found;
    }
    if (found == Match::kPartial) best = found;
  }
  return best;
}

// True when the marker begins steps.
bool OutputParser::apply(const Marker& marker) {
  if (marker.then == Marker::Then::kStray) {
    report(at_);
    write(at_ + marker.text.size());
    return false;
  }
  n_space_before_ = at_ - begin_;
  if (!marker.is_kept) at_ += marker.text.size();
  switch (marker.then) {
    case Marker::Then::kRun:
      begin_steps(marker.label, marker.is_soft);
      return true;
    case Marker::Then::kReasoning:
      enter(Content::kReasoning);
      return false;
    case Marker::Then::kAnswer:
      enter(Content::kAnswer);
      return false;
    default:
      enter(Content::kText);
      return false;
  }
}

// Hands on what lies before end as content.
void OutputParser::write(size_t end) {
  const std::string_view text(buffer_.data() + begin_, end - begin_);
  if (content_ == Content::kReasoning) {
    emit(OutputDeltaKind::kReasoning, text);
  } else {
    if (text_seen_) emit(OutputDeltaKind::kText, gap_);
    gap_.clear();
    gap_is_fixed_ = false;
    emit(OutputDeltaKind::kText, text);
    text_seen_ = text_seen_ || !is_space_until(end);
  }
  begin_ = at_ = end;
  after_marker_ = false;
  long_space_ = false;
}

void OutputParser::emit(OutputDeltaKind kind, std::string_view text) {
  if (text.empty()) return;
  if (out_->empty() || out_->back().kind != kind) {
    out_->push_back({.kind = kind, .call = kind == OutputDeltaKind::kCallArguments ? n_calls_ - 1 : 0});
  }
  out_->back().text += text;
}

// What has been read is markup.
void OutputParser::commit() {
  if (content_ != Content::kReasoning) {
    if (gap_.empty()) gap_ = buffer_.substr(begin_, n_space_before_);
    gap_is_fixed_ = !gap_.empty();
  }
  n_space_before_ = 0;
  begin_ = at_;
  after_marker_ = true;
  long_space_ = false;
  committed_ = true;
}

void OutputParser::enter(Content content) {
  commit();
  content_ = content;
}

void OutputParser::report(size_t position) {
  if (!malformed_at_) malformed_at_ = base_ + position;
}

OutputParser::Match OutputParser::match(std::string_view text) const {
  const size_t n_bytes = std::min(text.size(), buffer_.size() - at_);
  if (std::string_view(buffer_.data() + at_, n_bytes) != text.substr(0, n_bytes)) return Match::kNone;
  return n_bytes == text.size() ? Match::kFull : Match::kPartial;
}

bool OutputParser::is_space_until(size_t end) const {
  return std::all_of(buffer_.begin() + static_cast<ptrdiff_t>(begin_), buffer_.begin() + static_cast<ptrdiff_t>(end),
                     is_white_space);
}

}  // namespace ingot::core
