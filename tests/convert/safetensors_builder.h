// Writes the bytes of a safetensors file for a test: a correct one by default, and wrong in one place where the test
// says so. It shares no code with the reader.
#pragma once

#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace ingot::core::test {

class SafetensorsBuilder {
 public:
  std::optional<uint64_t> header_bytes;  // instead of the header's length

  SafetensorsBuilder& tensor(std::string_view name, std::string_view type, const std::vector<int64_t>& shape,
                             std::string_view data) {
    std::string dims;
    for (const int64_t dim : shape) dims += (dims.empty() ? "" : ",") + std::to_string(dim);
    const size_t begin = data_.size();
    data_ += data;
    return entry("\"" + std::string(name) + "\":{\"dtype\":\"" + std::string(type) + "\",\"shape\":[" + dims +
                 "],\"data_offsets\":[" + std::to_string(begin) + "," + std::to_string(data_.size()) + "]}");
  }
  template <typename T>
  SafetensorsBuilder& tensor(std::string_view name, std::string_view type, const std::vector<int64_t>& shape,
                             const std::vector<T>& values) {
    return tensor(name, type, shape,
                  std::string_view(reinterpret_cast<const char*>(values.data()), values.size() * sizeof(T)));
  }
  // An entry of the header as it is, without data.
  SafetensorsBuilder& entry(std::string_view json) {
    header_ += (header_.empty() ? "" : ",") + std::string(json);
    return *this;
  }
  SafetensorsBuilder& data(std::string_view bytes) {
    data_ += bytes;
    return *this;
  }

  std::string build() const { return with_header("{" + header_ + "}"); }
  // The same data under any header.
  std::string with_header(std::string_view header) const {
    const uint64_t n_bytes = header_bytes.value_or(header.size());
    std::string bytes(sizeof(n_bytes), '\0');
    std::memcpy(bytes.data(), &n_bytes, sizeof(n_bytes));
    return bytes.append(header).append(data_);
  }

 private:
  std::string header_;
  std::string data_;
};

}  // namespace ingot::core::test
