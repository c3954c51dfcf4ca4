// A set of byte strings that finds all of its members with which a text starts.
//
// A node holds the whole stretch of bytes down to the next branch, so there are at most two nodes a string however
// long the strings are, and looking for a string costs a memchr over the siblings and a memcmp a node. Nodes are laid
// out breadth first; siblings lie side by side:
//
//   root_[first byte] -> node: edge "al", id -1, children [l: node, s: node] ...
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <vector>

namespace ingot::core {

class ByteTrie {
 public:
  struct Entry {
    std::string_view bytes;
    int32_t id;  // not negative
  };
  struct Match {
    size_t n_bytes = 0;  // 0: nothing matches
    int32_t id = -1;
  };

  ByteTrie() = default;
  // Of equal strings the lowest id stays; empty ones are left out. The strings need not outlive the trie.
  explicit ByteTrie(std::vector<Entry> entries);

  // Calls found(n_bytes, id) for each member that text starts with, the shortest first.
  template <typename Found>
  void each_prefix(std::string_view text, Found found) const;
  Match longest_prefix(std::string_view text) const;

 private:
  struct Node {
    size_t edge_begin = 0;  // in edges_: the bytes between the node's first byte and its end
    uint32_t edge_bytes = 0;
    uint32_t first_child = 0;  // in nodes_ and first_byte_
    uint32_t n_children = 0;
    int32_t id = -1;  // of the string that ends here
  };

  std::array<uint32_t, 256> root_{};  // 0: no member starts with this byte
  std::vector<Node> nodes_;           // the first is no node
  std::vector<char> first_byte_;      // one a node
  std::vector<char> edges_;
};

template <typename Found>
void ByteTrie::each_prefix(std::string_view text, Found found) const {
  if (text.empty()) return;
  uint32_t node_index = root_[static_cast<uint8_t>(text[0])];
  size_t n_bytes = 1;
  while (node_index != 0) {
    const Node& node = nodes_[node_index];
    if (node.edge_bytes != 0) {
      if (node.edge_bytes > text.size() - n_bytes) return;
      if (std::memcmp(edges_.data() + node.edge_begin, text.data() + n_bytes, node.edge_bytes) != 0) return;
      n_bytes += node.edge_bytes;
    }
    if (node.id >= 0) found(n_bytes, node.id);
    if (n_bytes == text.size() || node.n_children == 0) return;
    const char* siblings = first_byte_.data() + node.first_child;
    const void* child = std::memchr(siblings, text[n_bytes], node.n_children);
    if (child == nullptr) return;
    node_index = node.first_child + static_cast<uint32_t>(static_cast<const char*>(child) - siblings);
    n_bytes++;
  }
}

}  // namespace ingot::core
