#include "transport/conjugate.h"

#include <string.h>

enum { UNSEEN = 255, TO_PLANE = 6, NOWHERE = 7 };

/* Breadth first from the planes, or in a loop from anywhere: order (rows) of the visit, way (rows) back. */
static void grow_tree(const vly_matrix *a, int32_t *order, uint8_t *way)
{
    int32_t seen = 0;
    memset(way, UNSEEN, (size_t)a->rows);
    for (int32_t i = 0; i < a->rows && !a->loop; i++)
        if (a->kind[i] & (VLY_MATRIX_INLET | VLY_MATRIX_OUTLET)) way[i] = TO_PLANE, order[seen++] = i;
    for (int32_t at = 0, next = 0; at < a->rows; at++) {
        if (at == seen) { /* a loop: its residual adds up to nothing, so that any of its voxels will do as the end */
            while (way[next] != UNSEEN) next++;
            way[next] = NOWHERE, order[seen++] = next;
        }
        for (int w = 0; w < 6; w++) {
            int32_t j = vly_matrix_side(a, order[at], w);
            if (way[j] == UNSEEN) way[j] = (uint8_t)(w ^ 1), order[seen++] = j;
        }
    }
}

double vly_excess_bound(const vly_matrix *a, float *residual, int32_t *order, uint8_t *way)
{
    double energy = 0.0;
    grow_tree(a, order, way);
    for (int32_t at = a->rows - 1; at >= 0; at--) {
        int32_t i = order[at];
        double flow = (double)residual[i], conductance;
        if (way[i] == NOWHERE) continue;
        if (way[i] == TO_PLANE) {
            conductance = (double)vly_matrix_ground(a, a->form, i);
        } else {
            int32_t parent = vly_matrix_side(a, i, way[i]);
            conductance = vly_matrix_face64(a, a->form, way[i] / 2, i, parent);
            residual[parent] += (float)flow;
        }
        energy += flow * flow / conductance;
    }
    return 1.01 * energy; /* sums in single precision are off by far less */
}
