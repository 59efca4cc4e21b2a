/* The model's file: all of it comes back, Python reads it, and whatever is damaged is refused with the reason. */
#include "mlp_run.h"

#include <math.h>
#include <stdio.h>

static vly_mlp *full_model(void)
{
    vly_mlp *m = random_model(1.284e-6, 12);
    uint64_t state = 5;
    m->activation = VLY_MLP_TANH;
    m->split = VLY_MLP_BLOCK;
    m->seed = UINT64_MAX - 4;
    m->validation = 0.0125;
    m->test = 0.015;
    m->other_count = 11; /* names of two digits */
    ck_assert_int_eq(VLY_NEW(&m->others, 11 * VLY_MLP_VALUES, "networks"), VLY_OK);
    for (int i = 0; i < 11 * VLY_MLP_VALUES; i++) m->others[i] = (float)test_normal(&state);
    m->levels = (vly_mlp_levels){.known = true, .level = {8000.25f, 40000.5f}};
    for (int i = 0; i < VLY_MLP_RANKS; i++) m->levels.quantile[i] = (float)(7000 + i);
    m->seen = (vly_mlp_seen){.known = true, .limit = 23.5f};
    for (int i = 0; i < VLY_MLP_ORBITS; i++) {
        m->seen.mean[i] = (float)i;
        for (int j = 0; j <= i; j++) m->seen.whiten[i][j] = (float)test_normal(&state);
    }
    return m;
}

START_TEST(a_model_survives_its_file)
{
    vly_mlp *m = full_model(), *back;
    const char *path = test_path("m.safetensors");
    ck_assert_int_eq(vly_mlp_write(m, path, false), VLY_OK);
    test_fails(vly_mlp_write(m, path, false), VLY_EOUTPUT, "exists");
    ck_assert_int_eq(vly_mlp_read(&back, path), VLY_OK);
    ck_assert_mem_eq(back->weights, m->weights, sizeof m->weights);
    ck_assert_int_eq(vly_mlp_members(back), 12);
    ck_assert_mem_eq(back->others, m->others, 11 * sizeof m->weights);
    ck_assert_mem_eq(&back->levels, &m->levels, sizeof m->levels);
    ck_assert_mem_eq(&back->seen, &m->seen, sizeof m->seen);
    ck_assert(back->mean == m->mean && back->sd == m->sd && back->activation == m->activation &&
              back->split == m->split && back->seed == m->seed && back->validation == m->validation);
    ck_assert(fabs(back->voxel_size / m->voxel_size - 1.0) < 1e-12);
    vly_mlp_free(m);
    vly_mlp_free(back);
}
END_TEST

typedef struct image {
    char *bytes;
    size_t length;
} image;

static image load_image(const char *path)
{
    FILE *file = fopen(path, "rb");
    image i = {malloc(1 << 20), 0};
    i.length = fread(i.bytes, 1, 1 << 20, file);
    fclose(file);
    return i;
}

static void refuse_image(const image *i, const char *part)
{
    const char *path = test_path("bad.safetensors");
    vly_mlp *m;
    FILE *file = fopen(path, "wb");
    fwrite(i->bytes, 1, i->length, file);
    fclose(file);
    test_fails(vly_mlp_read(&m, path), VLY_EDATA, part);
    ck_assert_ptr_null(m);
}

/* Replaces text in the header by text of the same length, sees what is said, and puts it back. */
static void refuse_edit(image *i, const char *from, const char *to, const char *part)
{
    size_t n = strlen(from);
    ck_assert_uint_eq(n, strlen(to));
    char *at = memmem(i->bytes + 8, i->length - 8, from, n);
    ck_assert_msg(at != NULL, "%s", from);
    memcpy(at, to, n);
    refuse_image(i, part);
    memcpy(at, from, n);
}

START_TEST(damaged_models_are_refused_with_the_reason)
{
    vly_mlp *m = random_model(1.284e-6, 12);
    m->activation = VLY_MLP_TANH;
    const char *path = test_path("sound.safetensors");
    ck_assert_int_eq(vly_mlp_write(m, path, true), VLY_OK);
    image i = load_image(path);
    refuse_edit(&i, "125-75-75", "125-75-76", "architecture \"125-75-76-75-75-75-3\"");
    refuse_edit(&i, "\"tanh\"", "\"tang\"", "none of relu");
    refuse_edit(&i, "\"voxel_um\":\"1.284\"", "\"voxel_um\":\"-.284\"", "voxel_um");
    refuse_edit(&i, "\"W2\":{\"dtype\":\"F32\"", "\"W2\":{\"dtype\":\"F16\"", "tensor W2 has another type");
    refuse_edit(&i, "\"b6\"", "\"b7\"", "tensor b6 is missing");
    refuse_edit(&i, "\"shape\":[75,125]", "\"shape\":[125,75]", "tensor W1 has another type or shape");
    refuse_edit(&i, "\"data_offsets\":[0,37500]", "\"data_offsets\":[4,37500]", "tensor W1 does not lie");
    refuse_edit(&i, "\"data_offsets\":[37500,37800]", "\"data_offsets\":[37400,37700]", "overlaps");
    refuse_edit(&i, "\"data_offsets\":[37500,37800]", "\"data_offsets\":[9993750,300]", "tensor b1 does not lie");
    refuse_edit(&i, "{\"__meta", "[\"__meta", "no JSON");
    refuse_edit(&i, "\"members\":\"1\"", "\"members\":\"0\"", "members");
    refuse_edit(&i, "\"members\":\"1\"", "\"members\":\"2\"", "tensor m1.W1 is missing");
    uint64_t length;
    memcpy(&length, i.bytes, 8);
    const uint64_t lies[] = {length + 8, length - 8, i.length, UINT64_MAX, UINT64_C(1) << 63, 1 << 20, 0};
    static const char *const said[] = {"E_FORMAT",      "no JSON",       "header claims", "header claims",
                                       "header claims", "header claims", "no JSON"};
    for (size_t k = 0; k < sizeof lies / sizeof *lies; k++) {
        memcpy(i.bytes, &lies[k], 8);
        refuse_image(&i, said[k]);
    }
    memcpy(i.bytes, &length, 8);
    const float broken = NAN;
    memcpy(i.bytes + i.length - 100, &broken, 4);
    refuse_image(&i, "not finite");
    refuse_image(&(image){i.bytes, i.length - 4}, "E_FORMAT");
    refuse_image(&(image){i.bytes, 7}, "7 bytes");
    free(i.bytes);
    vly_mlp_free(m);
    test_fails(vly_mlp_read(&m, test_path("none")), VLY_ENOINPUT, "none");
}
END_TEST

/* Levels that run the wrong way are refused like everything else that makes no sense. */
START_TEST(grey_levels_that_make_no_sense_are_refused)
{
    vly_mlp *m = full_model(), *back;
    const char *path = test_path("levels.safetensors");
    m->levels.level[1] = 8000.0f;
    ck_assert_int_eq(vly_mlp_write(m, path, true), VLY_OK);
    test_fails(vly_mlp_read(&back, path), VLY_EDATA, "not pore below active material");
    m->levels.level[1] = 9000.0f;
    m->levels.quantile[7] = 1.0f;
    ck_assert_int_eq(vly_mlp_write(m, path, true), VLY_OK);
    test_fails(vly_mlp_read(&back, path), VLY_EDATA, "quantiles descend");
    vly_mlp_free(m);
}
END_TEST

/* What users do with the file: Python's own reader, where there is one. */
START_TEST(python_s_safetensors_reads_a_model)
{
    if (system("python3 -c 'import numpy, safetensors' 2> /dev/null") != 0) {
        fprintf(stderr, "skipped: no safetensors for python3\n");
        return;
    }
    vly_mlp *m = full_model();
    const char *path = test_path("python.safetensors");
    char command[2048];
    ck_assert_int_eq(vly_mlp_write(m, path, true), VLY_OK);
    /* W1 is (outs, ins), the transpose of what kernels take */
    snprintf(command, sizeof command,
             "python3 -c \"import sys; from safetensors import safe_open; f = safe_open(sys.argv[1], 'np'); "
             "w = f.get_tensor('W1'); b = f.get_tensor('m11.b6'); i = f.metadata(); "
             "assert len(f.keys()) == 12 * 12 + 6 and w.shape == (75, 125) and b.shape == (3,); "
             "assert i['arch'] == '125-75-75-75-75-75-3' and i['members'] == '12' and i['split'] == 'block'; "
             "assert abs(w[3, 7] - float(sys.argv[2])) < 1e-6 and abs(b[2] - float(sys.argv[3])) < 1e-6; "
             "assert f.get_tensor('quantiles')[1023] == 8023 and f.get_tensor('norm')[0] == 30000\" '%s' %.9g %.9g",
             path, (double)m->weights[7 * 75 + 3], (double)m->others[11 * VLY_MLP_VALUES - 1]);
    ck_assert_int_eq(system(command), 0);
    vly_mlp_free(m);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("mlp model");
    TEST_CASE(suite, a_model_survives_its_file);
    TEST_CASE(suite, damaged_models_are_refused_with_the_reason);
    TEST_CASE(suite, grey_levels_that_make_no_sense_are_refused);
    TEST_CASE(suite, python_s_safetensors_reads_a_model);
    return test_run(suite);
}
