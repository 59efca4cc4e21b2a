/* The preconditioner by itself: on graphs that are no images, against assembled matrices in double precision, and the same
 * on every device. */
#include "conductor.h"

#include "transport/multigrid.h"

/* An edge list, and the rows that are made of it. */
typedef struct graph {
    int32_t rows;
    int32_t *first, *column;
    float *weight, *ground;
    uint64_t *place;
} graph;

typedef struct edge {
    int32_t from, to;
    float weight;
} edge;

static graph rows_of(int32_t rows, const edge *edges, int32_t count)
{
    graph g = {.rows = rows};
    g.first = calloc((size_t)rows + 1, sizeof *g.first);
    g.column = calloc(2 * (size_t)count + 1, sizeof *g.column);
    g.weight = calloc(2 * (size_t)count + 1, sizeof *g.weight);
    g.ground = calloc((size_t)rows, sizeof *g.ground);
    g.place = calloc((size_t)rows, sizeof *g.place);
    for (int32_t k = 0; k < count; k++) g.first[edges[k].from + 1]++, g.first[edges[k].to + 1]++;
    for (int32_t i = 0; i < rows; i++) g.first[i + 1] += g.first[i];
    int32_t *at = malloc((size_t)rows * sizeof *at);
    memcpy(at, g.first, (size_t)rows * sizeof *at);
    for (int32_t k = 0; k < count; k++)
        for (int end = 0; end < 2; end++) {
            int32_t i = end ? edges[k].to : edges[k].from, slot = at[i]++;
            g.column[slot] = end ? edges[k].from : edges[k].to;
            g.weight[slot] = edges[k].weight;
        }
    free(at);
    return g;
}

static void free_graph(graph *g)
{
    free(g->first);
    free(g->column);
    free(g->weight);
    free(g->ground);
    free(g->place);
}

/* The potentials of a half cell: on each voxel of n^3 an electronic node, an ionic one, or both (CBD, coupled weakly like a
 * reaction), conductivities far apart, reactions where the two networks touch (spec 5.1, 5.4). */
static graph half_cell(int32_t n, double solid, double reaction, uint64_t seed)
{
    vly_extent e = {n, n, n};
    int64_t voxels = vly_extent_voxels(e);
    uint8_t *label = test_blobs(e, 0.9, 0.35, 0.45, seed); /* 0 pore, 1 am, 2 cbd */
    int32_t *node[2] = {malloc((size_t)voxels * 4), malloc((size_t)voxels * 4)}, rows = 0, count = 0;
    edge *edges = malloc((size_t)voxels * 8 * sizeof *edges);
    for (int64_t i = 0; i < voxels; i++) {
        node[0][i] = label[i] != VLY_PORE ? rows++ : -1; /* electrons */
        node[1][i] = label[i] != VLY_AM ? rows++ : -1;   /* ions */
    }
    const double k[2][3] = {{0, solid, 10.0}, {1, 0, 0.06}};
    for (int64_t i = 0; i < voxels; i++)
        for (int axis = 0; axis < 3; axis++) {
            int64_t j = test_beside(e, i, axis, 1, VLY_Z, false);
            if (j < 0) continue;
            for (int net = 0; net < 2; net++) {
                double a = k[net][label[i]], b = k[net][label[j]];
                if (a > 0.0 && b > 0.0)
                    edges[count++] = (edge){node[net][i], node[net][j], (float)(2.0 * a * b / (a + b))};
            }
            if ((label[i] == VLY_AM) != (label[j] == VLY_AM)) {
                int64_t am = label[i] == VLY_AM ? i : j;
                edges[count++] = (edge){node[0][am], node[1][am == i ? j : i], (float)reaction};
            }
        }
    graph g = rows_of(rows, edges, count);
    for (int64_t i = 0; i < voxels; i++)
        for (int net = 0; net < 2; net++) {
            if (node[net][i] < 0) continue;
            uint64_t x = (uint64_t)(i % n), y = (uint64_t)(i / n % n), z = (uint64_t)(i / n / n);
            g.place[node[net][i]] = x | y << 21 | z << 42;
            if (z == 0) g.ground[node[net][i]] = (float)(2.0 * k[net][label[i]]);
        }
    free(edges);
    free(label);
    free(node[0]);
    free(node[1]);
    return g;
}

static void multiply(const graph *g, const double *u, double *out)
{
    for (int32_t i = 0; i < g->rows; i++) {
        out[i] = (double)g->ground[i] * u[i];
        for (int32_t k = g->first[i]; k < g->first[i + 1]; k++)
            out[i] += (double)g->weight[k] * (u[i] - u[g->column[k]]);
    }
}

static double dot(const double *a, const double *b, int32_t n)
{
    double sum = 0.0;
    for (int32_t i = 0; i < n; i++) sum += a[i] * b[i];
    return sum;
}

/* One cycle through the device: z = about inverse(A) r. */
static void precondition(vly_multigrid *mg, const double *r, double *z)
{
    vly_level *l = &mg->level[0];
    int32_t n = l->matrix.host.rows;
    int64_t bytes = n * (int64_t)sizeof(float);
    float *single = malloc((size_t)bytes);
    for (int32_t i = 0; i < n; i++) single[i] = (float)r[i];
    ck_assert_int_eq(vly_device_wait(mg->device), VLY_OK);
    ck_assert_int_eq(vly_device_upload(mg->device, l->residual, single, bytes), VLY_OK);
    ck_assert_msg(vly_multigrid_cycle(mg) == VLY_OK, "%s", vly_error_message());
    float *solution = test_fetch(mg->device, l->solution, bytes), *step = test_fetch(mg->device, l->step, bytes);
    for (int32_t i = 0; i < n; i++) z[i] = (double)solution[i] + (double)step[i];
    free(single);
    free(solution);
    free(step);
}

/* Flexible conjugate gradients in double, to 1e-8; how many iterations, 200 at most. history: (201). */
static int32_t iterations_of(graph *g, const vly_multigrid_options *options, double *history)
{
    int32_t n = g->rows, done = 0;
    double *v[6];
    vly_device *device = test_device(2, 0);
    vly_matrix_twin matrix;
    vly_multigrid mg;
    for (int k = 0; k < 6; k++) v[k] = calloc((size_t)n, sizeof(double));
    double *x = v[0], *r = v[1], *z = v[2], *p = v[3], *q = v[4], *exact = v[5];
    uint64_t seed = 8;
    for (int32_t i = 0; i < n; i++) exact[i] = test_normal(&seed);
    multiply(g, exact, r);
    double start = sqrt(dot(r, r, n)), pq = 1.0;
    ck_assert_int_eq(vly_matrix_graph(&matrix, device, n, g->first, g->column, g->weight, g->ground), VLY_OK);
    ck_assert_msg(vly_multigrid_create(&mg, device, &matrix, g->place, options) == VLY_OK, "%s", vly_error_message());
    history[0] = 1.0;
    while (done < 200 && history[done] > 1e-8) {
        precondition(&mg, r, z);
        double beta = done > 0 ? -dot(z, q, n) / pq : 0.0;
        for (int32_t i = 0; i < n; i++) p[i] = z[i] + beta * p[i];
        multiply(g, p, q);
        pq = dot(p, q, n);
        double alpha = dot(p, r, n) / pq;
        for (int32_t i = 0; i < n; i++) x[i] += alpha * p[i], r[i] -= alpha * q[i];
        history[++done] = sqrt(dot(r, r, n)) / start;
    }
    vly_multigrid_free(&mg);
    vly_matrix_free(&matrix);
    vly_device_close(device);
    for (int k = 0; k < 6; k++) free(v[k]);
    return done;
}

START_TEST(the_potentials_of_a_half_cell_converge_whatever_the_contrast)
{
    static const double solids[] = {1.0, 1e-2, 1e-4}, reactions[] = {1e-5, 1e-2, 10.0};
    double history[201];
    for (int s = 0; s < 3; s++)
        for (int r = 0; r < 3; r++) {
            if (test_emulated() && s != r) continue;
            graph g = half_cell(test_small() ? 9 : 20, solids[s], reactions[r], 3);
            int32_t done = iterations_of(&g, NULL, history);
            ck_assert_msg(done <= 30, "solid %g, reaction %g: %d iterations", solids[s], reactions[r], done);
            free_graph(&g);
        }
}
END_TEST

START_TEST(iterations_do_not_grow_with_the_graph)
{
    if (test_emulated()) return;
    double history[201];
    graph small = half_cell(16, 0.01, 1e-3, 5), large = half_cell(40, 0.01, 1e-3, 5);
    int32_t few = iterations_of(&small, NULL, history), many = iterations_of(&large, NULL, history);
    ck_assert_msg(many <= 1.3 * few + 2, "%d iterations for 16^3, %d for 40^3", few, many);
    free_graph(&small);
    free_graph(&large);
}
END_TEST

START_TEST(chains_stars_and_loose_ends_are_solved)
{
    /* a chain with couplings from 1e-6 to 1e6 tied at one end, a star, a node tied to ground alone: one system */
    enum { CHAIN = 600, STAR = 40, ROWS = CHAIN + STAR + 1 };
    edge edges[CHAIN + STAR];
    int32_t count = 0;
    uint64_t seed = 2;
    double history[201];
    for (int32_t i = 0; i + 1 < CHAIN; i++)
        edges[count++] = (edge){i, i + 1, (float)pow(10.0, 12.0 * test_uniform(&seed) - 6.0)};
    for (int32_t i = 1; i < STAR; i++) edges[count++] = (edge){CHAIN, CHAIN + i, 1.0f};
    graph g = rows_of(ROWS, edges, count);
    for (int32_t i = 0; i < ROWS; i++) g.place[i] = (uint64_t)i;
    g.ground[0] = g.ground[CHAIN] = g.ground[ROWS - 1] = 1.0f;
    int32_t done = iterations_of(&g, NULL, history);
    ck_assert_msg(done <= 60, "%d iterations", done);
    free_graph(&g);
}
END_TEST

START_TEST(a_graph_below_the_coarsest_size_takes_few_steps)
{
    edge edges[] = {{0, 1, 1.0f}, {1, 2, 2.0f}, {2, 3, 3.0f}, {3, 0, 4.0f}};
    double history[201];
    for (int32_t rows = 1; rows <= 4; rows += 3) {
        graph g = rows_of(rows, edges, rows == 1 ? 0 : 4);
        g.ground[0] = 0.5f;
        ck_assert_int_le(iterations_of(&g, NULL, history), 6);
        free_graph(&g);
    }
}
END_TEST

START_TEST(every_degree_of_smoothing_and_any_weakening_converges)
{
    double history[201];
    for (int32_t degree = 1; degree <= 5; degree += 2)
        for (float weaken = 0.5f; weaken < 1.1f; weaken += 0.5f) {
            graph g = half_cell(9, 0.1, 0.1, 7);
            vly_multigrid_options options = VLY_MULTIGRID_OPTIONS_INIT;
            options.weaken = options.ground = weaken;
            options.smooth = degree;
            ck_assert_int_le(iterations_of(&g, &options, history), 40);
            free_graph(&g);
        }
}
END_TEST

/* A separator: layers from 1 to 40 times as thick as voxels are wide, tied at the far end (half cells have such). */
static graph layers(int32_t n, int32_t count)
{
    int32_t rows = n * n * count, edges_count = 0;
    edge *edges = malloc((size_t)rows * 3 * sizeof *edges);
    double thickness[64], height = 0.0;
    for (int32_t z = 0; z < count; z++) thickness[z] = pow(40.0, 1.0 - fabs(2.0 * z / (count - 1) - 1.0));
    for (int32_t i = 0; i < rows; i++) {
        int32_t x = i % n, y = i / n % n, z = i / n / n;
        if (x + 1 < n) edges[edges_count++] = (edge){i, i + 1, (float)thickness[z]};
        if (y + 1 < n) edges[edges_count++] = (edge){i, i + n, (float)thickness[z]};
        if (z + 1 < count)
            edges[edges_count++] = (edge){i, i + n * n, (float)(2.0 / (thickness[z] + thickness[z + 1]))};
    }
    graph g = rows_of(rows, edges, edges_count);
    for (int32_t i = 0; i < rows; i++) {
        if (i > 0 && i % (n * n) == 0) height += thickness[i / n / n];
        g.place[i] = (uint64_t)(i % n) | (uint64_t)(i / n % n) << 21 | (uint64_t)height << 42;
        g.ground[i] = i / n / n == count - 1 ? 1.0f : 0.0f;
    }
    free(edges);
    return g;
}

START_TEST(thick_layers_converge_like_voxels)
{
    double history[201];
    vly_multigrid_options options = VLY_MULTIGRID_OPTIONS_INIT;
    options.layered = true;
    options.ground = 1.0f;
    options.coarsest = 60;
    graph g = layers(test_small() ? 6 : 16, test_small() ? 12 : 32);
    ck_assert_int_le(iterations_of(&g, &options, history), 25);
    free_graph(&g);
}
END_TEST

/* Couplings of all levels, one after the other; yours to free. */
static float *all_weights(const vly_multigrid *mg, int64_t *count)
{
    float *all = NULL;
    *count = 0;
    for (int32_t l = 0; l < mg->levels; l++) {
        const vly_matrix_twin *m = &mg->level[l].matrix;
        int64_t entries = m->host.first[m->host.rows], rows = m->host.rows;
        float *weight = test_fetch(mg->device, m->device.weight, entries * 4);
        float *ground = test_fetch(mg->device, m->device.ground, rows * 4);
        float *more = realloc(all, (size_t)(*count + entries + rows) * sizeof *all);
        ck_assert_ptr_nonnull(more);
        all = more;
        memcpy(all + *count, weight, (size_t)entries * sizeof *all);
        memcpy(all + *count + entries, ground, (size_t)rows * sizeof *all);
        *count += entries + rows;
        free(weight);
        free(ground);
    }
    return all;
}

/* Weights change at random where all aggregates are blocks, by a power of two where pairs are to stay what they are. */
static void expect_refreshed(int32_t blocks, bool random)
{
    enum { ONE, OTHER };
    vly_device *device = test_device(2, 0);
    graph g = half_cell(test_small() ? 8 : 14, 0.1, 0.1, 7);
    vly_multigrid_options options = VLY_MULTIGRID_OPTIONS_INIT;
    options.layered = options.refresh = true;
    options.strong = 0.0f; /* aggregates do not depend on weights then */
    options.coarsest = 40;
    options.blocks = blocks;
    vly_matrix_twin matrix[2];
    vly_multigrid mg[2];
    float *all[2];
    int64_t count[2];
    uint64_t *place = malloc((size_t)g.rows * sizeof *place), seed = 4;
    for (int k = ONE; k <= OTHER; k++) {
        memcpy(place, g.place, (size_t)g.rows * sizeof *place);
        ck_assert_int_eq(vly_matrix_graph(&matrix[k], device, g.rows, g.first, g.column, g.weight, g.ground), VLY_OK);
        ck_assert_int_eq(vly_multigrid_create(&mg[k], device, &matrix[k], place, &options), VLY_OK);
        if (k == OTHER) break;
        for (int32_t i = 0; i < g.first[g.rows]; i++) g.weight[i] *= random ? (float)test_uniform(&seed) : 0.25f;
        for (int32_t i = 0; i < g.rows; i++)
            g.ground[i] = random ? g.ground[i] + (float)test_uniform(&seed) : 0.25f * g.ground[i];
    }
    memcpy(matrix[ONE].weight.host, g.weight, (size_t)g.first[g.rows] * sizeof *g.weight);
    memcpy(matrix[ONE].ground.host, g.ground, (size_t)g.rows * sizeof *g.ground);
    ck_assert_int_eq(vly_twin_upload(&matrix[ONE].weight), VLY_OK);
    ck_assert_int_eq(vly_twin_upload(&matrix[ONE].ground), VLY_OK);
    ck_assert_int_eq(vly_multigrid_refresh(&mg[ONE]), VLY_OK);
    for (int k = ONE; k <= OTHER; k++) all[k] = all_weights(&mg[k], &count[k]);
    ck_assert_int_ge(mg[ONE].levels, 3);
    ck_assert_int_eq(count[ONE], count[OTHER]);
    double worst = 0.0; /* sums of up to some hundred floats, in single and in double precision */
    for (int64_t i = 0; i < count[ONE]; i++)
        worst = fmax(worst, fabs((double)all[ONE][i] - (double)all[OTHER][i]) / fmax(1e-6, (double)all[OTHER][i]));
    ck_assert_double_le(worst, 1e-5);
    double *r = calloc((size_t)g.rows, 8), *z[2] = {calloc((size_t)g.rows, 8), calloc((size_t)g.rows, 8)};
    for (int32_t i = 0; i < g.rows; i++) r[i] = test_normal(&seed);
    for (int k = ONE; k <= OTHER; k++) precondition(&mg[k], r, z[k]);
    for (int32_t i = 0; i < g.rows; i++) r[i] = z[ONE][i] - z[OTHER][i];
    ck_assert_double_le(sqrt(dot(r, r, g.rows) / dot(z[OTHER], z[OTHER], g.rows)), 1e-3);
    for (int k = ONE; k <= OTHER; k++) {
        vly_multigrid_free(&mg[k]);
        vly_matrix_free(&matrix[k]);
        free(all[k]);
        free(z[k]);
    }
    free(r);
    free(place);
    free_graph(&g);
    vly_device_close(device);
}

START_TEST(refreshed_levels_are_those_of_a_hierarchy_made_anew)
{
    expect_refreshed(VLY_LEVELS_MAX, true);
    expect_refreshed(1, false);
}
END_TEST

/* ---- the device under test and the processor ---- */

static vly_transport_result solve_on(vly_device *device, const void *voxels, vly_type type, vly_extent e,
                                     const test_case_options *o)
{
    vly_transport_options options = test_options(o);
    vly_transport_result r;
    vly_source *source;
    ck_assert_int_eq(vly_source_memory(&source, voxels, type, e, NULL), VLY_OK);
    ck_assert_msg(vly_transport(&r, device, source, &options) == VLY_OK, "%s", vly_error_message());
    vly_source_close(source);
    vly_device_close(device);
    return r;
}

static void expect_equal(vly_extent e, const void *voxels, vly_type type, const test_case_options *o)
{
    vly_transport_result r = solve_on(test_device(2, 0), voxels, type, e, o);
    vly_transport_result s = solve_on(test_cpu(2), voxels, type, e, o);
    for (int a = 0; a < VLY_AXES; a++) {
        ck_assert_int_eq(r.axis[a].iterations, s.axis[a].iterations);
        double worst = 0.0;
        for (int32_t k = 0; k <= r.axis[a].iterations && r.axis[a].percolates; k++)
            worst = fmax(worst, fabs(r.axis[a].history[k] - s.axis[a].history[k]));
        ck_assert_msg(worst <= 1e-6, "histories differ by %g", worst);
        ck_assert(fabs(r.axis[a].d_eff - s.axis[a].d_eff) <= o->tolerance * s.axis[a].d_eff);
    }
    vly_transport_result_free(&r);
    vly_transport_result_free(&s);
}

START_TEST(devices_agree_on_iterations_and_histories)
{
    /* 17^3: several chunks of rows, and more than the coarsest size below them */
    const vly_extent e = {17, 18, 17};
    uint8_t *label = test_blobs(e, 0.9, 0.5, 0.3, 4);
    float *field = malloc((size_t)vly_extent_voxels(e) * sizeof *field);
    uint64_t seed = 1;
    for (int64_t i = 0; i < vly_extent_voxels(e); i++) field[i] = label[i] == 2 ? 0.0f : (float)test_uniform(&seed);
    expect_equal(e, label, VLY_U8, &(test_case_options){.coefficient = {1.0}, .tolerance = 1e-6});
    expect_equal(e, label, VLY_U8, &(test_case_options){.coefficient = {1.0, 1e-3, 0.1}, .tolerance = 1e-6});
    expect_equal(e, label, VLY_U8,
                 &(test_case_options){.coefficient = {1.0, 0.2}, .tolerance = 1e-6, .sides = VLY_SIDES_PERIODIC});
    expect_equal(e, field, VLY_F32, &(test_case_options){.tolerance = 1e-6});
    free(label);
    free(field);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("multigrid");
    TEST_CASE(suite, the_potentials_of_a_half_cell_converge_whatever_the_contrast);
    TEST_CASE(suite, iterations_do_not_grow_with_the_graph);
    TEST_CASE(suite, chains_stars_and_loose_ends_are_solved);
    TEST_CASE(suite, a_graph_below_the_coarsest_size_takes_few_steps);
    TEST_CASE(suite, every_degree_of_smoothing_and_any_weakening_converges);
    TEST_CASE(suite, thick_layers_converge_like_voxels);
    TEST_CASE(suite, refreshed_levels_are_those_of_a_hierarchy_made_anew);
    TEST_CASE(suite, devices_agree_on_iterations_and_histories);
    return test_run(suite);
}
