#include "cli/model_argument.h"

#include <fmt/format.h>

#include "base/utf8.h"
#include "cli/streams.h"
#include "ingot/catalog.h"

namespace ingot::cli {

Flag add_models_flag(CommandLine app, std::string& models) {
  return app.add_optional("--models", models,
                          "The folder of models; without it models/ in ingot's folder of ~/.cache (ingot models)");
}

Flag add_model_argument(CommandLine app, std::string& model, std::string& models, const std::string& help) {
  add_models_flag(app, models);
  return app.add_argument("MODEL", model, help).required();
}

Expected<std::string> resolve_model(const std::string& model, const std::string& models) {
  Expected<std::string> path = find_model_path(model, {.models = models});
  if (path && *path != model && stderr_is_terminal()) {
    constexpr size_t kMaxPathBytes = 4096;
    say(fmt::format("{} is {}", core::printable(model), core::printable(*path, kMaxPathBytes)));
  }
  return path;
}

}  // namespace ingot::cli
