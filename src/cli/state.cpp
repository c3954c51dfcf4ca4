// ingot state: what recurrent models keep of a text, as files.
#include <fmt/format.h>

#include <memory>

#include "cli/commands.h"
#include "cli/exit_codes.h"
#include "cli/flags.h"
#include "cli/json_text.h"
#include "cli/streams.h"
#include "ingot/ingot.h"

namespace ingot::cli {
namespace {

constexpr const char* kStateExamples = R"(Examples:
  ingot run rwkv.gguf -f a.txt -n 0 --save-state a.state     read a document into a state
  ingot run rwkv.gguf -f b.txt -n 0 --save-state b.state
  ingot state compare rwkv.gguf a.state b.state              how alike the two documents are to the model
  ingot run rwkv.gguf --load-state a.state -p $'\n\nQ:'      go on from a state

A state is one file, good for the model that made it; its copy is a clone.)";

struct StateFlags {
  ModelFlags model;
  std::string first, second;
  bool json = false;
};

int compare(const StateFlags& flags) {
  const Expected<Model> model = open_model(flags.model);
  if (!model) return report_error(model.error().message);
  Sequence first = model->new_sequence();
  Sequence second = model->new_sequence();
  if (const Status restored = first.restore_file(flags.first); !restored) return report_error(restored.error().message);
  if (const Status restored = second.restore_file(flags.second); !restored) {
    return report_error(restored.error().message);
  }
  const Expected<StateSimilarity> result = first.compare(second);
  if (!result) return report_error(result.error().message);
  if (flags.json) {
    return write_result(json_text(Json{{"schema", kJsonSchema},
                                       {"similarity", result->similarity},
                                       {"distance", result->distance},
                                       {"layers", result->layers},
                                       {"tokens", {first.length(), second.length()}}}));
  }
  return write_result(fmt::format("similarity {:.4f} (mean cosine of all heads), distance {:.4g}, {} and {} tokens\n",
                                  result->similarity, result->distance, first.length(), second.length()));
}

}  // namespace

Command add_state(CommandLine app) {
  auto flags = std::make_shared<StateFlags>();
  CommandLine command = app.add_command("state", "Compare what a recurrent model keeps of two texts");
  command.require_command();
  command.footer(kStateExamples);
  CommandLine compared = command.add_command("compare", "How alike two saved states are");
  add_model_flags(compared, flags->model, /*context_help=*/"");
  compared.add_argument("A", flags->first, "A file of run --save-state").required();
  compared.add_argument("B", flags->second, "Another one, of the same model").required();
  compared.add_switch("--json", flags->json, "Print one JSON document");
  compared.footer(kStateExamples);
  return {command, [flags] { return compare(*flags); }};
}

}  // namespace ingot::cli
