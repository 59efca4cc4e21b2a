/* A march on disk: a head that says what follows and whose it is, points, fields, the march's own state, and a digest of all
 * of it. In the byte order of the machine: a run goes on where it began. */
#include "cell/cell_impl.h"

#include "core/file.h"
#include "core/memory.h"

#include <string.h>

enum { ARRAYS = 5, SECTIONS = 2 };

typedef struct head {
    char magic[16];
    char key[VLY_DIGEST_BYTES];
    char digest[VLY_DIGEST_BYTES]; /* of what follows the head */
    int64_t bytes;                 /* of it */
    int64_t count, state_bytes;
    double seconds;
    int32_t field_count, pad;
} head;

static const char magic[16] = "voxelyte cell 1";

/* Bytes that are written to, or read from. */
typedef struct tape {
    char *bytes;
    int64_t at, size;
    bool reading, short_; /* more was asked for than there is */
} tape;

static void pass(tape *t, void *data, int64_t bytes)
{
    t->short_ = t->short_ || bytes < 0 || (t->bytes && bytes > t->size - t->at);
    if (t->short_) return;
    if (t->bytes && t->reading) memcpy(data, t->bytes + t->at, (size_t)bytes);
    if (t->bytes && !t->reading) memcpy(t->bytes + t->at, data, (size_t)bytes);
    t->at += bytes;
}

/* Made first where it is read. */
static vly_status pass_array(tape *t, void **data, int64_t count, int64_t size)
{
    if (t->reading && (count < 0 || count > (t->size - t->at) / size)) t->short_ = true;
    if (t->short_) return VLY_OK;
    if (t->reading) VLY_TRY(vly_alloc_raw(data, count, size, "checkpoint"));
    pass(t, *data, count * size);
    return VLY_OK;
}

/* Without its arrays. */
static vly_cell_fields bare(const vly_cell_fields *f)
{
    return (vly_cell_fields){.step = f->step,
                             .time = f->time,
                             .charge = f->charge,
                             .voltage = f->voltage,
                             .layers = f->layers,
                             .section = f->section,
                             .stride = f->stride};
}

static vly_status pass_fields(tape *t, vly_cell_fields *f)
{
    double **const arrays[ARRAYS] = {&f->depth, &f->stoichiometry, &f->salt, &f->solid_potential,
                                     &f->electrolyte_potential};
    float **const sections[SECTIONS] = {&f->section_stoichiometry, &f->section_salt};
    vly_cell_fields plain = bare(f);
    pass(t, &plain, sizeof plain);
    if (t->reading) *f = bare(&plain);
    for (int k = 0; k < ARRAYS; k++) VLY_TRY(pass_array(t, (void **)arrays[k], f->layers, sizeof(double)));
    for (int k = 0; k < SECTIONS; k++)
        VLY_TRY(pass_array(t, (void **)sections[k], (int64_t)f->section.nx * f->section.nz, sizeof(float)));
    return VLY_OK;
}

static vly_status pass_all(tape *t, vly_checkpoint *c)
{
    VLY_TRY(pass_array(t, (void **)&c->points, c->count, sizeof *c->points));
    if (t->reading) {
        if (c->field_count < 0 || c->field_count > t->size) t->short_ = true;
        if (t->short_) return VLY_OK;
        VLY_TRY(VLY_NEW(&c->fields, c->field_count, "checkpoint"));
    }
    for (int32_t i = 0; i < c->field_count; i++) VLY_TRY(pass_fields(t, &c->fields[i]));
    return pass_array(t, &c->state, c->state_bytes, 1);
}

vly_status vly_checkpoint_write(const vly_checkpoint *checkpoint, const char *path, const char *key)
{
    vly_checkpoint c = *checkpoint; /* its arrays are only read */
    tape t = {.bytes = NULL};
    vly_draft draft;
    VLY_TRY(pass_all(&t, &c)); /* how much it is */
    head h = {.bytes = t.at,
              .count = c.count,
              .state_bytes = c.state_bytes,
              .seconds = c.seconds,
              .field_count = c.field_count};
    memcpy(h.magic, magic, sizeof magic);
    memcpy(h.key, key, VLY_DIGEST_BYTES);
    t = (tape){.size = h.bytes};
    VLY_TRY(vly_alloc_raw((void **)&t.bytes, h.bytes, 1, "checkpoint"));
    vly_status status = pass_all(&t, &c);
    vly_digest_bytes(h.digest, t.bytes, h.bytes);
    if (status == VLY_OK) status = vly_draft_open(&draft, path, true);
    if (status == VLY_OK) {
        status = vly_file_write(&draft.file, &h, sizeof h, 0);
        if (status == VLY_OK) status = vly_file_write(&draft.file, t.bytes, h.bytes, sizeof h);
        if (status == VLY_OK) status = vly_draft_publish(&draft);
        vly_draft_close(&draft);
    }
    vly_free(t.bytes);
    return status;
}

static vly_status damaged(const char *path)
{
    return vly_fail(VLY_EDATA, "%s: damaged checkpoint; without it the run begins anew", path);
}

static vly_status read_head(head *h, const vly_file *file, const char *path, const char *key)
{
    int64_t bytes;
    VLY_TRY(vly_file_size(file, &bytes));
    if (bytes < (int64_t)sizeof *h) return damaged(path);
    VLY_TRY(vly_file_read(file, h, sizeof *h, 0));
    if (memcmp(h->magic, magic, sizeof magic) != 0) return damaged(path);
    if (memcmp(h->key, key, VLY_DIGEST_BYTES) != 0)
        return vly_fail(
            VLY_EOUTPUT,
            "%s: checkpoint of another run: other labels, materials, current or options; --overwrite begins anew",
            path);
    return h->bytes == bytes - (int64_t)sizeof *h ? VLY_OK : damaged(path);
}

static vly_status read_rest(vly_checkpoint *out, const head *h, const vly_file *file, const char *path)
{
    char digest[VLY_DIGEST_BYTES];
    tape t = {.size = h->bytes, .reading = true};
    VLY_TRY(vly_alloc_raw((void **)&t.bytes, h->bytes, 1, "checkpoint"));
    vly_status status = vly_file_read(file, t.bytes, h->bytes, sizeof *h);
    vly_digest_bytes(digest, t.bytes, h->bytes);
    if (status == VLY_OK && memcmp(digest, h->digest, sizeof digest) != 0) status = damaged(path);
    out->count = h->count;
    out->seconds = h->seconds;
    out->state_bytes = h->state_bytes;
    out->field_count = h->field_count;
    if (status == VLY_OK) status = pass_all(&t, out);
    if (status == VLY_OK && (t.short_ || t.at != t.size || out->count < 1)) status = damaged(path);
    vly_free(t.bytes);
    return status;
}

vly_status vly_checkpoint_read(vly_checkpoint *out, bool *found, const char *path, const char *key)
{
    vly_file file;
    head h;
    *out = (vly_checkpoint){.count = 0};
    *found = vly_path_exists(path);
    if (!*found) return VLY_OK;
    VLY_TRY(vly_file_open(&file, path));
    vly_status status = read_head(&h, &file, path, key);
    if (status == VLY_OK) status = read_rest(out, &h, &file, path);
    vly_file_close(&file);
    if (status != VLY_OK) vly_checkpoint_free(out);
    return status;
}

void vly_checkpoint_free(vly_checkpoint *c)
{
    for (int32_t i = 0; c->fields && i < c->field_count; i++) vly_cell_fields_free(&c->fields[i]);
    vly_free(c->fields);
    vly_free(c->points);
    vly_free(c->state);
    *c = (vly_checkpoint){.count = 0};
}
