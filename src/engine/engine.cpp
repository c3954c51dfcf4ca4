#include "engine/engine.h"

#include <algorithm>
#include <chrono>
#include <optional>
#include <utility>

#include "base/log.h"
#include "engine/chunking.h"
#include "engine/constrained_output.h"
#include "engine/memory.h"

namespace ingot::core {
namespace {

constexpr int64_t kMaxContext = int64_t{1} << 30;  // positions are 32-bit in the operations

int64_t tensor_bytes(const GgufFile& file) {
  int64_t sum = 0;
  for (const GgufTensor& tensor : file.tensors()) sum += static_cast<int64_t>(tensor.data.size());
  return sum;
}

// The state of a token without building a model: the same sum as StateShape::bytes_per_token.
int64_t kv_bytes_per_token(const ModelSpec& spec, DType dtype) {
  int64_t n_values = 0;
  for (const LayerSpec& layer : spec.layers) n_values += layer.attention.key_width() + layer.attention.value_width();
  return n_values * (dtype == DType::kF32 ? 4 : 2);
}

// Rows that a step has at most when prompts are read so. Of what depends on the prompt or on the memory that is free
// when it is read, the least is taken: reading checks the rest.
int64_t chunk_rows(const Chunking& chunking) {
  switch (chunking.strategy) {
    case Chunking::Strategy::kFixed:
    case Chunking::Strategy::kIncremental:
      return chunking.size + chunking.overlap;
    case Chunking::Strategy::kNone:
    case Chunking::Strategy::kLayerByLayer:
      return kDefaultChunk;
    case Chunking::Strategy::kAuto:
    case Chunking::Strategy::kMinimal:
      break;
  }
  return 1 + chunking.overlap;
}

Pooling default_pooling(const ModelSpec& spec) {
  switch (spec.pooling) {
    case PoolingKind::kNone:
      return Pooling::kNone;
    case PoolingKind::kMean:
      return Pooling::kMean;
    case PoolingKind::kFirst:
      return Pooling::kFirst;
    case PoolingKind::kLast:
    case PoolingKind::kUnknown:
      break;
  }
  return Pooling::kLast;
}

ModelInfo describe(const GgufFile& file, const ModelSpec& spec, const Vocabulary& vocabulary) {
  ModelInfo info;
  info.architecture = spec.architecture;
  info.name = spec.name;
  info.tokenizer = vocabulary.model;
  info.chat_template = vocabulary.chat_template;
  for (const GgufTensor& tensor : file.tensors()) info.n_parameters += tensor.n_values();
  info.file_bytes = file.file_bytes();
  info.train_context = spec.context_length;
  info.n_layers = spec.n_layers();
  info.dim = spec.dim;
  for (const LayerSpec& layer : spec.layers) {
    info.n_heads = std::max({info.n_heads, layer.attention.n_heads, layer.time_mix.n_heads});
    info.n_kv_heads = std::max(info.n_kv_heads, layer.attention.n_kv_heads);
  }
  info.vocab_size = spec.n_vocab;
  info.causal = spec.causal;
  info.pooling = default_pooling(spec);
  return info;
}

}  // namespace

NumericMode numeric_mode(Mode mode) {
  switch (mode) {
    case Mode::kFast:
      return NumericMode::kFast;
    case Mode::kReference:
      return NumericMode::kReference;
    case Mode::kExact:
      break;
  }
  return NumericMode::kExact;
}

DType kv_dtype(KvType type) {
  return type == KvType::kF32 ? DType::kF32 : DType::kF16;
}

Result<std::shared_ptr<Engine>> Engine::open(const std::string& path, const ModelOptions& options, Recorder* recorder) {
  const auto start = std::chrono::steady_clock::now();
  if (options.context < 0 || options.context > kMaxContext) {
    return invalid("a context of {} tokens, expected 1 to {}", options.context, kMaxContext);
  }
  INGOT_TRY(check_chunking(options.chunk));
  const std::string isa = options.mode == Mode::kReference ? std::string() : options.isa;
  INGOT_ASSIGN(auto ops,
               CpuOps::create({.n_threads = options.threads, .isa = isa, .mode = numeric_mode(options.mode)}));
  INGOT_ASSIGN(std::shared_ptr<Engine> engine, open_with(std::move(ops), path, options, recorder));
  engine->info_.load_ms = std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count();
  return engine;
}

Result<std::shared_ptr<Engine>> Engine::open_with(std::unique_ptr<CpuOps> ops, const std::string& path,
                                                  const ModelOptions& options, Recorder* recorder) {
  std::shared_ptr<Engine> engine(new Engine());
  engine->path_ = path;
  engine->options_ = options;
  engine->ops_ = std::move(ops);
  StageZone open_zone(recorder, "open file");
  INGOT_ASSIGN(const GgufFile file, GgufFile::open(path));
  open_zone.stop();
  if (Status loaded = engine->load(file, recorder); !loaded) return tl::unexpected(loaded.error().context(path));
  return engine;
}

Status Engine::load(const GgufFile& file, Recorder* recorder) {
  StageZone spec_zone(recorder, "read architecture");
  INGOT_ASSIGN(const ModelSpec spec, read_model_spec(file));
  const DType kv_type = kv_dtype(options_.kv_type);
  // Of a recurrent state, as it is and as a step leaves it; both also at the last grid position.
  const int64_t n_states = recurrent_grid(spec, *ops_) > 1 ? 4 : 2;
  const int64_t state_bytes = n_states * recurrent_floats(spec) * int64_t{sizeof(float)};
  const MemoryNeed need = {.weights = tensor_bytes(file),
                           .kv_per_token = kv_bytes_per_token(spec, kv_type),
                           .activations = estimate_activation_bytes(spec, chunk_rows(options_.chunk)) + state_bytes,
                           .least_kv_per_token = kv_bytes_per_token(spec, DType::kF16),
                           .least_activations = estimate_activation_bytes(spec, 1) + state_bytes};
  INGOT_ASSIGN(const int64_t context,
               choose_context(need, query_memory_limits(), options_.context, spec.context_length));
  if (context > spec.context_length && !is_recurrent(spec)) {
    log_warning("the context of {} tokens is larger than the {} that the model was trained on", context,
                spec.context_length);
  }

  spec_zone.stop();

  StageZone weights_zone(recorder, "load weights");
  const LoadOptions load_options = {.check_tensors = options_.check_tensors,
                                    .kv_dtype = kv_type,
                                    .n_context = context,
                                    .progress = options_.on_progress};
  std::optional<ProfiledOps> recording;
  if (recorder != nullptr) recording.emplace(*ops_, *recorder);
  INGOT_ASSIGN(model_, Model::load(file, recording ? static_cast<Ops&>(*recording) : *ops_, load_options));
  options_.on_progress = {};
  const LinearWeights& positions = model_->weights().position_embedding;
  if (!positions.empty() && context > positions.matrix.rows) {
    return invalid("a context of {} tokens, but the model has embeddings for {} positions", context,
                   positions.matrix.rows);
  }
  working_set_ = std::make_unique<const WorkingSet>(*model_);
  prefill_work_ = std::make_unique<const PrefillWork>(core::prefill_work(*model_));
  weights_zone.stop();
  StageZone tokenizer_zone(recorder, "build tokenizer");
  INGOT_ASSIGN(tokenizer_, Tokenizer::create(model_->vocabulary()));
  tokenizer_zone.stop();

  info_ = describe(file, model_->spec(), *model_->vocabulary());
  info_.context = context;
  info_.weights_bytes = need.weights;
  info_.kv_bytes_per_token = model_->state_shape()->bytes_per_token();
  info_.state_bytes = recurrent_floats(spec) * int64_t{sizeof(float)};
  info_.activation_bytes = need.activations;
  info_.threads = ops_->n_threads();
  info_.mode = options_.mode;
  info_.kernels = ops_->kernels();
  return {};
}

Status Engine::step(std::span<const SequenceSlice> slices, const ForwardOutputs& outputs,
                    const std::atomic<bool>* cancel, ForwardScratch* scratch) {
  const std::scoped_lock lock(step_mutex_);
  if (recorder_ != nullptr) recorder_->set_phase(slices.back().generated ? StepPhase::kDecode : StepPhase::kPrefill);
  const StageZone zone(recorder_, "step");
  return forward(*model_, ops(), slices, outputs, cancel, scratch).map_error([this](const Error& error) {
    return error.kind == ErrorKind::kIo ? error.context(path_) : error;
  });
}

Status Engine::step_by_layer(const SequenceSlice& slice, int64_t n_chunk, const ForwardOutputs& outputs,
                             const std::atomic<bool>* cancel, ForwardScratch* scratch,
                             const std::function<void(int64_t n_layers)>& on_layer) {
  const std::scoped_lock lock(step_mutex_);
  if (recorder_ != nullptr) recorder_->set_phase(slice.generated ? StepPhase::kDecode : StepPhase::kPrefill);
  const StageZone zone(recorder_, "step");
  return forward_by_layer(*model_, ops(), slice, n_chunk, outputs, cancel, scratch, on_layer)
      .map_error([this](const Error& error) { return error.kind == ErrorKind::kIo ? error.context(path_) : error; });
}

OpsMemory Engine::ops_memory() const {
  const std::scoped_lock lock(step_mutex_);
  return ops_->memory();
}

StepMemory Engine::step_memory(const StepSize& size, int64_t first_position) const {
  return working_set_->of(*ops_, size, first_position);
}

std::shared_ptr<const VocabularyTrie> Engine::vocabulary_trie() const {
  const std::lock_guard lock(trie_mutex_);
  if (!trie_) trie_ = core::vocabulary_trie(*tokenizer_, info_.vocab_size);
  return trie_;
}

std::vector<ChunkSample> Engine::chunk_samples() const {
  const std::scoped_lock lock(samples_mutex_);
  return samples_;
}

void Engine::add_chunk_sample(ChunkSample sample) {
  constexpr size_t kMostSamples = 64;
  const std::scoped_lock lock(samples_mutex_);
  sample.cold = samples_.empty();
  // The first one goes first: with it all of them are warm.
  if (samples_.size() == kMostSamples) samples_.erase(samples_.begin());
  samples_.push_back(sample);
}

Status Engine::embed(std::span<const int32_t> tokens, TensorView out) {
  INGOT_TRY(check_tokens(tokens));
  const std::scoped_lock lock(step_mutex_);
  token_embeddings(*model_, ops(), tokens, out);
  INGOT_TRY(ops_->synchronise());
  if (model_->damaged()) return fail(ErrorKind::kIo, "{}: the file changed or became unreadable while in use", path_);
  return {};
}

void Engine::set_recorder(Recorder* recorder, ProfileDetail detail) {
  const std::scoped_lock lock(step_mutex_);
  recorder_ = recorder;
  ops_->set_loop_recorder(recorder);
  profiled_ops_ = recorder == nullptr ? nullptr : std::make_unique<ProfiledOps>(*ops_, *recorder, detail);
}

Status Engine::check_tokens(std::span<const int32_t> tokens) const {
  for (const int32_t token : tokens) {
    if (token < 0 || token >= info_.vocab_size) {
      return invalid("token {} is outside the vocabulary of {} tokens", token, info_.vocab_size);
    }
  }
  return {};
}

}  // namespace ingot::core
