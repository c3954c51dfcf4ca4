// A JSON document as a flat table of nodes: bounded in depth and number, without duplicate keys, numbers kept as they
// are written.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace ingot::core {

using NodeId = uint32_t;

enum class JsonKind : uint8_t { kNull, kFalse, kTrue, kNumber, kString, kArray, kObject };

struct JsonNode {
  JsonKind kind = JsonKind::kNull;
  NodeId parent = 0;
  uint32_t place = 0;                  // in the parent
  std::string text = {};               // a string's characters, a number as written
  std::vector<NodeId> children = {};   // of arrays and objects, in their order
  std::vector<std::string> keys = {};  // of objects, one a child
  std::map<std::string, NodeId, std::less<>> by_key = {};
};

class SchemaDocument {
 public:
  static constexpr size_t kMaxBytes = 4 << 20;
  static constexpr size_t kMaxDepth = 128;
  static constexpr size_t kMaxNodes = 200'000;

  // Errors name line and column of what is no JSON, or the bound that it passes.
  static Result<SchemaDocument> parse(std::string_view text);

  const JsonNode& node(NodeId id) const { return nodes_[id]; }
  NodeId root() const { return 0; }
  size_t n_nodes() const { return nodes_.size(); }
  std::optional<NodeId> find(NodeId object, std::string_view key) const;
  // "/properties/name": for messages.
  std::string pointer(NodeId id) const;
  // What a pointer such as "/$defs/item" leads to.
  std::optional<NodeId> resolve(std::string_view pointer) const;
  bool is(NodeId id, JsonKind kind) const { return nodes_[id].kind == kind; }

 private:
  friend class DocumentReader;
  std::vector<JsonNode> nodes_;
};

// As JSON Schema compares: numbers by value, objects whatever their order.
bool equal_values(const SchemaDocument& document, NodeId a, NodeId b);

}  // namespace ingot::core
