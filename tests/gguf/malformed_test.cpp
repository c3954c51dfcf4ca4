// The catalogue of malformed files: header, metadata and tensor table. Each is one clean error that names the file
// and the culprit, in bounded time and memory.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <memory>

#include "base/cpu_time.h"
#include "gguf/address_space.h"
#include "gguf/small_model.h"

namespace ingot::core {
namespace {

using namespace test;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

constexpr uint64_t k2To63 = uint64_t{1} << 63;
constexpr uint64_t kMaxUint64 = ~uint64_t{0};

// Parses bytes that end where an allocation ends, so that the address sanitizer sees the first byte read too far.
Result<GgufFile> parse_at_end_of_allocation(std::string_view bytes) {
  const auto exact = std::make_unique<std::byte[]>(bytes.size());
  if (!bytes.empty()) std::memcpy(exact.get(), bytes.data(), bytes.size());
  const AddressSpaceLimit limit;
  const double start = thread_cpu_seconds();
  auto file = GgufFile::parse({exact.get(), bytes.size()}, "test.gguf");
  EXPECT_LT(thread_cpu_seconds() - start, kMaxSeconds);
  return file;
}

void expect_error(std::string_view bytes, std::initializer_list<std::string_view> parts_of_message) {
  const auto file = parse_at_end_of_allocation(bytes);
  ASSERT_FALSE(file) << "no error with " << *parts_of_message.begin();
  const std::string& message = file.error().message;
  EXPECT_THAT(message, StartsWith("test.gguf: "));
  EXPECT_THAT(message, Not(HasSubstr("\n")));
  EXPECT_LT(message.size(), 400u);
  for (const std::string_view part : parts_of_message) EXPECT_THAT(message, HasSubstr(std::string(part)));
}

// With INGOT_WRITE_SEEDS=FOLDER the files of the catalogue are written there, as seeds for the fuzz target.
void write_seed(const std::string& bytes) {
  const char* folder = std::getenv("INGOT_WRITE_SEEDS");
  if (folder == nullptr || bytes.size() > 4096) return;
  static int n_seeds = 0;
  std::ofstream(fmt::format("{}/{:03}", folder, n_seeds++), std::ios::binary) << bytes;
}

void expect_error(const GgufBuilder& builder, std::initializer_list<std::string_view> parts_of_message) {
  const std::string bytes = builder.build();
  write_seed(bytes);
  expect_error(bytes, parts_of_message);
}

// ---- header ----

TEST(MalformedHeader, Magic) {
  GgufBuilder builder = small_model();
  builder.magic = "GGUX";
  expect_error(builder, {"begins with \"GGUX\", expected \"GGUF\""});
}

TEST(MalformedHeader, Version) {
  struct Case {
    uint32_t version;
    const char* reason;
  };
  const Case cases[] = {{0, "GGUF version 0, expected version 2 or 3"},
                        {1, "GGUF version 1 (of August 2023), expected version 2 or 3"},
                        {4, "GGUF version 4, expected version 2 or 3"},
                        {0xFFFFFFFF, "GGUF version 4294967295, expected version 2 or 3"},
                        {0x02000000, "big-endian"},
                        {0x03000000, "big-endian"}};
  for (const Case& expected : cases) {
    GgufBuilder builder = small_model();
    builder.version = expected.version;
    expect_error(builder, {expected.reason});
  }
}

TEST(MalformedHeader, Counts) {
  for (const int64_t count : {int64_t{-1}, INT64_MIN, INT64_MAX, int64_t{1} << 40, int64_t{1000}}) {
    GgufBuilder tensors = small_model();
    tensors.n_tensors = count;
    expect_error(tensors, {fmt::format("the header claims {} tensors", count)});
    GgufBuilder pairs = small_model();
    pairs.n_pairs = count;
    expect_error(pairs, {fmt::format("the header claims {} metadata pairs", count)});
  }
}

TEST(MalformedHeader, CountsOffByOne) {
  GgufBuilder builder = small_model();
  builder.n_tensors = 3;
  expect_error(builder, {"tensor"});
  builder.n_tensors = 1;
  expect_error(builder, {"belong to no tensor"});
  builder.n_tensors = 0;
  expect_error(builder, {"the table lists no tensor"});
  builder.n_tensors.reset();
  builder.n_pairs = 4;
  expect_error(builder, {""});
  builder.n_pairs = 6;
  expect_error(builder, {""});
}

TEST(MalformedHeader, TruncatedAtEveryByte) {
  const std::string bytes = small_model().build();
  write_seed(bytes);
  ASSERT_TRUE(parse_at_end_of_allocation(bytes));
  for (size_t n_bytes = 0; n_bytes < bytes.size(); ++n_bytes) {
    SCOPED_TRACE(n_bytes);
    expect_error(std::string_view(bytes).substr(0, n_bytes), {""});
  }
}

// ---- metadata ----

TEST(MalformedMetadata, KeyLength) {
  for (const uint64_t n_bytes : {uint64_t{1000}, k2To63, kMaxUint64, kMaxUint64 - 7}) {
    GgufBuilder builder;
    // Appended one by one: GCC 12 sees an overflow in the one long sum that is not there.
    std::string pair = le_bytes(n_bytes);
    pair += "general.name";
    pair += le_bytes(kWireUint8);
    pair += '\1';
    builder.raw_pair(pair);
    expect_error(builder, {"metadata pair 1 of 1", fmt::format("claims {} bytes", n_bytes)});
  }
}

TEST(MalformedMetadata, KeyText) {
  expect_error(GgufBuilder().text("", "value"), {"metadata pair 1 of 1", "empty"});
  expect_error(GgufBuilder().text("a", "x").text("a", "y"), {"key a: occurs twice"});
  expect_error(GgufBuilder().text(std::string_view("a\0b", 3), "x"), {"key a\\x00b holds a NUL"});
  expect_error(GgufBuilder().text("a\xC3(", "x"), {"key a\\xc3( is not UTF-8"});
  expect_error(GgufBuilder().text("a\x1b[2J\n\xFF", "x"), {"a\\x1b[2J\\x0a\\xff"});
  expect_error(GgufBuilder().text(std::string(65'536, 'k'), "x"), {"65536 bytes long, expected at most 65535"});
}

TEST(MalformedMetadata, ValueType) {
  for (const uint32_t type : {13u, 255u, 0x80000000u, 0xFFFFFFFFu}) {
    expect_error(GgufBuilder().pair("some.key", type, "12345678"),
                 {"key some.key", fmt::format("value type {} is unknown", type)});
    expect_error(GgufBuilder().array("some.key", type, 1, "12345678"),
                 {"key some.key", fmt::format("value type {} is unknown", type)});
  }
}

TEST(MalformedMetadata, ArrayOfArrays) {
  const std::string inner = le_bytes(kWireUint8) + le_bytes<uint64_t>(1) + "x";
  expect_error(GgufBuilder().array("nested", kWireArray, 1, inner), {"key nested: arrays of arrays are not supported"});
  // Deep nesting would end the stack of a reader that follows it.
  std::string deep;
  for (int level = 0; level < 100'000; ++level) deep += le_bytes(kWireArray) + le_bytes<uint64_t>(1);
  expect_error(GgufBuilder().array("nested", kWireArray, 1, deep), {"key nested: arrays of arrays"});
}

TEST(MalformedMetadata, ArrayLength) {
  for (const uint64_t n_elements :
       {uint64_t{2}, uint64_t{1} << 32, uint64_t{1} << 61, uint64_t{1} << 62, k2To63, kMaxUint64 / 4 + 1, kMaxUint64}) {
    for (const uint32_t type : {kWireUint8, kWireUint16, kWireFloat32, kWireUint64, kWireFloat64, kWireBool}) {
      expect_error(GgufBuilder().array("list", type, n_elements, "\1"),
                   {"key list", fmt::format("claims {} values", n_elements)});
    }
    expect_error(GgufBuilder().array("list", kWireString, n_elements, le_string("a")),
                 {"key list", fmt::format("claims {} strings", n_elements)});
  }
}

TEST(MalformedMetadata, FileOf43BytesThatClaimsAnEndlessArray) {
  const std::string bytes = GgufBuilder().array("abc", kWireUint8, k2To63, "").build();
  // Header 24, key 11, types 8: the length is cut off after 0 bytes of its 8.
  expect_error(std::string_view(bytes).substr(0, 43), {"key abc", "the length of an array"});
  expect_error(bytes, {"key abc", "claims 9223372036854775808 values"});
}

TEST(MalformedMetadata, StringLength) {
  for (const uint64_t n_bytes : {uint64_t{6}, k2To63, kMaxUint64}) {
    expect_error(GgufBuilder().pair("text", kWireString, le_bytes(n_bytes) + "short"),
                 {"key text", fmt::format("claims {} bytes, but only 5 are left", n_bytes)});
    expect_error(GgufBuilder().array("texts", kWireString, 1, le_bytes(n_bytes) + "short"),
                 {"key texts", fmt::format("claims {} bytes, but only 5 are left", n_bytes)});
  }
}

TEST(MalformedMetadata, Bool) {
  expect_error(GgufBuilder().pair("flag", kWireBool, "\2"), {"key flag: a bool is 2, expected 0 or 1"});
  expect_error(GgufBuilder().pair("flag", kWireBool, "\xFF"), {"key flag: a bool is 255, expected 0 or 1"});
  expect_error(GgufBuilder().array("flags", kWireBool, 2, "\1\3"), {"key flags: a bool is 3, expected 0 or 1"});
}

TEST(MalformedMetadata, IntegerOfAnArrayThatFitsNoSignedOne) {
  expect_error(GgufBuilder().numbers<uint64_t>("list", {1, k2To63}),
               {"key list: element 1 is 9223372036854775808, expected at most 9223372036854775807"});
}

TEST(MalformedMetadata, Alignment) {
  for (const uint32_t alignment : {0u, 1u, 3u, 4u, 33u, 131072u, 1u << 31}) {
    expect_error(GgufBuilder().number<uint32_t>("general.alignment", alignment),
                 {"key general.alignment", fmt::format("is {}, expected a power of two from 8 to 65536", alignment)});
  }
  expect_error(GgufBuilder().number<int32_t>("general.alignment", -32), {"key general.alignment: is -32"});
  expect_error(GgufBuilder().number<uint64_t>("general.alignment", kMaxUint64), {"key general.alignment", "too large"});
  expect_error(GgufBuilder().text("general.alignment", "32"),
               {"key general.alignment: found string, expected an integer"});
  expect_error(GgufBuilder().number<float>("general.alignment", 32), {"key general.alignment: found float32"});
}

// Values that are larger in memory than in the file: without a limit of their own a file of 5 GB would take 40.
TEST(MalformedMetadata, MoreThanTheBudgetOfMemory) {
  const std::string_view reason = "more than 256 MiB of memory";
  std::string zeros;
  zeros.resize(72'000'000);
  expect_error(GgufBuilder().array("bytes", kWireUint8, zeros.size(), zeros), {"key bytes", reason});
  expect_error(GgufBuilder().array("empty strings", kWireString, zeros.size() / 8, zeros),
               {"key empty strings", reason});
  GgufBuilder tensors;
  tensors.n_tensors = 2'000'000;
  expect_error(tensors.build() + zeros, {reason});
}

// ---- tensor table ----

GgufBuilder with_tensor(TensorEntry entry) {
  return GgufBuilder().tensor(std::move(entry));
}

TEST(MalformedTensors, Name) {
  const std::string data(32, '\0');
  expect_error(with_tensor({.name = std::string(64, 'n'), .dims = {8}, .data = data}),
               {"tensor 1 of 1", "64 bytes long, expected at most 63"});
  EXPECT_TRUE(parse(with_tensor({.name = std::string(63, 'n'), .dims = {8}, .data = data}).build()));
  expect_error(with_tensor({.name = "", .dims = {8}, .data = data}), {"tensor 1 of 1", "empty"});
  expect_error(with_tensor({.name = std::string("a\0b", 3), .dims = {8}, .data = data}), {"a\\x00b holds a NUL"});
  expect_error(with_tensor({.name = "\xFF", .dims = {8}, .data = data}), {"\\xff is not UTF-8"});
  expect_error(GgufBuilder()
                   .tensor({.name = "same", .dims = {8}, .data = data})
                   .tensor({.name = "other", .dims = {8}, .data = data})
                   .tensor({.name = "same", .dims = {8}, .data = data}),
               {"tensor same: occurs twice"});
}

TEST(MalformedTensors, Dimensions) {
  const std::string data(32, '\0');
  for (const uint32_t n_dims : {0u, 5u, 0xFFFFFFFFu}) {
    expect_error(with_tensor({.name = "t", .dims = {8, 1, 1, 1, 1}, .data = data, .n_dims = n_dims}),
                 {"tensor t", fmt::format("has {} dimensions, expected 1 to 4", n_dims)});
  }
  for (const int64_t dim : {int64_t{0}, int64_t{-1}, INT64_MIN}) {
    expect_error(with_tensor({.name = "t", .dims = {8, dim}, .data = data}),
                 {"tensor t: dimension 1", fmt::format("is {}, expected at least 1", dim)});
  }
}

TEST(MalformedTensors, SizeOverflow) {
  const int64_t half = int64_t{1} << 32;
  const std::string data(32, '\0');
  expect_error(with_tensor({.name = "t", .dims = {half, half}, .data = data}), {"tensor t", "overflows"});
  expect_error(with_tensor({.name = "t", .dims = {INT64_MAX, 2}, .data = data}), {"tensor t", "overflows"});
  expect_error(with_tensor({.name = "t", .dims = {half, 1, half, half}, .data = data}), {"tensor t", "overflows"});
  expect_error(with_tensor({.name = "t", .dims = {INT64_MAX}, .data = data}), {"tensor t", "overflows"});
  expect_error(with_tensor({.name = "t", .dims = {half, half / 2 - 1}, .data = data}), {"tensor t", "overflows"});
}

TEST(MalformedTensors, Type) {
  for (const uint32_t type : {4u, 5u, 31u, 32u, 33u, 36u, 37u, 38u}) {
    expect_error(with_tensor({.name = "t", .dims = {256}, .type = type, .data = std::string(512, '\0')}),
                 {"tensor t", fmt::format("{}", type), "removed"});
  }
  for (const uint32_t type : {97u, 158u, 200u, 399u}) {
    expect_error(with_tensor({.name = "t", .dims = {256}, .type = type, .data = std::string(512, '\0')}),
                 {"tensor t", fmt::format("{}", type), "ik_llama.cpp"});
  }
  for (const uint32_t type : {43u, 96u, 1000u, 0xFFFFFFFFu}) {
    expect_error(with_tensor({.name = "t", .dims = {256}, .type = type, .data = std::string(512, '\0')}),
                 {"tensor t", fmt::format("{}", type)});
  }
}

TEST(MalformedTensors, RowThatIsNoWholeNumberOfBlocks) {
  expect_error(with_tensor({.name = "t", .dims = {33, 32}, .type = kQ8_0Id, .data = std::string(4096, '\0')}),
               {"tensor t", "a row has 33 values, expected a multiple of 32 for Q8_0"});
}

TEST(MalformedTensors, Offset) {
  const std::string data(32, '\0');
  for (const uint64_t offset : {uint64_t{1}, uint64_t{16}, kMaxUint64}) {
    expect_error(with_tensor({.name = "t", .dims = {8}, .data = data, .offset = offset}),
                 {"tensor t", fmt::format("offset {} is not a multiple of the alignment 32", offset)});
  }
  // The last of these wraps to 0 with the 32 bytes of the tensor.
  for (const uint64_t offset : {uint64_t{32}, uint64_t{1} << 40, k2To63, kMaxUint64 - 31}) {
    expect_error(with_tensor({.name = "t", .dims = {8}, .data = data, .offset = offset}),
                 {"tensor t", fmt::format("32 bytes at offset {} reach beyond the 32 bytes", offset)});
  }
}

TEST(MalformedTensors, Overlap) {
  const std::string data(64, '\0');
  for (const uint64_t offset : {0u, 32u}) {
    expect_error(GgufBuilder()
                     .tensor({.name = "first", .dims = {16}, .data = data})
                     .tensor({.name = "second", .dims = {16}, .data = data, .offset = offset}),
                 {"overlaps tensor", "first", "second"});
  }
}

TEST(MalformedTensors, BytesThatBelongToNoTensor) {
  const std::string data(64, '\1');
  expect_error(GgufBuilder()
                   .tensor({.name = "first", .dims = {8}, .data = data})
                   .tensor({.name = "second", .dims = {16}, .data = data}),
               {"tensor second", "belong to no tensor"});
  expect_error(with_tensor({.name = "last", .dims = {8}, .data = data}), {"after the last tensor, last,"});
  expect_error(GgufBuilder().text("a", "b").build() + data, {"the table lists no tensor"});
}

TEST(MalformedTensors, MissingData) {
  expect_error(with_tensor({.name = "t", .dims = {8}, .data = ""}), {"tensor t", "beyond the 0 bytes"});
  expect_error(with_tensor({.name = "t", .dims = {8}, .data = std::string(31, '\0')}), {"tensor t", "beyond the 31"});
  const std::string bytes = with_tensor({.name = "t", .dims = {8}, .data = ""}).build();
  expect_error(std::string_view(bytes).substr(0, 24 + 33), {"ends after 57 bytes, before the data of its 1 tensors"});
}

// ---- damage of one bit ----

TEST(FlippedBit, NeverCrashesTheReader) {
  const std::string bytes = small_model().build();
  const size_t n_header_bytes = bytes.size() - 256 - 1088;
  for (size_t bit = 0; bit < 8 * n_header_bytes; ++bit) {
    std::string damaged = bytes;
    damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ (1 << (bit % 8)));
    const auto file = parse_at_end_of_allocation(damaged);
    if (file) continue;
    EXPECT_THAT(file.error().message, StartsWith("test.gguf: "));
  }
}

// A changed count, dimension, type or offset is known by what it does to the layout.
TEST(FlippedBit, InANumberOfHeaderOrTensorTableIsNoticed) {
  const std::string bytes = small_model().build();
  std::vector<std::pair<size_t, size_t>> numbers = {{8, 24}};  // [begin, end) of bytes: the two counts
  for (const std::string_view name : {"token_embd.weight", "output.weight"}) {
    const size_t begin = bytes.find(le_string(name));
    ASSERT_NE(begin, std::string::npos);
    numbers.emplace_back(begin, begin + 8);
    numbers.emplace_back(begin + 8 + name.size(), begin + 8 + name.size() + 4 + 2 * 8 + 4 + 8);
  }
  for (const auto& [begin, end] : numbers) {
    for (size_t bit = 8 * begin; bit < 8 * end; ++bit) {
      std::string damaged = bytes;
      damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ (1 << (bit % 8)));
      EXPECT_FALSE(parse_at_end_of_allocation(damaged)) << "byte " << bit / 8 << ", bit " << bit % 8;
    }
  }
}

}  // namespace
}  // namespace ingot::core
