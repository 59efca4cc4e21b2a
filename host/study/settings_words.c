/* Which word was meant: the nearest by letters changed, added, dropped or swapped. */
#include "voxelyte/settings.h"

#include <stdio.h>
#include <string.h>

enum { LONGEST = 48 };

/* Optimal string alignment: three rows of the usual table. */
int32_t vly_word_distance(const char *a, const char *b)
{
    int32_t row[3][LONGEST + 1];
    size_t n = strlen(a), m = strlen(b);
    if (n > LONGEST || m > LONGEST) return LONGEST;
    for (size_t j = 0; j <= m; j++) row[0][j] = (int32_t)j;
    for (size_t i = 1; i <= n; i++) {
        int32_t *now = row[i % 3], *above = row[(i + 2) % 3], *two_above = row[(i + 1) % 3];
        now[0] = (int32_t)i;
        for (size_t j = 1; j <= m; j++) {
            int32_t best = above[j - 1] + (a[i - 1] != b[j - 1]);
            if (above[j] + 1 < best) best = above[j] + 1;
            if (now[j - 1] + 1 < best) best = now[j - 1] + 1;
            bool swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
            if (swapped && two_above[j - 2] + 1 < best) best = two_above[j - 2] + 1;
            now[j] = best;
        }
    }
    return row[n % 3][m];
}

const char *vly_word_hint(char hint[96], const char *word, const char *words)
{
    /* a third of the letters may be wrong, two always */
    int32_t nearest = strlen(word) > 8 ? (int32_t)strlen(word) / 3 + 1 : 3;
    *hint = 0;
    for (size_t span; *words; words += span + (words[span] != 0)) {
        char candidate[LONGEST + 1];
        span = strcspn(words, "| ");
        if (span == 0 || span > LONGEST) continue;
        snprintf(candidate, sizeof candidate, "%.*s", (int)span, words);
        int32_t distance = vly_word_distance(word, candidate);
        if (distance >= nearest || distance >= (int32_t)span) continue;
        nearest = distance;
        snprintf(hint, 96, ", did you mean %s?", candidate);
    }
    return hint;
}
