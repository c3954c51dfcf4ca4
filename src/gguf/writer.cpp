#include "gguf/writer.h"

#include <sys/stat.h>

#include <array>
#include <bit>
#include <cerrno>
#include <cstring>
#include <system_error>
#include <type_traits>
#include <utility>

#include "base/check.h"
#include "base/utf8.h"
#include "tensor/quant_traits.h"

namespace ingot::core {
namespace {

static_assert(std::endian::native == std::endian::little, "GGUF files are little-endian, and so are ours");

constexpr uint32_t kVersion = 3;
constexpr std::string_view kArchitectureKey = "general.architecture";

int64_t aligned(int64_t n_bytes) {
  return (n_bytes + kGgufAlignment - 1) / kGgufAlignment * kGgufAlignment;
}

tl::unexpected<Error> cannot_write(const std::string& path, int number) {
  return fail(ErrorKind::kIo, "{}: cannot write: {}", printable(path, 4096), std::generic_category().message(number));
}

class HeaderBytes {
 public:
  template <typename T>
  void number(T value) {
    static_assert(std::is_arithmetic_v<T>);
    std::array<char, sizeof(T)> bytes;
    std::memcpy(bytes.data(), &value, sizeof(T));
    bytes_.append(bytes.data(), bytes.size());
  }

  void text(std::string_view value) {
    number<uint64_t>(value.size());
    bytes_.append(value);
  }

  void pair(std::string_view key, const GgufValue& value) {
    text(key);
    number(static_cast<uint32_t>(value.type));
    if (value.type != GgufType::kArray) return scalar_of(value.type, value);
    number(static_cast<uint32_t>(value.element_type));
    std::visit(
        [&](const auto& held) {
          if constexpr (requires { held.begin(); } && !std::is_same_v<std::decay_t<decltype(held)>, std::string>) {
            number<uint64_t>(held.size());
            for (const auto& element : held) scalar(value.element_type, element);
          } else {
            INGOT_CHECK(false, "an array is held as a vector");
          }
        },
        value.value);
  }

  std::span<const std::byte> bytes() const { return std::as_bytes(std::span(bytes_)); }

 private:
  void scalar_of(GgufType type, const GgufValue& value) {
    std::visit(
        [&](const auto& held) {
          using Held = std::decay_t<decltype(held)>;
          if constexpr (std::is_arithmetic_v<Held> || std::is_same_v<Held, std::string>) {
            scalar(type, held);
          } else {
            INGOT_CHECK(false, "a scalar is not held as a vector");
          }
        },
        value.value);
  }

  template <typename Held>
  void scalar(GgufType type, const Held& held) {
    if constexpr (std::is_same_v<Held, std::string>) {
      INGOT_CHECK(type == GgufType::kString, "a text is a string");
      text(held);
    } else {
      switch (type) {
        case GgufType::kUint8:
        case GgufType::kBool:
          return number(static_cast<uint8_t>(held));
        case GgufType::kInt8:
          return number(static_cast<int8_t>(held));
        case GgufType::kUint16:
          return number(static_cast<uint16_t>(held));
        case GgufType::kInt16:
          return number(static_cast<int16_t>(held));
        case GgufType::kUint32:
          return number(static_cast<uint32_t>(held));
        case GgufType::kInt32:
          return number(static_cast<int32_t>(held));
        case GgufType::kUint64:
          return number(static_cast<uint64_t>(held));
        case GgufType::kInt64:
          return number(static_cast<int64_t>(held));
        case GgufType::kFloat32:
          return number(static_cast<float>(held));
        case GgufType::kFloat64:
          return number(static_cast<double>(held));
        case GgufType::kString:
        case GgufType::kArray:
          break;
      }
      INGOT_CHECK(false, "a number has the type of a number");
    }
  }

  std::string bytes_;
};

HeaderBytes make_header(const GgufMetadata& metadata, std::span<const GgufTensorHeader> tensors) {
  HeaderBytes header;
  for (const char letter : std::string_view("GGUF")) header.number(letter);
  header.number(kVersion);
  header.number<uint64_t>(tensors.size());
  header.number<uint64_t>(metadata.entries().size());
  // The architecture first: some readers show the first keys only.
  if (const GgufValue* architecture = metadata.find(kArchitectureKey)) header.pair(kArchitectureKey, *architecture);
  for (const auto& [key, value] : metadata.entries()) {
    if (key != kArchitectureKey) header.pair(key, value);
  }
  int64_t offset = 0;
  for (const GgufTensorHeader& tensor : tensors) {
    INGOT_CHECK(!tensor.dims.empty() && tensor.dims.size() <= 4, "GGUF has 1 to 4 dimensions");
    header.text(tensor.name);
    header.number(static_cast<uint32_t>(tensor.dims.size()));
    for (const int64_t dim : tensor.dims) header.number<uint64_t>(static_cast<uint64_t>(dim));
    header.number(static_cast<uint32_t>(tensor.type));
    header.number<uint64_t>(static_cast<uint64_t>(offset));
    offset += aligned(tensor.n_bytes());
  }
  return header;
}

}  // namespace

int64_t GgufTensorHeader::n_bytes() const {
  int64_t n_rows = 1;
  for (size_t dim_idx = 1; dim_idx < dims.size(); ++dim_idx) n_rows *= dims[dim_idx];
  return n_rows * row_bytes(quant_traits(type), dims[0]);
}

Result<GgufWriter> GgufWriter::create(const std::string& path, const GgufMetadata& metadata,
                                      std::span<const GgufTensorHeader> tensors) {
  GgufWriter writer;
  writer.path_ = path;
  writer.target_ = resolved_path(path);
  struct stat status {};
  const bool is_there = stat(writer.target_.c_str(), &status) == 0;
  if (is_there && !S_ISREG(status.st_mode)) {
    return invalid("{}: is no regular file, nothing can be written in its place", printable(path, 4096));
  }
  writer.file_ = std::make_unique<TemporaryFile>(writer.target_);
  if (!writer.file_->is_open()) return cannot_write(path, errno);
  for (const GgufTensorHeader& tensor : tensors) writer.tensor_bytes_.push_back(tensor.n_bytes());
  INGOT_TRY(writer.write_raw(make_header(metadata, tensors).bytes()));
  INGOT_TRY(writer.pad());
  return writer;
}

Status GgufWriter::write(std::span<const std::byte> bytes) {
  INGOT_CHECK(tensor_idx_ < tensor_bytes_.size(), "no more tensors than the table has");
  bytes_in_tensor_ += static_cast<int64_t>(bytes.size());
  INGOT_CHECK(bytes_in_tensor_ <= tensor_bytes_[tensor_idx_], "no more bytes than the tensor has");
  INGOT_TRY(write_raw(bytes));
  if (bytes_in_tensor_ < tensor_bytes_[tensor_idx_]) return {};
  ++tensor_idx_;
  bytes_in_tensor_ = 0;
  return pad();
}

Status GgufWriter::finish() {
  INGOT_CHECK(tensor_idx_ == tensor_bytes_.size(), "every tensor was written");
  if (!file_->finish()) return cannot_write(path_, errno);
  return {};
}

Status GgufWriter::commit() {
  if (!file_->take_place_of(target_)) return cannot_write(path_, errno);
  sync_folder_of(target_);
  return {};
}

Status GgufWriter::write_raw(std::span<const std::byte> bytes) {
  if (!file_->write_all(bytes)) return cannot_write(path_, errno);
  file_bytes_ += static_cast<int64_t>(bytes.size());
  return {};
}

Status GgufWriter::pad() {
  constexpr std::array<std::byte, kGgufAlignment> kZeros{};
  return write_raw(std::span(kZeros).first(static_cast<size_t>(aligned(file_bytes_) - file_bytes_)));
}

}  // namespace ingot::core
