/* Ctrl-C gives up, a scheduler's signals ask to be run again; the second signal leaves at once. Writing to a closed pipe or
 * past a file size limit is an error like any other, not a death. */
#include "cli.h"

#include <signal.h>
#include <string.h>
#include <unistd.h>

static volatile sig_atomic_t wanted;

static void on_signal(int number)
{
    int status = number == SIGINT ? VLY_ECANCELLED : VLY_EAGAIN;
    if (wanted) _exit(status);
    wanted = status;
}

void cli_signals_catch(void)
{
    static const int stop[] = {SIGINT, SIGTERM, SIGHUP, SIGUSR1, SIGXCPU};
    struct sigaction action, before;
    memset(&action, 0, sizeof action);
    sigemptyset(&action.sa_mask);
    action.sa_flags = SA_RESTART;
    action.sa_handler = on_signal;
    for (size_t i = 0; i < sizeof stop / sizeof *stop; i++) {
        bool ignored = sigaction(stop[i], NULL, &before) == 0 && before.sa_handler == SIG_IGN;
        if (!ignored) sigaction(stop[i], &action, NULL); /* nohup and background jobs mean it */
    }
    action.sa_handler = SIG_IGN;
    sigaction(SIGPIPE, &action, NULL);
    sigaction(SIGXFSZ, &action, NULL);
}

vly_status cli_signals_wanted(void)
{
    return (vly_status)wanted;
}
