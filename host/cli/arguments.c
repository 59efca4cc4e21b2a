/* The command line: --key value, --key=value, --key and --no-key for switches, -h -V -q -o PATH -j N, and -- before file
 * names that begin with a dash. */
#include "cli.h"

#include <string.h>

/* What is left of the command line. */
typedef struct cursor {
    cli_call *cli;
    char **words;
    int count, next;
} cursor;

static vly_status set(cursor *c, const char *key, const char *text)
{
    return vly_settings_set(&c->cli->settings, c->cli->command->name, key, text, "command line");
}

static vly_status set_with_value(cursor *c, const char *key, const char *attached, const char *as_typed)
{
    bool missing = !attached && (c->next == c->count || strncmp(c->words[c->next], "--", 2) == 0);
    if (missing) return vly_fail(VLY_EUSAGE, "%s: a value expected behind it", as_typed);
    return set(c, key, attached ? attached : c->words[c->next++]);
}

static bool is_switch(const cursor *c, const char *key)
{
    int32_t option = vly_option_find(c->cli->command->name, key);
    return option >= 0 && !vly_option_at(option)->value;
}

static vly_status parse_long(cursor *c, const char *word)
{
    char key[64];
    const char *equals = strchr(word, '=');
    size_t length = equals ? (size_t)(equals - word) : strlen(word);
    if (length >= sizeof key) return vly_fail(VLY_EUSAGE, "%s: no such option", word);
    memcpy(key, word, length);
    key[length] = 0;
    if (strncmp(key, "--no-", 5) == 0 && is_switch(c, key + 5) && !equals) return set(c, key + 5, "no");
    if (is_switch(c, key + 2)) return set(c, key + 2, equals ? equals + 1 : "yes");
    if (vly_option_find(c->cli->command->name, key + 2) < 0) return set(c, key + 2, ""); /* refused, with a hint */
    return set_with_value(c, key + 2, equals ? equals + 1 : NULL, key);
}

static vly_status parse_short(cursor *c, const char *word)
{
    const char *attached = word[2] ? word + 2 : NULL;
    switch (word[1]) {
    case 'q':
        if (!attached) return set(c, "quiet", "yes");
        break;
    case 'o':
        return set_with_value(c, "output", attached, "-o");
    case 'j':
        return set_with_value(c, "threads", attached, "-j");
    }
    return vly_fail(VLY_EUSAGE, "%s: no such option; voxelyte help %s lists them", word, c->cli->command->name);
}

vly_status cli_parse(cli_call *cli, int count, char **words, bool *help)
{
    cursor c = {cli, words, count, 0};
    int names = 0;
    bool ended = false;
    while (c.next < count) {
        char *word = words[c.next++];
        if (ended || word[0] != '-' || word[1] == 0)
            words[names++] = word; /* over what was read already */
        else if (strcmp(word, "--") == 0)
            ended = true;
        else if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0)
            *help = true;
        else
            VLY_TRY(word[1] == '-' ? parse_long(&c, word) : parse_short(&c, word));
    }
    cli->settings.inputs = (const char *const *)words;
    cli->settings.input_count = names;
    return VLY_OK;
}
