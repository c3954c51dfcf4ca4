#include "convert/safetensors_header.h"

#include <limits>
#include <nlohmann/json.hpp>
#include <unordered_set>
#include <utility>

#include "base/utf8.h"

namespace ingot::core {
namespace {

constexpr size_t kMostDimensions = 8;  // PyTorch's own models have up to 5
constexpr std::string_view kMetadataName = "__metadata__";

// Takes the parser's events one by one, so that no document is built of a header that is not one: nesting of a million
// brackets ends at the second. nlohmann::json prescribes the names.
class HeaderEvents {
 public:
  using Json = nlohmann::json;

  std::vector<SafetensorsEntry> take_entries() { return std::move(entries_); }
  const std::string& fault() const { return fault_; }

  bool start_object(size_t) {
    if (place_ == Place::kOutside) return enter(Place::kFile);
    if (place_ == Place::kFile && in_metadata_) return enter(Place::kMetadata);
    if (place_ == Place::kFile) return enter(Place::kTensor);
    return refuse("an object");
  }

  bool end_object() {
    if (place_ == Place::kTensor) {
      const SafetensorsEntry& entry = entries_.back();
      if (fields_ != kAllFields)
        return fail_with(fmt::format("tensor {} lacks {}", shown(entry.name), missing_field()));
    }
    place_ = place_ == Place::kFile ? Place::kOutside : Place::kFile;
    return true;
  }

  bool key(std::string& text) {
    if (place_ == Place::kMetadata) return true;
    if (place_ == Place::kFile) return start_entry(std::move(text));
    const unsigned bit = field_named(text);
    const std::string& name = entries_.back().name;
    if (bit == 0) {
      return fail_with(
          fmt::format("tensor {} has a field {}, expected dtype, shape and data_offsets", shown(name), shown(text)));
    }
    if ((fields_ & bit) != 0) return fail_with(fmt::format("tensor {} has two fields {}", shown(name), text));
    fields_ |= bit;
    field_ = bit;
    return true;
  }

  bool start_array(size_t) {
    if (place_ != Place::kTensor || field_ == kType) return refuse("an array");
    return enter(Place::kNumbers);
  }

  bool end_array() {
    place_ = Place::kTensor;
    return true;
  }

  bool string(std::string& text) {
    if (place_ == Place::kMetadata) return true;
    if (place_ != Place::kTensor || field_ != kType) return refuse("a string");
    entries_.back().type = std::move(text);
    return true;
  }

  bool number_unsigned(uint64_t value) {
    if (place_ != Place::kNumbers) return refuse("a number");
    SafetensorsEntry& entry = entries_.back();
    if (value > static_cast<uint64_t>(std::numeric_limits<int64_t>::max())) {
      return fail_with(fmt::format("tensor {}: {} is beyond 63 bits", shown(entry.name), value));
    }
    std::vector<int64_t>& numbers = field_ == kShape ? entry.shape : entry.data_offsets;
    const size_t most = field_ == kShape ? kMostDimensions : 2;
    if (numbers.size() == most) {
      return fail_with(fmt::format("tensor {} has more than {} {}", shown(entry.name), most,
                                   field_ == kShape ? "dimensions" : "data_offsets"));
    }
    numbers.push_back(static_cast<int64_t>(value));
    return true;
  }

  bool null() { return refuse("null"); }
  bool boolean(bool) { return refuse("a boolean"); }
  bool number_integer(int64_t) { return refuse("a negative number"); }
  bool number_float(double, const std::string&) { return refuse("a number with a fraction"); }
  bool binary(Json::binary_t&) { return refuse("binary data"); }
  bool parse_error(size_t position, const std::string&, const Json::exception&) {
    return fail_with(fmt::format("the header is no JSON from its byte {} on", position));
  }

 private:
  enum class Place { kOutside, kFile, kMetadata, kTensor, kNumbers };
  enum Field : unsigned { kType = 1, kShape = 2, kOffsets = 4, kAllFields = 7 };

  static std::string shown(std::string_view text) { return printable(text); }

  // 0 where the format has no such field.
  static unsigned field_named(std::string_view text) {
    if (text == "dtype") return kType;
    if (text == "shape") return kShape;
    if (text == "data_offsets") return kOffsets;
    return 0;
  }

  bool enter(Place place) {
    place_ = place;
    return true;
  }

  bool start_entry(std::string name) {
    in_metadata_ = name == kMetadataName;
    if (!names_.insert(name).second) return fail_with(fmt::format("the header has two entries {}", shown(name)));
    if (in_metadata_) return true;
    entries_.push_back({.name = std::move(name)});
    fields_ = 0;
    return true;
  }

  const char* missing_field() const {
    return (fields_ & kType) == 0 ? "dtype" : (fields_ & kShape) == 0 ? "shape" : "data_offsets";
  }

  // What the parser came upon, in a place where the format has something else.
  bool refuse(const char* found) {
    if (place_ == Place::kOutside) return fail_with(fmt::format("the header is {}, expected an object", found));
    if (in_metadata_) return fail_with(fmt::format("{} holds {}, expected an object of texts", kMetadataName, found));
    const std::string name = shown(entries_.back().name);
    if (place_ == Place::kFile) return fail_with(fmt::format("the entry {} is {}, expected an object", name, found));
    const char* field = field_ == kType ? "dtype" : field_ == kShape ? "shape" : "data_offsets";
    const char* expected = field_ == kType ? "a string" : "an array of numbers from 0";
    return fail_with(fmt::format("tensor {}: {} holds {}, expected {}", name, field, found, expected));
  }

  bool fail_with(std::string fault) {
    if (fault_.empty()) fault_ = std::move(fault);
    return false;
  }

  std::vector<SafetensorsEntry> entries_;
  std::unordered_set<std::string> names_;
  std::string fault_;
  Place place_ = Place::kOutside;
  bool in_metadata_ = false;
  unsigned fields_ = 0;  // of the last entry, that have come
  unsigned field_ = 0;   // of the last entry, that is being read
};

}  // namespace

Result<std::vector<SafetensorsEntry>> read_safetensors_header(std::string_view text) {
  HeaderEvents events;
  if (!nlohmann::json::sax_parse(text.begin(), text.end(), &events)) return invalid("{}", events.fault());
  return events.take_entries();
}

}  // namespace ingot::core
