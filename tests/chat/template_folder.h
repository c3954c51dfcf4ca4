// Where the chat templates of real models lie, if they are there.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <string>

namespace ingot::core {

inline std::optional<std::filesystem::path> template_folder() {
  const char* data = std::getenv("INGOT_TEST_DATA");
  const std::filesystem::path folder =
      (data != nullptr ? std::filesystem::path(data) : std::filesystem::path(INGOT_SHARED_DATA)) / "templates";
  if (!std::filesystem::is_directory(folder)) return std::nullopt;
  return folder;
}

inline std::string file_text(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace ingot::core
