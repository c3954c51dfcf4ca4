// Flags as this program has them: every long one has an environment variable, and a value out of its range is one
// line that names flag, value and range.
#pragma once

#include <CLI/CLI.hpp>
#include <cmath>
#include <string>
#include <type_traits>

#include <fmt/format.h>

#include "ingot/model.h"

namespace ingot::cli {

// "--top-k" is INGOT_TOP_K. Gives the option for more.
CLI::Option* with_environment(CLI::Option* option);

template <typename T>
CLI::Option* add_flag_value(CLI::App* app, const std::string& names, T& value, const std::string& help) {
  return with_environment(app->add_option(names, value, help)->capture_default_str());
}
CLI::Option* add_switch(CLI::App* app, const std::string& names, bool& value, const std::string& help);

// A check that, unlike CLI11's, refuses NaN.
template <typename T>
CLI::Validator in_range(T low, T high) {
  const std::string range = fmt::format("{} to {}", low, high);
  return CLI::Validator(
      [low, high, range](std::string& text) -> std::string {
        T value{};
        if (!CLI::detail::lexical_cast(text, value))
          return fmt::format("{} is no number that fits, expected {}", text, range);
        if (value >= low && value <= high) return {};
        return fmt::format("{} is out of range, expected {}", text, range);
      },
      "");
}

// --chunk and --chunk-overlap.
struct ChunkFlags {
  std::string chunk = "512";
  int overlap = 0;
  // Errors: both of them valid, but not together.
  Expected<Chunking> chunking() const;
};
void add_chunk_flags(CLI::App* app, ChunkFlags& flags);
CLI::Option* add_overlap_flag(CLI::App* app, int& overlap);
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
void add_model_flags(CLI::App* app, ModelFlags& flags, const std::string& context_help);

// From now on the library's messages go to stderr: warnings, with verbose all.
void show_messages(bool verbose);

// Opens the model with progress and messages on stderr. The error is as Model::open gives it.
Expected<Model> open_model(const ModelFlags& flags);

}  // namespace ingot::cli
