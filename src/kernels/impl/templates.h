// The templates that every table has a copy of, in the order of their needs.
// Included by table.cpp after simd.h, inside its region and namespace.

// clang-format off
#include "kernels/impl/math.h"
#include "kernels/impl/rows.h"
#include "kernels/impl/finish_row.h"
#include "kernels/impl/time_mix.h"
#include "kernels/impl/decode_legacy.h"
#include "kernels/impl/decode_k_quants.h"
#include "kernels/impl/decoders.h"
#include "kernels/impl/dot_panel.h"
#include "kernels/impl/linear.h"
#include "kernels/impl/attention.h"
#include "kernels/impl/attention_stages.h"
#include "kernels/impl/table.h"
// clang-format on
