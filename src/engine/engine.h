// An opened model with what it needs to run: the operations, the tokenizer, the context that the memory allows.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "engine/prefill_planner.h"
#include "gguf/reader.h"
#include "ingot/model.h"
#include "model/forward.h"
#include "model/model.h"
#include "ops/cpu_ops.h"
#include "ops/profiled_ops.h"
#include "profile/recorder.h"
#include "sampling/grammar/vocabulary_trie.h"
#include "tokenizer/tokenizer.h"

namespace ingot::core {

// Prompt tokens computed together unless a caller says otherwise; the scratch in the memory check is for as many.
inline constexpr int kDefaultChunk = Chunking::kDefaultSize;

class Engine {
 public:
  // Errors before anything is computed: the file, the architecture, the options, or the memory (with both numbers).
  // recorder, if there is one, gets the stages of loading.
  static Result<std::shared_ptr<Engine>> open(const std::string& path, const ModelOptions& options,
                                              Recorder* recorder = nullptr);
  // The same with operations that are there, of any kernels; options.threads, isa and mode are not looked
  // at, and the time that it took is not in info().
  static Result<std::shared_ptr<Engine>> open_with(std::unique_ptr<CpuOps> ops, const std::string& path,
                                                   const ModelOptions& options, Recorder* recorder = nullptr);

  const std::string& path() const { return path_; }
  const Model& model() const { return *model_; }
  std::shared_ptr<const Tokenizer> tokenizer() const { return tokenizer_; }
  const ModelInfo& info() const { return info_; }
  // The vocabulary as grammars walk it; made at the first call.
  std::shared_ptr<const VocabularyTrie> vocabulary_trie() const;
  const ModelOptions& options() const { return options_; }

  // forward() with this engine's operations; steps of several threads take turns. Errors also when a page of the file
  // could not be read, since the results are void then.
  Status step(std::span<const SequenceSlice> slices, const ForwardOutputs& outputs, const std::atomic<bool>* cancel,
              ForwardScratch* scratch = nullptr);
  // forward_by_layer(), likewise.
  Status step_by_layer(const SequenceSlice& slice, int64_t n_chunk, const ForwardOutputs& outputs,
                       const std::atomic<bool>* cancel, ForwardScratch* scratch,
                       const std::function<void(int64_t n_layers)>& on_layer);
  // out: (tokens, dim). Errors: an id outside the vocabulary.
  Status embed(std::span<const int32_t> tokens, TensorView out);

  // Steps, and what generate() does around them, are recorded from now on; null: no longer. The recorder outlives the
  // recording; no step may be under way.
  void set_recorder(Recorder* recorder, ProfileDetail detail = {});
  Recorder* recorder() const { return recorder_; }
  // Waits for a step that is under way.
  OpsMemory ops_memory() const;
  // What prefill_planner.h wants to know; measured chunks are kept, the latest of them.
  StepMemory step_memory(const StepSize& size, int64_t first_position) const;
  const PrefillWork& prefill_work() const { return *prefill_work_; }
  std::vector<ChunkSample> chunk_samples() const;
  void add_chunk_sample(ChunkSample sample);
  const char* backend() const { return ops_->backend(); }
  bool has_attention_stages() const { return ops_->has_attention_stages(); }

  Status check_tokens(std::span<const int32_t> tokens) const;

 private:
  Engine() = default;
  // Everything after the options and the file are found to be in order; errors do not name the file.
  Status load(const GgufFile& file, Recorder* recorder);
  Ops& ops() { return profiled_ops_ ? static_cast<Ops&>(*profiled_ops_) : *ops_; }

  std::string path_;
  ModelOptions options_;
  ModelInfo info_;
  std::unique_ptr<CpuOps> ops_;
  std::unique_ptr<ProfiledOps> profiled_ops_;  // only while something records
  Recorder* recorder_ = nullptr;
  std::shared_ptr<const Model> model_;
  std::shared_ptr<const Tokenizer> tokenizer_;
  mutable std::mutex trie_mutex_;
  mutable std::shared_ptr<const VocabularyTrie> trie_;
  std::unique_ptr<const WorkingSet> working_set_;
  std::unique_ptr<const PrefillWork> prefill_work_;
  mutable std::mutex step_mutex_;  // ops_ serve one thread at a time
  mutable std::mutex samples_mutex_;
  std::vector<ChunkSample> samples_;
};

NumericMode numeric_mode(Mode mode);

DType kv_dtype(KvType type);

}  // namespace ingot::core
