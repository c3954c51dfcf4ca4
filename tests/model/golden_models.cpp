#include "model/golden_models.h"

#include <algorithm>
#include <cstring>
#include <fstream>
#include <nlohmann/json.hpp>

namespace ingot::core {
namespace {

std::string read_bytes(const std::string& path) {
  std::ifstream stream(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

const nlohmann::json& index() {
  static const nlohmann::json json = nlohmann::json::parse(read_bytes(golden_path("index.json")));
  return json;
}

}  // namespace

std::string golden_path(const std::string& file) {
  return std::string(INGOT_GOLDEN_DIR) + "/models/" + file;
}

// A preamble of 10 bytes, whose last two give the header's length.
std::vector<float> read_npy(const std::string& path) {
  const std::string bytes = read_bytes(path);
  uint16_t header_bytes = 0;
  std::memcpy(&header_bytes, bytes.data() + 8, sizeof(header_bytes));
  const size_t first = 10u + header_bytes;
  std::vector<float> values((bytes.size() - first) / sizeof(float));
  std::memcpy(values.data(), bytes.data() + first, values.size() * sizeof(float));
  return values;
}

std::vector<std::string> golden_files() {
  std::vector<std::string> files;
  for (const auto& entry : index().at("models")) files.push_back(entry.at("file"));
  return files;
}

GoldenModel read_golden(const std::string& file) {
  const auto& models = index().at("models");
  const auto entry = std::ranges::find_if(models, [&](const auto& model) { return model.at("file") == file; });
  GoldenModel golden;
  golden.file = file;
  golden.context = entry->at("context");
  golden.tokens = entry->at("tokens").get<std::vector<int32_t>>();
  golden.positions = entry->at("positions").get<std::vector<int64_t>>();
  golden.logits = read_npy(golden_path(entry->at("logits")));
  return golden;
}

std::unique_ptr<CpuOps> make_ops(int n_threads, NumericMode mode) {
  auto ops = CpuOps::create({.n_threads = n_threads, .isa = "", .mode = mode});
  if (!ops) ADD_FAILURE() << ops.error().message;
  return ops ? *std::move(ops) : nullptr;
}

std::shared_ptr<const Model> load_golden(const GoldenModel& golden, Ops& ops, DType kv_dtype) {
  const auto file = GgufFile::open(golden_path(golden.file));
  if (!file) {
    ADD_FAILURE() << file.error().message;
    return nullptr;
  }
  LoadOptions options;
  options.check_tensors = true;
  options.kv_dtype = kv_dtype;
  options.n_context = golden.context;
  auto model = Model::load(*file, ops, options);
  if (!model) ADD_FAILURE() << model.error().message;
  return model ? *std::move(model) : nullptr;
}

std::vector<float> run_tokens(const Model& model, Ops& ops, SequenceState& state, std::span<const int32_t> tokens,
                              int64_t chunk, bool generated, std::span<const int32_t> before) {
  const int64_t n_vocab = model.spec().n_vocab;
  const auto n_tokens = static_cast<int64_t>(tokens.size());
  std::vector<int32_t> all(before.begin(), before.end());
  all.insert(all.end(), tokens.begin(), tokens.end());
  std::vector<float> logits(static_cast<size_t>(n_tokens * n_vocab));
  ForwardScratch scratch;
  for (int64_t first = 0; first < n_tokens; first += chunk) {
    const int64_t n = std::min(chunk, n_tokens - first);
    const int64_t in_all = first + static_cast<int64_t>(before.size());
    SequenceSlice slice;
    slice.state = &state;
    if (!generated && state.off_grid() <= in_all && state.knows_grid()) {
      slice.n_repeated = state.off_grid();
      state.return_to_grid();
    }
    slice.tokens = std::span(all).subspan(static_cast<size_t>(in_all - slice.n_repeated),
                                          static_cast<size_t>(n + slice.n_repeated));
    slice.all_rows = true;
    slice.generated = generated;
    ForwardOutputs outputs;
    outputs.logits = TensorView::matrix(logits.data() + first * n_vocab, n, n_vocab);
    const Status status = forward(model, ops, {&slice, 1}, outputs, nullptr, &scratch);
    if (!status) ADD_FAILURE() << status.error().message;
  }
  return logits;
}

}  // namespace ingot::core
