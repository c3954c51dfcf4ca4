#include "tokenizer/special_tokens.h"

#include <algorithm>
#include <utility>

namespace ingot::core {

namespace {

bool is_ascii_space(char c) {
  return c == ' ' || (c >= '\t' && c <= '\r');
}

// Files type many tokens that steer the model as user-defined: Phi-3's <|user|>, Qwen's <tool_call>. HTML tags, as
// Gemma has them, and runs of spaces steer nothing.
bool reads_as_marker(std::string_view text) {
  if (text.size() < 3) return false;
  const auto within = [&](std::string_view part) { return text.find(part) != std::string_view::npos; };
  if (within("<|") || within("|>") || within("<\xEF\xBD\x9C") || within("\xEF\xBD\x9C>")) return true;
  const bool angled = text.front() == '<' && text.back() == '>';
  const bool squared = text.front() == '[' && text.back() == ']';
  if (!angled && !squared) return false;
  const std::string_view inside = text.substr(1, text.size() - 2);
  if (squared) return inside.find_first_of("ABCDEFGHIJKLMNOPQRSTUVWXYZ") != std::string_view::npos;
  return within("_") || within("think") || within("tool") || within("turn") || text == "<s>" || text == "</s>" ||
         text == "<eos>" || text == "<bos>" || text == "<EOT>";
}

}  // namespace

int32_t SpecialTokens::Automaton::child(int32_t node, uint8_t byte) const {
  for (int32_t next = nodes_[node].first_child; next >= 0; next = nodes_[next].next_sibling) {
    if (nodes_[next].byte == byte) return next;
  }
  return -1;
}

void SpecialTokens::Automaton::add(std::string_view text, int32_t id) {
  int32_t node = 0;
  for (size_t left = text.size(); left > 0; left--) {
    const auto byte = static_cast<uint8_t>(text[left - 1]);
    int32_t next = child(node, byte);
    if (next < 0) {
      next = static_cast<int32_t>(nodes_.size());
      Node added;
      added.byte = byte;
      added.next_sibling = nodes_[node].first_child;
      nodes_.push_back(added);
      nodes_[node].first_child = next;
    }
    node = next;
  }
  nodes_[node].longest = id;
}

void SpecialTokens::Automaton::finish() {
  root_.assign(256, -1);
  std::vector<int32_t> queue;  // breadth first: a node's fail state is nearer to the root, so it is complete
  for (int32_t next = nodes_[0].first_child; next >= 0; next = nodes_[next].next_sibling) {
    root_[nodes_[next].byte] = next;
    queue.push_back(next);
  }
  for (size_t done = 0; done < queue.size(); done++) {
    const int32_t node = queue[done];
    if (nodes_[node].longest < 0) nodes_[node].longest = nodes_[nodes_[node].fail].longest;
    for (int32_t next = nodes_[node].first_child; next >= 0; next = nodes_[next].next_sibling) {
      nodes_[next].fail = step(nodes_[node].fail, nodes_[next].byte);
      queue.push_back(next);
    }
  }
}

int32_t SpecialTokens::Automaton::step(int32_t state, uint8_t byte) const {
  while (state != 0) {
    const int32_t next = child(state, byte);
    if (next >= 0) return next;
    state = nodes_[state].fail;
  }
  return std::max(root_[byte], 0);
}

template <typename Found>
void SpecialTokens::Automaton::scan_backwards(std::string_view text, Found found) const {
  int32_t state = 0;
  for (size_t left = text.size(); left > 0; left--) {
    state = step(state, static_cast<uint8_t>(text[left - 1]));
    if (state != 0 && nodes_[state].longest >= 0) found(left - 1, nodes_[state].longest);
  }
}

SpecialTokens::SpecialTokens(const Vocabulary& vocabulary, const std::vector<TokenType>& types, bool strip_right) {
  n_bytes_.resize(types.size());
  if (strip_right) strip_right_.resize(types.size());
  for (size_t id = 0; id < types.size(); id++) {
    const bool user_defined = types[id] == TokenType::kUserDefined;
    if (!user_defined && types[id] != TokenType::kControl && types[id] != TokenType::kUnknown) continue;
    const std::string& text = vocabulary.tokens[id];
    if (text.empty()) continue;
    n_bytes_[id] = static_cast<uint32_t>(text.size());
    all_.add(text, static_cast<int32_t>(id));
    if (user_defined) user_defined_.add(text, static_cast<int32_t>(id));
    // By the file's type: the tokenizer shows some control tokens as user-defined ones.
    const bool was_control =
        id < vocabulary.token_type.size() && vocabulary.token_type[id] != static_cast<int32_t>(TokenType::kUserDefined);
    if (user_defined && !was_control && !reads_as_marker(text)) plain_.add(text, static_cast<int32_t>(id));
    if (strip_right) strip_right_[id] = text != "<unk>" && text != "<s>" && text != "<|endoftext|>";
  }
  all_.finish();
  user_defined_.finish();
  plain_.finish();
}

std::vector<TextFragment> SpecialTokens::split(std::string_view text, bool parse_special) const {
  const Automaton& automaton = parse_special ? all_ : user_defined_;
  Matches matches;
  if (!automaton.empty()) {
    automaton.scan_backwards(text, [&](size_t position, int32_t id) { matches.emplace_back(position, id); });
  }
  return fragments_of(text, std::move(matches));
}

std::vector<TextFragment> SpecialTokens::split_marked(std::string_view text, std::span<const TextRange> user) const {
  // Each stretch between the user's ranges is scanned apart, so what is found there lies there altogether.
  Matches trusted, plain;
  size_t end = text.size();
  for (size_t left = user.size() + 1; left > 0; left--) {
    const size_t begin = left == 1 ? 0 : user[left - 2].end;
    if (begin < end && !all_.empty()) {
      all_.scan_backwards(text.substr(begin, end - begin),
                          [&](size_t position, int32_t id) { trusted.emplace_back(begin + position, id); });
    }
    if (left > 1) end = user[left - 2].begin;
  }
  if (!plain_.empty()) {
    plain_.scan_backwards(text, [&](size_t position, int32_t id) { plain.emplace_back(position, id); });
  }
  // Both fall; at one place the longer token counts.
  Matches matches;
  size_t next = 0;
  for (const auto& match : trusted) {
    while (next < plain.size() && plain[next].first > match.first) matches.push_back(plain[next++]);
    auto chosen = match;
    if (next < plain.size() && plain[next].first == match.first) {
      if (n_bytes_[plain[next].second] > n_bytes_[chosen.second]) chosen = plain[next];
      next++;
    }
    matches.push_back(chosen);
  }
  matches.insert(matches.end(), plain.begin() + static_cast<std::ptrdiff_t>(next), plain.end());
  return fragments_of(text, std::move(matches));
}

std::vector<TextFragment> SpecialTokens::fragments_of(std::string_view text, Matches matches) const {
  std::vector<TextFragment> fragments;
  size_t done = 0;
  for (; !matches.empty(); matches.pop_back()) {
    const auto [position, id] = matches.back();
    if (position < done) continue;
    if (position > done) fragments.push_back({-1, text.substr(done, position - done)});
    fragments.push_back({id, text.substr(position, n_bytes_[id])});
    done = position + n_bytes_[id];
    if (!strip_right_.empty() && strip_right_[id] != 0) {
      while (done < text.size() && is_ascii_space(text[done])) done++;
    }
  }
  if (done < text.size()) fragments.push_back({-1, text.substr(done)});
  return fragments;
}

}  // namespace ingot::core
