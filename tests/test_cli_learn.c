/* compose, train and segment with a model, as a user types them: documents, files, and what is refused. */
#include "program_document.h"

START_TEST(a_sample_is_learned_from_and_trinarised_in_all_ways)
{
    program_folder("learn");
    PROGRAM_DOES("synth --size 48,48,48 --fib-ratio 8 --seed 2 -o s -q");
    PROGRAM_DOES("compose s/fib/labels.tif -o c.tif --ratio 8 --transform s/synth.json --json");
    vly_document *d = document_of_output();
    double voxels = number(d, "voxels");
    ck_assert(number(d, "counts.am") + number(d, "counts.cbd") + number(d, "counts.pore") == 512.0 * voxels);
    ck_assert(number(d, "voxel_size_um.0") == 1.284 && number(d, "origin.2") >= 0.0);
    vly_document_free(d);
    PROGRAM_DOES("train mlp --grey s/grey.tif --composition c.tif -o m.safetensors --epochs 2 --json --seed 7 -q");
    d = document_of_output();
    ck_assert(number(d, "test_mse") > 0.0 && number(d, "test_mse") < number(d, "constant_mse"));
    ck_assert(number(d, "test_mse_interval.0") < number(d, "test_mse"));
    ck_assert(number(d, "epochs") == 2.0 && vly_document_length(d, "curve.validation") == 2);
    ck_assert(number(d, "table.binning") == 2.0 && number(d, "table.voxels") <= voxels);
    ck_assert_int_eq(vly_document_length(d, "calibration.cbd.known"), 10);
    ck_assert_str_eq(vly_document_string(d, "seed"), "7");
    ck_assert_ptr_nonnull(vly_document_string(d, "inputs.1.xxh128"));
    vly_document_free(d);
    PROGRAM_REFUSES(73, "exists already", "train mlp --grey s/grey.tif --composition c.tif -o m.safetensors");
    PROGRAM_DOES("train mlp --grey s/grey.tif --composition c.tif -o n.safetensors --epochs 2 --seed 7 -j 1 -q");
    ck_assert_int_eq(system("cmp -s m.safetensors n.safetensors"), 0);

    PROGRAM_DOES(
        "segment s/grey.tif -o l --method all --model m.safetensors --subsample 5000 --nn-fractions f.tif --json -q");
    d = document_of_output();
    ck_assert_int_eq(vly_document_length(d, "methods"), 11);
    ck_assert_str_eq(vly_document_string(d, "methods.4.method"), "nn-am-cond");
    ck_assert_str_eq(vly_document_string(d, "methods.4.scale"), "atrous");
    ck_assert(number(d, "methods.10.counts.am") == number(d, "methods.0.counts.am"));
    ck_assert_str_eq(vly_document_string(d, "inputs.1.path"), "m.safetensors");
    vly_document_free(d);
    PROGRAM_DOES("segment s/grey.tif -o one.tif --method nn-am-cond --model n.safetensors -j 1 -q");
    PROGRAM_DOES("diff one.tif l/nn-am-cond.tif");
    PROGRAM_DOES("segment s/grey.tif -o fast.tif --method nn-am-cond --model n.safetensors --precision fast --json -q");
    d = document_of_output();
    ck_assert_str_eq(vly_document_string(d, "precision"), "fast");
    vly_document_free(d);
    PROGRAM_DOES("segment s/grey.tif -o x.tif --method nn-p-cond --model m.safetensors --dry-run");
    ck_assert_ptr_nonnull(strstr(program_out, "would segment"));
    ck_assert_int_ne(access("x.tif", F_OK), 0);
}
END_TEST

START_TEST(an_ensemble_says_how_sure_it_is_at_any_scale)
{
    static const struct {
        const char *option, *scale;
    } scales[] = {
        {"", "atrous"}, {"--nn-scale binned", "binned"}, {"--nn-scale resample --voxel-size 0.9um", "resample"}};
    program_folder("ensemble");
    PROGRAM_DOES("synth --size 44,40,36 --fib-ratio 4 --seed 2 -o s -q");
    PROGRAM_DOES("compose s/fib/labels.tif -o c.tif --ratio 4 --transform s/synth.json");
    PROGRAM_DOES("train mlp --grey s/grey.tif --composition c.tif -o m.safetensors --epochs 1 --tries 2 --ensemble "
                 "--no-far-field --json -q");
    vly_document *d = document_of_output();
    ck_assert_int_eq(vly_document_length(d, "tries"), 2);
    ck_assert_str_eq(vly_document_string(d, "split"), "group");
    ck_assert(number(d, "table.levels.certain_voxels.1") > 1000.0);
    ck_assert(number(d, "table.levels.pore_am_u16.0") < number(d, "table.levels.pore_am_u16.1"));
    vly_document_free(d);
    for (size_t i = 0; i < sizeof scales / sizeof *scales; i++) {
        PROGRAM_DOES("segment s/grey.tif -o l.tif --method nn-am-cond --model m.safetensors --nn-entropy e.tif "
                     "--nn-spread p.tif --nn-fractions f.tif --nn-calibration quantiles %s --json -q --overwrite",
                     scales[i].option);
        d = document_of_output();
        ck_assert_str_eq(vly_document_string(d, "scale"), scales[i].scale);
        ck_assert_str_eq(vly_document_string(d, "calibration.mode"), "quantiles");
        ck_assert(number(d, "networks") == 2.0 && number(d, "spread") > 0.0 && number(d, "entropy") > 0.0);
        ck_assert(number(d, "unlike_training") >= 0.0);
        vly_document_free(d);
    }
    PROGRAM_DOES("info e.tif p.tif");
    int files = program_files();
    PROGRAM_REFUSES(65, "E_SCALE",
                    "segment s/grey.tif -o x.tif --method nn-p-cond --model m.safetensors --voxel-size 0.66um");
    PROGRAM_REFUSES(
        65, "cannot be averaged",
        "segment s/grey.tif -o x.tif --method nn-p-cond --model m.safetensors --voxel-size 2um --nn-scale resample");
    PROGRAM_REFUSES(65, "certainly pore",
                    "segment s/grey.tif -o x.tif --method nn-p-cond --model m.safetensors --window 0:14,0:14,0:14 "
                    "--nn-calibration two-point");
    ck_assert_int_eq(program_files(), files);
}
END_TEST

START_TEST(a_study_learns_its_own_network_once)
{
    program_folder("study");
    PROGRAM_DOES("synth --size 40,40,44 --fib-ratio 4 --seed 2 -o s -q");
    test_write_text("study.yaml", "version: 1\ninput: {grey: s/grey.tif, truth: s/truth.tif}\n"
                                  "methods: [threshold, nn-am-cond, nn-p-cond]\nfib: s/fib/labels.tif\nratio: 4\n"
                                  "transform: s/synth.json\nepochs: 1\nfar_field: no\n");
    PROGRAM_DOES("run study.yaml -o out -q --json --events events.jsonl");
    ck_assert_int_eq(access("out/learn/model.safetensors", F_OK), 0);
    ck_assert_int_eq(access("out/labels/nn-p-cond.tif", F_OK), 0);
    ck_assert_int_eq(access("out/figures/learning.svg", F_OK), 0);
    vly_document *d = document_of_output();
    for (int32_t i = 0; i < vly_document_length(d, "pieces"); i++) {
        char key[40];
        snprintf(key, sizeof key, "pieces.%d.state", i);
        ck_assert_str_eq(vly_document_string(d, key), "computed");
    }
    vly_document_free(d);
    /* it is asked once for both methods */
    ck_assert_int_eq(system("grep -q 'nn-am-cond: network' events.jsonl"), 0);
    ck_assert_int_eq(system("grep -q 'nn-p-cond: labels' events.jsonl"), 0);
    ck_assert_int_ne(system("grep -q 'nn-p-cond: network' events.jsonl"), 0);
    /* thresholds need no network, and the network is not learned again for other methods */
    PROGRAM_DOES("run study.yaml -o other -q --only segment.threshold");
    ck_assert_int_ne(access("other/learn/model.safetensors", F_OK), 0);
    PROGRAM_DOES("run study.yaml -o out -q --from segment.nn-p-cond --json");
    d = document_of_output();
    int32_t seen = 0;
    for (int32_t i = 0; i < vly_document_length(d, "pieces"); i++) {
        char key[40], name[64];
        snprintf(key, sizeof key, "pieces.%d.name", i);
        snprintf(name, sizeof name, "%s", vly_document_string(d, key));
        snprintf(key, sizeof key, "pieces.%d.state", i);
        const char *expected = strcmp(name, "segment.nn-p-cond") == 0                                  ? "computed"
                               : strcmp(name, "learn") == 0 || strcmp(name, "segment.nn-am-cond") == 0 ? "finished"
                                                                                                       : NULL;
        if (!expected) continue;
        ck_assert_str_eq(vly_document_string(d, key), expected);
        seen++;
    }
    ck_assert_int_eq(seen, 3);
    vly_document_free(d);
    /* the same network by hand gives the same labels */
    PROGRAM_DOES("segment s/grey.tif -o hand.tif --method nn-p-cond --model out/learn/model.safetensors -q");
    PROGRAM_DOES("diff hand.tif out/labels/nn-p-cond.tif");
}
END_TEST

START_TEST(what_cannot_be_learned_from_or_applied_is_refused)
{
    program_folder("refused");
    program_write_grey("g", (vly_extent){24, 20, 16});
    PROGRAM_DOES("synth --size 32,32,32 --fib-ratio 4 --seed 1 -o s -q");
    PROGRAM_DOES("compose s/fib/labels.tif -o c.tif --ratio 4");
    int files = program_files();
    PROGRAM_REFUSES(2, "--ratio N expected", "compose s/fib/labels.tif -o d.tif");
    PROGRAM_REFUSES(65, "lies inside", "compose s/fib/labels.tif -o d.tif --ratio 500");
    PROGRAM_REFUSES(66, "none.json", "compose s/fib/labels.tif -o d.tif --ratio 4 --transform none.json");
    PROGRAM_REFUSES(65, "no \"rotation\"", "compose s/fib/labels.tif -o d.tif --ratio 4 --transform g.json");
    PROGRAM_REFUSES(2, "mlp expected", "train unet --grey s/grey.tif --composition c.tif -o m");
    PROGRAM_REFUSES(2, "--composition FILE expected", "train mlp --grey s/grey.tif -o m");
    PROGRAM_REFUSES(65, "3 channels of f32 expected", "train mlp --grey s/grey.tif --composition s/truth.tif -o m");
    PROGRAM_REFUSES(65, "one grey channel", "train mlp --grey c.tif --composition c.tif -o m");
    PROGRAM_REFUSES(65, "E_SCALE", "train mlp --grey s/grey.tif --composition c.tif -o m --voxel-size 1um");
    PROGRAM_REFUSES(65, "do not match", "train mlp --grey g.raw --composition c.tif -o m --voxel-size 0.642um");
    PROGRAM_REFUSES(66, "none", "segment s/grey.tif -o l.tif --model none --method nn-p-cond");
    PROGRAM_REFUSES(65, "E_FORMAT", "segment s/grey.tif -o l.tif --model s/grey.tif --method nn-p-cond");
    PROGRAM_DOES("train mlp --grey s/grey.tif --composition c.tif -o one --epochs 1 --no-far-field -q");
    files++;
    PROGRAM_REFUSES(2, "one is one network",
                    "segment s/grey.tif -o l.tif --model one --method nn-p-cond --nn-spread s.tif");
    PROGRAM_REFUSES(2, "--ratio goes with --from", "synth --size 32,32,32 --ratio 2 -o t");
    PROGRAM_REFUSES(2, "nn-p-cond needs --model", "segment s/grey.tif -o l.tif --method threshold,nn-p-cond");
    ck_assert_int_eq(program_files(), files);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("cli learn");
    TEST_CASE(suite, a_sample_is_learned_from_and_trinarised_in_all_ways);
    TEST_CASE(suite, an_ensemble_says_how_sure_it_is_at_any_scale);
    TEST_CASE(suite, a_study_learns_its_own_network_once);
    TEST_CASE(suite, what_cannot_be_learned_from_or_applied_is_refused);
    return test_run(suite);
}
