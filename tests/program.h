/* Runs the built program (VLY_PROGRAM) the way a user does, and looks at everything it leaves: exit code, stdout, stderr,
 * files. Each test works in a folder of its own. */
#ifndef VLY_PROGRAM_H
#define VLY_PROGRAM_H

#include "support.h"

#include <dirent.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PROGRAM_TEXT = 1 << 18 };

static char program_out[PROGRAM_TEXT], program_err[PROGRAM_TEXT];

/* Makes a fresh folder and moves into it. */
static inline void program_folder(const char *name)
{
    const char *path = test_path(name);
    ck_assert_int_eq(mkdir(path, 0777), 0);
    ck_assert_int_eq(chdir(path), 0);
}

static inline void program_read(char *text, const char *path)
{
    FILE *file = fopen(path, "rb");
    ck_assert_ptr_nonnull(file);
    size_t got = fread(text, 1, PROGRAM_TEXT - 1, file);
    text[got] = 0;
    fclose(file);
}

/* Runs `prefix PROGRAM arguments` in a shell; its exit code. Dying by a signal fails the test unless it is SIGKILL (137). */
static inline int program_run_as(const char *prefix, const char *format, va_list arguments)
{
    static char line[16384], words[8192];
    const char *program = getenv("VLY_PROGRAM");
    ck_assert_msg(program != NULL, "VLY_PROGRAM is to name the program under test");
    vsnprintf(words, sizeof words, format, arguments);
    snprintf(line, sizeof line, "%s '%s' %s >../out.txt 2>../err.txt", prefix, program, words);
    int status = system(line);
    ck_assert_msg(WIFEXITED(status), "%s: ended by signal %d", words, WTERMSIG(status));
    program_read(program_out, "../out.txt");
    program_read(program_err, "../err.txt");
    int code = WEXITSTATUS(status);
    ck_assert_msg(code < 128 || code == 130 || code == 137, "%s: died with %d: %s", words, code, program_err);
    return code;
}

static inline int program_run(const char *format, ...) VLY_PRINTF(1, 2);
static inline int program_run(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    int code = program_run_as("", format, arguments);
    va_end(arguments);
    return code;
}

/* The same behind `prefix`: "ulimit -f 8;" or "VLY_FAULT=io:3 VLY_TEST=1". */
static inline int program_run_with(const char *prefix, const char *format, ...) VLY_PRINTF(2, 3);
static inline int program_run_with(const char *prefix, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    int code = program_run_as(prefix, format, arguments);
    va_end(arguments);
    return code;
}

/* Runs, expects success and a silent stderr. */
#define PROGRAM_DOES(...)                                                      \
    do {                                                                       \
        int code_ = program_run(__VA_ARGS__);                                  \
        ck_assert_msg(code_ == 0, "exit code %d: %s", code_, program_err);     \
        ck_assert_msg(program_err[0] == 0, "said on stderr: %s", program_err); \
    } while (0)

/* One line on stderr, `voxelyte: ...`, with `part` in it; nothing on stdout. */
static inline void program_said(int code, int expected, const char *part)
{
    ck_assert_msg(code == expected, "exit code %d, expected %d: %s", code, expected, program_err);
    const char *end = strchr(program_err, '\n');
    ck_assert_msg(strncmp(program_err, "voxelyte: ", 10) == 0 && end && end[1] == 0, "not one line: %s", program_err);
    ck_assert_msg(strstr(program_err, part) != NULL, "\"%s\" does not speak of \"%s\"", program_err, part);
    ck_assert_msg(program_out[0] == 0, "said on stdout: %s", program_out);
}

#define PROGRAM_REFUSES(expected, part, ...) program_said(program_run(__VA_ARGS__), expected, part)

/* Files in the folder, hidden ones included. */
static inline int program_files(void)
{
    int count = 0;
    DIR *folder = opendir(".");
    ck_assert_ptr_nonnull(folder);
    for (struct dirent *entry; (entry = readdir(folder));)
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0) count++;
    closedir(folder);
    return count;
}

/* Raw voxels and their sidecar, `name`.raw and `name`.json. */
static inline void program_write_raw(const char *name, const void *voxels, const char *type, size_t bytes, vly_extent e)
{
    char path[256];
    snprintf(path, sizeof path, "%s.raw", name);
    FILE *file = fopen(path, "wb");
    ck_assert_ptr_nonnull(file);
    ck_assert(bytes == 0 || fwrite(voxels, bytes, 1, file) == 1);
    fclose(file);
    snprintf(path, sizeof path, "%s.json", name);
    file = fopen(path, "w");
    ck_assert_ptr_nonnull(file);
    fprintf(file, "{\"extent\": [%d, %d, %d], \"type\": \"%s\", \"voxel_size_um\": [0.5, 0.5, 0.5]}\n", e.nx, e.ny,
            e.nz, type);
    fclose(file);
}

/* A noisy u16 volume of three greys in blocks of 5 voxels, `name`.raw. */
static inline void program_write_grey(const char *name, vly_extent e)
{
    static const int levels[] = {4000, 12000, 12000, 40000, 40000, 40000};
    uint64_t state = 7;
    uint16_t *grey = malloc(sizeof *grey * (size_t)vly_extent_voxels(e));
    ck_assert_ptr_nonnull(grey);
    for (int64_t z = 0, i = 0; z < e.nz; z++)
        for (int64_t y = 0; y < e.ny; y++)
            for (int64_t x = 0; x < e.nx; x++, i++)
                grey[i] = (uint16_t)(levels[vly_hash((uint64_t)(x / 5 + 1000 * (y / 5) + 1000000 * (z / 5)), 3) % 6] +
                                     (int)(test_random(&state) % 3000));
    program_write_raw(name, grey, "u16", sizeof *grey * (size_t)vly_extent_voxels(e), e);
    free(grey);
}

#endif
