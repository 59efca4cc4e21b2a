/* Stops the program by a signal while it works, as a user or a queue does. */
#ifndef VLY_PROGRAM_STOP_H
#define VLY_PROGRAM_STOP_H

#include "program.h"

#include <signal.h>
#include <time.h>

/* Whether `part` stands in the events that `--events ../events.jsonl` has written so far. */
static inline bool program_told(const char *part)
{
    char text[16384] = "";
    FILE *events = fopen("../events.jsonl", "r");
    if (!events) return false;
    size_t got = fread(text, 1, sizeof text - 1, events);
    fclose(events);
    text[got] = 0;
    return strstr(text, part) != NULL;
}

/* Runs `PROGRAM words` with stderr in program_err, and sends it `number`, and `again` behind it if that is not 0, as soon as
 * under_way says so. Its exit code; dying by a signal fails the test unless it is SIGKILL (137). */
static inline int program_stop(const char *words, bool (*under_way)(void), int number, int again)
{
    static char line[4096];
    const struct timespec pause = {0, 2000000};
    int status;
    (void)remove("../events.jsonl");
    snprintf(line, sizeof line, "exec '%s' %s >/dev/null 2>../err.txt", getenv("VLY_PROGRAM"), words);
    pid_t child = fork();
    ck_assert_int_ge(child, 0);
    if (child == 0) {
        execl("/bin/sh", "sh", "-c", line, (char *)NULL);
        _exit(99);
    }
    while (!under_way()) {
        ck_assert_msg(waitpid(child, &status, WNOHANG) == 0, "ended before it was asked to");
        nanosleep(&pause, NULL);
    }
    ck_assert_int_eq(kill(child, number), 0);
    if (again) (void)kill(child, again);
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    program_read(program_err, "../err.txt");
    if (WIFEXITED(status)) return WEXITSTATUS(status);
    ck_assert_int_eq(WTERMSIG(status), SIGKILL);
    return 137;
}

#endif
