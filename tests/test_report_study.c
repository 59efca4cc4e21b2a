/* The report's sections on what a whole study adds, from documents that are written here: complete, in strange shapes. */
#include "run_study.h"

#include "markup.h"
#include "voxelyte/report.h"

static const char frame[] =
    "version: 1\nmethods: [threshold, kmeans]\nlabels: auto\ninput: {name: slabs, grey: grey.tif}\n";

static const char segmented[] =
    "{\"command\": \"segment\", \"inputs\": [{\"path\": \"grey.tif\", \"extent\": [20, 18, 16],\n"
    " \"voxel_size_um\": [0.5, 0.5, 0.5]}], \"warnings\": []}\n";

static const char disagreement[] =
    "{\"command\": \"compare\", \"disagreement\": {\"voxels\": 5000, \"outside\": 760, \"dissenting\": [4000, 750, 250],\n"
    " \"distinct\": [0, 4000, 900, 100], \"called\": {\"am\": [2000, 0, 500, 2500], \"cbd\": [3000, 1000, 500, 500],\n"
    " \"pore\": [3000, 500, 500, 1000]}}, \"warnings\": [\"an odd <i>one</i>\"]}\n";

static const char impedance[] =
    "{\"command\": \"impedance\", \"gamma_cbd\": 0.06, \"r_hf_ohm_cm2\": 100, \"r_lf_ohm_cm2\": 180, \"r_ion_ohm_cm2\": 120,\n"
    " \"tau_electrode\": 3.25, \"r_ion_line_ohm_cm2\": 123.5, \"tau_electrode_line\": 3.5, \"spectrum\": {\n"
    " \"frequency_hz\": [1000, 100, 10, 1], \"z_re_ohm_cm2\": [102, 120, 170, 180], \"z_im_ohm_cm2\": [-2, -25, -90, -700]}}\n";

static const char transport[] =
    "{\"conduct\": {\"am\": 0, \"cbd\": 0.06, \"pore\": 1}, \"directions\": {\"z\": {\"tau_electrolyte\": 3.125}}}\n";

#define CURVE(last) "{\"capacity_mah_cm2\": [0, 2, 4], \"voltage_v\": [4.1, 3.8, " last "]}"
static const char fit[] =
    "{\"command\": \"fit\", \"gamma\": 0.0625, \"tau\": 8, \"inverse_tau\": 0.125, \"interval\": [0.05, 0.078], \"at_bound\": false,\n"
    " \"identifiable\": false, \"verdict\": \"not identifiable: the <b>interval</b>\", \"rms_mv\": 2.125,\n"
    " \"targets\": [{\"current_ma_cm2\": 6, \"measured\": " CURVE(
        "3.1") "}],\n"
               " \"pooled\": {\"landscape\": {\"gamma\": [0.03, 0.0625, 0.12], \"chi2\": [9, 0.5, 12]}},\n"
               " \"per_cutout\": [{\"simulations\": [{\"gamma\": 0.03, \"chi2\": 9}, {\"gamma\": 0.12, \"chi2\": null}],\n"
               "   \"matches\": [{\"current_ma_cm2\": 6, \"curve\": " CURVE(
                   "3.0") "}],\n"
                          "   \"predictions\": [{\"current_ma_cm2\": 1, \"curve\": " CURVE(
                              "3.6") "}]}],\n"
                                     " \"predictions\": [{\"current_ma_cm2\": 1, \"rms_mv\": 3.5, \"capacity_error_rel\": -0.013, \"measured\": " CURVE(
                                         "3.6") "}],\n"
                                                " \"simulated\": [{\"cutout\": 1, \"current_ma_cm2\": 6, \"gamma\": 0.03, \"curve\": " CURVE(
                                                    "3.0") "},\n"
                                                           "   {\"cutout\": 1, \"current_ma_cm2\": 6, \"gamma\": 0.12, \"curve\": " CURVE(
                                                               "3.2") "},\n"
                                                                      "   {\"cutout\": 1, \"current_ma_cm2\": 1, \"gamma\": 0.12, \"curve\": " CURVE(
                                                                          "3.9") "}]}\n";

/* Half cells of a trinarisation: of two cut-outs at 6 mA/cm2, of one at 1. */
#define CELL(cutout, current, capacity, more)                                                             \
    "{\"cutout\": " cutout ", \"current_ma_cm2\": " current ", \"capacity_mah_cm2\": " capacity more ", " \
    "\"warnings\": [\"much is <b>sealed\"]}"

static void put_cells(const char *method, const char *first, const char *second, const char *slow)
{
    static const char *const names[] = {"1_6", "2_6", "1_1"};
    const char *const documents[] = {first, second, slow};
    char name[80];
    for (int i = 0; i < 3; i++) {
        snprintf(name, sizeof name, "cell/%s_%s.json", method, names[i]);
        put(name, documents[i]);
    }
}

static const char summary[] =
    "sample,cutout,trinarisation,phase,quantity,value,unit,flag\n"
    "slabs,all,threshold,cbd,r_max_um,1,um,\nslabs,all,kmeans,cbd,r_max_um,3,um,\n"
    "slabs,all,threshold,,capacity_6_ma_cm2,4,mAh/cm2,\nslabs,all,kmeans,,capacity_6_ma_cm2,5,mAh/cm2,\n"
    "slabs,all,threshold,pore,r_min_um,0,um,\nslabs,all,kmeans,pore,r_min_um,0,um,\n";

static void make_folders(const char *const *names)
{
    for (; *names; names++) ck_assert_int_eq(vly_folder_make(test_path(*names)), VLY_OK);
}

/* A study of two trinarisations in the test's folder. */
static void make_study(void)
{
    static const char *const folders[] = {"segment", "labels", "impedance", "transport", "fit", "cell", NULL};
    static uint8_t labels[VOXELS];
    begin();
    make_folders(folders);
    put("study.yaml", frame);
    put("segment/threshold.json", segmented);
    put("segment/kmeans.json", segmented);
    for (int i = 0; i < VOXELS; i++) labels[i] = (uint8_t)(i % 3);
    write_volume(test_path("labels/threshold.tif"), labels, VLY_U8);
    write_volume(test_path("labels/kmeans.tif"), labels, VLY_U8);
    write_volume(test_path("disagreement.tif"), labels, VLY_U8);
}

static char *page_of(void)
{
    ck_assert_msg(vly_report_write(test_folder()) == VLY_OK, "%s", vly_error_message());
    char *page = text_of(test_path("report.html"));
    markup_check(page);
    return page;
}

static void has(const char *page, const char *part)
{
    ck_assert_msg(strstr(page, part) != NULL, "\"%s\" is not on the page", part);
}

START_TEST(impedance_and_fit_and_disagreement_are_shown)
{
    make_study();
    put("disagreement.json", disagreement);
    put("impedance/kmeans.json", impedance);
    put("transport/kmeans.json", transport);
    put("fit/kmeans.json", fit);
    put("summary.csv", summary);
    char *page = page_of();
    has(page, "<section id=\"disagreement\">");
    has(page, "All agree in 80.0 % of the voxels");
    has(page, "83.3 % for active material, 25.0 % for CBD and 50.0 % for pore");
    has(page, "<section id=\"impedance\">");
    has(page, ">3.25<");
    has(page, ">123.5<");
    has(page, ">3.12<"); /* transport with the same gamma */
    has(page, "<section id=\"fit\">");
    has(page, ">0.125‡<");
    has(page, "0.05–0.078");
    has(page, "k-means: not identifiable: the &lt;b&gt;interval");
    has(page, "Predicted: 1 mA/cm²: 3.5 mV, capacity -1.3 %");
    has(page, "Figure 11 a to c");
    has(page, "<section id=\"uncertainty\">");
    has(page, "3 quantities below, 2 vary mostly with the trinarisation, 1 varies with nothing");
    has(page, "<td>mAh/cm²</td>");
    has(page, "<td>Impedance, 1</td>");
    has(page, "capacity, 6 mA/cm²");
    has(page, "an odd &lt;i&gt;one");
    vly_free(page);
    char *csv = text_of(test_path("figures/impedance.csv"));
    ck_assert_str_eq(csv, "sample,trinarisation,frequency_hz,z_re_ohm_cm2,z_im_ohm_cm2\nslabs,kmeans,1000,102,-2\n"
                          "slabs,kmeans,100,120,-25\nslabs,kmeans,10,170,-90\nslabs,kmeans,1,180,-700\n");
    vly_free(csv);
    csv = text_of(test_path("figures/fit-landscape.csv"));
    ck_assert_ptr_nonnull(strstr(csv, "\nslabs,kmeans,0.0625,0.5\n"));
    vly_free(csv);
    char *svg = text_of(test_path("figures/impedance.svg"));
    markup_check(svg);
    ck_assert_ptr_null(strstr(svg, "nan"));
    vly_free(svg);
}
END_TEST

START_TEST(the_first_lines_tell_capacities_and_gamma)
{
    char text[sizeof fit + 80];
    make_study();
    put("study.yaml", "version: 1\nmethods: [threshold, kmeans]\nlabels: auto\ncell: {current: [1, 6], cutouts: 2}\n"
                      "input: {name: slabs, grey: grey.tif}\n");
    char *page = page_of();
    ck_assert_ptr_null(strstr(page, "mAh/cm²"));
    ck_assert_ptr_null(strstr(page, "γ of the CBD"));
    vly_free(page);
    put_cells("threshold", CELL("1", "6", "1.5", ""), CELL("2", "6", "2.5", ""), CELL("1", "1", "8", ""));
    page = page_of();
    has(page, "At 6 mA/cm² the half cells take 2 mAh/cm² (Thresholding). ");
    has(page, "There is 1 <a href=\"#warnings\">warning</a>"); /* every curve's is the same */
    vly_free(page);
    put_cells("kmeans", CELL("1", "6", "3", ""), CELL("2", "6", "9", ", \"failure\": \"lithium was lost\""),
              CELL("1", "1", "7", ""));
    put("fit/kmeans.json", fit);
    page = page_of();
    has(page, "At 6 mA/cm² the half cells take 2 (Thresholding) to 3 mAh/cm² (k-means) over 2 trinarisations. ");
    has(page, "γ of the CBD stays unknown: no fit pins it down. ");
    has(page, "There are 2 <a");
    ck_assert_int_eq(markup_count(page, "much is &lt;b&gt;sealed"), 2);
    vly_free(page);
    const char *flag = strstr(fit, "false, \"verdict\"");
    snprintf(text, sizeof text, "%.*strue%s", (int)(flag - fit), fit, flag + 5);
    put("fit/threshold.json", text);
    page = page_of();
    has(page, "Fitted to the measured curve, γ of the CBD is 0.0625 (0.05–0.078, Thresholding); 1 of 2 fits do not");
    vly_free(page);
    put("fit/kmeans.json", text);
    memcpy(strstr(text, "0.0625"), "0.1250", 6);
    put("fit/threshold.json", text);
    page = page_of();
    has(page, "γ of the CBD is 0.0625 (0.05–0.078, k-means) to 0.125 (0.05–0.078, Thresholding), with 95 % intervals");
    vly_free(page);
}
END_TEST

START_TEST(what_a_fit_was_made_of_is_an_input)
{
    char text[sizeof fit + 800];
    make_study();
    snprintf(text, sizeof text, "%s%s", frame, "experiment: measured.csv\n");
    put("study.yaml", text);
    put("measured.csv", "current_ma_cm2,capacity_mah_cm2,voltage_v\n6,0.5,4\n");
    snprintf(text, sizeof text,
             "{\"inputs\": [{\"path\": \"%s\", \"xxh128\": \"00c0ffee\", \"extent\": null}], \"seconds\": 2,%s",
             test_path("measured.csv"), fit + 1);
    put("fit/kmeans.json", text);
    char *page = page_of();
    has(page, "measured.csv</code></td><td class=\"k\"></td><td></td><td><code>00c0ffee<");
    has(page, "<td>Fits, 1</td>");
    vly_free(page);
}
END_TEST

START_TEST(what_was_not_computed_leaves_no_heading)
{
    static const char *const ids[] = {"disagreement", "impedance", "fit", "uncertainty"};
    make_study();
    char *page = page_of();
    for (size_t i = 0; i < sizeof ids / sizeof *ids; i++) {
        char id[40];
        snprintf(id, sizeof id, "id=\"%s\"", ids[i]);
        ck_assert_ptr_null(strstr(page, id));
    }
    vly_free(page);
}
END_TEST

START_TEST(documents_of_strange_shapes_break_no_page)
{
    static const char *const shapes[] = {
        "{}",
        "{\"disagreement\": {\"voxels\": 1, \"dissenting\": 4, \"called\": []}, \"spectrum\": {}, \"pooled\": 1, \"targets\": {}}",
        "{\"disagreement\": {\"voxels\": 9, \"dissenting\": [null, \"x\"], \"called\": {\"am\": [1]}},\n"
        " \"spectrum\": {\"frequency_hz\": [1, 2], \"z_re_ohm_cm2\": [1], \"z_im_ohm_cm2\": [null, 1e308]},\n"
        " \"gamma\": 1e308, \"interval\": 3, \"pooled\": {\"landscape\": {\"gamma\": [0, -1], \"chi2\": [1, 2, 3]}},\n"
        " \"simulated\": [{}, {\"cutout\": 1, \"curve\": {\"capacity_mah_cm2\": [1e308], \"voltage_v\": []}}],\n"
        " \"per_cutout\": [1, {\"simulations\": 2, \"matches\": [null]}], \"predictions\": [7], \"targets\": [[]]}"};
    make_study();
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
        put("disagreement.json", shapes[i]);
        put("impedance/kmeans.json", shapes[i]);
        put("fit/threshold.json", shapes[i]);
        put("cell/threshold_1_6.json", shapes[i]);
        char *page = page_of();
        ck_assert_ptr_null(strstr(page, "=\"nan"));
        ck_assert_ptr_null(strstr(page, "inf\""));
        vly_free(page);
    }
    put("disagreement.json", disagreement);
    ck_assert_int_eq(remove(test_path("disagreement.tif")), 0);
    char *page = page_of();
    has(page, "Not shown: ");
    vly_free(page);
    put("summary.csv", "a,b\n1,2\n");
    test_fails(vly_report_write(test_folder()), VLY_EDATA, "summary.csv:2");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("report_study");
    TEST_CASE(suite, impedance_and_fit_and_disagreement_are_shown);
    TEST_CASE(suite, the_first_lines_tell_capacities_and_gamma);
    TEST_CASE(suite, what_a_fit_was_made_of_is_an_input);
    TEST_CASE(suite, what_was_not_computed_leaves_no_heading);
    TEST_CASE(suite, documents_of_strange_shapes_break_no_page);
    return test_run(suite);
}
