// The steps of a format: what has to follow a marker.
#include <algorithm>
#include <utility>

#include "base/check.h"
#include "base/utf8.h"
#include "chat/output_parser.h"
#include "chat/white_space.h"

namespace ingot::core {

namespace {

constexpr size_t kMaxWordBytes = CallObject::kMaxNameBytes;

// Of names outside JSON. Markup follows them, so its characters are none of them.
bool is_name_byte(char byte) {
  return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') || (byte >= '0' && byte <= '9') || byte == '_' ||
         byte == '-' || byte == '.' || byte == ':' || byte == '/';
}

bool is_key_byte(char byte) {
  return !is_white_space(byte) && byte != '<' && byte != '>' && byte != '=' && byte != '"';
}

// One line break on each side belongs to the markup.
std::string_view without_outer_breaks(std::string_view text) {
  if (text.starts_with("\r\n")) {
    text.remove_prefix(2);
  } else if (text.starts_with('\n')) {
    text.remove_prefix(1);
  }
  if (text.ends_with("\r\n")) {
    text.remove_suffix(2);
  } else if (text.ends_with('\n')) {
    text.remove_suffix(1);
  }
  return text;
}

}  // namespace

void OutputParser::begin_steps(std::string_view label, bool is_soft) {
  in_steps_ = true;
  is_soft_ = is_soft;
  committed_ = false;
  name_.clear();
  id_.clear();
  object_.reset();
  arguments_.reset();
  n_parameters_.reset();
  value_begin_.reset();
  sent_.reset();
  jump(label);
}

void OutputParser::jump(std::string_view label) {
  const auto& steps = format_->steps;
  const auto found = std::find_if(steps.begin(), steps.end(), [&](const FormatStep& step) {
    return step.kind == FormatStep::Kind::kLabel && step.text == label;
  });
  INGOT_CHECK(found != steps.end(), "every label of a format is one of its steps");
  step_ = static_cast<size_t>(found - steps.begin());
}

bool OutputParser::step() {
  if (over_limit()) return fail();
  const FormatStep& step = format_->steps[step_];
  switch (step.kind) {
    case FormatStep::Kind::kLabel:
      ++step_;
      return true;
    case FormatStep::Kind::kGoto:
      jump(step.to);
      return true;
    case FormatStep::Kind::kSpace:
      return read_space();
    case FormatStep::Kind::kExpect:
    case FormatStep::Kind::kTry:
    case FormatStep::Kind::kPeek:
      return read_literal(step);
    case FormatStep::Kind::kName:
    case FormatStep::Kind::kId:
    case FormatStep::Kind::kWord:
      return read_word(step);
    case FormatStep::Kind::kCall:
      return read_call();
    case FormatStep::Kind::kArguments:
      return read_arguments();
    case FormatStep::Kind::kBegin:
      announce(name_, id_);
      n_parameters_ = 0;
      ++step_;
      return true;
    case FormatStep::Kind::kKey:
      return read_key();
    case FormatStep::Kind::kValue:
      return read_value(step.text);
    case FormatStep::Kind::kQuoted:
      return read_quoted();
    case FormatStep::Kind::kEnd:
      return end_call();
    case FormatStep::Kind::kToText:
    case FormatStep::Kind::kToAnswer:
    case FormatStep::Kind::kToReasoning:
      in_steps_ = false;
      enter(step.kind == FormatStep::Kind::kToText     ? Content::kText
            : step.kind == FormatStep::Kind::kToAnswer ? Content::kAnswer
                                                       : Content::kReasoning);
      return true;
  }
  return fail();
}

// The byte at at_ does not fit: what was read becomes content, and content goes on with that byte.
bool OutputParser::fail() {
  in_steps_ = false;
  if (!is_soft_ || call_open_) report(at_);
  if (call_open_) {
    if (sent_) send_arguments(here());
    out_->push_back({.kind = OutputDeltaKind::kCallFailed, .call = n_calls_ - 1});
    call_open_ = false;
  }
  if (committed_) content_ = Content::kText;
  if (is_space_until(at_)) {
    at_ = begin_;  // white space in content has rules of its own
    return true;
  }
  write(at_);
  return true;
}

bool OutputParser::read_literal(const FormatStep& step) {
  const Match found = match(step.text);
  if (found == Match::kPartial) return false;
  if (found == Match::kNone) {
    if (step.kind == FormatStep::Kind::kExpect) return fail();
    jump(step.to);
    return true;
  }
  if (step.kind != FormatStep::Kind::kPeek) at_ += step.text.size();
  ++step_;
  return true;
}

bool OutputParser::read_space() {
  while (at_ < buffer_.size() && is_white_space(buffer_[at_])) {
    ++at_;
    if (over_limit()) return fail();
  }
  if (at_ == buffer_.size()) return false;
  ++step_;
  return true;
}

bool OutputParser::read_word(const FormatStep& step) {
  size_t end = at_;
  while (end < buffer_.size() && end - at_ <= kMaxWordBytes && is_name_byte(buffer_[end])) ++end;
  if (end - at_ > kMaxWordBytes) return fail();
  if (end == buffer_.size()) return false;
  std::string word = buffer_.substr(at_, end - at_);
  if (step.kind != FormatStep::Kind::kWord) {
    if (!word.ends_with(step.text) || word.size() == step.text.size()) return fail();
    word.resize(word.size() - step.text.size());
    (step.kind == FormatStep::Kind::kName ? name_ : id_) = std::move(word);
  }
  at_ = end;
  ++step_;
  return true;
}

bool OutputParser::read_key() {
  size_t end = at_;
  while (end < buffer_.size() && end - at_ <= kMaxWordBytes && is_key_byte(buffer_[end])) ++end;
  if (end - at_ > kMaxWordBytes) return fail();
  if (end == buffer_.size()) return false;
  key_ = buffer_.substr(at_, end - at_);
  if (key_.empty() || !is_utf8(key_)) return fail();
  at_ = end;
  ++step_;
  return true;
}

bool OutputParser::read_call() {
  if (!object_) object_.emplace(/*only_known=*/is_soft_);
  while (at_ < buffer_.size()) {
    if (over_limit() || !object_->push(buffer_[at_], here())) return fail();
    ++at_;
    if (!call_open_ && object_->has_object() && !object_->name().empty()) {
      announce(object_->name(), object_->id());
      sent_ = object_->object_begin();
    }
    if (call_open_ && sent_ && object_->object_end()) {
      send_arguments(*object_->object_end());
      sent_.reset();
    }
    if (!object_->done()) continue;
    if (!call_open_) {
      announce(object_->name(), object_->id());
      const std::string& decoded = object_->decoded_arguments();
      emit(OutputDeltaKind::kCallArguments, decoded.empty() ? "{}" : std::string_view(decoded));
    }
    id_ = object_->id();
    object_.reset();
    ++step_;
    return true;
  }
  return false;
}

bool OutputParser::read_arguments() {
  while (at_ < buffer_.size()) {
    if (!arguments_) {
      if (buffer_[at_] != '{') return fail();
      announce(name_, id_);
      sent_ = here();
      arguments_.emplace();
    }
    if (over_limit() || !arguments_->push(buffer_[at_])) return fail();
    ++at_;
    if (!arguments_->done()) continue;
    send_arguments(here());
    sent_.reset();
    arguments_.reset();
    ++step_;
    return true;
  }
  return false;
}

bool OutputParser::read_value(std::string_view closer) {
  if (!value_begin_) value_begin_ = here();
  Match found = Match::kNone;
  while (at_ < buffer_.size()) {
    if (over_limit()) return fail();
    found = match(closer);
    if (found != Match::kNone) break;
    ++at_;
  }
  if (found != Match::kFull) return false;
  const size_t begin = *value_begin_ - base_;
  const std::string_view value = without_outer_breaks(std::string_view(buffer_).substr(begin, at_ - begin));
  auto as_json = json_of_parameter(value, options_.types.is_string(name_, key_));
  at_ += closer.size();
  return add_parameter(as_json);
}

// Between double quotes, escapes as Python reads the common ones.
bool OutputParser::read_quoted() {
  while (at_ < buffer_.size()) {
    if (over_limit()) return fail();
    const char byte = buffer_[at_];
    if (!value_begin_) {
      if (byte != '"') return fail();
      value_begin_ = here();
      quoted_.clear();
      is_escaped_ = false;
      ++at_;
      continue;
    }
    ++at_;
    if (is_escaped_) {
      is_escaped_ = false;
      if (byte != '"' && byte != '\\' && byte != 'n' && byte != 't') quoted_ += '\\';
      quoted_ += byte == 'n' ? '\n' : byte == 't' ? '\t' : byte;
    } else if (byte == '\\') {
      is_escaped_ = true;
    } else if (byte == '"') {
      return add_parameter(json_string(quoted_));
    } else {
      quoted_ += byte;
    }
  }
  return false;
}

bool OutputParser::add_parameter(const std::optional<std::string>& value) {
  value_begin_.reset();
  if (!value) return fail();
  emit(OutputDeltaKind::kCallArguments, (*n_parameters_)++ == 0 ? "{" : ", ");
  emit(OutputDeltaKind::kCallArguments, *json_string(key_));
  emit(OutputDeltaKind::kCallArguments, ": ");
  emit(OutputDeltaKind::kCallArguments, *value);
  ++step_;
  return true;
}

bool OutputParser::end_call() {
  if (n_parameters_) emit(OutputDeltaKind::kCallArguments, *n_parameters_ == 0 ? "{}" : "}");
  n_parameters_.reset();
  out_->push_back({.kind = OutputDeltaKind::kCallEnd, .call = n_calls_ - 1, .id = std::exchange(id_, {})});
  call_open_ = false;
  is_soft_ = false;
  commit();
  ++step_;
  return true;
}

void OutputParser::announce(const std::string& name, const std::string& id) {
  out_->push_back({.kind = OutputDeltaKind::kCallBegin, .call = n_calls_++, .name = name, .id = id});
  call_open_ = true;
}

// Hands the arguments on up to this offset.
void OutputParser::send_arguments(size_t end) {
  emit(OutputDeltaKind::kCallArguments, std::string_view(buffer_).substr(*sent_ - base_, end - *sent_));
  sent_ = end;
}

}  // namespace ingot::core
