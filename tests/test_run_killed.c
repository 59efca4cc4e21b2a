/* A study of every kind of piece that is quick, killed at random moments, by one process and by two at a time: what is
 * there in the end is what an undisturbed run leaves, to the byte but for times, and nothing besides. */
#include "run_study_cpu.h"

#include <ftw.h>
#include <signal.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { KILLS = 20, FINE = 2, FX = FINE * 10, FY = FINE * 10, FZ = FINE * 10, FINE_VOXELS = FX * FY * FZ };

/* Blobs in the grey volume, so that a network has all phases to learn; and labels of half the voxel size in a corner of it. */
static void make_blobs(void)
{
    static uint16_t grey[VOXELS];
    static uint8_t fine[FINE_VOXELS];
    static const uint16_t level[VLY_PHASES] = {8000, 40000, 22000};
    uint64_t state = 4;
    for (int z = 0, i = 0; z < NZ; z++)
        for (int y = 0; y < NY; y++)
            for (int x = 0; x < NX; x++, i++) {
                const uint64_t phase = vly_hash((uint64_t)(x / 3 + 100 * (y / 3) + 10000 * (z / 3)), 3) % 3;
                grey[i] = (uint16_t)(level[phase] + 6000 * test_uniform(&state));
            }
    for (int z = 0, i = 0; z < FZ; z++)
        for (int y = 0; y < FY; y++)
            for (int x = 0; x < FX; x++, i++)
                fine[i] = (uint8_t)(vly_hash((uint64_t)(x / 6 + 100 * (y / 6) + 10000 * (z / 6)), 3) % 3);
    write_volume(test_path("blobs.tif"), grey, VLY_U16);
    vly_sink_options options = {.extent = {FX, FY, FZ}, .type = VLY_U8, .labels = true};
    vly_device *device = on_cpu(1, 0);
    vly_sink *sink;
    options.voxel_size = (vly_voxel_size){2.5e-7, 2.5e-7, 2.5e-7, VLY_SIZE_GIVEN, "test"};
    ck_assert_int_eq(vly_sink_open(&sink, test_path("fine.tif"), device, &options), VLY_OK);
    ck_assert_int_eq(vly_sink_write(sink, FZ, fine), VLY_OK);
    ck_assert_int_eq(vly_sink_finish(sink), VLY_OK);
    vly_sink_close(sink);
    vly_device_close(device);
}

static const char every_kind[] =
    "version: 1\nmethods: [threshold, kmeans, edx-closing, nn-am-cond]\nsubsample: 3000\nevaluations: 60\n"
    "fractions: {am: 0.4, cbd: 0.3, pore: 0.3}\nedx: profile.csv\n"
    "fib: fine.tif\nratio: 2\nepochs: 2\nfar_field: no\n"
    "conduct: {am: 1, cbd: 0.5, pore: 0.1}\nexperiment: measured.csv\n"
    "samples:\n  - {name: blobs, grey: blobs.tif, truth: labels.tif}\n"
    "  - {name: elsewhere, trinarised: labels.tif}\n"
    "bpx: yes\nfit: {methods: [kmeans], current: 2}\n"
    "impedance: {methods: [threshold], crop: 6, frequencies: [1, 10000], per_decade: 2}\n"
    "cell: {current: [2], gamma_cbd: 0.12, crop: 3, separator_layers: 4, cutoff: 3.9}\n";

/* Of the same labels: something to fit to. */
static const char measured[] = "version: 1\nquantities: none\ninput: {name: blobs, trinarised: labels.tif}\n"
                               "cell: {current: [2], gamma_cbd: 0.3, crop: 3, separator_layers: 4, cutoff: 3.9}\n";

/* The study's path; the folder "straight" has an undisturbed run, which took *seconds. */
static const char *prepare(double *seconds)
{
    vly_study_result r;
    struct timespec start, end;
    begin();
    make_blobs();
    ck_assert_int_eq(rename(test_path("truth.tif"), test_path("labels.tif")), 0);
    put("profile.csv", "depth,intensity\n0,10\n0.5,12\n1,14\n");
    run_ok(&r, put("measured.yaml", measured), test_path("measured"));
    vly_study_result_free(&r);
    ck_assert_int_eq(rename(test_path("measured/cell/given_1_2.csv"), test_path("measured.csv")), 0);
    const char *study = put("study.yaml", every_kind);
    clock_gettime(CLOCK_MONOTONIC, &start);
    run_ok(&r, study, test_path("straight"));
    clock_gettime(CLOCK_MONOTONIC, &end);
    ck_assert(r.complete);
    vly_study_result_free(&r);
    *seconds = (double)(end.tv_sec - start.tv_sec) + 1e-9 * (double)(end.tv_nsec - start.tv_nsec);
    return study;
}

/* ---- killing ---- */

static pid_t start(const char *study, const char *folder)
{
    pid_t child = fork();
    ck_assert_int_ge(child, 0);
    if (child == 0) {
        vly_study_result result;
        _exit(run_with(&result, study, folder, NULL, NULL));
    }
    return child;
}

static void wait_some(double seconds)
{
    const struct timespec pause = {(time_t)seconds, (long)(1e9 * (seconds - (double)(time_t)seconds))};
    nanosleep(&pause, NULL);
}

/* Its exit code; -1 if it was killed. */
static int end_of(pid_t child)
{
    int status;
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert(WIFEXITED(status) || WTERMSIG(status) == SIGKILL);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* ---- comparing ---- */

static const char *walked; /* the folder */
static char listing[1 << 16];

static int note_file(const char *path, const struct stat *about, int kind, struct FTW *place)
{
    (void)about, (void)place;
    size_t at = strlen(listing);
    if (kind == FTW_F) snprintf(listing + at, sizeof listing - at, "%s\n", path + strlen(walked) + 1);
    return 0;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Every file below it, hidden ones too, a line each in order. */
static void list_files(char *out, size_t size, const char *folder)
{
    char *lines[1000] = {NULL};
    size_t count = 0;
    *listing = *out = 0;
    walked = folder;
    ck_assert_int_eq(nftw(folder, note_file, 16, FTW_PHYS), 0);
    for (char *line = strtok(listing, "\n"); line && count < 1000; line = strtok(NULL, "\n")) lines[count++] = line;
    qsort(lines, count, sizeof *lines, by_name);
    for (size_t i = 0; i < count; i++) snprintf(out + strlen(out), size - strlen(out), "%s\n", lines[i]);
}

/* Documents and the page hold times; the log is one of times. */
static bool timeless(const char *name)
{
    static const char *const endings[] = {".json", ".html", ".txt", ".yaml"};
    const char *end = strrchr(name, '.');
    for (size_t i = 0; end && i < sizeof endings / sizeof *endings; i++)
        if (strcmp(end, endings[i]) == 0) return false;
    return true;
}

static bool same_bytes(const char *a, const char *b)
{
    FILE *x = fopen(a, "rb"), *y = fopen(b, "rb");
    ck_assert(x && y);
    int c, d;
    do c = fgetc(x), d = fgetc(y);
    while (c == d && c != EOF);
    fclose(x);
    fclose(y);
    return c == d;
}

static void check_like_straight(const char *folder)
{
    static char names[1 << 16], expected[1 << 16];
    char straight[600];
    snprintf(straight, sizeof straight, "%s", test_path("straight"));
    list_files(expected, sizeof expected, straight);
    list_files(names, sizeof names, folder);
    ck_assert_str_eq(names, expected); /* no drafts, no locks, no checkpoints */
    check_same(folder, straight);
    int compared = 0;
    for (char *name = strtok(names, "\n"); name; name = strtok(NULL, "\n")) {
        if (!timeless(name)) continue;
        ck_assert_msg(same_bytes(below(folder, name), below(straight, name)), "%s differs", name);
        compared++;
    }
    ck_assert_int_gt(compared, 40);
}

/* ---- the cases ---- */

START_TEST(killed_at_twenty_random_moments_it_goes_on_to_the_same_bytes)
{
    vly_study_result r;
    double seconds;
    uint64_t state = 20;
    int killed = 0;
    const char *study = prepare(&seconds), *folder = test_path("killed");
    for (int i = 0; i < KILLS; i++) {
        pid_t child = start(study, folder);
        wait_some(test_uniform(&state) * seconds / 6.0);
        kill(child, SIGKILL);
        killed += end_of(child) < 0;
    }
    ck_assert_int_ge(killed, KILLS / 2); /* the others had come to their end */
    run_ok(&r, study, folder);
    ck_assert(r.complete);
    vly_study_result_free(&r);
    check_like_straight(folder);
}
END_TEST

START_TEST(two_at_a_time_killed_they_go_on_to_the_same_bytes)
{
    vly_study_result r;
    double seconds;
    uint64_t state = 2;
    int killed = 0;
    const char *study = prepare(&seconds), *folder = test_path("killed");
    for (int i = 0; i < KILLS / 2; i++) {
        pid_t children[2] = {start(study, folder), start(study, folder)};
        for (int k = 0; k < 2; k++) {
            wait_some(test_uniform(&state) * seconds / 8.0);
            kill(children[k], SIGKILL);
        }
        for (int k = 0; k < 2; k++) killed += end_of(children[k]) < 0;
    }
    ck_assert_int_ge(killed, KILLS / 2);
    pid_t children[2] = {start(study, folder), start(study, folder)};
    for (int k = 0; k < 2; k++) {
        const int code = end_of(children[k]);
        ck_assert_msg(code == VLY_OK || code == VLY_EAGAIN, "came back with %d", code);
    }
    run_ok(&r, study, folder);
    ck_assert(r.complete);
    vly_study_result_free(&r);
    check_like_straight(folder);
}
END_TEST

/* Asks to stop as soon as a checkpoint is worth one: some steps into the half cell. */
typedef struct stopping {
    int steps;
    bool stop;
} stopping;

static void watch(void *self, const char *stage, int64_t done, int64_t total, const char *unit)
{
    stopping *s = self;
    (void)done, (void)total, (void)unit;
    if (strstr(stage, "lithiate.") && ++s->steps > 6) s->stop = true;
}

static vly_status ask(void *self)
{
    return ((stopping *)self)->stop ? VLY_EAGAIN : VLY_OK;
}

START_TEST(a_half_cell_stopped_with_a_checkpoint_and_killed_after_it_goes_on_to_the_same_bytes)
{
    vly_study_result r;
    double seconds;
    uint64_t state = 7;
    stopping s = {0};
    const char *study = prepare(&seconds), *folder = test_path("stopped");
    vly_device_options options = VLY_DEVICE_OPTIONS_INIT;
    vly_device *device;
    options.threads = 1;
    options.progress = (vly_progress){.update = watch, .stop = ask, .self = &s};
    ck_assert_int_eq(vly_device_open(&device, "cpu", &options), VLY_OK);
    ck_assert_int_eq(vly_study_run(&r, device, study, folder, NULL), VLY_EAGAIN);
    vly_study_result_free(&r);
    vly_device_close(device);
    static char names[1 << 16];
    list_files(names, sizeof names, folder);
    ck_assert_msg(strstr(names, ".checkpoint") != NULL, "no checkpoint in\n%s", names);
    for (int i = 0; i < 5; i++) { /* before, while and after it is read and taken away */
        pid_t child = start(study, folder);
        wait_some(test_uniform(&state) * seconds / 10.0);
        kill(child, SIGKILL);
        end_of(child);
    }
    run_ok(&r, study, folder);
    ck_assert(r.complete);
    vly_study_result_free(&r);
    check_like_straight(folder);
}
END_TEST

int main(void)
{
    work_in_memory();
    Suite *suite = suite_create("run_killed");
    TEST_CASE(suite, killed_at_twenty_random_moments_it_goes_on_to_the_same_bytes);
    TEST_CASE(suite, two_at_a_time_killed_they_go_on_to_the_same_bytes);
    TEST_CASE(suite, a_half_cell_stopped_with_a_checkpoint_and_killed_after_it_goes_on_to_the_same_bytes);
    return test_run(suite);
}
