// A GGUF file is: magic "GGUF", version (u32), number of tensors (u64), number of metadata pairs (u64), the pairs,
// the tensor table, padding to general.alignment, the tensor data. Versions 2 and 3 differ in nothing but that 3 may
// be big-endian.
#include "gguf/reader.h"

#include <algorithm>
#include <bit>
#include <filesystem>
#include <numeric>
#include <system_error>
#include <utility>

#include "base/utf8.h"
#include "gguf/byte_reader.h"
#include "gguf/foreign_format.h"
#include "gguf/metadata_section.h"
#include "gguf/split.h"
#include "gguf/tensor_table.h"

namespace ingot::core {
namespace {

static_assert(std::endian::native == std::endian::little, "GGUF's numbers are read as they lie in the file");

constexpr std::string_view kMagic = "GGUF";
constexpr size_t kMaxPathBytes = 4096;
constexpr int64_t kDefaultAlignment = 32;
constexpr int64_t kMinAlignment = 8;
constexpr int64_t kMaxAlignment = 65'536;

Status check_magic(std::span<const std::byte> bytes) {
  const std::string_view start(reinterpret_cast<const char*>(bytes.data()), std::min(bytes.size(), kMagic.size()));
  if (start == kMagic) return {};
  if (const char* format = name_foreign_format(bytes)) return invalid("is {}, expected GGUF", format);
  if (start == "FUGG") return fail(ErrorKind::kUnsupported, "is a byte-swapped GGUF file, expected little-endian");
  if (start.empty()) return invalid("is empty, expected GGUF");
  if (kMagic.starts_with(start)) return invalid("is {} bytes long, too short for a GGUF file", bytes.size());
  return invalid("begins with \"{}\", expected \"{}\"", printable(start), kMagic);
}

Result<uint32_t> read_version(ByteReader& reader) {
  INGOT_ASSIGN(const uint32_t version, reader.read<uint32_t>("the version"));
  if (version == 2 || version == 3) return version;
  if (version == 1) {
    return fail(ErrorKind::kUnsupported,
                "is GGUF version 1 (of August 2023), expected version 2 or 3; convert it anew");
  }
  if (version != 0 && (version & 0xFFFFu) == 0) {
    return fail(ErrorKind::kUnsupported, "is a big-endian GGUF file, expected little-endian");
  }
  return fail(ErrorKind::kUnsupported, "is GGUF version {}, expected version 2 or 3", version);
}

// A number of records that the header claims, checked against what the rest of the file could hold at most.
Status check_count(const ByteReader& reader, int64_t count, const char* what, uint64_t min_record_bytes) {
  if (count < 0) return invalid("the header claims {} {}", count, what);
  if (static_cast<uint64_t>(count) <= reader.remaining() / min_record_bytes) return {};
  return invalid("the header claims {} {}, but only {} bytes follow", count, what, reader.remaining());
}

Result<uint64_t> read_alignment(const GgufMetadata& metadata) {
  INGOT_ASSIGN(const auto found, metadata.get_int("general.alignment"));
  const int64_t alignment = found.value_or(kDefaultAlignment);
  if (alignment < kMinAlignment || alignment > kMaxAlignment ||
      !std::has_single_bit(static_cast<uint64_t>(alignment))) {
    return invalid("key general.alignment: is {}, expected a power of two from {} to {}", alignment, kMinAlignment,
                   kMaxAlignment);
  }
  return static_cast<uint64_t>(alignment);
}

// The bytes of the file in which the tensors lie.
Result<std::span<const std::byte>> data_section(std::span<const std::byte> bytes, size_t table_end, uint64_t alignment,
                                                int64_t n_tensors) {
  const uint64_t begin = (table_end + alignment - 1) / alignment * alignment;
  if (begin <= bytes.size()) return bytes.subspan(static_cast<size_t>(begin));
  // A vocabulary alone may end with its last key.
  if (n_tensors == 0) return std::span<const std::byte>();
  return invalid("the file ends after {} bytes, before the data of its {} tensors", bytes.size(), n_tensors);
}

std::string shown(const std::string& path) {
  return printable(path, kMaxPathBytes);
}

// The given path, or what it links to where only that is named like a part of the split.
Result<std::string> named_like_part(const std::string& path, const SplitPlace& place) {
  if (sibling_path(path, place, 0)) return path;
  std::error_code error;
  const std::string target = std::filesystem::canonical(path, error).string();
  if (!error && sibling_path(target, place, 0)) return target;
  return invalid("is part {} of {} of a split model, expected a name that ends in -{:05}-of-{:05}.gguf", place.part + 1,
                 place.n_parts, place.part + 1, place.n_parts);
}

Status check_other_part(const GgufMetadata& metadata, const SplitPlace& expected) {
  INGOT_ASSIGN(const SplitPlace place, read_split_place(metadata));
  if (place.n_parts == 1) return invalid("is no part of a split model, expected part {}", expected.part + 1);
  if (place.n_parts != expected.n_parts) {
    return invalid("key split.count: is {}, expected {} as in the first part", place.n_parts, expected.n_parts);
  }
  if (place.part != expected.part) {
    return invalid("key split.no: is {}, expected {}", place.part, expected.part);
  }
  if (place.n_tensors && expected.n_tensors && *place.n_tensors != *expected.n_tensors) {
    return invalid("key split.tensors.count: is {}, expected {} as in the first part", *place.n_tensors,
                   *expected.n_tensors);
  }
  return {};
}

}  // namespace

Result<GgufFile> GgufFile::parse_part(std::span<const std::byte> bytes, std::shared_ptr<const MappedFile> file,
                                      MemoryBudget& budget) {
  INGOT_TRY(check_magic(bytes));
  ByteReader reader(bytes);
  INGOT_TRY(reader.read<uint32_t>("the magic"));
  GgufFile part;
  INGOT_ASSIGN(part.version_, read_version(reader));
  INGOT_ASSIGN(const auto n_tensors, reader.read<int64_t>("the header"));
  INGOT_ASSIGN(const auto n_pairs, reader.read<int64_t>("the header"));
  INGOT_TRY(check_count(reader, n_tensors, "tensors", kMinTensorEntryBytes));
  INGOT_TRY(check_count(reader, n_pairs, "metadata pairs", kMinPairBytes));
  INGOT_ASSIGN(part.metadata_, read_metadata_section(reader, n_pairs, budget));
  INGOT_ASSIGN(const uint64_t alignment, read_alignment(part.metadata_));
  INGOT_TRY(check_count(reader, n_tensors, "tensors", kMinTensorEntryBytes));
  INGOT_ASSIGN(TensorTable table, read_tensor_table(reader, n_tensors, budget));
  INGOT_ASSIGN(const auto section, data_section(bytes, reader.position(), alignment, n_tensors));
  INGOT_TRY(place_tensors(table.offsets, section, alignment, table.tensors));
  part.tensors_ = std::move(table.tensors);
  for (GgufTensor& tensor : part.tensors_) tensor.file = file;
  if (file) part.files_.push_back(std::move(file));
  part.file_bytes_ = static_cast<int64_t>(bytes.size());
  return part;
}

Status GgufFile::index_tensors(std::optional<int64_t> n_expected) {
  if (n_expected && *n_expected != static_cast<int64_t>(tensors_.size())) {
    return invalid("key split.tensors.count: is {}, but {} tensors were found", *n_expected, tensors_.size());
  }
  by_name_.resize(tensors_.size());
  std::iota(by_name_.begin(), by_name_.end(), 0u);
  std::sort(by_name_.begin(), by_name_.end(),
            [this](uint32_t left, uint32_t right) { return tensors_[left].name < tensors_[right].name; });
  const auto twice = std::adjacent_find(by_name_.begin(), by_name_.end(), [this](uint32_t left, uint32_t right) {
    return tensors_[left].name == tensors_[right].name;
  });
  if (twice == by_name_.end()) return {};
  return invalid("tensor {}: occurs twice", printable(tensors_[*twice].name));
}

Status GgufFile::open_other_parts(const std::string& first_path, int64_t n_parts, MemoryBudget& budget) {
  INGOT_ASSIGN(SplitPlace place, read_split_place(metadata_));
  const SplitPlace first = place;
  for (place.part = 1; place.part < n_parts; ++place.part) {
    const std::string path = sibling_path(first_path, first, place.part).value_or(first_path);
    const auto in_part = [&](const Error& error) { return error.context(shown(path)); };
    auto file = MappedFile::open(path);
    if (!file) {
      return tl::unexpected(file.error().context(fmt::format("part {} of {}", place.part + 1, n_parts)));
    }
    INGOT_ASSIGN(GgufFile part, parse_part((*file)->bytes(), *file, budget).map_error(in_part));
    INGOT_TRY(check_other_part(part.metadata_, place).map_error(in_part));
    std::move(part.tensors_.begin(), part.tensors_.end(), std::back_inserter(tensors_));
    files_.push_back(std::move(*file));
    file_bytes_ += part.file_bytes_;
  }
  return {};
}

Result<GgufFile> GgufFile::open(const std::string& path) {
  const auto in_file = [&path](const Error& error) { return error.context(shown(path)); };
  INGOT_ASSIGN(const std::shared_ptr<const MappedFile> mapped, MappedFile::open(path));
  MemoryBudget budget;
  INGOT_ASSIGN(GgufFile file, parse_part(mapped->bytes(), mapped, budget).map_error(in_file));
  INGOT_ASSIGN(const SplitPlace place, read_split_place(file.metadata_).map_error(in_file));
  if (place.n_parts > 1) {
    INGOT_ASSIGN(const std::string part_path, named_like_part(path, place).map_error(in_file));
    if (place.part != 0) {
      return invalid("{}: is part {} of {} of a split model, open the first part, {}", shown(path), place.part + 1,
                     place.n_parts, shown(sibling_path(part_path, place, 0).value_or("")));
    }
    INGOT_TRY(file.open_other_parts(part_path, place.n_parts, budget));
  }
  INGOT_TRY(file.index_tensors(place.n_tensors).map_error(in_file));
  if (file.damaged()) return fail(ErrorKind::kIo, "{}: changed while it was read", shown(path));
  return file;
}

Result<GgufFile> GgufFile::parse(std::span<const std::byte> bytes, const std::string& name) {
  const auto in_file = [&name](const Error& error) { return error.context(shown(name)); };
  MemoryBudget budget;
  INGOT_ASSIGN(GgufFile file, parse_part(bytes, nullptr, budget).map_error(in_file));
  INGOT_ASSIGN(const SplitPlace place, read_split_place(file.metadata_).map_error(in_file));
  if (place.n_parts > 1) {
    return fail(ErrorKind::kUnsupported, "{}: is part {} of {} of a split model, which only opens from its files",
                shown(name), place.part + 1, place.n_parts);
  }
  INGOT_TRY(file.index_tensors(place.n_tensors).map_error(in_file));
  return file;
}

const GgufTensor* GgufFile::find_tensor(std::string_view name) const {
  const auto found =
      std::lower_bound(by_name_.begin(), by_name_.end(), name,
                       [this](uint32_t entry, std::string_view wanted) { return tensors_[entry].name < wanted; });
  return found != by_name_.end() && tensors_[*found].name == name ? &tensors_[*found] : nullptr;
}

bool GgufFile::damaged() const {
  return std::any_of(files_.begin(), files_.end(), [](const auto& file) { return file->damaged(); });
}

}  // namespace ingot::core
