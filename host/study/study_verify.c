/* The same study once more, in a folder beside it that goes again: what a manifest claims can be checked. */
#include "study/run_impl.h"

#include "core/file.h"
#include "core/memory.h"

#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int remove_entry(const char *path, const struct stat *about, int kind, struct FTW *place)
{
    (void)about, (void)kind, (void)place;
    return remove(path);
}

/* Made by mkdtemp, so nothing in it is anybody else's. */
static vly_status make_beside(char **out, const char *folder)
{
    VLY_TRY(vly_format(out, "%s.verify-XXXXXX", folder));
    if (mkdtemp(*out)) return VLY_OK;
    vly_fail(VLY_EOUTPUT, "%s: cannot make the folder: %s", *out, strerror(errno));
    vly_free(*out);
    *out = NULL;
    return VLY_EOUTPUT;
}

static vly_status run_again(vly_diff_result *out, vly_device *device, const char *folder, const char *study)
{
    char *beside;
    vly_study_result result;
    VLY_TRY(make_beside(&beside, folder));
    vly_status status = vly_study_run(&result, device, study, beside, NULL);
    vly_study_result_free(&result);
    if (status == VLY_OK) status = vly_diff(out, device, folder, beside);
    nftw(beside, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
    vly_free(beside);
    return status;
}

vly_status vly_study_verify(vly_diff_result *out, vly_device *device, const char *manifest_path)
{
    vly_document *manifest;
    char *real = NULL, *study = NULL;
    *out = (vly_diff_result){.words = NULL};
    VLY_TRY(vly_document_read(&manifest, manifest_path));
    bool ours = *vly_json_text(manifest->root, "run_id") != 0;
    vly_document_free(manifest);
    if (!ours) return vly_fail(VLY_EDATA, "%s: has no run_id, the manifest of a study expected", manifest_path);
    VLY_TRY(vly_path_real(&real, manifest_path));
    *strrchr(real, '/') = 0;
    vly_status status = vly_format(&study, "%s/study.yaml", real);
    if (status == VLY_OK) status = run_again(out, device, real, study);
    vly_free(study);
    vly_free(real);
    return status;
}
