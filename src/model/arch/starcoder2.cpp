// StarCoder 2: layer norms, biases everywhere, two matrices with a GELU between them.
#include "model/arch/tensor_rows.h"

namespace ingot::core {

const Architecture kStarcoder2{
    .name = "starcoder2",
    .norm = NormKind::kLayer,
    .activation = Activation::kGeluTanh,
    .tensors = {rows::kEndsWithBias, rows::kPreNormsWithBias, rows::kAttention<Need::kRequired, Need::kRequired>},
    .dense_ffn = {rows::kPlainFfn},
};

}  // namespace ingot::core
