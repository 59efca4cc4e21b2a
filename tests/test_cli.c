/* The program from outside: options, help, documents, progress, events, and where each thing is said. */
#include "program_document.h"

#include "voxelyte/settings.h"

static const vly_extent SMALL = {31, 22, 13};

START_TEST(help_lists_every_command_and_every_option)
{
    program_folder("help");
    PROGRAM_DOES(" ");
    char overview[PROGRAM_TEXT];
    strcpy(overview, program_out);
    static const char *const commands[] = {"info",     "synth",     "segment",  "compose",   "train", "compare",
                                           "describe", "transport", "lithiate", "impedance", "fit",   "convert",
                                           "run",      "report",    "verify",   "diff",      "bench", "doctor"};
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
        ck_assert_ptr_nonnull(strstr(overview, commands[i]));
        PROGRAM_DOES("help %s", commands[i]);
        char help[PROGRAM_TEXT];
        strcpy(help, program_out);
        for (int32_t k = 0; k < vly_option_count(); k++) {
            const vly_option *option = vly_option_at(k);
            char line[128]; /* its line, to the end of the name: --device is also the beginning of another */
            snprintf(line, sizeof line, "  --%s%s", option->key, option->value ? " " : ",");
            bool found = strstr(help, line) != NULL;
            bool expected = vly_option_find(commands[i], option->key) >= 0;
            ck_assert_msg(found == expected, "%s: %s", commands[i], line);
        }
        PROGRAM_DOES("%s --help", commands[i]);
        ck_assert_str_eq(program_out, help);
        PROGRAM_DOES("%s -h", commands[i]);
        ck_assert_str_eq(program_out, help);
    }
    PROGRAM_DOES("--help");
    ck_assert_str_eq(program_out, overview);
    PROGRAM_DOES("help");
    ck_assert_str_eq(program_out, overview);
}
END_TEST

START_TEST(version_names_commit_and_libraries)
{
    program_folder("version");
    PROGRAM_DOES("--version");
    ck_assert_ptr_nonnull(strstr(program_out, vly_version()));
    ck_assert_ptr_nonnull(strstr(program_out, vly_commit()));
    ck_assert_ptr_nonnull(strstr(program_out, "libtiff 4."));
    char once[PROGRAM_TEXT];
    strcpy(once, program_out);
    PROGRAM_DOES("-V");
    ck_assert_str_eq(program_out, once);
}
END_TEST

START_TEST(exit_codes_are_explained)
{
    program_folder("codes");
    PROGRAM_DOES("help exit-codes");
    static const int codes[] = {0, 1, 2, 65, 66, 70, 71, 73, 74, 75, 76, 77, 130};
    const char *at = program_out;
    for (size_t i = 0; i < sizeof codes / sizeof *codes; i++) {
        char text[16];
        snprintf(text, sizeof text, "%3d  ", codes[i]);
        at = strstr(at, text);
        ck_assert_msg(at != NULL, "%d is missing", codes[i]);
    }
}
END_TEST

START_TEST(wrong_command_lines_are_refused_with_a_hint)
{
    program_folder("wrong");
    program_write_grey("g", SMALL);
    PROGRAM_REFUSES(2, "did you mean segment?", "segmnt g.raw");
    PROGRAM_REFUSES(2, "command expected", "--json info g.raw");
    PROGRAM_REFUSES(2, "did you mean fractions?", "segment g.raw -o l.tif --fractons paper");
    PROGRAM_REFUSES(2, "no option of info", "info g.raw --fractions paper");
    PROGRAM_REFUSES(2, "a value expected", "segment g.raw -o l.tif --mask");
    PROGRAM_REFUSES(2, "a value expected", "segment g.raw -o l.tif --mask --json");
    PROGRAM_REFUSES(2, "-o: a value expected", "segment g.raw -o");
    PROGRAM_REFUSES(2, "no such option", "segment g.raw -x");
    PROGRAM_REFUSES(2, "no such option", "segment g.raw -qq");
    PROGRAM_REFUSES(2, "-o PATH expected", "segment g.raw");
    PROGRAM_REFUSES(2, "usage: voxelyte segment", "segment -o l.tif");
    PROGRAM_REFUSES(2, "usage: voxelyte segment", "segment g.raw g.raw -o l.tif");
    PROGRAM_REFUSES(2, "usage: voxelyte compare", "compare g.raw");
    PROGRAM_REFUSES(2, "usage: voxelyte convert", "convert g.raw");
    PROGRAM_REFUSES(2, "yes or no", "info g.raw --json=maybe");
    PROGRAM_REFUSES(2, "no such option", "info g.raw --no-device");
    PROGRAM_REFUSES(2, "did you mean nn-am-cond?", "segment g.raw -o l.tif --method nn-am-con");
    PROGRAM_REFUSES(2, "nn-am-cond needs --model FILE", "segment g.raw -o l.tif --method nn-am-cond");
    PROGRAM_REFUSES(2, "edx-closing needs --edx MAP.tif", "segment g.raw -o l.tif --method edx-closing");
    PROGRAM_REFUSES(2, "did you mean exit-codes?", "help exit-code");
    PROGRAM_REFUSES(2, "no format has that ending", "segment g.raw -o l.png");
    PROGRAM_REFUSES(2, "device", "info g.raw --device gpu");
    ck_assert_int_eq(program_files(), 2);
}
END_TEST

START_TEST(a_device_that_is_not_usable_is_told)
{
    program_folder("device");
    program_write_grey("g", SMALL);
    vly_device *device;
    if (vly_device_open(&device, "cuda", NULL) == VLY_OK) return vly_device_close(device); /* it is usable here */
    PROGRAM_REFUSES(77, "cuda", "info g.raw --device cuda");
    PROGRAM_REFUSES(77, "cuda", "segment g.raw -o l.tif --device=cuda:99");
    PROGRAM_DOES("segment g.raw -o l.tif --device auto");
    ck_assert_int_eq(program_files(), 3);
}
END_TEST

START_TEST(doctor_says_what_is_there_and_why_the_rest_is_not)
{
    static const char *const parts[] = {"libtiff 4.", "deflate", "JPEG", "processor", "GiB", "scratch", "free"};
    program_folder("doctor");
    PROGRAM_DOES("doctor --scratch . -j 2");
    ck_assert_ptr_nonnull(strstr(program_out, vly_commit()));
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        ck_assert_msg(strstr(program_out, parts[i]), "\"%s\" is missing: %s", parts[i], program_out);
    PROGRAM_DOES("doctor --json --memory-limit 3G --scratch none");
    vly_document *document = document_of_output();
    ck_assert_str_eq(vly_document_string(document, "voxelyte"), vly_version());
    ck_assert(vly_document_number(document, "memory.limit") == 0x3p30);
    ck_assert_ptr_nonnull(strstr(vly_document_string(document, "scratch.reason"), "none: "));
    ck_assert_str_eq(vly_document_string(document, "tiff.reads.0"), "none");
    ck_assert_ptr_nonnull(vly_document_string(document, "device_description"));
    if (vly_document_length(document, "cuda.gpus") > 0) {
        ck_assert_str_eq(vly_document_string(document, "device"), "cuda:0");
    } else {
        const char *reason = vly_document_string(document, "cuda.reason");
        ck_assert_str_eq(vly_document_string(document, "device"), "cpu");
        PROGRAM_REFUSES(77, reason, "doctor --device cuda");
        PROGRAM_DOES("doctor");
        ck_assert_ptr_nonnull(strstr(program_out, reason));
    }
    vly_document_free(document);
    PROGRAM_REFUSES(2, "usage: voxelyte doctor", "doctor g.raw");
}
END_TEST

START_TEST(a_job_says_what_it_computes_on_and_why)
{
    program_folder("computing");
    program_write_grey("g", SMALL);
    ck_assert_int_eq(program_run("info g.raw --progress lines --device cpu -j 2"), 0);
    ck_assert_ptr_eq(strstr(program_err, "voxelyte: computing on cpu: "), program_err);
    ck_assert_ptr_nonnull(strstr(program_err, "2 threads\n"));
    ck_assert_int_eq(program_run("info g.raw --progress lines"), 0);
    ck_assert_ptr_eq(strstr(program_err, "voxelyte: computing on c"), program_err);
    if (strstr(program_err, "on cpu")) ck_assert_ptr_nonnull(strstr(program_err, "(cuda: ")); /* why not on a GPU */
    PROGRAM_DOES("info g.raw --progress lines --quiet");
    PROGRAM_DOES("info g.raw --progress off");
}
END_TEST

START_TEST(options_stand_where_one_likes)
{
    program_folder("order");
    program_write_grey("g", SMALL);
    program_write_grey("-g", SMALL);
    PROGRAM_DOES("segment -o a.tif g.raw");
    PROGRAM_DOES("segment --seed=1 g.raw -ob.tif -j1 -q");
    PROGRAM_DOES("segment --no-compress -o c.tif -- -g.raw");
    PROGRAM_DOES("segment g.raw --output c.tif --overwrite");
    PROGRAM_DOES("segment g.raw --output c.tif --overwrite=yes --compress");
    PROGRAM_REFUSES(73, "c.tif: exists already", "segment g.raw --output c.tif --overwrite --no-overwrite");
    PROGRAM_DOES("compare a.tif b.tif c.tif --json");
    vly_document *document = document_of_output();
    ck_assert(vly_document_number(document, "equal.0.1") == 1.0 && vly_document_number(document, "equal.1.2") == 1.0);
    vly_document_free(document);
}
END_TEST

START_TEST(stdout_holds_the_document_and_nothing_else)
{
    program_folder("stdout");
    program_write_grey("g", SMALL);
    static const char *const lines[] = {"info g.raw --json", "segment g.raw -o l.tif --json --progress bar",
                                        "compare l.tif l.tif --json --progress lines",
                                        "convert l.tif l.raw --json --quiet"};
    static const char *const commands[] = {"info", "segment", "compare", "convert"};
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        ck_assert_int_eq(program_run("%s", lines[i]), 0);
        vly_document *document = document_of_output();
        ck_assert_str_eq(vly_document_string(document, "command"), commands[i]);
        ck_assert_str_eq(vly_document_string(document, "voxelyte"), vly_version());
        const char *device = vly_document_string(document, "device"); /* what auto finds */
        ck_assert(strcmp(device, "cpu") == 0 || strcmp(device, "cuda:0") == 0);
        ck_assert(vly_document_number(document, "seconds") >= 0.0);
        ck_assert_int_eq(vly_document_length(document, "warnings"), 0);
        ck_assert_ptr_nonnull(vly_document_string(document, "inputs.0.path"));
        ck_assert(vly_document_number(document, "inputs.0.extent.0") == SMALL.nx);
        ck_assert(vly_document_number(document, "inputs.0.voxel_size_um.2") == 0.5);
        if (i > 0) ck_assert_int_eq((int)strlen(vly_document_string(document, "inputs.0.xxh128")), 32);
        vly_document_free(document);
    }
}
END_TEST

START_TEST(a_full_stdout_is_an_error)
{
    program_folder("full");
    program_write_grey("g", SMALL);
    int code = system("\"$VLY_PROGRAM\" info g.raw --json >/dev/full 2>../err.txt");
    ck_assert_int_eq(WEXITSTATUS(code), 74);
    program_read(program_err, "../err.txt");
    ck_assert_ptr_nonnull(strstr(program_err, "standard output"));
}
END_TEST

START_TEST(a_closed_pipe_is_no_death)
{
    program_folder("pipe");
    program_write_grey("g", SMALL);
    char text[PROGRAM_TEXT];
    int code = system("{ sleep 0.1; \"$VLY_PROGRAM\" help segment; echo $? >../code.txt; } 2>/dev/null | true");
    ck_assert_int_eq(WEXITSTATUS(code), 0);
    program_read(text, "../code.txt");
    ck_assert_msg(atoi(text) == 0 || atoi(text) == 74, "came back with %s", text);
}
END_TEST

START_TEST(file_names_cannot_steer_a_terminal)
{
    program_folder("names");
    int code = program_run("info \"$(printf 'a\\033[2J\\nb\\302\\233c\\303\\251')\"");
    program_said(code, 66, "a?[2J?b?c\303\251");
}
END_TEST

START_TEST(events_are_json_lines)
{
    program_folder("events");
    program_write_grey("g", SMALL);
    PROGRAM_DOES("segment g.raw -o l.tif --events events.jsonl");
    PROGRAM_REFUSES(73, "exists", "segment g.raw -o l.tif --events events.jsonl");
    PROGRAM_DOES("info g.raw --events fd:3 3>fd.jsonl");
    static const char *const files[] = {"events.jsonl", "fd.jsonl"};
    for (int f = 0; f < 2; f++) {
        FILE *file = fopen(files[f], "r");
        char line[4096];
        int lines = 0, starts = 0, ends = 0, devices = 0;
        for (; fgets(line, sizeof line, file); lines++) {
            vly_document *document;
            const char *one = test_write_text("../line.json", line);
            ck_assert_msg(vly_document_read(&document, one) == VLY_OK, "%s", line);
            const char *event = vly_document_string(document, "ev");
            ck_assert(vly_document_number(document, "t") >= 0.0);
            starts += strcmp(event, "run_start") == 0;
            ends += strcmp(event, "run_end") == 0;
            devices += strcmp(event, "device") == 0;
            vly_document_free(document);
        }
        fclose(file);
        ck_assert_int_eq(starts, f == 0 ? 2 : 1);
        ck_assert_int_eq(ends, starts);
        ck_assert_int_eq(devices, starts);
        ck_assert_int_gt(lines, 1);
    }
    PROGRAM_REFUSES(73, "cannot be opened for events", "info g.raw --events none/events.jsonl");
}
END_TEST

START_TEST(a_dry_run_plans_and_writes_nothing)
{
    program_folder("dry");
    program_write_grey("g", SMALL);
    PROGRAM_DOES("segment g.raw -o l.tif --dry-run --json");
    vly_document *document = document_of_output();
    ck_assert_str_eq(vly_document_string(document, "plan.mode"), "resident");
    ck_assert(vly_document_number(document, "plan.voxels") == (double)vly_extent_voxels(SMALL));
    ck_assert(vly_document_number(document, "plan.host_bytes") > (double)vly_extent_voxels(SMALL) * 3.0);
    vly_document_free(document);
    PROGRAM_DOES("segment g.raw -o l.tif --dry-run");
    ck_assert_ptr_nonnull(strstr(program_out, "resident"));
    ck_assert_int_eq(program_files(), 2);
}
END_TEST

START_TEST(info_says_what_a_volume_is)
{
    program_folder("info");
    uint8_t voxels[60];
    for (int i = 0; i < 60; i++) voxels[i] = (uint8_t)(i < 45 ? 10 : 200);
    program_write_raw("v", voxels, "u8", sizeof voxels, (vly_extent){5, 4, 3});
    PROGRAM_DOES("info v.raw --json");
    vly_document *document = document_of_output();
    ck_assert_str_eq(vly_document_string(document, "inputs.0.type"), "u8");
    ck_assert_str_eq(vly_document_string(document, "inputs.0.voxel_size_verdict"), "file");
    ck_assert(vly_document_number(document, "inputs.0.voxels") == 60.0);
    ck_assert(vly_document_number(document, "inputs.0.bytes") == 60.0);
    ck_assert(vly_document_number(document, "inputs.0.grey.min") == 10.0);
    ck_assert(vly_document_number(document, "inputs.0.grey.max") == 200.0);
    ck_assert(vly_document_number(document, "inputs.0.grey.mean") == (45.0 * 10.0 + 15.0 * 200.0) / 60.0);
    ck_assert(vly_document_number(document, "inputs.0.grey.otsu") == 10.0);
    ck_assert(vly_document_number(document, "inputs.0.grey.percentiles.50") == 10.0);
    ck_assert(vly_document_number(document, "inputs.0.grey.percentiles.99") == 200.0);
    ck_assert_ptr_null(vly_document_string(document, "inputs.0.xxh128"));
    vly_document_free(document);
    PROGRAM_DOES("info v.raw --voxel-size 1um,1um,2um");
    ck_assert_ptr_nonnull(strstr(program_out, "5 x 4 x 3 voxels"));
    ck_assert_ptr_nonnull(strstr(program_out, "1 x 1 x 2 um (given"));
}
END_TEST

START_TEST(the_page_for_man_has_every_command_and_option)
{
    char entry[80];
    program_folder("man");
    PROGRAM_DOES("help man");
    ck_assert_int_eq(strncmp(program_out, ".TH VOXELYTE 1 ", 15), 0);
    for (const char *line = program_out; *line; line += strcspn(line, "\n"), line += *line == '\n')
        if (*line == '.') /* requests that are meant, no text that begins with a dot */
            ck_assert_msg(strchr("TSPBIRnfba", line[1]) != NULL, "%.40s", line);
    static const char *const commands[] = {"segment", "run", "lithiate", "doctor"};
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
        snprintf(entry, sizeof entry, "\n.SS %s\n", commands[i]);
        ck_assert_msg(strstr(program_out, entry) != NULL, "no %s", commands[i]);
    }
    for (int32_t i = 0; i < vly_option_count(); i++) {
        char key[40] = "";
        for (const char *c = vly_option_at(i)->key; *c; c++) strcat(key, *c == '-' ? "\\-" : (char[2]){*c, 0});
        snprintf(entry, sizeof entry, "%s\\fR\n", key);
        ck_assert_msg(strstr(program_out, entry) != NULL, "no --%s", vly_option_at(i)->key);
    }
    ck_assert_ptr_nonnull(strstr(program_out, ".SH EXIT STATUS"));
    if (system("man --version >/dev/null 2>&1") != 0) return;
    ck_assert_int_eq(system("man --warnings -l ../out.txt >../page.txt 2>../warnings.txt"), 0);
    program_read(program_err, "../warnings.txt");
    ck_assert_str_eq(program_err, "");
}
END_TEST

START_TEST(completion_is_a_script_that_completes)
{
    program_folder("completion");
    PROGRAM_DOES("completion bash");
    int code = system("bash -n ../out.txt");
    ck_assert_int_eq(WEXITSTATUS(code), 0);
    code = system("bash -c '. ../out.txt; COMP_WORDS=(voxelyte segment --fra); COMP_CWORD=2; _voxelyte; "
                  "test \"${COMPREPLY[*]}\" = --fractions && COMP_WORDS=(voxelyte seg); COMP_CWORD=1 && _voxelyte && "
                  "test \"${COMPREPLY[*]}\" = segment && COMP_WORDS=(voxelyte segment --ties n) && COMP_CWORD=3 && "
                  "_voxelyte && test \"${COMPREPLY[*]}\" = none'");
    ck_assert_int_eq(WEXITSTATUS(code), 0);
    PROGRAM_DOES("completion zsh");
    ck_assert_ptr_nonnull(strstr(program_out, "bashcompinit"));
    PROGRAM_REFUSES(2, "bash or zsh", "completion fish");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("cli");
    TEST_CASE(suite, help_lists_every_command_and_every_option);
    TEST_CASE(suite, version_names_commit_and_libraries);
    TEST_CASE(suite, exit_codes_are_explained);
    TEST_CASE(suite, wrong_command_lines_are_refused_with_a_hint);
    TEST_CASE(suite, a_device_that_is_not_usable_is_told);
    TEST_CASE(suite, doctor_says_what_is_there_and_why_the_rest_is_not);
    TEST_CASE(suite, a_job_says_what_it_computes_on_and_why);
    TEST_CASE(suite, options_stand_where_one_likes);
    TEST_CASE(suite, stdout_holds_the_document_and_nothing_else);
    TEST_CASE(suite, a_full_stdout_is_an_error);
    TEST_CASE(suite, a_closed_pipe_is_no_death);
    TEST_CASE(suite, file_names_cannot_steer_a_terminal);
    TEST_CASE(suite, events_are_json_lines);
    TEST_CASE(suite, a_dry_run_plans_and_writes_nothing);
    TEST_CASE(suite, info_says_what_a_volume_is);
    TEST_CASE(suite, the_page_for_man_has_every_command_and_option);
    TEST_CASE(suite, completion_is_a_script_that_completes);
    return test_run(suite);
}
