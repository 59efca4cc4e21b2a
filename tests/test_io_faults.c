/* Every allocation and every file call of opening, reading and writing volumes fails once: a clean status, no leak, no
 * output that is not whole. */
#include "support.h"

#include "core/fault.h"
#include "core/file.h"
#include "tiff_make.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { NX = 37, NY = 29, NZ = 3, VOXELS = NX * NY * NZ };

static uint8_t voxels[VOXELS * 4];
static char in[6][600], out[2][600], folder[500];
enum { INPUTS = 6 };

/* One of each kind of input, and an empty folder for outputs. */
static void make_inputs(void)
{
    static const char *const names[INPUTS] = {"plain.tif", "lzw.tif", "tiles.tif", "bits.tif", "pages", "volume.raw"};
    uint64_t state = 1;
    for (int i = 0; i < VOXELS * 4; i++) voxels[i] = (uint8_t)(test_random(&state) % 3);
    for (int i = 0; i < INPUTS; i++) snprintf(in[i], sizeof in[i], "%s", test_path(names[i]));
    tiff_make(in[0], &(tiff_spec){.mode = "wb", .bits = 16, .description = "ImageJ=1\nimages=3\nunit=um\nspacing=1\n"},
              voxels);
    tiff_make(in[1], &(tiff_spec){.mode = "w8l", .codec = COMPRESSION_LZW, .x_resolution = 2}, voxels);
    tiff_make(in[2], &(tiff_spec){.tile = 16, .bits = 32, .format = 3, .codec = COMPRESSION_ADOBE_DEFLATE}, voxels);
    tiff_make(in[3], &(tiff_spec){.bits = 1, .white = true}, voxels);
    mkdir(in[4], 0777);
    for (int z = 0; z < NZ; z++) {
        char page[700];
        snprintf(page, sizeof page, "%s/%d.tif", in[4], z);
        tiff_make(page, &(tiff_spec){.nz = 1, .codec = z % 2 ? COMPRESSION_LZW : COMPRESSION_NONE},
                  voxels + z * NX * NY);
    }
    FILE *raw = fopen(in[5], "wb");
    ck_assert_int_eq(fwrite(voxels, 1, VOXELS, raw), VOXELS);
    fclose(raw);
    ck_assert_int_eq(
        vly_file_publish_text(test_path("volume.json"), "{\"type\": \"u8\", \"extent\": [37, 29, 3]}", true), VLY_OK);
    snprintf(folder, sizeof folder, "%s", test_path("outputs"));
    mkdir(folder, 0777);
    snprintf(out[0], sizeof out[0], "%s/out.tif", folder);
    snprintf(out[1], sizeof out[1], "%s/out.raw", folder);
}

static vly_status copy(vly_device *device, int input, int output)
{
    vly_source *source = NULL, *grey = NULL;
    vly_sink *sink = NULL;
    uint16_t page[NX * NY];
    vly_sink_options options = {.extent = {NX, NY, NZ}, .type = VLY_U16, .compress = true, .overwrite = true};
    vly_status status = vly_source_open(&source, in[input], NULL);
    if (status == VLY_OK) status = vly_source_grey(&grey, source, device, 0.0, 0.0);
    if (status == VLY_OK) status = vly_sink_open(&sink, out[output], device, &options);
    for (int z = 0; status == VLY_OK && z < NZ; z++) {
        status = vly_source_read(grey, z, 1, page);
        if (status == VLY_OK) status = vly_sink_write(sink, 1, page);
    }
    if (status == VLY_OK) status = vly_sink_finish(sink);
    vly_sink_close(sink);
    vly_source_close(grey);
    return status;
}

/* What stands in the output folder; *volume: an output that opens. */
static int outputs(bool *volume)
{
    int count = 0;
    vly_source *source;
    DIR *directory = opendir(folder);
    for (struct dirent *entry; (entry = readdir(directory));)
        count += strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
    closedir(directory);
    *volume = false;
    for (int o = 0; o < 2; o++) {
        if (access(out[o], F_OK) != 0 || (o == 1 && access(test_path("outputs/out.json"), F_OK) != 0)) continue;
        ck_assert_msg(vly_source_open(&source, out[o], NULL) == VLY_OK, "%s", vly_error_message());
        vly_source_close(source);
        *volume = true;
    }
    return count;
}

/* Fails site 1, 2, ... of a seam until none is left; returns how many there were. */
static int every_site(vly_device *device, const char *seam, const char *ending, int input, int output)
{
    char plan[64];
    for (int site = 1;; site++) {
        int64_t held = vly_memory_held();
        bool volume;
        unlink(out[0]);
        unlink(out[1]);
        unlink(test_path("outputs/out.json"));
        snprintf(plan, sizeof plan, "%s:%d%s", seam, site, ending);
        setenv("VLY_FAULT", plan, 1);
        vly_fault_reset();
        vly_status status = copy(device, input, output);
        bool reached = vly_fault_count() >= site;
        unsetenv("VLY_FAULT");
        vly_fault_reset();
        ck_assert_msg(vly_memory_held() == held, "%s: %lld bytes are left", plan,
                      (long long)(vly_memory_held() - held));
        int files = outputs(&volume);
        if (!reached) {
            ck_assert_int_eq(status, VLY_OK);
            return site - 1;
        }
        if (status == VLY_OK) continue; /* a fault that could be borne: a folder that is not synced */
        /* where nothing can be removed any more, voxels may stay, but no sidecar that makes them a volume */
        bool stuck = output == 1 && strchr(ending, '+') && files == 1 && !volume;
        ck_assert_msg(files == 0 || stuck, "%s: status %d (%s) and %d files", plan, status, vly_error_message(), files);
        ck_assert_ptr_null(strchr(vly_error_message(), '\n'));
        if (strcmp(seam, "alloc") == 0)
            ck_assert_msg(status == VLY_EMEMORY, "%s: status %d: %s", plan, status, vly_error_message());
        else
            ck_assert_msg(status == VLY_EIO || status == VLY_EOUTPUT || status == VLY_ENOINPUT, "%s: status %d: %s",
                          plan, status, vly_error_message());
    }
}

START_TEST(every_allocation_may_fail)
{
    vly_device *device = test_device(1, 0);
    make_inputs();
    for (int input = 0; input < INPUTS; input++)
        for (int output = 0; output < 2; output++) {
            ck_assert_int_ge(every_site(device, "alloc", "", input, output), 10);
            ck_assert_int_ge(every_site(device, "alloc", "+", input, output), 10);
        }
    vly_device_close(device);
}
END_TEST

START_TEST(every_file_call_may_fail)
{
    vly_device *device = test_device(1, 0);
    make_inputs();
    for (int input = 0; input < INPUTS; input++)
        for (int output = 0; output < 2; output++) {
            ck_assert_int_ge(every_site(device, "io", "", input, output), 10);
            ck_assert_int_ge(every_site(device, "io", "+=ENOSPC", input, output), 10);
            ck_assert_int_ge(every_site(device, "io.pwrite", "=EDQUOT", input, output), 2);
        }
    vly_device_close(device);
}
END_TEST

/* An old volume is to be replaced, and the process dies at every file call in turn. */
START_TEST(a_killed_writer_leaves_the_old_volume_or_none_or_the_new)
{
    make_inputs();
    for (int output = 0; output < 2; output++)
        for (int site = 1, running = 1; running; site++) {
            bool volume;
            pid_t child = fork();
            ck_assert_int_ge(child, 0);
            if (child == 0) {
                char plan[32];
                vly_device *device = test_device(1, 0);
                if (copy(device, 1, output) != VLY_OK) _exit(99);
                snprintf(plan, sizeof plan, "kill:io:%d", site);
                setenv("VLY_FAULT", plan, 1);
                vly_fault_reset();
                _exit(copy(device, 0, output));
            }
            int how;
            ck_assert_int_eq(waitpid(child, &how, 0), child);
            running = !WIFEXITED(how);
            ck_assert(running ? WTERMSIG(how) == SIGKILL : WEXITSTATUS(how) == 0);
            outputs(&volume); /* what has a name opens; raw voxels are none while their sidecar is away */
            ck_assert(volume || output == 1);
        }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("io_faults");
    TEST_CASE(suite, every_allocation_may_fail);
    TEST_CASE(suite, every_file_call_may_fail);
    TEST_CASE(suite, a_killed_writer_leaves_the_old_volume_or_none_or_the_new);
    return test_run(suite);
}
