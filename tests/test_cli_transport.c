/* The transport command: its document, its table, and its exit codes. */
#include "program_document.h"

#include <math.h>

static const vly_extent EXTENT = {12, 10, 8};

/* Pore in layers of two along z, values 7 and 9; or layers of pore alone. */
static void write_layers(const char *name, uint8_t pore, uint8_t other)
{
    uint8_t label[960];
    for (int i = 0; i < 960; i++) label[i] = i / 120 % 4 < 2 ? pore : other;
    program_write_raw(name, label, "u8", sizeof label, EXTENT);
}

static bool near(const vly_document *document, const char *path, double expected)
{
    return fabs(vly_document_number(document, path) - expected) < 1e-9 * fabs(expected);
}

START_TEST(the_document_holds_what_was_promised)
{
    program_folder("document");
    write_layers("l", 7, 9);
    PROGRAM_DOES("transport l.raw -o t.json --quiet --labels pore=7,cbd=9 --conduct pore=1,cbd=0.1");
    vly_document *document = read_document("t.json");
    ck_assert_str_eq(vly_document_string(document, "command"), "transport");
    ck_assert_ptr_nonnull(vly_document_string(document, "inputs.0.xxh128"));
    static const char *const axes[] = {"x", "y", "z"};
    for (int a = 0; a < 3; a++) {
        double expected = a == 2 ? 2.0 / 11.0 : 0.55;
        char path[64];
#define AT(key) (snprintf(path, sizeof path, "directions.%s." key, axes[a]), path)
        ck_assert(near(document, AT("d_eff_rel"), expected) && near(document, AT("gamma"), expected));
        ck_assert(near(document, AT("tau"), 1.0 / expected));
        ck_assert(near(document, AT("tau_electrolyte"), 0.75 / expected)); /* half pore, half CBD counted by half */
        ck_assert(vly_document_number(document, AT("volume_fraction")) == 1.0);
        ck_assert(vly_document_number(document, AT("percolating_fraction")) == 1.0);
        ck_assert(fabs(vly_document_number(document, AT("flux_in")) - expected) < 1e-6);
        ck_assert(fabs(vly_document_number(document, AT("flux_out")) - expected) < 1e-6);
        ck_assert(vly_document_number(document, AT("bounds.0")) <= expected * (1 + 1e-12));
        ck_assert(vly_document_number(document, AT("bounds.1")) >= expected * (1 - 1e-12));
        ck_assert(vly_document_number(document, AT("iterations")) >= 0.0);
        ck_assert(vly_document_number(document, AT("residual")) >= 0.0);
        ck_assert_int_eq(vly_document_length(document, AT("profile.potential")), a == 0 ? 12 : a == 1 ? 10 : 8);
        ck_assert_int_eq(vly_document_length(document, AT("profile.tau")), a == 0 ? 11 : a == 1 ? 9 : 7);
    }
    vly_document_free(document);
    PROGRAM_REFUSES(VLY_EOUTPUT, "t.json", "transport l.raw -o t.json --quiet --labels pore=7,cbd=9");
}
END_TEST

START_TEST(one_direction_and_a_window_can_be_asked_for)
{
    program_folder("window");
    write_layers("l", 0, 1);
    PROGRAM_DOES("transport l.raw --json --quiet --direction z --window 0:3,0:3,4:6");
    ck_assert_int_eq(rename("../out.txt", "w.json"), 0);
    vly_document *document = read_document("w.json");
    ck_assert(near(document, "directions.z.tau", 1.0) && vly_document_number(document, "voxels") == 18.0);
    ck_assert(isnan(vly_document_number(document, "directions.x.d_eff_rel")));
    vly_document_free(document);
}
END_TEST

START_TEST(where_nothing_percolates_tau_is_null_with_a_reason)
{
    program_folder("percolates");
    write_layers("l", 0, 1);
    PROGRAM_DOES("transport l.raw -o t.json --quiet");
    ck_assert_ptr_nonnull(strstr(program_out, "infinite"));
    vly_document *document = read_document("t.json");
    ck_assert(isnan(vly_document_number(document, "directions.z.tau")));
    ck_assert(vly_document_number(document, "directions.z.d_eff_rel") == 0.0);
    ck_assert_ptr_nonnull(strstr(vly_document_string(document, "directions.z.reason"), "no cluster"));
    ck_assert(near(document, "directions.x.tau", 1.0));
    vly_document_free(document);
}
END_TEST

START_TEST(a_tolerance_out_of_reach_ends_with_76_and_what_was_reached)
{
    program_folder("reach");
    uint8_t label[960];
    uint64_t state = 1;
    for (int i = 0; i < 960; i++) label[i] = test_random(&state) % 3 == 0;
    program_write_raw("l", label, "u8", sizeof label, EXTENT);
    ck_assert_int_eq(program_run("transport l.raw -o t.json --quiet --direction x --tolerance 1e-18"), VLY_ENUMERIC);
    ck_assert_ptr_nonnull(strstr(program_err, "tolerance was not reached"));
    vly_document *document = read_document("t.json");
    double lower = vly_document_number(document, "directions.x.bounds.0");
    double upper = vly_document_number(document, "directions.x.bounds.1");
    ck_assert(lower > 0.0 && upper - lower < 1e-12 && vly_document_number(document, "unconverged") == 1.0);
    vly_document_free(document);
}
END_TEST

START_TEST(the_tensor_the_fields_and_an_estimate_come_on_request)
{
    program_folder("request");
    write_layers("l", 0, 1);
    PROGRAM_DOES("transport l.raw -o t.json --quiet --direction z --tensor --vti f --conduct pore=1,am=0.1");
    ck_assert_ptr_nonnull(strstr(program_out, "tensor"));
    vly_document *document = read_document("t.json");
    ck_assert(near(document, "tensor.d_eff_rel.2.2", 2.0 / 11.0) && near(document, "tensor.d_eff_rel.0.0", 0.55));
    ck_assert(fabs(vly_document_number(document, "tensor.d_eff_rel.0.2")) < 1e-6);
    ck_assert(near(document, "directions.z.discretisation.coarse_d_eff_rel", 2.0 / 11.0));
    vly_document_free(document);
    FILE *file = fopen("f/transport_z.vti", "rb");
    ck_assert_ptr_nonnull(file);
    char text[4096] = {0};
    size_t got = fread(text, 1, sizeof text - 1, file);
    ck_assert(got > 500 && strstr(text, "potential") && strstr(text, "flux_z"));
    /* layer by layer along z the flux is the same: the last array is D_eff everywhere, whichever layer conducts */
    ck_assert_int_eq(fseek(file, 0, SEEK_END), 0);
    long size = ftell(file);
    const char *raw = strstr(text, "encoding=\"raw\"");
    long begin = raw ? (long)(strchr(raw, '_') - text) + 1 : size;
    float value;
    ck_assert_int_eq(fseek(file, begin + 4 * 8 + 3 * 960 * 4 + 100 * 4, SEEK_SET), 0);
    ck_assert_uint_eq(fread(&value, 4, 1, file), 1);
    ck_assert_msg(fabs((double)value - 2.0 / 11.0) < 1e-6, "flux %g", (double)value);
    fclose(file);
    PROGRAM_REFUSES(VLY_EOUTPUT, "transport_z.vti",
                    "transport l.raw --quiet --direction z --vti f --conduct pore=1,am=0.1");
}
END_TEST

START_TEST(what_makes_no_sense_is_refused)
{
    program_folder("refused");
    write_layers("l", 0, 1);
    PROGRAM_REFUSES(VLY_EUSAGE, "from 0 to 1e12", "transport l.raw --quiet --conduct pore=-1");
    PROGRAM_REFUSES(VLY_EUSAGE, "from 0 to 1e12", "transport l.raw --quiet --conduct pore=nan");
    PROGRAM_REFUSES(VLY_EUSAGE, "outside", "transport l.raw --quiet --conduct outside=1");
    PROGRAM_REFUSES(VLY_EUSAGE, "twice", "transport l.raw --quiet --conduct pore=1,P=2");
    PROGRAM_REFUSES(VLY_EUSAGE, "tolerance", "transport l.raw --quiet --tolerance 0");
    PROGRAM_REFUSES(VLY_EDATA, "no voxel conducts", "transport l.raw --quiet --conduct cbd=1");
    PROGRAM_REFUSES(VLY_EDATA, "window", "transport l.raw --quiet --window 0:99,0:3,0:3");
    PROGRAM_REFUSES(VLY_ENOINPUT, "none.raw", "transport none.raw --quiet");
    program_said(program_run_with("VLY_FAULT=device:5 VLY_TEST=1", "transport l.raw -o t.json --quiet"), VLY_EDEVICE,
                 "device");
    ck_assert_int_eq(program_files(), 2);
}
END_TEST

START_TEST(a_dry_run_says_what_it_would_take)
{
    program_folder("dry");
    write_layers("l", 0, 1);
    PROGRAM_DOES("transport l.raw --quiet --dry-run -o t.json");
    ck_assert_ptr_nonnull(strstr(program_out, "would solve 960 voxels in 3 directions"));
    ck_assert_int_eq(program_files(), 2);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("cli_transport");
    TEST_CASE(suite, the_document_holds_what_was_promised);
    TEST_CASE(suite, one_direction_and_a_window_can_be_asked_for);
    TEST_CASE(suite, where_nothing_percolates_tau_is_null_with_a_reason);
    TEST_CASE(suite, a_tolerance_out_of_reach_ends_with_76_and_what_was_reached);
    TEST_CASE(suite, the_tensor_the_fields_and_an_estimate_come_on_request);
    TEST_CASE(suite, what_makes_no_sense_is_refused);
    TEST_CASE(suite, a_dry_run_says_what_it_would_take);
    return test_run(suite);
}
