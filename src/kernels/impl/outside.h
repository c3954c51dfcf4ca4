// What the templates need from outside: included before the region that compiles them for an instruction set.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <type_traits>
#include <utility>

#include "base/fp16.h"
#include "base/isa_region.h"
#include "kernels/impl/codebook_codes.h"
#include "kernels/impl/codebook_floats.h"
#include "kernels/panel_layout.h"
#include "kernels/tables.h"
#include "tensor/quant_blocks.h"
#include "tensor/quant_scales.h"
#include "tensor/quant_traits.h"
