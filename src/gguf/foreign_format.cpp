#include "gguf/foreign_format.h"

#include <array>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace ingot::core {
namespace {

using namespace std::string_view_literals;

struct Signature {
  size_t offset;
  std::string_view bytes;
  const char* name;
};

// The GGML family wrote its magic as a little-endian number, so that the letters stand in the file backwards.
constexpr std::array kSignatures = {
    Signature{0, "lmgg"sv, "an old GGML model (magic ggml, of before August 2023; convert the original model anew)"},
    Signature{0, "fmgg"sv, "an old GGML model (magic ggmf, of before August 2023; convert the original model anew)"},
    Signature{0, "tjgg"sv, "an old GGML model (magic ggjt, of before August 2023; convert the original model anew)"},
    Signature{0, "algg"sv, "an old GGML adapter (magic ggla, of before August 2023)"},
    Signature{0, "nsgg"sv, "a session file of llama.cpp (magic ggsn)"},
    Signature{0, "qsgg"sv, "a sequence-state file of llama.cpp (magic ggsq)"},
    Signature{0, "PK\x03\x04"sv, "a zip archive, as PyTorch and NumPy write it"},
    Signature{0, "PK\x05\x06"sv, "an empty zip archive"},
    Signature{0, "\x89HDF\r\n\x1a\n"sv, "an HDF5 file, as Keras writes it"},
    Signature{0, "\x80\x02"sv, "a Python pickle, as old PyTorch checkpoints are"},
    Signature{0, "\x80\x03"sv, "a Python pickle"},
    Signature{0, "\x80\x04"sv, "a Python pickle"},
    Signature{0, "\x80\x05"sv, "a Python pickle"},
    Signature{0, "\x93NUMPY"sv, "a NumPy array"},
    Signature{4, "TFL3"sv, "a TensorFlow Lite model"},
    Signature{0, "\x1f\x8b"sv, "compressed with gzip"},
    Signature{0, "\x28\xb5\x2f\xfd"sv, "compressed with zstd"},
    Signature{0, "\xfd\x37zXZ\0"sv, "compressed with xz"},
    Signature{0, "BZh"sv, "compressed with bzip2"},
    Signature{0, "\x37\x7a\xbc\xaf\x27\x1c"sv, "a 7-Zip archive"},
    Signature{0, "\x7f\x45LF"sv, "an ELF program"},
    Signature{0, "MZ"sv, "a Windows program (a llamafile is one: unpack the GGUF inside it)"},
    Signature{0, "version https://git-lfs"sv, "a Git LFS pointer, not the file it points to (run git lfs pull)"},
    Signature{0, "<!DOCTYPE"sv, "a web page"},
    Signature{0, "<!doctype"sv, "a web page"},
    Signature{0, "<html"sv, "a web page"},
    Signature{0, "{"sv, "a JSON text"},
    Signature{0, "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"sv, "zero bytes at its start, as an unfinished download has"},
};

// An 8-byte length of the JSON header (by the format's rules at most 100 MB) and the header's opening brace.
bool is_safetensors(std::string_view text) {
  if (text.size() < 9 || text[8] != '{') return false;
  uint64_t header_bytes = 0;
  std::memcpy(&header_bytes, text.data(), sizeof(header_bytes));
  return header_bytes >= 2 && header_bytes <= 100'000'000;
}

// A protobuf that begins with field 1 (ir_version, a small number) and field 2 (producer_name) or 7 (graph).
bool is_onnx(std::string_view text) {
  return text.size() > 3 && text[0] == 0x08 && text[1] > 0 && text[1] < 32 && (text[2] == 0x12 || text[2] == 0x3a);
}

}  // namespace

const char* name_foreign_format(std::span<const std::byte> bytes) {
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  if (is_safetensors(text)) return "a safetensors file (ingot convert makes a GGUF file of a model)";
  for (const Signature& signature : kSignatures) {
    if (text.size() < signature.offset) continue;
    if (text.substr(signature.offset).starts_with(signature.bytes)) return signature.name;
  }
  return is_onnx(text) ? "an ONNX model" : nullptr;
}

}  // namespace ingot::core
