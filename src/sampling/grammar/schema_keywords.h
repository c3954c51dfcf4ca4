// The keywords of JSON Schema: which are understood, which say nothing about the text, what their values must be.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/result.h"
#include "sampling/grammar/schema_document.h"

namespace ingot::core {

// The types of JSON Schema, as bits. Numbers are two kinds: integers and the others.
namespace json_type {
inline constexpr uint32_t kNull = 1, kBoolean = 2, kInteger = 4, kFractional = 8, kString = 16, kArray = 32,
                          kObject = 64, kNumber = kInteger | kFractional, kAny = 127;
}  // namespace json_type

// Errors: schema is neither an object nor true or false; a keyword is unknown or not supported; a value is not of the
// keyword's form. Only this schema is looked at, not those inside.
Status check_keywords(const SchemaDocument& document, NodeId schema);

// Whether schema, an object, says anything about a text by itself, apart from $ref and allOf.
bool has_own_constraints(const SchemaDocument& document, NodeId schema);

// What "type" says, any type where it is not there. Precondition: checked.
uint32_t types_of(const SchemaDocument& document, NodeId schema);
// The type of a value. Numbers are integers by their value: 1.0 is one.
uint32_t type_of_value(const SchemaDocument& document, NodeId value);

// "#/properties/x": an error at this place.
tl::unexpected<Error> refused(const SchemaDocument& document, NodeId place, std::string_view why);
tl::unexpected<Error> wrong(const SchemaDocument& document, NodeId place, std::string_view why);

// A count such as minLength; kUnbounded's meaning is the caller's. Precondition: checked.
uint32_t count_of(const SchemaDocument& document, NodeId value);

}  // namespace ingot::core
