/* The loop that measures the multiply-add rate, compiled once per instruction set (VLY_MULTIPLY names the function). Chains
 * enough to hide the latency and few enough for its registers; each its own, or they would be computed once. */
#include "core/kernels_cpu.h"

#ifdef __AVX512F__
enum { LANES = 16 };
#else
enum { LANES = 8 };
#endif
enum { CHAINS = 12 };

typedef float lanes __attribute__((vector_size(LANES * sizeof(float))));

float VLY_MULTIPLY(float start, int32_t rounds)
{
    lanes chain[CHAINS], factor = {0.0f}, term = {0.0f};
    for (int k = 0; k < LANES; k++) {
        factor[k] = 0.999f;
        term[k] = start;
    }
    for (int i = 0; i < CHAINS; i++) chain[i] = term * (float)i;
    for (int32_t r = 0; r < rounds; r++)
        for (int i = 0; i < CHAINS; i++) chain[i] = chain[i] * factor + term;
    float sum = 0.0f;
    for (int i = 0; i < CHAINS; i++)
        for (int k = 0; k < LANES; k++) sum += chain[i][k];
    return sum;
}
