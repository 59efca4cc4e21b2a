/* Shell completion from the tables: commands first, then the command's options, the words of a choice, file names. */
#include "cli.h"

#include <string.h>

static void print_commands(void)
{
    for (int32_t i = 0; i < cli_command_count; i++) printf("%s%s", i ? " " : "", cli_commands[i]->name);
}

static void print_options_of(const char *command)
{
    for (int32_t i = 0; i < vly_option_count(); i++)
        if (vly_option_belongs(vly_option_at(i), command)) printf(" --%s", vly_option_at(i)->key);
}

/* A choice's words, where they are nothing but words. */
static void print_choices(void)
{
    for (int32_t i = 0; i < vly_option_count(); i++) {
        const vly_option *option = vly_option_at(i);
        if (!option->value || !strchr(option->value, '|')) continue;
        printf("        --%s) words=\"", option->key);
        for (const char *at = option->value; *at; at += strcspn(at, "|") + (strchr(at, '|') != NULL)) {
            int span = (int)strcspn(at, "|");
            if ((int)strcspn(at, "[=") >= span) printf("%.*s ", span, at);
        }
        puts("\" ;;");
    }
}

static void print_bash(void)
{
    fputs("_voxelyte() {\n"
          "    local word=\"${COMP_WORDS[COMP_CWORD]}\" before=\"${COMP_WORDS[COMP_CWORD-1]}\" words=\"\"\n"
          "    if ((COMP_CWORD == 1)); then\n"
          "        words=\"",
          stdout);
    print_commands();
    puts("\"\n"
         "    else\n"
         "        case \"$before\" in");
    print_choices();
    puts("        esac\n"
         "        if [[ -z $words && $word == -* ]]; then\n"
         "            case \"${COMP_WORDS[1]}\" in");
    for (int32_t i = 0; i < cli_command_count; i++) {
        printf("            %s) words=\"", cli_commands[i]->name);
        print_options_of(cli_commands[i]->name);
        puts("\" ;;");
    }
    fputs("            help) words=\"exit-codes ", stdout);
    print_commands();
    puts("\" ;;\n"
         "            esac\n"
         "        fi\n"
         "    fi\n"
         "    COMPREPLY=($(compgen -W \"$words\" -- \"$word\"))\n"
         "}\n"
         "complete -o default -F _voxelyte voxelyte");
}

static vly_status run(cli_call *cli)
{
    const char *shell = cli->settings.inputs[0];
    if (strcmp(shell, "zsh") == 0)
        puts("autoload -U +X bashcompinit && bashcompinit"); /* zsh runs what bash has */
    else if (strcmp(shell, "bash") != 0)
        return vly_fail(VLY_EUSAGE, "completion %s: bash or zsh expected", shell);
    print_bash();
    return VLY_OK;
}

const cli_command cli_completion = {
    .name = "completion",
    .usage = "bash|zsh",
    .summary = "what a shell needs to complete commands and options",
    .text = "  source <(voxelyte completion bash)      # in ~/.bashrc\n",
    .least = 1,
    .most = 1,
    .run = run,
};
