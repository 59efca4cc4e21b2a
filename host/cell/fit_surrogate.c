#include "cell/fit_surrogate.h"

#include "core/memory.h"
#include "voxelyte/transport.h"

#include <math.h>
#include <string.h>

/* Cells of the homogenised model: its capacity is then right to about a percent. */
enum { CELLS = 24, SEPARATOR_CELLS = 12, SHELLS = 10 };
static const double BEYOND_THEORY = 1.2;
static const double SIGMA = 1.0; /* S/m, effective: electrons are not what limits such an electrode (spec 7.13) */
static const double TRANSPORT_TOLERANCE = 1e-5;

/* ---- a curve ---- */

/* Steps are few hundred: room grows by doubling. */
static vly_status keep(vly_fit_curve *out, int64_t *room, const vly_march_record *r)
{
    if (out->count == *room) {
        vly_fit_curve larger;
        VLY_TRY(vly_fit_curve_create(&larger, 2 * *room + 256));
        if (out->count > 0) {
            memcpy(larger.charge, out->charge, (size_t)out->count * sizeof *out->charge);
            memcpy(larger.voltage, out->voltage, (size_t)out->count * sizeof *out->voltage);
        }
        *room = larger.count;
        larger.count = out->count;
        vly_fit_curve_free(out);
        *out = larger;
    }
    out->charge[out->count] = r->charge;
    out->voltage[out->count++] = r->voltage;
    return VLY_OK;
}

static bool is_of_the_cell(vly_status status)
{
    return status == VLY_EDATA || status == VLY_ENUMERIC;
}

static vly_status march_on(vly_fit_curve *out, vly_march *march, const vly_device *device)
{
    const vly_march_record *r = vly_march_record_now(march);
    int64_t room = 0;
    VLY_TRY(keep(out, &room, r));
    while (r->end == VLY_MARCH_GOES_ON) {
        VLY_TRY(vly_device_stop(device));
        vly_status status = vly_march_step(march);
        if (is_of_the_cell(status)) break;
        VLY_TRY(status);
        VLY_TRY(keep(out, &room, r));
    }
    out->ended = r->end == VLY_MARCH_CUTOFF;
    return VLY_OK;
}

vly_status vly_dfn_curve(vly_fit_curve *out, vly_device *device, const vly_dfn *dfn, const vly_cell_laws *laws,
                         const vly_cell_start *start, double cutoff, double current, double most)
{
    vly_march_options options = VLY_MARCH_OPTIONS_INIT;
    vly_cell_network network;
    vly_march *march = NULL;
    *out = (vly_fit_curve){.count = 0};
    VLY_TRY(vly_dfn_network(&network, dfn));
    options.value = current * network.cross_section;
    options.cutoff = cutoff;
    options.end = most / current;
    vly_status status = vly_march_create(&march, device, &network, laws, start, &options);
    if (status == VLY_OK)
        status = march_on(out, march, device);
    else if (is_of_the_cell(status))
        status = VLY_OK;
    vly_march_free(march);
    vly_cell_network_free(&network);
    if (status != VLY_OK) vly_fit_curve_free(out);
    return status;
}

/* ---- a cell's ---- */

vly_status vly_surrogate_transport(double *d_eff, const vly_cell *cell, double gamma)
{
    const vly_domain *d = &cell->domain;
    const vly_extent e = {d->extent.nx, d->extent.ny, d->electrode};
    vly_transport_options options = VLY_TRANSPORT_OPTIONS_INIT;
    vly_transport_result result;
    vly_source *source = NULL;
    uint8_t *labels;
    options.coefficient[VLY_CBD] = gamma;
    options.coefficient[VLY_SEPARATOR] = 1.0;
    options.directions[VLY_X] = options.directions[VLY_Y] = options.estimate = false;
    options.tolerance = TRANSPORT_TOLERANCE;
    VLY_TRY(VLY_NEW(&labels, vly_extent_voxels(e), "labels"));
    for (int64_t i = 0; i < vly_extent_voxels(e); i++) labels[i] = d->kind[i] & VLY_VOXEL_LABEL;
    vly_status status = vly_source_memory(&source, labels, VLY_U8, e, NULL);
    if (status == VLY_OK) status = vly_transport(&result, cell->device, source, &options);
    if (status == VLY_OK) {
        *d_eff = result.axis[VLY_Z].d_eff;
        vly_transport_result_free(&result);
    }
    vly_source_close(source);
    vly_free(labels);
    return status;
}

/* Area and volumes per volume of the electrode, without what is cut off. */
static vly_dfn homogenise(const vly_cell *cell, double transport)
{
    const vly_cell_geometry *g = &cell->domain.found;
    const double all = (double)vly_extent_voxels(g->extent), volume = all * g->voxel * g->voxel * g->voxel;
    const double pore = (double)(g->voxels[VLY_PORE] - g->sealed[VLY_PORE]);
    const double binder = (double)(g->voxels[VLY_CBD] - g->sealed[VLY_CBD]);
    const double area = g->area[VLY_FACES_PORE] + cell->binder_share * g->area[VLY_FACES_BINDER] +
                        cell->separator_share * g->area[VLY_FACES_SEPARATOR];
    const double active = (double)(g->voxels[VLY_AM] - g->inert) / all;
    return (vly_dfn){.thickness = g->voxel * g->extent.nz,
                     .porosity = (pore + cell->binder_share * binder) / all,
                     .gamma = transport,
                     .active = active,
                     .radius = 3.0 * active * volume / area,
                     .sigma = SIGMA,
                     .separator = g->separator_thickness,
                     .separator_porosity = cell->separator_share,
                     .separator_gamma = cell->separator_gamma,
                     .cells = CELLS,
                     .separator_cells = SEPARATOR_CELLS,
                     .shells = SHELLS};
}

vly_status vly_surrogate_curve(vly_fit_curve *out, const vly_cell *cell, double current, double gamma)
{
    vly_cell_outlook look;
    double transport;
    *out = (vly_fit_curve){.count = 0};
    VLY_TRY(vly_surrogate_transport(&transport, cell, gamma));
    if (!(transport > 0.0)) return VLY_OK;
    const vly_dfn dfn = homogenise(cell, transport);
    vly_cell_look(&look, cell);
    return vly_dfn_curve(out, cell->device, &dfn, &cell->laws, &cell->start, cell->cutoff, current,
                         BEYOND_THEORY * look.theory);
}
