#include "tokenizer/byte_trie.h"

#include <algorithm>

namespace ingot::core {

namespace {

// Entries [begin, end) share their first n_shared bytes, the last of which is the node's own first byte.
struct Range {
  size_t begin;
  size_t end;
  size_t n_shared;
};

size_t shared_prefix(std::string_view a, std::string_view b, size_t n_known) {
  const size_t n = std::min(a.size(), b.size());
  while (n_known < n && a[n_known] == b[n_known]) n_known++;
  return n_known;
}

}  // namespace

ByteTrie::ByteTrie(std::vector<Entry> entries) {
  std::erase_if(entries, [](const Entry& entry) { return entry.bytes.empty(); });
  std::sort(entries.begin(), entries.end(), [](const Entry& a, const Entry& b) {
    const int order = a.bytes.compare(b.bytes);
    return order != 0 ? order < 0 : a.id < b.id;
  });
  const auto same = [](const Entry& a, const Entry& b) { return a.bytes == b.bytes; };
  entries.erase(std::unique(entries.begin(), entries.end(), same), entries.end());

  nodes_.resize(1);
  first_byte_.resize(1);
  std::vector<Range> ranges(1);  // one a node
  // Appends the nodes of all entries of [begin, end), which differ at byte n_shared.
  const auto add_nodes = [&](size_t begin, size_t end, size_t n_shared) {
    while (begin < end) {
      const char byte = entries[begin].bytes[n_shared];
      size_t group_end = begin + 1;
      while (group_end < end && entries[group_end].bytes[n_shared] == byte) group_end++;
      nodes_.emplace_back();
      first_byte_.push_back(byte);
      ranges.push_back({begin, group_end, n_shared + 1});
      begin = group_end;
    }
  };
  add_nodes(0, entries.size(), 0);
  for (uint32_t node = 1; node < nodes_.size(); node++) root_[static_cast<uint8_t>(first_byte_[node])] = node;

  for (uint32_t node = 1; node < nodes_.size(); node++) {
    auto [begin, end, n_shared] = ranges[node];
    const std::string_view first = entries[begin].bytes;
    // Sorted entries share what the first and the last share.
    const size_t edge_end = shared_prefix(first, entries[end - 1].bytes, n_shared);
    nodes_[node].edge_begin = edges_.size();
    nodes_[node].edge_bytes = static_cast<uint32_t>(edge_end - n_shared);
    const std::string_view edge = first.substr(n_shared, edge_end - n_shared);
    edges_.insert(edges_.end(), edge.begin(), edge.end());
    if (first.size() == edge_end) nodes_[node].id = entries[begin++].id;
    const auto first_child = static_cast<uint32_t>(nodes_.size());
    add_nodes(begin, end, edge_end);
    nodes_[node].first_child = first_child;
    nodes_[node].n_children = static_cast<uint32_t>(nodes_.size()) - first_child;
  }
}

ByteTrie::Match ByteTrie::longest_prefix(std::string_view text) const {
  Match longest;
  each_prefix(text, [&](size_t n_bytes, int32_t id) { longest = {n_bytes, id}; });
  return longest;
}

}  // namespace ingot::core
