/* Where volumes come from and go to: a source yields pages (z, y, x; x fastest), a sink takes them.
 * Sources may be read from several threads at once; a sink takes pages in order from one thread at a time. */
#ifndef VOXELYTE_VOLUME_H
#define VOXELYTE_VOLUME_H

#include "voxelyte/base.h"
#include "voxelyte/device.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum vly_type {
    VLY_U8,
    VLY_I8,
    VLY_U16,
    VLY_I16,
    VLY_U32,
    VLY_I32,
    VLY_F32,
    VLY_U1 /* one bit a voxel in the file; delivered as u8 0 and 1, 1 the brighter */
} vly_type;

/* Bytes a voxel takes in the pages a source delivers, and "u8", "u16", ... */
VLY_API int32_t vly_type_bytes(vly_type type);
VLY_API const char *vly_type_name(vly_type type);

/* Voxel i of such pages, as a number. */
VLY_API double vly_type_value(vly_type type, const void *voxels, int64_t i);

/* What is known of the voxel size, and how far it can be trusted. */
typedef enum vly_verdict {
    VLY_SIZE_MISSING,     /* no tag speaks of it */
    VLY_SIZE_IMPLAUSIBLE, /* a tag does, but 72 dpi or an inch is no microscope's */
    VLY_SIZE_CONFLICT,    /* two tags disagree by more than 1 % */
    VLY_SIZE_FROM_FILE,
    VLY_SIZE_GIVEN /* --voxel-size */
} vly_verdict;

typedef struct vly_voxel_size {
    double x, y, z; /* m; 0 where unknown */
    vly_verdict verdict;
    char origin[120]; /* the tag that was seen, as a person would quote it */
} vly_voxel_size;

/* "0.642um" or "0.642,0.642,1.0um" (x, y, z; nm, um, mm, m): verdict GIVEN. VLY_EUSAGE if it is neither. */
VLY_API vly_status vly_voxel_size_parse(vly_voxel_size *out, const char *text);

typedef struct vly_volume_info {
    const char *path;   /* as it was given; borrowed from the source */
    const char *format; /* "TIFF", "BigTIFF", "ImageJ TIFF", "OME-TIFF", "image sequence", "raw", "memory" */
    const char *codec;  /* "none", "deflate", ... */
    vly_extent extent;
    vly_type type;
    int32_t channels; /* values of a voxel, side by side in the pages; 1, but for f32 files opened for several */
    vly_voxel_size voxel_size;
    int64_t bytes;           /* of the file or files */
    int64_t decode_bytes;    /* scratch one reading thread may hold */
    const char *description; /* label map and the like, as found; "" if none */
    bool contiguous;         /* pages lie uncompressed, one behind the other */
} vly_volume_info;

/* For who needs a length: VLY_EDATA, with the tag that was seen, unless the voxel size is FROM_FILE or GIVEN. */
VLY_API vly_status vly_voxel_size_require(const vly_volume_info *info);

typedef struct vly_source vly_source;

/* Values of a label file and the phases they stand for: replaces the default 0 pore, 1 am, 2 cbd, 255 outside. */
typedef struct vly_label_map {
    uint8_t phase[256]; /* vly_phase of a value */
    bool listed[256];   /* a value that is not listed is an error (VLY_EDATA) */
} vly_label_map;

/* "pore=0,am=85,cbd=170", also P, AM, NMC, CBD and outside; several values may name one phase. Only what is listed is
 * allowed in the volume. VLY_EUSAGE if it is no such list. */
VLY_API vly_status vly_label_map_parse(vly_label_map *out, const char *text);

enum { VLY_CHANNELS_MAX = 4 };

typedef struct vly_source_options {
    vly_voxel_size voxel_size; /* verdict VLY_SIZE_GIVEN overrides what the file says */
    int32_t channels;          /* that the file must have; 0: one */
} vly_source_options;

#define VLY_SOURCE_OPTIONS_INIT ((vly_source_options){.voxel_size = {.verdict = VLY_SIZE_MISSING}})

/* path: a TIFF file; a folder of single-page TIFF files (natural order), or a pattern for them with * ? [ in its last
 * part; raw voxels with a JSON sidecar (volume.raw + volume.json), which is {"extent": [nx, ny, nz], "type": "u16"} and
 * may hold "endian": "big", "offset": bytes, "voxel_size_um": [x, y, z], "description": text. options may be NULL.
 * One grey channel, and brighter is larger: unsigned values and bits of a TIFF that calls zero white are turned round. With
 * options->channels a TIFF of so many f32 values a voxel.
 * Fails with VLY_ENOINPUT (missing), VLY_EDATA (not a volume we can read; the message says why), VLY_EIO. */
VLY_API vly_status vly_source_open(vly_source **out, const char *path, const vly_source_options *options);

/* A volume in memory, which must outlive the source. voxels: type, extent. */
VLY_API vly_status vly_source_memory(vly_source **out, const void *voxels, vly_type type, vly_extent extent,
                                     const vly_voxel_size *size);

VLY_API const vly_volume_info *vly_source_info(const vly_source *source);

/* Pages [z0, z0 + count) to `pages` (count, ny, nx) of the source's type in the machine's byte order. Thread-safe. */
VLY_API vly_status vly_source_read(vly_source *source, int32_t z0, int32_t count, void *pages);
VLY_API void vly_source_close(vly_source *source);

/* How grey values of any type become the u16 of the engine: u16 = (value - offset) * scale, rounded to even. */
typedef struct vly_grey_map {
    double offset, scale;
    double low, high; /* the range that is kept; voxels beyond it are clamped */
    int64_t clamped;  /* how many were: counted over the whole volume when the range was found */
    bool exact;       /* u8, i8, u16, i16, 1 bit: nothing is lost */
} vly_grey_map;

/* A view that yields u16. It owns `inner` from here on, also on failure. u32, i32 and f32 map linearly over
 * [low, high] if low < high, else over the 0.001 ... 99.999 % range (one reading pass with `device`).
 * VLY_EDATA for NaN or infinity (the count and the first voxel are named) and for a constant volume. */
VLY_API vly_status vly_source_grey(vly_source **out, vly_source *inner, vly_device *device, double low, double high);
VLY_API const vly_grey_map *vly_source_grey_map(const vly_source *grey);

/* A view that yields u8 phases of a u8, u16 or 1-bit source. It owns `inner`, also on failure. map NULL: the one in the
 * file's description, else 0 pore, 1 am, 2 cbd, 255 outside. A value that the map does not list is VLY_EDATA with its
 * voxel, found when that page is read. */
VLY_API vly_status vly_source_labels(vly_source **out, vly_source *inner, const vly_label_map *map);

/* A view of a part. It owns `inner`, also on failure. VLY_EDATA if the window is not inside. */
VLY_API vly_status vly_source_window(vly_source **out, vly_source *inner, vly_box window);

/* A view of phases (vly_source_labels) in voxels of ratio^3 of theirs (ratio 1 ... 32): what most of them are, of equals am, then
 * cbd, then pore. What fills no voxel is left out. It owns `inner`, also on failure. */
VLY_API vly_status vly_source_coarse(vly_source **out, vly_source *inner, int32_t ratio);

typedef struct vly_sink vly_sink;

typedef struct vly_sink_options {
    vly_extent extent;
    vly_type type;             /* u8, u16 or f32 */
    int32_t channels;          /* values of a voxel, side by side; 0: one. More only in TIFF */
    const char *note;          /* lines behind the description; NULL: none */
    vly_voxel_size voxel_size; /* written where the format has room for it */
    bool labels;               /* write the label map into the description */
    bool overwrite;            /* else VLY_EOUTPUT if the target exists */
    bool compress;             /* Deflate (TIFF only) */
} vly_sink_options;

/* path: *.tif or *.tiff (BigTIFF when needed), *.raw (with its JSON sidecar), *.vti (for ParaView). Nothing appears under `path` before finish. */
VLY_API vly_status vly_sink_open(vly_sink **out, const char *path, vly_device *device, const vly_sink_options *options);
VLY_API vly_status vly_sink_memory(vly_sink **out, void *voxels, vly_type type, vly_extent extent);

/* The next `count` pages, in order. */
VLY_API vly_status vly_sink_write(vly_sink *sink, int32_t count, const void *pages);

/* Completes, syncs and publishes the file under its name; fails if pages are missing. The sink is still to be closed. */
VLY_API vly_status vly_sink_finish(vly_sink *sink);

/* Without a successful finish, whatever was written disappears. NULL is fine. */
VLY_API void vly_sink_close(vly_sink *sink);

#ifdef __cplusplus
}
#endif
#endif
