/* How answers are printed: numbers for people, file names that cannot steer a terminal, and the frame around every job. */
#include "cli.h"

#include <stdarg.h>
#include <time.h>

void cli_print_clean(FILE *to, const char *text)
{
    for (const unsigned char *at = (const unsigned char *)text; *at; at++) {
        bool c1 = at[0] == 0xC2 && at[1] >= 0x80 && at[1] < 0xA0; /* the second set of control characters */
        fputc(*at < 0x20 || *at == 0x7F || c1 ? '?' : *at, to);
        at += c1;
    }
}

static char *buffer(void)
{
    static char buffers[8][32];
    static int next;
    return buffers[next++ % 8];
}

/* Three digits and a prefix. */
static const char *scaled(double value, double step, const char *const *names, int count)
{
    int i = 0;
    char *text = buffer();
    while (value >= step && i + 1 < count) value /= step, i++;
    snprintf(text, 32, "%.*f %s", value >= 100.0 ? 0 : value >= 10.0 ? 1 : 2, value, names[i]);
    return text;
}

const char *cli_bytes(double bytes)
{
    static const char *const names[] = {"KiB", "MiB", "GiB", "TiB"};
    return scaled(bytes / 1024.0, 1024.0, names, 4);
}

const char *cli_count(double count)
{
    static const char *const names[] = {"million", "billion"};
    if (count >= 1e6) return scaled(count / 1e6, 1000.0, names, 2);
    char *text = buffer();
    snprintf(text, 32, "%.0f", count);
    return text;
}

const char *cli_duration(double seconds)
{
    char *text = buffer();
    int64_t whole = (int64_t)(seconds + 0.5);
    if (seconds < 9.95)
        snprintf(text, 32, "%.1f s", seconds);
    else if (whole < 60)
        snprintf(text, 32, "%d s", (int)whole);
    else if (whole < 3600)
        snprintf(text, 32, "%d min %d s", (int)(whole / 60), (int)(whole % 60));
    else
        snprintf(text, 32, "%lld h %d min", (long long)(whole / 3600), (int)(whole / 60 % 60));
    return text;
}

double cli_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

double cli_number(const vly_document *document, const char *path, ...)
{
    char full[128];
    va_list arguments;
    va_start(arguments, path);
    vsnprintf(full, sizeof full, path, arguments);
    va_end(arguments);
    return vly_document_number(document, full);
}

const char *cli_word(const vly_document *document, const char *path, ...)
{
    char full[128];
    va_list arguments;
    va_start(arguments, path);
    vsnprintf(full, sizeof full, path, arguments);
    va_end(arguments);
    const char *text = vly_document_string(document, full);
    return text ? text : "";
}

vly_status cli_do_job(cli_call *cli, cli_job *job, cli_summary *summary)
{
    const vly_settings *settings = &cli->settings;
    double started = cli_now();
    vly_device *device = NULL;
    vly_document *document = NULL;
    const char *text;
    VLY_TRY(cli_progress_open(cli));
    vly_device_options options = {settings->threads, settings->memory_limit, settings->device_memory_limit,
                                  cli_progress()};
    vly_status status = vly_device_open(&device, settings->device, &options);
    if (status == VLY_OK) cli_progress_device(device, settings->progress != VLY_PROGRESS_AUTO);
    if (status == VLY_OK) status = job(&document, device, settings);
    vly_device_close(device);
    status = cli_progress_close(status, cli_now() - started);
    if (status == VLY_OK && settings->json) {
        status = vly_document_text(document, &text);
        if (status == VLY_OK) fputs(text, stdout);
    } else if (status == VLY_OK) {
        summary(document);
    }
    /* what verify and diff found */
    if (status == VLY_OK && vly_document_number(document, "differences") > 0.0) status = VLY_DIFFERENT;
    if (status == VLY_OK && vly_document_number(document, "unconverged") > 0.0)
        status =
            vly_fail(VLY_ENUMERIC, "%s: the tolerance was not reached in %.0f directions, what was is in the result",
                     cli->command->name, vly_document_number(document, "unconverged"));
    const char *failure = status == VLY_OK ? vly_document_string(document, "failure") : NULL;
    if (failure)
        status = vly_fail(VLY_ENUMERIC, "%s: %s; what there is, is in the result", cli->command->name, failure);
    vly_document_free(document);
    return status;
}
