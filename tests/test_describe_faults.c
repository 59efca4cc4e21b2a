/* Every allocation, every file call and every call of the device fails once while descriptors are computed: a status with a
 * word, nothing left in memory, no file that is not whole. */
#include "program.h"

#include "core/fault.h"
#include "voxelyte/job.h"

static vly_device *device;
static vly_settings settings;

typedef vly_status attempt(void);

static bool fits(const char *seam, vly_status status)
{
    if (strncmp(seam, "alloc", 5) == 0) return status == VLY_EMEMORY;
    if (strncmp(seam, "device", 6) == 0) return status == VLY_EDEVICE;
    return status == VLY_EIO || status == VLY_EOUTPUT || status == VLY_ENOINPUT;
}

/* Fails site 1, 2, ... of a seam until none is left, then says how many there were. files: there before and after. */
static int every_site(attempt *try, const char *seam, const char *ending, int files)
{
    for (int site = 1;; site++) {
        char plan[40];
        int64_t held = vly_memory_held();
        snprintf(plan, sizeof plan, "%s:%d%s", seam, site, ending);
        setenv("VLY_FAULT", plan, 1);
        vly_fault_reset();
        vly_status status = try();
        const bool met = vly_fault_count() >= site;
        unsetenv("VLY_FAULT");
        vly_fault_reset();
        ck_assert_msg(vly_memory_held() == held, "%s: %lld bytes are left", plan,
                      (long long)(vly_memory_held() - held));
        ck_assert_msg(status == VLY_OK || fits(seam, status), "%s: status %d: %s", plan, status, vly_error_message());
        if (status != VLY_OK) ck_assert_msg(*vly_error_message() && !strchr(vly_error_message(), '\n'), "%s", plan);
        if (files >= 0 && status != VLY_OK)
            ck_assert_msg(program_files() == files, "%s: something was left behind (%s)", plan, vly_error_message());
        if (files >= 0) ck_assert_int_eq(system("rm -f d.json d-*.csv l.tif"), 0);
        if (met) continue;
        ck_assert_msg(status == VLY_OK, "%s: %s", plan, vly_error_message());
        return site - 1;
    }
}

/* ---- in memory ---- */

static const uint8_t *voxels;
static const vly_extent EXTENT = {9, 5, 6};

static vly_status describe(void)
{
    const vly_voxel_size size = {1e-6, 1e-6, 1e-6, VLY_SIZE_GIVEN, "test"};
    vly_describe_options options = VLY_DESCRIBE_OPTIONS_INIT;
    vly_description description;
    vly_source *source;
    options.cutouts = test_emulated() ? 1 : 2;
    VLY_TRY(vly_source_memory(&source, voxels, VLY_U8, EXTENT, &size));
    vly_status status = vly_describe(&description, device, source, &options);
    vly_description_free(&description);
    vly_source_close(source);
    return status;
}

START_TEST(descriptors_come_through_every_fault)
{
    static uint8_t labels[9 * 5 * 6];
    for (int i = 0; i < 9 * 5 * 6; i++) labels[i] = (uint8_t)(vly_hash((uint64_t)(i / 2), 3) % 3);
    voxels = labels;
    device = test_device(1, 0);
    ck_assert_int_ge(every_site(describe, "device", "", -1), 50);
    if (!test_emulated()) {
        ck_assert_int_ge(every_site(describe, "alloc", "", -1), 100);
        ck_assert_int_ge(every_site(describe, "alloc", "+", -1), 100);
        ck_assert_int_ge(every_site(describe, "device", "+", -1), 50);
    }
    vly_device_close(device);
}
END_TEST

/* ---- from files to files ---- */

static void set(const char *key, const char *text)
{
    vly_status status = vly_settings_set(&settings, NULL, key, text, "command line");
    ck_assert_msg(status == VLY_OK, "%s", vly_error_message());
}

static vly_status job(vly_status (*run)(vly_document **, vly_device *, const vly_settings *))
{
    static const char *const inputs[] = {"v.raw"};
    vly_document *document;
    settings.inputs = inputs;
    settings.input_count = 1;
    vly_status status = run(&document, device, &settings);
    ck_assert((document != NULL) == (status == VLY_OK));
    vly_document_free(document);
    return status;
}

static vly_status describe_job(void)
{
    return job(vly_job_describe);
}

static vly_status close_job(void)
{
    return job(vly_job_segment);
}

static void walk_job(attempt *try, int files)
{
    device = test_device(1, 0);
    ck_assert_int_ge(every_site(try, "alloc", "", files), 50);
    ck_assert_int_ge(every_site(try, "io", "", files), 10);
    ck_assert_int_ge(every_site(try, "io.pwrite", "+=ENOSPC", files), 1);
    ck_assert_int_ge(every_site(try, "device", "", files), 10);
    vly_device_close(device);
}

START_TEST(a_description_leaves_all_its_files_or_none)
{
    uint8_t labels[9 * 5 * 6];
    if (test_emulated()) return; /* the files are the same */
    program_folder("describe");
    for (int i = 0; i < 9 * 5 * 6; i++) labels[i] = (uint8_t)(vly_hash((uint64_t)(i / 2), 3) % 3);
    program_write_raw("v", labels, "u8", sizeof labels, EXTENT);
    vly_settings_defaults(&settings);
    set("output", "d.json");
    walk_job(describe_job, 2);
}
END_TEST

START_TEST(a_closing_leaves_its_labels_or_none)
{
    const vly_extent e = {12, 10, 8};
    uint8_t am[12 * 10 * 8];
    if (test_emulated()) return;
    program_folder("closing");
    program_write_grey("v", e);
    for (int i = 0; i < 12 * 10 * 8; i++) am[i] = vly_hash((uint64_t)(i / 3), 4) % 2 ? VLY_AM : VLY_PORE;
    program_write_raw("am", am, "u8", sizeof am, e);
    test_write_text("p.csv", "depth,intensity\n0.1,12\n0.5,17\n0.9,21\n");
    vly_settings_defaults(&settings);
    set("output", "l.tif");
    set("method", "edx-closing");
    set("edx", "p.csv");
    set("am-labels", "am.raw");
    set("fractions", "am=0.5,cbd=0.3,pore=0.2");
    walk_job(close_job, 5);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("describe_faults");
    TEST_CASE(suite, descriptors_come_through_every_fault);
    TEST_CASE(suite, a_description_leaves_all_its_files_or_none);
    TEST_CASE(suite, a_closing_leaves_its_labels_or_none);
    return test_run(suite);
}
