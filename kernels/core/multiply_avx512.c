#define VLY_MULTIPLY vly_multiply_chains_avx512
#include "core/multiply_simd.h"
