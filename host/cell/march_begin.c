/* How a march begins: at equilibrium, or from what was kept of another. */
#include "cell/march_impl.h"

#include "core/memory.h"

#include <string.h>

static const char mark[8] = "vlymarch";

/* In front of the states; every number that a step depends on. */
typedef struct kept {
    char mark[8];
    int64_t rows;
    double collector[3], length[2], time, next, most, charge[2], salt[2], value, current, solid_begin, salt_begin;
    int32_t known, drive;
    vly_march_tried tried; /* what the next record counts: iterations of a start that follows the present one */
    vly_march_record record;
} kept;

static int64_t state_bytes(const vly_march *m)
{
    return vly_march_rows(m) * (int64_t)sizeof(double);
}

vly_status vly_march_keep(vly_march *m)
{
    int64_t bytes = state_bytes(m);
    if (!m->kept) VLY_TRY(vly_alloc(&m->kept, (int64_t)sizeof(kept) + 3 * bytes, 1, "kept march"));
    kept *k = m->kept;
    memset(k, 0, sizeof *k); /* padding too: the same march, the same bytes */
    memcpy(k->mark, mark, sizeof mark);
    k->rows = vly_march_rows(m);
    memcpy(k->collector, m->collector, sizeof k->collector);
    memcpy(k->length, m->length, sizeof k->length);
    memcpy(k->charge, m->charge, sizeof k->charge);
    memcpy(k->salt, m->salt, sizeof k->salt);
    k->time = m->time;
    k->next = m->next;
    k->most = m->most;
    k->value = m->value;
    k->current = m->current;
    k->solid_begin = m->solid_begin;
    k->salt_begin = m->salt_begin;
    k->known = m->known;
    k->drive = (int32_t)m->drive;
    k->tried = m->tried;
    k->record = m->record;
    m->kept_bytes = (int64_t)sizeof *k + m->known * bytes;
    VLY_TRY(vly_device_wait(m->device));
    for (int32_t s = 0; s < m->known; s++)
        VLY_TRY(vly_device_download(m->device, (char *)(k + 1) + s * bytes, m->state[s], bytes));
    return vly_newton_renew(&m->newton);
}

vly_status vly_march_save(const vly_march *m, const void **blob, int64_t *bytes, int64_t *step)
{
    if (!m->kept) return vly_fail(VLY_EUSAGE, "a march without points of renewal cannot be saved");
    *blob = m->kept;
    *bytes = m->kept_bytes;
    *step = ((const kept *)m->kept)->record.step;
    return VLY_OK;
}

vly_status vly_march_load(vly_march *m, const void *blob, int64_t bytes)
{
    kept k;
    int64_t size = state_bytes(m);
    if (bytes < (int64_t)sizeof k)
        return vly_fail(VLY_EDATA, "a kept march of %lld bytes is cut off", (long long)bytes);
    memcpy(&k, blob, sizeof k);
    if (memcmp(k.mark, mark, sizeof mark) != 0 || k.rows != vly_march_rows(m) || k.known < 1 || k.known > 3 ||
        bytes != (int64_t)sizeof k + k.known * size)
        return vly_fail(VLY_EDATA, "a kept march has %lld unknowns and %lld bytes: not this half cell's",
                        (long long)k.rows, (long long)bytes);
    memcpy(m->collector, k.collector, sizeof k.collector);
    memcpy(m->length, k.length, sizeof k.length);
    memcpy(m->charge, k.charge, sizeof k.charge);
    memcpy(m->salt, k.salt, sizeof k.salt);
    m->time = k.time;
    m->next = k.next;
    m->most = k.most;
    m->value = k.value;
    m->current = k.current;
    m->solid_begin = k.solid_begin;
    m->salt_begin = k.salt_begin;
    m->known = k.known;
    m->drive = (vly_drive)k.drive;
    m->record = k.record;
    m->tried = k.tried;
    VLY_TRY(vly_device_wait(m->device));
    for (int32_t s = 0; s < k.known; s++)
        VLY_TRY(vly_device_upload(m->device, m->state[s], (const char *)blob + sizeof k + s * size, size));
    return vly_march_keep(m);
}

/* State 0: uniform, at equilibrium. */
static vly_status begin(vly_march *m)
{
    const vly_cell_layout *l = &m->newton.assembly.layout;
    const vly_cell_network *n = m->network;
    int32_t rows = vly_cell_layout_rows(l);
    double *u, amount[2][4] = {{0.0}}, salt = m->start.concentration, solid = m->start.stoichiometry * l->solid_most;
    VLY_TRY(VLY_NEW(&u, rows, "unknowns"));
    for (int32_t i = 0; i < rows; i++)
        u[i] = i < n->electrons                      ? m->start.potential
               : i < l->potentials                   ? 0.0
               : i < l->potentials + l->electrolytes ? salt
                                                     : solid;
    vly_status status = vly_device_upload(m->device, m->state[0], u, state_bytes(m));
    vly_free(u);
    m->collector[0] = m->start.potential;
    if (status == VLY_OK) status = vly_march_amounts(m, amount[0], amount[1]);
    m->salt_begin = m->salt[0] = amount[0][0];
    m->electrolyte_volume = amount[0][1];
    m->solid_begin = amount[1][0];
    m->solid_volume = amount[1][1];
    return status;
}

static vly_status create(vly_march *m, vly_device *device)
{
    VLY_TRY(vly_newton_create(&m->newton, device, m->network, m->start.concentration, m->laws.solid_most,
                              m->options.newton, m->options.solving));
    int64_t bytes = state_bytes(m);
    VLY_TRY(vly_buffer_reserve(&m->states, device, 4 * bytes, "unknowns"));
    for (int k = 0; k < 4; k++) m->state[k] = (double *)m->states.data + k * (bytes / (int64_t)sizeof(double));
    VLY_TRY(begin(m));
    return vly_march_drive(m, m->options.drive, m->options.value);
}

vly_status vly_march_create(vly_march **out, vly_device *device, const vly_cell_network *network,
                            const vly_cell_laws *laws, const vly_cell_start *start, const vly_march_options *options)
{
    vly_march *m;
    *out = NULL;
    VLY_TRY(VLY_NEW(&m, 1, "march"));
    m->device = device;
    m->network = network;
    m->laws = *laws;
    m->start = *start;
    m->options = *options;
    vly_status status = create(m, device);
    if (status != VLY_OK)
        vly_march_free(m);
    else
        *out = m;
    return status;
}

void vly_march_free(vly_march *m)
{
    if (!m) return;
    vly_newton_free(&m->newton);
    vly_buffer_free(&m->states);
    vly_free(m->kept);
    vly_free(m);
}
