#include "convert/convert.h"

#include <filesystem>
#include <utility>

#include "base/utf8.h"
#include "convert/checkpoint.h"
#include "convert/hf_model.h"
#include "convert/plan_builder.h"
#include "convert/rwkv7_model.h"
#include "gguf/metadata_values.h"
#include "gguf/writer.h"
#include "tensor/quant_traits.h"

namespace ingot::core {
namespace {

Status check_output(const ConvertRequest& request) {
  std::error_code ignored;
  const std::string shown = printable(request.output, 4096);
  if (request.output.empty()) return invalid("the path of the output is empty");
  if (std::filesystem::equivalent(request.input, request.output, ignored)) {
    return invalid("{}: is the input", shown);
  }
  if (std::filesystem::exists(request.output, ignored) && !request.replace) {
    return invalid("{}: is there already; it is only replaced on demand (--force)", shown);
  }
  return {};
}

Result<ModelPlan> plan_model(const Checkpoint& checkpoint, const ConvertRequest& request) {
  if (is_rwkv(checkpoint)) return plan_rwkv7(checkpoint, request.type, request.vocabulary);
  if (!request.vocabulary.empty()) {
    return invalid(
        "{}: is no RWKV checkpoint, and the vocabulary of other models is their tokenizer.json: --vocab {} "
        "has no place",
        printable(request.input, 4096), printable(request.vocabulary, 4096));
  }
  return plan_hf_model(checkpoint, request.type);
}

ConvertedModel describe(const ModelPlan& plan) {
  ConvertedModel model;
  model.architecture = plan.architecture;
  model.notes = plan.notes;
  model.n_tensors = static_cast<int64_t>(plan.tensors.size());
  for (const TensorPlan& tensor : plan.tensors) {
    int64_t n_values = 1;
    for (const int64_t dim : tensor.shape) n_values *= dim;
    model.n_parameters += n_values;
    const QuantTraits& traits = quant_traits(tensor.type);
    model.format_bytes[traits.name] += row_bytes(traits, n_values);
  }
  if (const auto tokenizer = plan.metadata.get_string("tokenizer.ggml.model"); tokenizer && *tokenizer) {
    model.tokenizer = **tokenizer;
  }
  return model;
}

}  // namespace

Result<ConvertedModel> convert_model(const ConvertRequest& request) {
  INGOT_TRY(check_output(request));
  INGOT_ASSIGN(const Checkpoint checkpoint, Checkpoint::open(request.input));
  INGOT_ASSIGN(ModelPlan plan, plan_model(checkpoint, request));
  const std::string name = request.name.empty() ? name_of_path(request.input) : request.name;
  plan.metadata.insert("general.architecture", gguf_string(plan.architecture));
  plan.metadata.insert("general.name", gguf_string(name));
  plan.metadata.insert("general.file_type", gguf_uint32(file_type_of(plan)));

  const std::vector<GgufTensorHeader> headers = tensor_headers(plan);
  INGOT_ASSIGN(GgufWriter writer, GgufWriter::create(request.output, plan.metadata, headers));
  INGOT_TRY(write_tensors(plan, request.observer, writer));
  INGOT_TRY(writer.finish());
  if (checkpoint.damaged()) {
    return fail(ErrorKind::kIo, "{}: the file changed while it was read", printable(request.input, 4096));
  }
  if (request.check) INGOT_TRY(request.check(writer.temporary_path()));
  INGOT_TRY(writer.commit());

  ConvertedModel model = describe(plan);
  model.name = name;
  model.file_bytes = writer.file_bytes();
  return model;
}

}  // namespace ingot::core
