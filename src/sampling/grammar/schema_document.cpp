#include "sampling/grammar/schema_document.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/utf8.h"
#include "sampling/grammar/decimal.h"

namespace ingot::core {

// Takes the parser's events; its answers end the parse where a bound is passed.
class DocumentReader : public nlohmann::json_sax<nlohmann::json> {
 public:
  explicit DocumentReader(SchemaDocument& document) : document_(document) {}

  const std::string& refusal() const { return refusal_; }

  bool null() override { return add(JsonKind::kNull); }
  bool boolean(bool value) override { return add(value ? JsonKind::kTrue : JsonKind::kFalse); }
  bool number_integer(number_integer_t value) override { return add(JsonKind::kNumber, std::to_string(value)); }
  bool number_unsigned(number_unsigned_t value) override { return add(JsonKind::kNumber, std::to_string(value)); }
  bool number_float(number_float_t /*value*/, const string_t& text) override {
    return add(JsonKind::kNumber, std::string(text));
  }
  bool string(string_t& value) override { return add(JsonKind::kString, std::move(value)); }
  bool binary(binary_t& /*value*/) override { return false; }
  bool start_object(std::size_t /*n*/) override { return open(JsonKind::kObject); }
  bool end_object() override { return close(); }
  bool start_array(std::size_t /*n*/) override { return open(JsonKind::kArray); }
  bool end_array() override { return close(); }
  bool key(string_t& value) override {
    JsonNode& object = document_.nodes_[open_.back()];
    if (object.by_key.contains(value)) {
      refusal_ = fmt::format("{} has the key \"{}\" twice", document_.pointer(open_.back()), printable(value));
      return false;
    }
    object.keys.push_back(std::move(value));
    return true;
  }
  bool parse_error(std::size_t /*position*/, const std::string& /*last_token*/,
                   const nlohmann::detail::exception& exception) override {
    // "[json.exception.parse_error.101] parse error at line 1, column 2: ...": from the place on.
    const std::string_view what = exception.what();
    const size_t place = what.find("line ");
    refusal_ = printable(place == std::string_view::npos ? what : what.substr(place), 300);
    return false;
  }

 private:
  bool add(JsonKind kind, std::string text = {}) {
    std::vector<JsonNode>& nodes = document_.nodes_;
    if (nodes.size() >= SchemaDocument::kMaxNodes) {
      refusal_ = fmt::format("it has more than {} values", SchemaDocument::kMaxNodes);
      return false;
    }
    const auto id = static_cast<NodeId>(nodes.size());
    nodes.push_back({.kind = kind, .text = std::move(text)});
    if (open_.empty()) return true;
    JsonNode& parent = nodes[open_.back()];
    nodes[id].parent = open_.back();
    nodes[id].place = static_cast<uint32_t>(parent.children.size());
    parent.children.push_back(id);
    if (parent.kind == JsonKind::kObject) parent.by_key.emplace(parent.keys.back(), id);
    return true;
  }
  bool open(JsonKind kind) {
    if (open_.size() >= SchemaDocument::kMaxDepth) {
      refusal_ = fmt::format("it is nested deeper than {}", SchemaDocument::kMaxDepth);
      return false;
    }
    const auto id = static_cast<NodeId>(document_.nodes_.size());
    if (!add(kind)) return false;
    open_.push_back(id);
    return true;
  }
  bool close() {
    open_.pop_back();
    return true;
  }

  SchemaDocument& document_;
  std::vector<NodeId> open_;
  std::string refusal_;
};

Result<SchemaDocument> SchemaDocument::parse(std::string_view text) {
  if (text.size() > kMaxBytes) {
    return fail(ErrorKind::kUnsupported, "the schema has {} bytes, more than {}", text.size(), kMaxBytes);
  }
  SchemaDocument document;
  DocumentReader reader(document);
  if (!nlohmann::json::sax_parse(text, &reader)) return invalid("the schema is no JSON: {}", reader.refusal());
  return document;
}

std::optional<NodeId> SchemaDocument::find(NodeId object, std::string_view key) const {
  const auto found = nodes_[object].by_key.find(key);
  if (found == nodes_[object].by_key.end()) return std::nullopt;
  return found->second;
}

std::string SchemaDocument::pointer(NodeId id) const {
  std::vector<std::string> parts;
  while (id != root()) {
    const JsonNode& parent = nodes_[nodes_[id].parent];
    if (parent.kind == JsonKind::kArray) {
      parts.push_back(std::to_string(nodes_[id].place));
    } else {
      std::string part;
      for (const char character : parent.keys[nodes_[id].place]) {
        if (character == '~') part += "~0";
        if (character == '/') part += "~1";
        if (character != '~' && character != '/') part += character;
      }
      parts.push_back(printable(part));
    }
    id = nodes_[id].parent;
  }
  std::string text = "#";
  for (auto part = parts.rbegin(); part != parts.rend(); ++part) text += "/" + *part;
  return text;
}

std::optional<NodeId> SchemaDocument::resolve(std::string_view pointer) const {
  NodeId here = root();
  while (!pointer.empty()) {
    if (pointer.front() != '/') return std::nullopt;
    pointer.remove_prefix(1);
    const std::string_view raw = pointer.substr(0, pointer.find('/'));
    pointer.remove_prefix(raw.size());
    std::string part;
    for (size_t index = 0; index < raw.size(); ++index) {
      const bool escaped =
          raw[index] == '~' && index + 1 < raw.size() && (raw[index + 1] == '0' || raw[index + 1] == '1');
      part += !escaped ? raw[index] : raw[++index] == '0' ? '~' : '/';
    }
    if (is(here, JsonKind::kObject)) {
      const std::optional<NodeId> child = find(here, part);
      if (!child) return std::nullopt;
      here = *child;
      continue;
    }
    const bool is_index = !part.empty() && part.size() < 9 &&
                          std::all_of(part.begin(), part.end(), [](char c) { return c >= '0' && c <= '9'; });
    if (!is(here, JsonKind::kArray) || !is_index) return std::nullopt;
    const auto index = static_cast<size_t>(std::stoul(part));
    if (index >= nodes_[here].children.size()) return std::nullopt;
    here = nodes_[here].children[index];
  }
  return here;
}

// As deep as documents are.
bool equal_values(const SchemaDocument& document, NodeId a, NodeId b) {
  const JsonNode& left = document.node(a);
  const JsonNode& right = document.node(b);
  if (left.kind != right.kind) return false;
  if (left.kind == JsonKind::kString) return left.text == right.text;
  if (left.kind == JsonKind::kNumber) {
    const auto x = Decimal::parse(left.text);
    const auto y = Decimal::parse(right.text);
    return x && y ? compare(*x, *y) == 0 : left.text == right.text;
  }
  if (left.children.size() != right.children.size()) return false;
  for (size_t index = 0; index < left.children.size(); ++index) {
    NodeId other = right.children[index];
    if (left.kind == JsonKind::kObject) {
      const auto found = document.find(b, left.keys[index]);
      if (!found) return false;
      other = *found;
    }
    if (!equal_values(document, left.children[index], other)) return false;
  }
  return true;
}

}  // namespace ingot::core
