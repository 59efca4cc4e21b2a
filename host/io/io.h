/* What the formats of this room share: one constructor each, and the common checks. */
#ifndef VLY_IO_H
#define VLY_IO_H

#include "core/device_impl.h"
#include "core/file.h"
#include "core/memory.h"
#include "core/source_impl.h"

/* A cleared source with its own copy of `path` and `self_bytes` of cleared state; freed by vly_source_close. */
vly_status vly_source_create(vly_source **out, const char *path, int64_t self_bytes);

/* Any format that is one file. VLY_EDATA if it has another number of channels. */
vly_status vly_source_open_file(vly_source **out, const char *path, int32_t channels);
vly_status vly_source_open_tiff(vly_source **out, const char *path);

/* path: a folder, or a pattern whose last part holds * ? or [. */
vly_status vly_source_open_sequence(vly_source **out, const char *path);

/* path: volume.raw or its sidecar volume.json. */
vly_status vly_source_open_raw(vly_source **out, const char *path);

/* vly_source_window that borrows `inner`: several views of one source. */
vly_status vly_source_part(vly_source **out, vly_source *inner, vly_box window);

vly_status vly_sink_create(vly_sink **out, const char *path, const vly_sink_options *options, int64_t self_bytes);
vly_status vly_sink_open_tiff(vly_sink **out, const char *path, vly_device *device, const vly_sink_options *options);
vly_status vly_sink_open_raw(vly_sink **out, const char *path, const vly_sink_options *options);
vly_status vly_sink_open_vti(vly_sink **out, const char *path, const vly_sink_options *options);

/* True if `path` ends in `ending` (".tif"), in whatever case. */
bool vly_path_ends(const char *path, const char *ending);

/* Orders "page2" before "page10": runs of digits by their number, everything else by its bytes. */
int vly_natural_order(const char *a, const char *b);

/* Name of the index-th TIFF compression there is; NULL behind the last. *readable: this libtiff, and we, can read it. */
const char *vly_tiff_codec_at(int32_t index, bool *readable);

/* Reverses the bytes of each of `count` values of `bytes` (1, 2, 4). */
void vly_swap_bytes(void *values, int64_t count, int32_t bytes);

/* How many of a length unit, as writers spell it ("um", "micron", "\\u00B5m"), make a metre; 0 for "pixel" and unknowns. */
double vly_units_per_metre(const char *unit, int length);

/* Marks a size found in a file: FROM_FILE if all sides lie between 0.1 nm and 1 mm, else IMPLAUSIBLE. */
void vly_voxel_size_judge(vly_voxel_size *size);

/* 0 pore, 1 am, 2 cbd, 255 outside. */
void vly_label_map_default(vly_label_map *out);

/* The map in a description's line "labels=0:pore,1:am,..."; false if there is none. */
bool vly_label_map_described(vly_label_map *out, const char *description);

#endif
