#include "chat/jinja/filters.h"

#include <algorithm>
#include <array>

#include "chat/jinja/json_dump.h"

namespace ingot::core::jinja {
namespace {

Result<Value> refuse(Runtime&, const Value&, const Args&) {
  return invalid("the filters pprint, random, striptags, urlize and wordwrap are not supported");
}

constexpr std::array<FilterEntry, 6> kOthers{{{"tojson", tojson},
                                              {"pprint", refuse},
                                              {"random", refuse},
                                              {"striptags", refuse},
                                              {"urlize", refuse},
                                              {"wordwrap", refuse}}};

}  // namespace

const FilterEntry* find_filter(std::string_view name) {
  for (const auto& table : {std::span<const FilterEntry>(kOthers), string_filters(), markup_filters(), number_filters(),
                            sequence_filters(), order_filters(), select_filters()}) {
    const auto found =
        std::find_if(table.begin(), table.end(), [&](const FilterEntry& row) { return row.name == name; });
    if (found != table.end()) return &*found;
  }
  return nullptr;
}

}  // namespace ingot::core::jinja
