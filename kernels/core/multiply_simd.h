/* The loop that measures the multiply-add rate, compiled once per instruction set (VLY_MULTIPLY names the function). Chains
 * enough to hide the latency; vectors of 16 floats that the compiler splits as the instruction set asks. */
#include "core/kernels_cpu.h"

enum { LANES = 16, CHAINS = 12 };

typedef float lanes __attribute__((vector_size(LANES * sizeof(float))));

float VLY_MULTIPLY(float start, int32_t rounds)
{
    lanes chain[CHAINS], factor = {0.0f}, term = {0.0f};
    for (int k = 0; k < LANES; k++) {
        factor[k] = 0.999f;
        term[k] = start;
    }
    for (int i = 0; i < CHAINS; i++) chain[i] = term;
    for (int32_t r = 0; r < rounds; r++)
        for (int i = 0; i < CHAINS; i++) chain[i] = chain[i] * factor + term;
    float sum = 0.0f;
    for (int i = 0; i < CHAINS; i++)
        for (int k = 0; k < LANES; k++) sum += chain[i][k];
    return sum;
}
