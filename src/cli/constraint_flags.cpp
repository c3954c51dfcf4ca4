#include "cli/constraint_flags.h"

#include <fmt/format.h>

#include <utility>

#include "cli/streams.h"

namespace ingot::cli {
namespace {

Expected<std::optional<Grammar>> read_grammar(const std::string& path,
                                              Expected<Grammar> (*make)(std::string_view text)) {
  const Expected<std::string> text = read_file(path);
  if (!text) return text.error();
  Expected<Grammar> grammar = make(*text);
  if (!grammar) return Error{grammar.error().code, fmt::format("{}: {}", path, grammar.error().message)};
  return std::optional<Grammar>(std::move(*grammar));
}

}  // namespace

Expected<std::optional<Grammar>> ConstraintFlags::read() const {
  if (!grammar.empty()) return read_grammar(grammar, Grammar::from_gbnf);
  if (!json_schema.empty()) return read_grammar(json_schema, Grammar::from_json_schema);
  if (!json_object) return std::optional<Grammar>();
  Expected<Grammar> any = Grammar::json_object();
  if (!any) return any.error();
  return std::optional<Grammar>(std::move(*any));
}

void add_constraint_flags(CommandLine app, ConstraintFlags& flags) {
  Flag grammar = app.add_optional("--grammar", flags.grammar,
                                  "A file with a GBNF grammar that the text has to obey; - is standard input");
  Flag schema =
      app.add_optional("--json-schema", flags.json_schema,
                       "A file with a JSON Schema; the text is a JSON document of that form; - is standard input");
  Flag object = app.add_switch("--json-object", flags.json_object, "The text is a JSON object of any form");
  grammar.excludes(schema).excludes(object);
  schema.excludes(object);
}

}  // namespace ingot::cli
