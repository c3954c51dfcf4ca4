#include "sampling/grammar/schema_keywords.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>

#include "base/utf8.h"
#include "sampling/grammar/decimal.h"

namespace ingot::core {
namespace {

enum class Form : uint8_t {
  kAnything,  // annotations
  kBoolean,
  kString,
  kCount,  // a non-negative integer
  kNumber,
  kSchema,
  kSchemas,       // a list of at least one
  kNamedSchemas,  // an object of them
  kNames,         // a list of strings
  kTypes,
  kValues,    // a list
  kRootOnly,  // $id
};

struct Keyword {
  std::string_view name;
  Form form = Form::kAnything;
  bool constrains = true;
};

constexpr std::array kKeywords = {
    Keyword{"$anchor", Form::kString, false},
    Keyword{"$comment", Form::kAnything, false},
    Keyword{"$defs", Form::kNamedSchemas, false},
    Keyword{"$dynamicAnchor", Form::kString, false},
    Keyword{"$id", Form::kRootOnly, false},
    Keyword{"$ref", Form::kString, false},
    Keyword{"$schema", Form::kString, false},
    Keyword{"additionalProperties", Form::kSchema},
    Keyword{"allOf", Form::kSchemas, false},
    Keyword{"anyOf", Form::kSchemas},
    Keyword{"const", Form::kAnything},
    Keyword{"contentEncoding", Form::kAnything, false},
    Keyword{"contentMediaType", Form::kAnything, false},
    Keyword{"contentSchema", Form::kAnything, false},
    Keyword{"default", Form::kAnything, false},
    Keyword{"definitions", Form::kNamedSchemas, false},
    Keyword{"deprecated", Form::kAnything, false},
    Keyword{"description", Form::kAnything, false},
    Keyword{"enum", Form::kValues},
    Keyword{"examples", Form::kAnything, false},
    Keyword{"exclusiveMaximum", Form::kNumber},
    Keyword{"exclusiveMinimum", Form::kNumber},
    Keyword{"format", Form::kString},
    Keyword{"items", Form::kSchema},
    Keyword{"maxItems", Form::kCount},
    Keyword{"maxLength", Form::kCount},
    Keyword{"maxProperties", Form::kCount},
    Keyword{"maximum", Form::kNumber},
    Keyword{"minItems", Form::kCount},
    Keyword{"minLength", Form::kCount},
    Keyword{"minProperties", Form::kCount},
    Keyword{"minimum", Form::kNumber},
    Keyword{"multipleOf", Form::kNumber},
    Keyword{"not", Form::kSchema},
    Keyword{"oneOf", Form::kSchemas},
    Keyword{"pattern", Form::kString},
    Keyword{"patternProperties", Form::kNamedSchemas},
    Keyword{"prefixItems", Form::kSchemas},
    Keyword{"properties", Form::kNamedSchemas},
    Keyword{"propertyNames", Form::kSchema},
    Keyword{"readOnly", Form::kAnything, false},
    Keyword{"required", Form::kNames},
    Keyword{"title", Form::kAnything, false},
    Keyword{"type", Form::kTypes},
    Keyword{"uniqueItems", Form::kBoolean},
    Keyword{"writeOnly", Form::kAnything, false},
};

// Those whose schemas read the same as 2020-12's as far as the keywords above go.
constexpr std::array<std::string_view, 4> kDialects = {
    "https://json-schema.org/draft/2020-12/schema", "https://json-schema.org/draft/2019-09/schema",
    "http://json-schema.org/draft-07/schema", "http://json-schema.org/draft-06/schema"};

constexpr std::array<std::pair<std::string_view, uint32_t>, 7> kTypeNames = {{
    {"null", json_type::kNull},
    {"boolean", json_type::kBoolean},
    {"integer", json_type::kInteger},
    {"number", json_type::kNumber},
    {"string", json_type::kString},
    {"array", json_type::kArray},
    {"object", json_type::kObject},
}};

const Keyword* find_keyword(std::string_view name) {
  const auto found =
      std::find_if(kKeywords.begin(), kKeywords.end(), [name](const Keyword& keyword) { return keyword.name == name; });
  return found == kKeywords.end() ? nullptr : &*found;
}

// By the convention of OpenAPI and of the next draft, names of one's own for annotations.
bool is_annotation_of_ones_own(std::string_view name) {
  return name.starts_with("x-");
}

uint32_t type_named(const JsonNode& name) {
  if (name.kind != JsonKind::kString) return 0;
  for (const auto& [text, type] : kTypeNames) {
    if (text == name.text) return type;
  }
  return 0;
}

bool is_schema(const SchemaDocument& document, NodeId node) {
  const JsonKind kind = document.node(node).kind;
  return kind == JsonKind::kObject || kind == JsonKind::kTrue || kind == JsonKind::kFalse;
}

bool is_count(const JsonNode& node) {
  if (node.kind != JsonKind::kNumber) return false;
  const std::optional<Decimal> number = Decimal::parse(node.text);
  return number && !number->negative && number->is_integer();
}

// What a keyword's value should have been; empty if it is.
std::string_view fault_of(const SchemaDocument& document, Form form, NodeId value) {
  const JsonNode& node = document.node(value);
  const auto all_children = [&](auto&& is_right) {
    return std::all_of(node.children.begin(), node.children.end(), is_right);
  };
  const auto child_is_schema = [&](NodeId child) { return is_schema(document, child); };
  switch (form) {
    case Form::kAnything:
    case Form::kRootOnly:
      return {};
    case Form::kBoolean:
      return node.kind == JsonKind::kTrue || node.kind == JsonKind::kFalse ? "" : "expected true or false";
    case Form::kString:
      return node.kind == JsonKind::kString ? "" : "expected a string";
    case Form::kCount:
      return is_count(node) ? "" : "expected an integer of 0 or more";
    case Form::kNumber:
      return node.kind == JsonKind::kNumber ? "" : "expected a number";
    case Form::kSchema:
      return is_schema(document, value) ? "" : "expected a schema: an object, true or false";
    case Form::kSchemas:
      return node.kind == JsonKind::kArray && !node.children.empty() && all_children(child_is_schema)
                 ? ""
                 : "expected a list of schemas";
    case Form::kNamedSchemas:
      return node.kind == JsonKind::kObject && all_children(child_is_schema) ? "" : "expected an object of schemas";
    case Form::kNames:
      return node.kind == JsonKind::kArray &&
                     all_children([&](NodeId child) { return document.is(child, JsonKind::kString); })
                 ? ""
                 : "expected a list of strings";
    case Form::kTypes:
      if (node.kind == JsonKind::kString && type_named(node) != 0) return {};
      return node.kind == JsonKind::kArray && !node.children.empty() &&
                     all_children([&](NodeId child) { return type_named(document.node(child)) != 0; })
                 ? ""
                 : "expected null, boolean, integer, number, string, array, object, or a list of them";
    case Form::kValues:
      return node.kind == JsonKind::kArray ? "" : "expected a list";
  }
  return {};
}

Status check_dialect(const SchemaDocument& document, NodeId value) {
  std::string_view name = document.node(value).text;
  if (name.ends_with('#')) name.remove_suffix(1);
  if (std::find(kDialects.begin(), kDialects.end(), name) != kDialects.end()) return {};
  return refused(document, value,
                 fmt::format("the dialect \"{}\" is not supported, expected {}", printable(name), kDialects.front()));
}

}  // namespace

tl::unexpected<Error> refused(const SchemaDocument& document, NodeId place, std::string_view why) {
  return fail(ErrorKind::kUnsupported, "{}: {}", document.pointer(place), why);
}

tl::unexpected<Error> wrong(const SchemaDocument& document, NodeId place, std::string_view why) {
  return invalid("{}: {}", document.pointer(place), why);
}

Status check_keywords(const SchemaDocument& document, NodeId schema) {
  if (!is_schema(document, schema)) return wrong(document, schema, "expected a schema: an object, true or false");
  const JsonNode& node = document.node(schema);
  for (size_t index = 0; index < node.keys.size(); ++index) {
    const std::string& name = node.keys[index];
    const NodeId value = node.children[index];
    const Keyword* keyword = find_keyword(name);
    if (keyword == nullptr) {
      if (is_annotation_of_ones_own(name)) continue;
      return refused(document, value, fmt::format("the keyword \"{}\" is not supported", printable(name)));
    }
    if (const std::string_view fault = fault_of(document, keyword->form, value); !fault.empty()) {
      return wrong(document, value, fault);
    }
    if (name == "$schema") INGOT_TRY(check_dialect(document, value));
    if (keyword->form == Form::kRootOnly && schema != document.root()) {
      return refused(document, value, "\"$id\" inside a schema is not supported");
    }
    if (keyword->form == Form::kNumber && !Decimal::parse(document.node(value).text)) {
      return refused(document, value, "numbers of more than 400 digits are not supported");
    }
  }
  return {};
}

bool has_own_constraints(const SchemaDocument& document, NodeId schema) {
  const std::vector<std::string>& keys = document.node(schema).keys;
  return std::any_of(keys.begin(), keys.end(), [](const std::string& name) {
    const Keyword* keyword = find_keyword(name);
    return keyword != nullptr && keyword->constrains;
  });
}

uint32_t types_of(const SchemaDocument& document, NodeId schema) {
  const std::optional<NodeId> value = document.find(schema, "type");
  if (!value) return json_type::kAny;
  const JsonNode& node = document.node(*value);
  if (node.kind == JsonKind::kString) return type_named(node);
  uint32_t types = 0;
  for (const NodeId child : node.children) types |= type_named(document.node(child));
  return types;
}

uint32_t type_of_value(const SchemaDocument& document, NodeId value) {
  const JsonNode& node = document.node(value);
  switch (node.kind) {
    case JsonKind::kNull:
      return json_type::kNull;
    case JsonKind::kFalse:
    case JsonKind::kTrue:
      return json_type::kBoolean;
    case JsonKind::kNumber: {
      const std::optional<Decimal> number = Decimal::parse(node.text);
      return number && !number->is_integer() ? json_type::kFractional : json_type::kInteger;
    }
    case JsonKind::kString:
      return json_type::kString;
    case JsonKind::kArray:
      return json_type::kArray;
    case JsonKind::kObject:
      return json_type::kObject;
  }
  return 0;
}

uint32_t count_of(const SchemaDocument& document, NodeId value) {
  const std::optional<Decimal> number = Decimal::parse(document.node(value).text);
  if (!number || number->whole.size() > 9) return 1'000'000'000;
  return number->whole.empty() ? 0 : static_cast<uint32_t>(std::stoul(number->whole));
}

}  // namespace ingot::core
