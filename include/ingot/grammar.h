// What generated text has to look like: a grammar or a JSON Schema, compiled once and used for any number of texts.
#pragma once

#include <memory>
#include <string_view>
#include <utility>

#include "ingot/expected.h"

namespace ingot {

// A cheap handle; copies share one grammar. Any number of threads may use it at once.
class Grammar {
 public:
  // GBNF as llama.cpp documents it; texts start at the rule "root". Errors name line and column.
  static Expected<Grammar> from_gbnf(std::string_view text);
  // A JSON Schema, draft 2020-12. Errors name the place as a JSON pointer; a keyword that is not supported is one of
  // kUnsupported. docs/constrained_output.md lists keywords and the form in which JSON is written.
  static Expected<Grammar> from_json_schema(std::string_view text);
  // Any JSON value, any JSON object.
  static Expected<Grammar> json();
  static Expected<Grammar> json_object();

  struct Impl;  // for the library itself
  explicit Grammar(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}
  Impl& impl() const { return *impl_; }

 private:
  std::shared_ptr<Impl> impl_;
};

}  // namespace ingot
