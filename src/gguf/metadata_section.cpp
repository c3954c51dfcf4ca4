// A pair is: key (string), type (u32), value. A string is a length (u64) and its bytes; an array is the type of its
// elements (u32), their count (u64) and the elements; a bool is one byte, 0 or 1. Arrays of arrays, which the format
// allows and no model uses, are refused.
#include "gguf/metadata_section.h"

#include <limits>
#include <utility>

#include "base/utf8.h"

namespace ingot::core {
namespace {

constexpr size_t kMaxKeyBytes = 65'535;  // GGUF specification: "at most 2^16-1 bytes"
constexpr uint64_t kPairOverhead = 192;  // a map node with an empty key and value, as measured on 64-bit machines

// Bytes of a scalar in the file; 0 for what has no fixed size, and for ids that are no type.
size_t wire_bytes(GgufType type) {
  switch (type) {
    case GgufType::kUint8:
    case GgufType::kInt8:
    case GgufType::kBool:
      return 1;
    case GgufType::kUint16:
    case GgufType::kInt16:
      return 2;
    case GgufType::kUint32:
    case GgufType::kInt32:
    case GgufType::kFloat32:
      return 4;
    case GgufType::kUint64:
    case GgufType::kInt64:
    case GgufType::kFloat64:
      return 8;
    case GgufType::kString:
    case GgufType::kArray:
      return 0;
  }
  return 0;
}

// The numbers of a span of Wire values as Stored ones.
template <typename Wire, typename Stored>
std::vector<Stored> widen(std::span<const std::byte> bytes) {
  std::vector<Stored> values(bytes.size() / sizeof(Wire));
  for (size_t index = 0; index < values.size(); ++index) {
    Wire value;
    std::memcpy(&value, bytes.data() + index * sizeof(Wire), sizeof(Wire));
    values[index] = static_cast<Stored>(+value);  // +: an int8 is a number here, not a character
  }
  return values;
}

// Precondition: type is an integer type or bool. A uint64 above 2^63-1 comes out negative.
std::vector<int64_t> widen_integers(GgufType type, std::span<const std::byte> bytes) {
  switch (type) {
    case GgufType::kInt8:
      return widen<int8_t, int64_t>(bytes);
    case GgufType::kUint16:
      return widen<uint16_t, int64_t>(bytes);
    case GgufType::kInt16:
      return widen<int16_t, int64_t>(bytes);
    case GgufType::kUint32:
      return widen<uint32_t, int64_t>(bytes);
    case GgufType::kInt32:
      return widen<int32_t, int64_t>(bytes);
    case GgufType::kUint64:
      return widen<uint64_t, int64_t>(bytes);
    case GgufType::kInt64:
      return widen<int64_t, int64_t>(bytes);
    default:
      return widen<uint8_t, int64_t>(bytes);
  }
}

Result<GgufType> read_type(ByteReader& reader) {
  INGOT_ASSIGN(const uint32_t id, reader.read<uint32_t>("a value type"));
  if (id > static_cast<uint32_t>(GgufType::kFloat64)) {
    return invalid("value type {} is unknown, expected 0 to {}", id, static_cast<uint32_t>(GgufType::kFloat64));
  }
  return static_cast<GgufType>(id);
}

Status check_bool(int64_t number) {
  if (number == 0 || number == 1) return {};
  return invalid("a bool is {}, expected 0 or 1", number);
}

Result<GgufValue> read_scalar(ByteReader& reader, GgufType type) {
  GgufValue value;
  value.type = type;
  INGOT_ASSIGN(const auto bytes, reader.read_bytes(wire_bytes(type), "a value"));
  if (type == GgufType::kFloat32) {
    value.value = widen<float, double>(bytes)[0];
  } else if (type == GgufType::kFloat64) {
    value.value = widen<double, double>(bytes)[0];
  } else {
    const int64_t number = widen_integers(type, bytes)[0];
    if (type == GgufType::kBool) INGOT_TRY(check_bool(number));
    if (type == GgufType::kUint64 && number < 0) {
      value.value = static_cast<uint64_t>(number);
    } else {
      value.value = number;
    }
  }
  return value;
}

// Bytes that a std::string allocates beside itself; up to 15 characters fit inside.
uint64_t heap_bytes(std::string_view text) {
  return text.size() < 16 ? 0 : text.size() + 16;
}

Result<std::vector<std::string>> read_strings(ByteReader& reader, uint64_t n_elements, MemoryBudget& budget) {
  constexpr uint64_t kLengthBytes = 8;
  if (n_elements > reader.remaining() / kLengthBytes) {
    return invalid("an array claims {} strings, but only {} bytes are left in the file", n_elements,
                   reader.remaining());
  }
  INGOT_TRY(budget.take(n_elements, sizeof(std::string)));
  std::vector<std::string> strings;
  strings.reserve(static_cast<size_t>(n_elements));
  for (uint64_t element = 0; element < n_elements; ++element) {
    INGOT_ASSIGN(const std::string_view text, reader.read_string("a string of an array"));
    INGOT_TRY(budget.take(heap_bytes(text), 1));
    strings.emplace_back(text);
  }
  return strings;
}

Status check_integers(GgufType type, const std::vector<int64_t>& numbers) {
  if (type != GgufType::kBool && type != GgufType::kUint64) return {};
  for (size_t element = 0; element < numbers.size(); ++element) {
    if (type == GgufType::kBool) INGOT_TRY(check_bool(numbers[element]));
    if (numbers[element] < 0) {
      return invalid("element {} is {}, expected at most {}", element, static_cast<uint64_t>(numbers[element]),
                     std::numeric_limits<int64_t>::max());
    }
  }
  return {};
}

Result<GgufValue> read_array(ByteReader& reader, MemoryBudget& budget) {
  GgufValue value;
  value.type = GgufType::kArray;
  INGOT_ASSIGN(value.element_type, read_type(reader));
  const GgufType type = value.element_type;
  INGOT_ASSIGN(const uint64_t n_elements, reader.read<uint64_t>("the length of an array"));
  if (type == GgufType::kArray) return fail(ErrorKind::kUnsupported, "arrays of arrays are not supported");
  if (type == GgufType::kString) {
    INGOT_ASSIGN(value.value, read_strings(reader, n_elements, budget));
    return value;
  }
  const uint64_t element_bytes = wire_bytes(type);
  if (n_elements > reader.remaining() / element_bytes) {
    return invalid("an array claims {} values of type {}, but only {} bytes are left in the file", n_elements,
                   gguf_type_name(type), reader.remaining());
  }
  static_assert(sizeof(int64_t) == sizeof(double), "one stored element, one price");
  INGOT_TRY(budget.take(n_elements, sizeof(int64_t)));
  INGOT_ASSIGN(const auto bytes, reader.read_bytes(n_elements * element_bytes, "an array"));
  if (type == GgufType::kFloat32) {
    value.value = widen<float, double>(bytes);
  } else if (type == GgufType::kFloat64) {
    value.value = widen<double, double>(bytes);
  } else {
    std::vector<int64_t> numbers = widen_integers(type, bytes);
    INGOT_TRY(check_integers(type, numbers));
    value.value = std::move(numbers);
  }
  return value;
}

Result<GgufValue> read_value(ByteReader& reader, MemoryBudget& budget) {
  INGOT_ASSIGN(const GgufType type, read_type(reader));
  if (type == GgufType::kArray) return read_array(reader, budget);
  if (type != GgufType::kString) return read_scalar(reader, type);
  GgufValue value;
  value.type = type;
  INGOT_ASSIGN(const std::string_view text, reader.read_string("a string"));
  INGOT_TRY(budget.take(heap_bytes(text), 1));
  value.value = std::string(text);
  return value;
}

Result<std::string_view> read_key(ByteReader& reader) {
  INGOT_ASSIGN(const std::string_view key, reader.read_string("a key"));
  if (key.empty()) return invalid("the key is empty");
  if (key.size() > kMaxKeyBytes) {
    return invalid("the key is {} bytes long, expected at most {}", key.size(), kMaxKeyBytes);
  }
  if (key.find('\0') != std::string_view::npos) return invalid("the key {} holds a NUL", printable(key));
  if (!is_utf8(key)) return invalid("the key {} is not UTF-8", printable(key));
  return key;
}

}  // namespace

Result<GgufMetadata> read_metadata_section(ByteReader& reader, int64_t n_pairs, MemoryBudget& budget) {
  GgufMetadata metadata;
  for (int64_t pair = 0; pair < n_pairs; ++pair) {
    auto key = read_key(reader);
    if (!key) return tl::unexpected(key.error().context(fmt::format("metadata pair {} of {}", pair + 1, n_pairs)));
    INGOT_TRY(budget.take(kPairOverhead + heap_bytes(*key), 1));
    auto value = read_value(reader, budget);
    if (!value) return tl::unexpected(value.error().context(fmt::format("key {}", printable(*key))));
    if (!metadata.insert(std::string(*key), std::move(*value))) {
      return invalid("key {}: occurs twice", printable(*key));
    }
  }
  return metadata;
}

}  // namespace ingot::core
