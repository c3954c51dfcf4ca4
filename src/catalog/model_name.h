// The short names of models: what a person types instead of a path.
//
//   SmolLM2-135M-Instruct.Q4_1.gguf      smollm2-135m-instruct:q4_1
//   model-00001-of-00003.gguf            the name of its folder
//   Ollama's library/llama3.2/1b         llama3.2:1b
//
// A name is lower case and holds nothing that a shell or a terminal would obey: letters, digits, . _ + @ - :, and
// whole characters beyond ASCII. Every other byte became a '-'.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace ingot::core {

// name_of_file("Llama-3.2-1B-Instruct-Q4_K_M.gguf", "...") is "llama-3.2-1b-instruct:q4_k_m": what the file's name
// ends in becomes the tag if it is a format. folder_name serves files that are called "model" and the like.
std::string name_of_file(std::string_view file_name, std::string_view folder_name);

// base:tag, each cleaned; "-gguf" at the end of the base says nothing and goes. An empty tag is left out.
std::string make_name(std::string_view base, std::string_view tag);

// "q4_k_m", "iq2_xxs", "bf16", "mxfp4", "ud-q4_k_xl"; in lower case.
bool is_format_tag(std::string_view text);

// How well a query, in any case, names a model; better ones are greater.
enum class Match {
  kNone,
  kParts,   // its parts begin parts of the name, in order: "smollm2-instruct"
  kPrefix,  // the name begins with it: "smol"; or base and tag do each: "gemma:q4"
  kBase,    // it is all of the name but the tag: "llama3.2"
  kWhole,
};
Match match_name(std::string_view query, std::string_view name);

// The names that look most like the query, best first; none where nothing does.
std::vector<std::string> nearest_names(std::string_view query, const std::vector<std::string>& names, size_t n_most);

// ASCII alone: names in other alphabets are told apart as they are written.
std::string lower_case(std::string_view text);

}  // namespace ingot::core
