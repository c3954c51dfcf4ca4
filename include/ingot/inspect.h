// What a GGUF file is, also where ingot cannot run it.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "ingot/expected.h"
#include "ingot/types.h"

namespace ingot {

struct InspectOptions {
  bool check_tensors = false;  // look at every weight; a NaN or infinite one makes the file not runnable
  KvType kv_type = KvType::kF16;
};

struct TensorInfo {
  std::string name;
  std::string type;           // as GGUF spells it
  std::vector<int64_t> dims;  // GGUF's order: the contiguous one first
  int64_t n_bytes = 0;
};

// Numbers that the file does not tell are 0, texts empty. activation_bytes is 0 where the architecture cannot be read,
// and only there. Texts are the file's own bytes: escape before showing them.
struct FileInfo {
  std::string architecture;
  std::string name;
  int gguf_version = 0;
  int64_t n_parameters = 0;
  int64_t file_bytes = 0;
  std::map<std::string, int64_t> format_bytes;  // type to bytes of tensors
  int64_t train_context = 0;
  int64_t n_layers = 0;
  int64_t dim = 0;
  int64_t n_heads = 0;
  int64_t n_kv_heads = 0;
  int64_t vocab_size = 0;
  std::string tokenizer;
  bool has_chat_template = false;
  int64_t weights_bytes = 0;
  int64_t kv_bytes_per_token = 0;
  int64_t state_bytes = 0;  // of a sequence in a recurrent model, whatever its length
  int64_t activation_bytes = 0;
  bool runnable = false;
  std::string reason;             // why not
  std::vector<std::string> plan;  // layer by layer, what is computed; layers that are alike share a line
  std::vector<TensorInfo> tensors;
  std::vector<std::string> unused_tensors;  // that the architecture has no use for; empty if the file cannot be loaded
  std::vector<std::pair<std::string, std::string>> metadata;  // key and value in short
};

// Errors only for what is no GGUF file or a damaged one.
Expected<FileInfo> inspect(const std::string& path, const InspectOptions& options = {});

}  // namespace ingot
