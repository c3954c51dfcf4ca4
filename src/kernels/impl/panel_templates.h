// Those that tables with panels have in addition, in the order of their needs.
// Included by table.cpp after templates.h and the code_sums.h of its instruction set, inside its region and namespace.

// clang-format off
#include "kernels/impl/panel_formats.h"
#include "kernels/impl/panel_digits.h"
#include "kernels/impl/panel_exact.h"
#include "kernels/impl/unpack_panel.h"
#include "kernels/impl/panel_prompt.h"
#include "kernels/impl/float_prompt.h"
#include "kernels/impl/panel_two_ways.h"
// clang-format on
