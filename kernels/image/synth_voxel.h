/* The synthetic cathode at one point (spec/morphology.md section 10): distance fields of packed spheres and smooth random
 * fields, all functions of position and seed. Lengths in micrometres. exp, log and cos are our own, so that the bits do
 * not depend on a maths library. Legal C11 and CUDA C. */
#ifndef VLY_SYNTH_VOXEL_H
#define VLY_SYNTH_VOXEL_H

#include "core/voxel.h"

#define VLY_SYNTH_REACH 4.0           /* um: distances to spheres are capped here */
#define VLY_SYNTH_INTERFACE_REACH 2.0 /* um: the layer interface wanders by at most this */
/* standard deviation of a cubic B-spline of N(0, 1) nodes, averaged over position: (151/315)^(3/2) */
#define VLY_SYNTH_SPLINE_SD 0.3318941444196586

typedef enum vly_synth_kind { VLY_SYNTH_PACKING, VLY_SYNTH_LATTICE, VLY_SYNTH_STRIPES } vly_synth_kind;

typedef struct vly_synth_sphere {
    double x, y, z, r;
} vly_synth_sphere;

/* Points origin + i step[0] + j step[1] + k step[2]. */
typedef struct vly_synth_lattice {
    double origin[3], step[3][3];
    vly_extent extent;
} vly_synth_lattice;

/* Values (count z, y, x) of a smooth random field at spacing * (first + index). */
typedef struct vly_synth_nodes {
    const double *value;
    int32_t first[3], count[3];
    double spacing;
} vly_synth_nodes;

/* What a block of points can see of the structure. Cell (cz, cy, cx) lists the spheres within VLY_SYNTH_REACH of it. */
typedef struct vly_synth_scene {
    vly_synth_kind kind;
    const vly_synth_sphere *spheres;
    const int64_t *first; /* (cells + 1): where a cell's list begins in near */
    const int32_t *near;
    double cell_origin[3], cell;
    int32_t cells[3];
    vly_synth_nodes rough, islands, wander;
    double roughness; /* um */
    bool layered;
    double interface; /* mean depth, um */
} vly_synth_scene;

/* The fields that thresholds are applied to. */
typedef struct vly_synth_fields {
    float am;     /* am where at most the threshold: signed distance to the nearest sphere, roughened */
    float neck;   /* cbd where at most: sum of the two smallest distances */
    float island; /* cbd where at most */
    uint8_t layer;
} vly_synth_fields;

/* Natural logarithm of a positive normal number, to about 1 ulp: atanh series around 1. */
VLY_INLINE double vly_synth_log(double x)
{
    int exponent;
    double m = frexp(x, &exponent); /* exact */
    if (m < 0.70710678118654752) m *= 2.0, exponent--;
    double s = (m - 1.0) / (m + 1.0), q = s * s, p = 1.0 / 23.0;
    for (int n = 21; n >= 1; n -= 2) p = fma(p, q, 1.0 / n);
    return fma((double)exponent, 0.69314718055994531, 2.0 * s * p);
}

/* exp(x) for |x| < 700. */
VLY_INLINE double vly_synth_exp(double x)
{
    double n = floor(fma(x, 1.4426950408889634, 0.5));
    double r = fma(n, -1.90821492927058770e-10, fma(n, -0.69314718036912382, x)), p = 1.0;
    for (int i = 14; i >= 1; i--) p = fma(p, r / i, 1.0);
    return ldexp(p, (int)n); /* exact */
}

/* cos(2 pi u) for 0 <= u < 1. */
VLY_INLINE double vly_synth_cos_turns(double u)
{
    double quarter = floor(fma(u, 4.0, 0.5)), x = 6.2831853071795865 * (u - 0.25 * quarter), q = x * x;
    double c = 1.0, s = 1.0;
    for (int n = 16; n >= 2; n -= 2) {
        c = fma(c, -q / (n * (n - 1)), 1.0);
        s = fma(s, -q / (n * (n + 1)), 1.0);
    }
    int turn = (int)quarter & 3;
    return turn == 0 ? c : turn == 1 ? -(s * x) : turn == 2 ? -c : s * x;
}

/* [0, 1) */
VLY_INLINE double vly_synth_uniform(uint64_t index, uint64_t seed)
{
    return (double)(vly_hash(index, seed) >> 11) * 0x1p-53;
}

/* N(0, 1) by Box and Muller. */
VLY_INLINE double vly_synth_normal(uint64_t index, uint64_t seed)
{
    double u = 1.0 - vly_synth_uniform(index, seed), v = vly_synth_uniform(index, ~seed);
    return sqrt(-2.0 * vly_synth_log(u)) * vly_synth_cos_turns(v);
}

/* One number for a place of an integer lattice, |x|, |y|, |z| < 2^20. */
VLY_INLINE uint64_t vly_synth_place(int32_t x, int32_t y, int32_t z)
{
    const int64_t offset = 1 << 20;
    return (uint64_t)(z + offset) << 42 | (uint64_t)(y + offset) << 21 | (uint64_t)(x + offset);
}

VLY_INLINE double vly_synth_node(const vly_synth_nodes *n, int64_t index, uint64_t seed)
{
    int32_t x = (int32_t)(index % n->count[0]), y = (int32_t)(index / n->count[0] % n->count[1]);
    int32_t z = (int32_t)(index / n->count[0] / n->count[1]);
    return vly_synth_normal(vly_synth_place(n->first[0] + x, n->first[1] + y, n->first[2] + z), seed);
}

VLY_INLINE void vly_synth_point(const vly_synth_lattice *l, int32_t i, int32_t j, int32_t k, double p[3])
{
    for (int a = 0; a < 3; a++)
        p[a] =
            fma((double)i, l->step[0][a], fma((double)j, l->step[1][a], fma((double)k, l->step[2][a], l->origin[a])));
}

/* Weights of the four nodes around a point at p (in node spacings), and the index of the first. */
VLY_INLINE int32_t vly_synth_weights(double p, int32_t first, double w[4])
{
    double whole = floor(p), t = p - whole, u = 1.0 - t;
    w[0] = u * u * u / 6.0;
    w[1] = fma(t * t, fma(3.0, t, -6.0), 4.0) / 6.0;
    w[2] = fma(u * u, fma(3.0, u, -6.0), 4.0) / 6.0;
    w[3] = t * t * t / 6.0;
    return (int32_t)whole - 1 - first;
}

/* Cubic B-spline through hashed nodes, of variance 1: along z, y, then x. */
VLY_INLINE double vly_synth_spline(const vly_synth_nodes *n, const double p[3])
{
    double wx[4], wy[4], wz[4], sum[4] = {0.0, 0.0, 0.0, 0.0};
    int32_t x = vly_synth_weights(p[0] / n->spacing, n->first[0], wx);
    int32_t y = vly_synth_weights(p[1] / n->spacing, n->first[1], wy);
    int32_t z = vly_synth_weights(p[2] / n->spacing, n->first[2], wz);
    for (int c = 0; c < 4; c++)
        for (int b = 0; b < 4; b++) {
            const double *row = n->value + ((int64_t)(z + c) * n->count[1] + y + b) * n->count[0] + x;
            double w = wz[c] * wy[b];
            for (int a = 0; a < 4; a++) sum[a] = fma(w, row[a], sum[a]);
        }
    return fma(sum[0], wx[0], fma(sum[1], wx[1], fma(sum[2], wx[2], sum[3] * wx[3]))) / VLY_SYNTH_SPLINE_SD;
}

/* Signed distance to the surface of a sphere. */
VLY_INLINE double vly_synth_distance(vly_synth_sphere s, double x, double y, double z)
{
    double dx = x - s.x, dy = y - s.y, dz = z - s.z;
    return sqrt(fma(dx, dx, fma(dy, dy, dz * dz))) - s.r;
}

/* Keeps the two smallest of all distances seen; the order they come in does not matter. */
VLY_INLINE void vly_synth_nearest(double d, double *nearest, double *second)
{
    double larger = d > *nearest ? d : *nearest;
    *nearest = d < *nearest ? d : *nearest;
    *second = larger < *second ? larger : *second;
}

VLY_INLINE int64_t vly_synth_cell(const vly_synth_scene *s, const double p[3])
{
    int64_t c[3];
    for (int a = 0; a < 3; a++) {
        c[a] = (int64_t)((p[a] - s->cell_origin[a]) / s->cell);
        c[a] = c[a] < 0 ? 0 : c[a] < s->cells[a] ? c[a] : s->cells[a] - 1;
    }
    return (c[2] * s->cells[1] + c[1]) * s->cells[0] + c[0];
}

/* 0 on the separator's side of the interface, 1 behind it. */
VLY_INLINE uint8_t vly_synth_layer_at(const vly_synth_scene *s, const double p[3])
{
    if (!s->layered || p[2] < s->interface - VLY_SYNTH_INTERFACE_REACH) return 0;
    if (p[2] >= s->interface + VLY_SYNTH_INTERFACE_REACH) return 1;
    const double flat[3] = {p[0], p[1], 0.0};
    double w = 0.5 * vly_synth_spline(&s->wander, flat);
    w = w < -1.0 ? -1.0 : w > 1.0 ? 1.0 : w;
    return p[2] >= s->interface + VLY_SYNTH_INTERFACE_REACH * w;
}

/* nearest, second: the two smallest distances to spheres, at most VLY_SYNTH_REACH. */
VLY_INLINE vly_synth_fields vly_synth_fields_at(const vly_synth_scene *s, const double p[3], double nearest,
                                                double second)
{
    vly_synth_fields f = {(float)p[0], (float)p[0], 0.0f, 0};
    if (s->kind == VLY_SYNTH_STRIPES) return f;
    f.am = f.neck = (float)nearest;
    if (s->kind == VLY_SYNTH_LATTICE) return f;
    f.am = (float)fma(s->roughness, vly_synth_spline(&s->rough, p), nearest);
    f.neck = (float)(nearest + second);
    f.island = (float)-vly_synth_spline(&s->islands, p);
    f.layer = vly_synth_layer_at(s, p);
    return f;
}

#endif
