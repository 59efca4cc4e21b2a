/* From options to a structure: composition of the layers, packed or stacked spheres, and their images around the box. */
#include "image/synth_structure.h"

#include "core/memory.h"

#define LATTICE_CONSTANT 20.544 /* um, at most: 32 voxels of 0.642 um */

static bool between(double x, double low, double high)
{
    return x >= low && x <= high; /* false for NaN */
}

static vly_status check_fractions(const vly_fractions *f)
{
    for (int l = 0; l < VLY_PHASES; l++)
        if (f->parts[l] < 0)
            return vly_fail(VLY_EUSAGE, "synth: a fraction of %s below 0", vly_phase_name((vly_phase)l));
    int64_t sum = f->parts[0] + f->parts[1] + f->parts[2];
    if (sum != 0 && sum != VLY_FRACTIONS_ONE)
        return vly_fail(VLY_EUSAGE, "synth: fractions that sum to %.9g, 1 expected",
                        (double)sum / (double)VLY_FRACTIONS_ONE);
    return VLY_OK;
}

vly_status vly_structure_check(const vly_synth_options *o)
{
    const int32_t sides[3] = {o->extent.nx, o->extent.ny, o->extent.nz};
    for (int a = 0; a < 3; a++)
        if (sides[a] < VLY_SYNTH_SIDE_MIN)
            return vly_fail(VLY_EUSAGE, "synth: size %d x %d x %d, at least %d voxels a side expected", (int)sides[0],
                            (int)sides[1], (int)sides[2], (int)VLY_SYNTH_SIDE_MIN);
    if ((unsigned)o->preset > VLY_SYNTH_SPHERES)
        return vly_fail(VLY_EUSAGE, "synth: unknown preset %d", (int)o->preset);
    if (!between(o->voxel_size, 1e-9, 1e-5))
        return vly_fail(VLY_EUSAGE, "synth: voxel size %.4g um, 0.001 to 10 um expected", 1e6 * o->voxel_size);
    if (o->supersample < 1 || o->supersample > 8)
        return vly_fail(VLY_EUSAGE, "synth: supersample %d, 1 to 8 expected", (int)o->supersample);
    if (!between(o->gradient, -0.9, 0.9))
        return vly_fail(VLY_EUSAGE, "synth: gradient %.4g, -0.9 to 0.9 expected", o->gradient);
    if (!between(o->islands, 0.0, 1.0))
        return vly_fail(VLY_EUSAGE, "synth: share of islands %.4g, 0 to 1 expected", o->islands);
    if (o->fib_ratio < 0 || o->fib_ratio == 1 || o->fib_ratio > 256)
        return vly_fail(VLY_EUSAGE, "synth: fib ratio %d, 0 or 2 to 256 expected", (int)o->fib_ratio);
    VLY_TRY(check_fractions(&o->fractions));
    int64_t k = o->supersample;
    return vly_extent_check(k * sides[0], k * sides[1], k * sides[2], "synth: supersampled size");
}

double vly_structure_interface(double thickness)
{
    return thickness < 160.0 ? 0.47 * thickness : 80.0;
}

vly_fractions vly_structure_fractions(const vly_structure *s, int32_t layer)
{
    /* suspensions C (separator side) and B of the paper, as voxel fractions */
    static const vly_fractions two[2] = {{{232100000000000, 608100000000000, 159800000000000}},
                                         {{115500000000000, 582700000000000, 301800000000000}}};
    const vly_fractions *given = &s->options->fractions;
    if (given->parts[0] + given->parts[1] + given->parts[2] != 0) return *given;
    vly_fractions f = s->layers == 2 ? two[layer] : VLY_FRACTIONS_PAPER;
    if (s->options->literal) { /* half of every CBD voxel is nanopores */
        f.parts[VLY_PORE] += f.parts[VLY_CBD] / 2;
        f.parts[VLY_CBD] /= 2;
    }
    return f;
}

/* Adds the images that reach into the box from beyond its x and y faces. spheres may be NULL: then they are counted. */
static int64_t add_images(vly_synth_sphere *spheres, const vly_packing *p)
{
    int64_t count = p->count;
    for (int64_t n = 0; n < p->count; n++)
        for (int b = -1; b <= 1; b++)
            for (int a = -1; a <= 1; a++) {
                vly_synth_sphere s = p->spheres[n];
                double reach = s.r + VLY_SYNTH_REACH;
                s.x += a * p->size[0], s.y += b * p->size[1];
                if ((a == 0 && b == 0) || s.x < -reach || s.x > p->size[0] + reach || s.y < -reach ||
                    s.y > p->size[1] + reach)
                    continue;
                if (spheres) spheres[count] = s;
                count++;
            }
    return count;
}

static vly_status open_packing(vly_structure *s)
{
    VLY_TRY(vly_packing_make(&s->packing, s->device, s->size, s->options->seed));
    s->count = add_images(NULL, &s->packing);
    vly_status status = VLY_NEW(&s->spheres, s->count, "particles");
    if (status == VLY_OK) {
        for (int64_t i = 0; i < s->packing.count; i++) s->spheres[i] = s->packing.spheres[i];
        add_images(s->spheres, &s->packing);
    }
    vly_packing_free(&s->packing);
    return status;
}

/* Face-centred cubic centres, with a margin of one cell all around; spheres of the am's volume. */
static vly_status open_lattice(vly_structure *s)
{
    static const double basis[4][3] = {{0.25, 0.25, 0.25}, {0.25, 0.75, 0.75}, {0.75, 0.25, 0.75}, {0.75, 0.75, 0.25}};
    vly_fractions f = vly_structure_fractions(s, 0);
    int32_t cells[3];
    double pitch[3], volume = 1.0;
    for (int a = 0; a < 3; a++) {
        cells[a] = (int32_t)ceil(s->size[a] / LATTICE_CONSTANT - 1e-9);
        pitch[a] = s->size[a] / cells[a];
        volume *= pitch[a];
    }
    double share = (double)f.parts[VLY_AM] / (double)VLY_FRACTIONS_ONE * volume / 4.0, r = 1.0;
    for (int i = 0; i < 100; i++) r -= (r - share / (4.18879020478639098 * r * r)) / 3.0; /* cube root by Newton */
    VLY_TRY(VLY_NEW(&s->spheres, 4 * (int64_t)(cells[0] + 2) * (cells[1] + 2) * (cells[2] + 2), "particles"));
    for (int32_t z = -1; z <= cells[2]; z++)
        for (int32_t y = -1; y <= cells[1]; y++)
            for (int32_t x = -1; x <= cells[0]; x++)
                for (int b = 0; b < 4; b++)
                    s->spheres[s->count++] = (vly_synth_sphere){
                        (x + basis[b][0]) * pitch[0], (y + basis[b][1]) * pitch[1], (z + basis[b][2]) * pitch[2], r};
    s->packing.count = 4 * (int64_t)cells[0] * cells[1] * cells[2];
    return VLY_OK;
}

vly_status vly_structure_open(vly_structure *out, vly_device *device, const vly_synth_options *options)
{
    *out = (vly_structure){.device = device, .options = options, .layers = 1};
    VLY_TRY(vly_structure_check(options));
    const double voxel = 1e6 * options->voxel_size;
    const int32_t sides[3] = {options->extent.nx, options->extent.ny, options->extent.nz};
    for (int a = 0; a < 3; a++) out->size[a] = sides[a] * voxel;
    out->interface = out->size[2];
    if (options->preset == VLY_SYNTH_TWO_LAYER) {
        out->layers = 2;
        out->interface = vly_structure_interface(out->size[2]);
    }
    out->kind = options->preset == VLY_SYNTH_SLABS     ? VLY_SYNTH_STRIPES
                : options->preset == VLY_SYNTH_SPHERES ? VLY_SYNTH_LATTICE
                                                       : VLY_SYNTH_PACKING;
    vly_status status = out->kind == VLY_SYNTH_PACKING   ? open_packing(out)
                        : out->kind == VLY_SYNTH_LATTICE ? open_lattice(out)
                                                         : VLY_OK;
    if (status != VLY_OK) vly_structure_close(out);
    return status;
}

void vly_structure_close(vly_structure *structure)
{
    vly_free(structure->spheres);
    structure->spheres = NULL;
}
