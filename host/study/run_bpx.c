/* What a porous-electrode model wants to know of a trinarisation, measured in it: BPX and, with how each number came about, CSV.
 * The image resolves what such a model homogenises, so nothing here enters our own half cells. */
#include "study/run_work.h"

#include "cell/materials_impl.h"
#include "core/file.h"
#include "core/memory.h"
#include "core/number.h"
#include "study/job_impl.h"
#include "study/piece_cost.h"
#include "voxelyte/surface.h"
#include "voxelyte/transport.h"

#include <math.h>
#include <stdio.h>

typedef struct homogenising {
    vly_job job;
    vly_source *labels;
    vly_materials *materials;
    char source[200]; /* of the numbers: which labels */
    double fraction[VLY_PHASES];
    double thickness;        /* m */
    double porosity;         /* electrolyte, in pores and in the binder */
    double efficiency;       /* effective conductivity of the electrolyte over that of the bulk */
    double conductivity, at; /* S/m, of the solids; stoichiometry of the active material for it */
    double solid[2];         /* S/m, of active material there, and of binder */
    double surface, wetted;  /* 1/m, of the active material; of it what faces electrolyte */
    double radius;           /* m, of spheres with that surface */
} homogenising;

/* ---- measuring ---- */

static vly_status measure_surface(homogenising *h)
{
    vly_surface_options options = VLY_SURFACE_OPTIONS_INIT;
    vly_surface_result r;
    options.nu = h->materials->cbd_porosity;
    VLY_TRY(vly_surface(&r, h->job.device, h->labels, &options));
    const double inside = (double)(r.counts[VLY_PORE] + r.counts[VLY_AM] + r.counts[VLY_CBD]);
    for (int p = 0; p < VLY_PHASES; p++) h->fraction[p] = (double)r.counts[p] / inside;
    h->surface = r.surface[VLY_AM];
    h->wetted = r.s_int;
    h->radius = 3.0 * h->fraction[VLY_AM] / h->surface;
    h->porosity = h->fraction[VLY_PORE] + options.nu * h->fraction[VLY_CBD];
    return VLY_OK;
}

/* Along the thickness, coefficients by phase; in their unit. */
static vly_status conduct(double *out, homogenising *h, const double coefficient[VLY_PHASES])
{
    vly_transport_options options = VLY_TRANSPORT_OPTIONS_INIT;
    vly_transport_result r;
    const int axis = (int)h->job.settings->through;
    for (int p = 0; p < VLY_PHASES; p++) options.coefficient[p] = coefficient[p];
    for (int a = 0; a < VLY_AXES; a++) options.directions[a] = a == axis;
    options.tolerance = h->job.settings->tolerance;
    VLY_TRY(vly_transport(&r, h->job.device, h->labels, &options));
    *out = r.axis[axis].d_eff;
    if (r.axis[axis].percolates && !r.axis[axis].converged)
        vly_device_warn(h->job.device, "%s: the tolerance was not reached", h->source);
    vly_transport_result_free(&r);
    return VLY_OK;
}

static vly_status measure(homogenising *h)
{
    const vly_volume_info *info = vly_source_info(h->labels);
    const double sides[] = {info->extent.nx * info->voxel_size.x, info->extent.ny * info->voxel_size.y,
                            info->extent.nz * info->voxel_size.z};
    const vly_materials *m = h->materials;
    h->thickness = sides[h->job.settings->through];
    h->at = 0.5 * (m->initial_stoichiometry + 1.0);
    h->solid[1] = m->cbd_conductivity;
    VLY_TRY(vly_materials_evaluate(&h->solid[0], NULL, m, "solid_conductivity", &h->at, 1));
    VLY_TRY(measure_surface(h));
    VLY_TRY(conduct(&h->efficiency, h, (const double[]){[VLY_PORE] = 1.0, [VLY_CBD] = m->cbd_gamma}));
    return conduct(&h->conductivity, h, (const double[]){[VLY_AM] = h->solid[0], [VLY_CBD] = h->solid[1]});
}

/* ---- telling ---- */

static void add_row(vly_text *to, const char *quantity, double value, const char *unit, const char *how)
{
    char number[VLY_NUMBER_BYTES];
    vly_number_write(number, value);
    vly_text_add(to, "%s,%s,%s,%s\n", quantity, number, unit, how);
}

static void add_rows(vly_text *to, const homogenising *h)
{
    char electrolyte[120], solids[160];
    snprintf(electrolyte, sizeof electrolyte, "transport along the thickness: pore 1; cbd %g", h->materials->cbd_gamma);
    snprintf(solids, sizeof solids, "transport along the thickness: am %.4g S/m at x = %.4g; cbd %g S/m", h->solid[0],
             h->at, h->solid[1]);
    vly_text_add(to, "quantity,value,unit,how\n");
    add_row(to, "thickness_um", vly_job_um(h->thickness), "um", "of the labels");
    add_row(to, "am_fraction", h->fraction[VLY_AM], "1", "voxels");
    add_row(to, "cbd_fraction", h->fraction[VLY_CBD], "1", "voxels");
    add_row(to, "pore_fraction", h->fraction[VLY_PORE], "1", "voxels");
    add_row(to, "porosity", h->porosity, "1", "pore and the binder's inner pores");
    add_row(to, "transport_efficiency", h->efficiency, "1", electrolyte);
    if (h->efficiency > 0.0)
        add_row(to, "tortuosity_factor", h->porosity / h->efficiency, "1", "porosity over transport efficiency");
    add_row(to, "electronic_conductivity_s_m", h->conductivity, "S/m", solids);
    add_row(to, "am_surface_per_um", 1e-6 * h->surface, "1/um", "all of it: binder is porous");
    add_row(to, "am_wetted_surface_per_um", 1e-6 * h->wetted, "1/um", "facing pore; and binder by its inner porosity");
    add_row(to, "particle_radius_um", 1e6 * h->radius, "um", "of spheres with that fraction and surface");
}

/* Why there can be no BPX; NULL if there can. */
static const char *missing(const homogenising *h)
{
    if (!(h->efficiency > 0.0)) return "no way through pore and carbon-binder from separator to collector";
    if (!(h->conductivity > 0.0)) return "no way through active material and carbon-binder to the collector";
    if (!(h->fraction[VLY_AM] > 0.0)) return "no active material";
    return NULL;
}

static vly_status set_all(homogenising *h)
{
    const struct {
        const char *name;
        double value;
    } rows[] = {{"electrode_thickness", h->thickness},    {"electrode_porosity", h->porosity},
                {"electrode_gamma", h->efficiency},       {"electrode_conductivity", h->conductivity},
                {"active_fraction", h->fraction[VLY_AM]}, {"particle_radius", h->radius}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        VLY_TRY(vly_scalar_set(h->materials, (vly_scalar_id)vly_scalar_find(rows[i].name), rows[i].value, h->source,
                               VLY_EDATA));
    return VLY_OK;
}

static vly_status write_bpx(homogenising *h, const char *path)
{
    const char *reason = missing(h);
    vly_document *none;
    if (!reason) {
        VLY_TRY(set_all(h));
        return vly_materials_write(h->materials, path, true);
    }
    vly_device_warn(h->job.device, "%s: no BPX: %s", h->source, reason);
    VLY_TRY(vly_document_create(&none, "run"));
    vly_document_set(none, "reason", json_string(reason));
    vly_status status = vly_document_write(none, path, true);
    vly_document_free(none);
    return status;
}

static vly_status write_all(homogenising *h, const vly_run *run, const vly_piece *piece)
{
    vly_text csv = {0};
    char *bpx = NULL, *table = NULL;
    add_rows(&csv, h);
    vly_status status = csv.status;
    if (status == VLY_OK) status = vly_run_path(&bpx, run, piece->outputs[0]);
    if (status == VLY_OK) status = vly_run_path(&table, run, piece->outputs[1]);
    if (status == VLY_OK) status = vly_file_publish_text(table, csv.text, true);
    if (status == VLY_OK) status = write_bpx(h, bpx);
    vly_free(bpx);
    vly_free(table);
    vly_text_free(&csv);
    return status;
}

/* ---- the piece ---- */

vly_status vly_work_bpx(vly_run *run, const vly_piece *piece)
{
    homogenising h = {.labels = NULL};
    vly_settings settings = piece->sample->settings;
    vly_document *document = NULL;
    char *path = NULL;
    const vly_piece *labels = vly_piece_labels(run, piece);
    settings.labels = (vly_label_map){.listed = {false}}; /* these are ours */
    snprintf(h.source, sizeof h.source, "measured in %.180s", labels->outputs[0]);
    VLY_TRY(vly_run_path(&path, run, labels->outputs[0]));
    vly_status status = vly_job_begin(&h.job, run->device, &settings, "run");
    if (status == VLY_OK) status = vly_job_open_labels(&h.job, &h.labels, path);
    if (status == VLY_OK) status = vly_job_materials(&h.job, &h.materials);
    if (status == VLY_OK) status = measure(&h);
    if (status == VLY_OK) status = write_all(&h, run, piece);
    status = vly_job_end(&h.job, status, &document);
    vly_document_free(document);
    vly_materials_free(h.materials);
    vly_source_close(h.labels);
    vly_free(path);
    return status;
}
