#include "core/fault.h"

#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct {
    char seam[24];
    long site; /* the call that fails, from 1 */
    bool onwards, kill;
    int code;
} plan;

static atomic_long calls;
static atomic_int loaded; /* 0 not yet, 1 nothing planned, 2 planned */

static int code_of(const char *name)
{
    static const struct {
        const char *name;
        int code;
    } codes[] = {{"ENOSPC", ENOSPC}, {"EIO", EIO},       {"EDQUOT", EDQUOT}, {"EROFS", EROFS},
                 {"EINTR", EINTR},   {"ENOMEM", ENOMEM}, {"EACCES", EACCES}};
    for (size_t i = 0; i < sizeof codes / sizeof *codes; i++)
        if (strcmp(name, codes[i].name) == 0) return codes[i].code;
    return EIO;
}

/* [kill:]seam:site[+][=CODE] */
static void load(void)
{
    const char *text = getenv("VLY_FAULT"), *test = getenv("VLY_TEST");
    memset(&plan, 0, sizeof plan);
    atomic_store(&calls, 0);
    atomic_store(&loaded, 1);
    if (!text || !test || strcmp(test, "1") != 0) return;
    if (strncmp(text, "kill:", 5) == 0) {
        plan.kill = true;
        text += 5;
    }
    const char *colon = strrchr(text, ':');
    if (!colon || colon == text || (size_t)(colon - text) >= sizeof plan.seam) return;
    memcpy(plan.seam, text, (size_t)(colon - text));
    char *end;
    plan.site = strtol(colon + 1, &end, 10);
    plan.onwards = *end == '+';
    if (plan.onwards) end++;
    plan.code = *end == '=' ? code_of(end + 1) : strcmp(plan.seam, "alloc") == 0 ? ENOMEM : EIO;
    atomic_store(&loaded, 2);
}

void vly_fault_reset(void)
{
    load();
}

/* A plan for "io" means every call of the file seam. */
static bool concerns(const char *seam)
{
    size_t length = strlen(plan.seam);
    return strncmp(seam, plan.seam, length) == 0 && (seam[length] == 0 || seam[length] == '.');
}

bool vly_fault(const char *seam)
{
    if (atomic_load(&loaded) == 0) load();
    if (atomic_load(&loaded) == 1 || !concerns(seam)) return false;
    long call = atomic_fetch_add(&calls, 1) + 1;
    if (plan.site == 0 || (plan.onwards ? call < plan.site : call != plan.site)) return false;
    if (plan.kill) raise(SIGKILL);
    errno = plan.code;
    return true;
}

long vly_fault_count(void)
{
    return atomic_load(&calls);
}
