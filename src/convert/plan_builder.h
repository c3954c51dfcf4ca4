// Fills a ModelPlan from a checkpoint, tensor by tensor, and knows in the end which ones nobody asked for.
#pragma once

#include <functional>
#include <set>
#include <string>
#include <string_view>

#include "base/result.h"
#include "convert/checkpoint.h"
#include "convert/model_plan.h"

namespace ingot::core {

// Which type a tensor gets in the result.
enum class Storage : uint8_t {
  kChosen,  // what the caller chose; vectors stay F32
  kF32,     // F32 always: small tensors whose rounding would show, as llama.cpp's converter keeps them
};

class PlanBuilder {
 public:
  // Both must outlive the builder.
  PlanBuilder(const Checkpoint& checkpoint, MatrixType type, ModelPlan& plan)
      : checkpoint_(checkpoint), type_(type), plan_(plan) {}

  // Marks the tensor as used. Errors: it is missing, empty, or of a type that cannot be read.
  Result<const SafetensorsTensor*> take(const std::string& name);
  // Null where there is none.
  Result<const SafetensorsTensor*> take_if_there(const std::string& name);
  // Errors: shape and sources do not have as many values; more than four dimensions; heads that do not fit.
  Status add(TensorPlan tensor, Storage storage);
  // A tensor that is left out on purpose.
  void pass_over(const std::string& name) { used_.insert(name); }
  // Errors: the first tensor that was neither taken nor is passed over by `ignorable`.
  Status refuse_unused(const std::function<bool(std::string_view name)>& ignorable) const;

  const Checkpoint& checkpoint() const { return checkpoint_; }
  ModelPlan& plan() { return plan_; }

 private:
  const Checkpoint& checkpoint_;
  MatrixType type_;
  ModelPlan& plan_;
  std::set<std::string, std::less<>> used_;
};

// How many layers names like "blocks.11.ln1.weight" speak of, after the prefix "blocks.".
int64_t count_layers(const Checkpoint& checkpoint, std::string_view prefix);

// general.file_type of what the matrices of a plan are, by most bytes; the ids are llama.cpp's.
int64_t file_type_of(const ModelPlan& plan);

}  // namespace ingot::core
