/* How far it is: a bar on a terminal, a line now and then in a log, JSON lines for programs. */
#include "cli.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

static const double BAR_INTERVAL = 0.25, LINE_INTERVAL = 5.0; /* s */

static struct {
    int style; /* VLY_PROGRESS_BAR, _LINES, _OFF */
    bool quiet, bar_drawn, device_said;
    char stage[48], device[320];
    double started, stage_started, shown, told; /* s: start; of the stage; last on stderr; last event */
    FILE *events;
} state;

/* ---- events ---- */

static void write_string(const char *text)
{
    fputc('"', state.events);
    for (const unsigned char *at = (const unsigned char *)text; *at; at++) {
        if (*at == '"' || *at == '\\')
            fprintf(state.events, "\\%c", *at);
        else if (*at < 0x20 || *at >= 0x7F) /* a file name may be in any encoding: each byte as a character */
            fprintf(state.events, "\\u%04x", *at);
        else
            fputc(*at, state.events);
    }
    fputc('"', state.events);
}

static void begin_event(const char *name)
{
    fprintf(state.events, "{\"t\": %.3f, \"ev\": \"%s\"", cli_now() - state.started, name);
}

static void end_event(void)
{
    fputs("}\n", state.events);
    fflush(state.events);
}

static void text_event(const char *name, const char *key, const char *text)
{
    if (!state.events) return;
    begin_event(name);
    fprintf(state.events, ", \"%s\": ", key);
    write_string(text);
    end_event();
}

static void stage_event(const char *stage, int64_t done, int64_t total, const char *unit, double left)
{
    if (!state.events) return;
    begin_event("stage");
    fputs(", \"stage\": ", state.events);
    write_string(stage);
    fprintf(state.events, ", \"done\": %lld, \"total\": %lld, \"unit\": ", (long long)done, (long long)total);
    write_string(unit);
    if (left >= 0.0) fprintf(state.events, ", \"eta_s\": %.1f", left);
    end_event();
}

static void piece_event(const vly_piece_news *news)
{
    if (!state.events) return;
    begin_event("piece");
    fputs(", \"piece\": ", state.events);
    write_string(news->piece);
    fprintf(state.events, ", \"state\": \"%s\", \"done\": %d, \"total\": %d", news->state, (int)news->done,
            (int)news->total);
    if (news->seconds > 0.0) fprintf(state.events, ", \"seconds\": %.3f", news->seconds);
    if (*news->reason) fputs(", \"reason\": ", state.events), write_string(news->reason);
    end_event();
}

/* ---- stderr ---- */

static void clear_bar(void)
{
    if (state.bar_drawn) fputs("\r\033[K", stderr);
    state.bar_drawn = false;
}

/* What stands behind a comma of the unit is news, not a unit. */
static void draw_bar(const char *stage, double part, const char *unit, double left)
{
    struct winsize window;
    int columns = ioctl(STDERR_FILENO, TIOCGWINSZ, &window) == 0 && window.ws_col > 0 ? window.ws_col : 80;
    int width = columns - 50 < 10 ? 10 : columns - 50 > 40 ? 40 : columns - 50;
    char bar[48];
    memset(bar, '-', sizeof bar);
    memset(bar, '#', (size_t)(part * width));
    fprintf(stderr, "\r\033[K%-20.20s [%.*s] %3d %%", stage, width, bar, (int)(100.0 * part));
    const char *news = strchr(unit, ',');
    if (news) fprintf(stderr, " %s", news + 1);
    if (left >= 0.0) fprintf(stderr, "  %s left", cli_duration(left));
    fflush(stderr);
    state.bar_drawn = true;
}

/* Which device computes and why, in a line: before the first progress, so that short jobs stay silent. */
static void say_device(void)
{
    if (state.device_said || !state.device[0]) return;
    state.device_said = true;
    fputs("voxelyte: computing on ", stderr);
    cli_print_clean(stderr, state.device);
    fputc('\n', stderr);
}

static void draw_line(const char *stage, int64_t done, int64_t total, const char *unit, double left)
{
    fprintf(stderr, "voxelyte: %s: %lld of %lld %s", stage, (long long)done, (long long)total, unit);
    if (left >= 0.0 && done < total) fprintf(stderr, ", %s left", cli_duration(left));
    fputc('\n', stderr);
}

static void update(void *self, const char *stage, int64_t done, int64_t total, const char *unit)
{
    double now = cli_now();
    bool fresh = strncmp(state.stage, stage, sizeof state.stage - 1) != 0;
    (void)self;
    if (fresh) {
        snprintf(state.stage, sizeof state.stage, "%s", stage);
        state.stage_started = now;
    }
    double spent = now - state.stage_started, part = total > 0 ? (double)done / (double)total : 0.0;
    if (part > 1.0) part = 1.0;
    double left = part > 0.0 && spent > 1.0 ? spent * (1.0 / part - 1.0) : -1.0;
    if (fresh || done >= total || now - state.told >= BAR_INTERVAL) {
        stage_event(stage, done, total, unit, left);
        state.told = now;
    }
    /* short stages come and go without a word */
    double interval = state.style == VLY_PROGRESS_BAR ? BAR_INTERVAL : LINE_INTERVAL;
    if (state.style == VLY_PROGRESS_OFF || now - state.shown < interval) return;
    state.shown = now;
    say_device();
    if (state.style == VLY_PROGRESS_BAR)
        draw_bar(stage, part, unit, left);
    else
        draw_line(stage, done, total, unit, left);
}

static void warn(void *self, const char *message)
{
    (void)self;
    text_event("warning", "message", message);
    if (state.quiet) return;
    clear_bar();
    fputs("voxelyte: warning: ", stderr);
    cli_print_clean(stderr, message);
    fputc('\n', stderr);
}

static void piece(void *self, const vly_piece_news *news)
{
    (void)self;
    piece_event(news);
}

static vly_status stop(void *self)
{
    (void)self;
    return cli_signals_wanted();
}

/* ---- from start to end ---- */

static vly_status open_events(const char *path)
{
    char *end = NULL;
    long descriptor = strncmp(path, "fd:", 3) == 0 ? strtol(path + 3, &end, 10) : -1;
    if (descriptor > 0 && *end == 0)
        state.events = fdopen((int)descriptor, "a");
    else
        state.events = fopen(path, "ae");
    return state.events ? VLY_OK : vly_fail(VLY_EOUTPUT, "%s: cannot be opened for events: %s", path, strerror(errno));
}

vly_status cli_progress_open(const cli_call *cli)
{
    const vly_settings *settings = &cli->settings;
    const char *terminal = getenv("TERM");
    bool smart = isatty(STDERR_FILENO) && terminal && strcmp(terminal, "dumb") != 0;
    memset(&state, 0, sizeof state);
    state.quiet = settings->quiet;
    state.style = settings->quiet ? VLY_PROGRESS_OFF : (int)settings->progress;
    if (state.style == VLY_PROGRESS_AUTO) state.style = smart ? VLY_PROGRESS_BAR : VLY_PROGRESS_LINES;
    state.started = state.shown = cli_now();
    if (*settings->events) VLY_TRY(open_events(settings->events));
    text_event("run_start", "command", cli->line);
    return VLY_OK;
}

void cli_progress_device(const vly_device *device, bool now)
{
    snprintf(state.device, sizeof state.device, "%s: %s", vly_device_name(device), vly_device_description(device));
    text_event("device", "description", state.device);
    if (now && state.style != VLY_PROGRESS_OFF) say_device();
}

vly_progress cli_progress(void)
{
    return (vly_progress){.update = update, .warn = warn, .stop = stop, .piece = piece};
}

vly_status cli_progress_close(vly_status status, double seconds)
{
    clear_bar();
    if (!state.events) return status;
    if (status != VLY_OK) text_event("error", "message", vly_error_message());
    begin_event("run_end");
    fprintf(state.events, ", \"status\": %d, \"seconds\": %.3f", (int)status, seconds);
    end_event();
    bool lost = ferror(state.events) != 0;
    lost = fclose(state.events) != 0 || lost;
    state.events = NULL;
    return lost && status == VLY_OK ? vly_fail(VLY_EIO, "events: cannot be written: %s", strerror(errno)) : status;
}
