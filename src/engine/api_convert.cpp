// The public function over convert/convert.h: what it writes must run here.
#include <utility>

#include "convert/convert.h"
#include "engine/api_errors.h"
#include "engine/file_info.h"
#include "ingot/convert.h"

namespace ingot {
namespace {

core::MatrixType matrix_type(WeightType type) {
  switch (type) {
    case WeightType::kF32:
      return core::MatrixType::kF32;
    case WeightType::kF16:
      return core::MatrixType::kF16;
    case WeightType::kBf16:
      return core::MatrixType::kBf16;
    case WeightType::kAsStored:
      break;
  }
  return core::MatrixType::kAsStored;
}

core::Status check_runs(const std::string& path) {
  INGOT_ASSIGN(const FileInfo info, core::describe_file(path, {}));
  if (info.runnable) return {};
  return core::fail(core::ErrorKind::kUnsupported, "nothing was written, since the result would not run: {}",
                    info.reason);
}

}  // namespace

Expected<ConvertResult> convert(const std::string& input, const std::string& output, const ConvertOptions& options) {
  return guarded([&]() -> Expected<ConvertResult> {
    core::ConvertRequest request{.input = input,
                                 .output = output,
                                 .type = matrix_type(options.type),
                                 .vocabulary = options.vocabulary,
                                 .name = options.name,
                                 .replace = options.replace,
                                 .observer = {.on_progress = options.on_progress, .cancelled = options.cancel.flag()},
                                 .check = check_runs};
    auto model = core::convert_model(request);
    if (!model) return to_public(std::move(model).error());
    return ConvertResult{.architecture = std::move(model->architecture),
                         .name = std::move(model->name),
                         .tokenizer = std::move(model->tokenizer),
                         .n_tensors = model->n_tensors,
                         .n_parameters = model->n_parameters,
                         .file_bytes = model->file_bytes,
                         .format_bytes = std::move(model->format_bytes),
                         .notes = std::move(model->notes)};
  });
}

}  // namespace ingot
