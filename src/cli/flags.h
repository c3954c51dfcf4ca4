// Flags that several commands have.
#pragma once

#include <cstdint>
#include <string>

#include "cli/command_line.h"
#include "ingot/model.h"

namespace ingot::cli {

// --chunk and --chunk-overlap.
struct ChunkFlags {
  std::string chunk = "512";
  int overlap = 0;
  // Errors: both of them valid, but not together.
  Expected<Chunking> chunking() const;
};
void add_chunk_flags(CommandLine app, ChunkFlags& flags);
Flag add_overlap_flag(CommandLine app, int& overlap);
// What --chunk means, for the end of a command's help.
extern const char* const kChunkHelp;

// Flags of every command that runs a model.
struct ModelFlags {
  std::string path;    // or a name: see model_argument.h
  std::string models;  // the folder in which names are looked for first
  int threads = 0;
  int64_t context = 0;
  std::string mode = "exact";
  std::string isa;
  std::string kv_type = "f16";
  bool check_tensors = false;
  bool verbose = false;
  Chunking chunk;  // where the command has such a flag

  ModelOptions options() const;
};

// context_help is empty where -c means something else.
void add_model_flags(CommandLine app, ModelFlags& flags, const std::string& context_help);

// From now on the library's messages go to stderr: warnings, with verbose all.
void show_messages(bool verbose);

// Opens the model with progress and messages on stderr. The error is as Model::open gives it.
Expected<Model> open_model(const ModelFlags& flags);

}  // namespace ingot::cli
