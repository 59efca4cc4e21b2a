/* A small study to run in tests: inputs, a study file, and looks at what a folder holds. */
#ifndef VLY_RUN_STUDY_H
#define VLY_RUN_STUDY_H

#include "support.h"

#include "core/file.h"
#include "voxelyte/document.h"
#include "voxelyte/settings.h"
#include "voxelyte/study.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { NX = 20, NY = 18, NZ = 16, VOXELS = NX * NY * NZ };

static inline void write_volume(const char *path, const void *voxels, vly_type type)
{
    vly_device *device = test_device(1, 0);
    vly_sink *sink;
    vly_sink_options options = {.extent = {NX, NY, NZ}, .type = type, .overwrite = true};
    options.voxel_size = (vly_voxel_size){5e-7, 5e-7, 5e-7, VLY_SIZE_GIVEN, "test"};
    ck_assert_int_eq(vly_sink_open(&sink, path, device, &options), VLY_OK);
    ck_assert_int_eq(vly_sink_write(sink, NZ, voxels), VLY_OK);
    ck_assert_int_eq(vly_sink_finish(sink), VLY_OK);
    vly_sink_close(sink);
    vly_device_close(device);
}

/* Three noisy grey levels in slabs, and the labels they come from. */
static inline void make_inputs(uint64_t seed)
{
    static uint16_t grey[VOXELS];
    static uint8_t truth[VOXELS];
    uint64_t state = seed;
    for (int i = 0; i < VOXELS; i++) {
        const int layer = i / (NX * NY) * 3 / NZ;
        const vly_phase phases[] = {VLY_PORE, VLY_CBD, VLY_AM};
        truth[i] = (uint8_t)phases[layer];
        grey[i] = (uint16_t)(10000 + 15000 * layer + 3000 * test_uniform(&state));
    }
    write_volume(test_path("grey.tif"), grey, VLY_U16);
    write_volume(test_path("truth.tif"), truth, VLY_U8);
}

/* Tests share a folder: each begins with an empty one. */
static inline void begin(void)
{
    char command[600];
    snprintf(command, sizeof command, "rm -rf '%s'/*", test_folder());
    ck_assert_int_eq(system(command), 0);
    make_inputs(1);
}

static const char one[] =
    "version: 1\nmethods: [threshold, kmeans]\nsubsample: 3000\nevaluations: 40\nquantities: none\n"
    "fractions: {am: 0.3125, cbd: 0.3125, pore: 0.375}\n"
    "input: {name: slabs, grey: grey.tif, truth: truth.tif}\n";

static inline const char *put(const char *name, const char *text)
{
    ck_assert_int_eq(vly_file_publish_text(test_path(name), text, true), VLY_OK);
    return test_path(name);
}

static inline vly_status run_with(vly_study_result *result, const char *study, const char *folder, const char *key,
                                  const char *value)
{
    vly_settings given;
    vly_study_options options = {.given = &given, .command = "test"};
    vly_device *device = test_device(1, 0);
    vly_settings_defaults(&given);
    if (key) ck_assert_int_eq(vly_settings_set(&given, "run", key, value, "command line"), VLY_OK);
    vly_status status = vly_study_run(result, device, study, folder, &options);
    vly_device_close(device);
    return status;
}

static inline void run_ok(vly_study_result *result, const char *study, const char *folder)
{
    vly_status status = run_with(result, study, folder, NULL, NULL);
    ck_assert_msg(status == VLY_OK, "%d %s", status, vly_error_message());
}

static inline vly_piece_state state_of(const vly_study_result *result, const char *name)
{
    for (int32_t i = 0; i < result->count; i++)
        if (strcmp(result->pieces[i].name, name) == 0) return result->pieces[i].state;
    ck_abort_msg("no piece %s", name);
    return VLY_PIECE_MISSING;
}

static inline void check_states(const vly_study_result *result, vly_piece_state histogram, vly_piece_state threshold,
                                vly_piece_state kmeans, vly_piece_state compare)
{
    ck_assert_int_eq(result->count, 4);
    ck_assert_int_eq(state_of(result, "histogram"), histogram);
    ck_assert_int_eq(state_of(result, "segment.threshold"), threshold);
    ck_assert_int_eq(state_of(result, "segment.kmeans"), kmeans);
    ck_assert_int_eq(state_of(result, "compare"), compare);
}

static inline const char *below(const char *folder, const char *name)
{
    static char paths[8][800];
    static int next;
    char *path = paths[next++ % 8];
    snprintf(path, sizeof paths[0], "%s/%s", folder, name);
    return path;
}

static inline char *text_of(const char *path)
{
    char *text = NULL;
    ck_assert_msg(vly_file_text(&text, path, 1 << 24) == VLY_OK, "%s", vly_error_message());
    return text;
}

/* Everything that says whether a file was written again. */
typedef struct mark {
    ino_t inode;
    struct timespec changed;
} mark;

static inline mark mark_of(const char *path)
{
    struct stat about;
    ck_assert_msg(stat(path, &about) == 0, "%s is missing", path);
    return (mark){about.st_ino, about.st_mtim};
}

static inline bool untouched(const char *path, mark before)
{
    mark now = mark_of(path);
    return now.inode == before.inode && now.changed.tv_sec == before.changed.tv_sec &&
           now.changed.tv_nsec == before.changed.tv_nsec;
}

/* Compared with the program's own diff, whose tests are elsewhere. */
static inline void check_same(const char *a, const char *b)
{
    vly_diff_result diff;
    vly_device *device = test_device(1, 0);
    vly_status status = vly_diff(&diff, device, a, b);
    ck_assert_msg(status == VLY_OK, "%s\n%s", vly_error_message(), diff.words ? diff.words : "");
    vly_diff_result_free(&diff);
    vly_device_close(device);
}

#endif
