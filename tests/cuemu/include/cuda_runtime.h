/* CUDA C as a .cu file sees it, compiled by the host compiler as C++17. */
#ifndef CUEMU_CUDA_RUNTIME_H
#define CUEMU_CUDA_RUNTIME_H

#include "cuda_runtime_api.h"

#ifdef __cplusplus
#include "cuemu/language.h"

#include "cuemu/arithmetic.h"
#include "cuemu/atomics.h"
#include "cuemu/launch.h"
#include "cuemu/matrix.h"
#include "cuemu/meet.h"
#endif

#endif
