/* One pass of samples through the network and back, for a type `real`: float where it trains, double where a test compares
 * gradients with differences. Included after `real` and what works on it have been defined: a type `machine`,
 *   sum_up(machine, weights, weights_row, sums, outs, bias, in, in_row, out, out_row), as vly_mlp_dense says,
 * and natural_exp(x).
 * Sums of gradients run over the samples of a batch in ascending order, and every one is a single thread's: the number of
 * threads cannot matter. */

enum {
    TILE = 32,       /* samples, or weights of one unit, that are computed together */
    FIRST_ROW = 128, /* of a weight matrix: inputs, bias, zeros up to a multiple of TILE */
    NEXT_ROW = 96,
    ROWS_VALUES = VLY_MLP_HIDDEN * FIRST_ROW + 4 * VLY_MLP_HIDDEN * NEXT_ROW + VLY_MLP_OUTPUTS * NEXT_ROW
};

static inline int32_t row_of(int32_t layer)
{
    return layer == 0 ? FIRST_ROW : NEXT_ROW;
}

/* Where a layer begins in matrices of rows. */
static inline int32_t rows_first(int32_t layer)
{
    return layer == 0 ? 0 : VLY_MLP_HIDDEN * (FIRST_ROW + (layer - 1) * NEXT_ROW);
}

typedef struct weights {
    const machine *machine;
    vly_mlp_activation activation;
    real rows[ROWS_VALUES];      /* per layer (outs, row_of), the bias behind the inputs */
    real turned[VLY_MLP_VALUES]; /* per layer (ins + 1, outs): vly_mlp_net's */
} weights;

/* What a tile of samples needs on its way. */
typedef struct tile {
    real in[VLY_MLP_LAYERS][VLY_MLP_INPUTS][TILE]; /* inputs of every layer */
    real out[VLY_MLP_OUTPUTS][TILE];
    real delta[2][VLY_MLP_HIDDEN][TILE]; /* derivatives by the sums of a layer */
    real target[VLY_MLP_OUTPUTS][TILE];
    real loss[TILE];
} tile;

/* What the gradients of a batch are summed from: sample by sample. */
typedef struct batch {
    const machine *machine;
    real *in[VLY_MLP_LAYERS];    /* (samples, row_of): inputs, 1, zeros */
    real *delta[VLY_MLP_LAYERS]; /* (samples, outs) */
} batch;

static real activated(vly_mlp_activation kind, real x)
{
    if (kind == VLY_MLP_RELU) return x > 0 ? x : 0;
    if (kind == VLY_MLP_LOGISTIC) return 1 / (1 + natural_exp(-x));
    return 2 / (1 + natural_exp(-2 * x)) - 1;
}

/* Derivative of the activation by its argument, from its value. */
static real slope(vly_mlp_activation kind, real y)
{
    if (kind == VLY_MLP_RELU) return y > 0 ? 1 : 0;
    return kind == VLY_MLP_LOGISTIC ? y * (1 - y) : 1 - y * y;
}

/* t->in[0] to t->out. */
static void run_forward(tile *t, const weights *w)
{
    for (int32_t l = 0; l < VLY_MLP_LAYERS; l++) {
        bool last = l == VLY_MLP_LAYERS - 1;
        int32_t ins = vly_mlp_ins(l), outs = vly_mlp_outs(l);
        const real *turned = w->turned + vly_mlp_first(l);
        real *out = last ? t->out[0] : t->in[l + 1][0];
        sum_up(w->machine, turned, outs, ins, outs, turned + ins * outs, t->in[l][0], TILE, out, TILE);
        for (int32_t i = 0; i < outs * TILE && !last; i++) out[i] = activated(w->activation, out[i]);
    }
}

/* The loss of each sample, mean over the phases of (p - y)^2, and with `scale` = 2 / (3 samples of the batch) its derivative
 * by the outputs (spec 7.4) in t->delta[1]; t->out becomes the probabilities p. Columns from `count` on count nothing. */
static void judge_outputs(tile *t, int32_t count, real scale)
{
    for (int32_t c = 0; c < TILE; c++) {
        real p[VLY_MLP_OUTPUTS], off[VLY_MLP_OUTPUTS], most = t->out[0][c], sum = 0, mean = 0, loss = 0;
        for (int k = 1; k < VLY_MLP_OUTPUTS; k++) most = t->out[k][c] > most ? t->out[k][c] : most;
        for (int k = 0; k < VLY_MLP_OUTPUTS; k++) sum += p[k] = natural_exp(t->out[k][c] - most);
        for (int k = 0; k < VLY_MLP_OUTPUTS; k++) {
            t->out[k][c] = p[k] /= sum;
            off[k] = p[k] - t->target[k][c];
            mean += p[k] * off[k];
            loss += off[k] * off[k];
        }
        t->loss[c] = loss / VLY_MLP_OUTPUTS;
        for (int k = 0; k < VLY_MLP_OUTPUTS; k++) t->delta[1][k][c] = c < count ? scale * p[k] * (off[k] - mean) : 0;
    }
}

/* Puts the tile's part of the batch, from sample `first` on, where gradients are summed from. */
static void store_layer(const tile *t, batch *b, int32_t l, const real *delta, int32_t first, int32_t count)
{
    int32_t ins = vly_mlp_ins(l), outs = vly_mlp_outs(l), row = row_of(l);
    for (int32_t c = 0; c < count; c++) {
        real *in = b->in[l] + (int64_t)(first + c) * row, *to = b->delta[l] + (int64_t)(first + c) * outs;
        for (int32_t k = 0; k < ins; k++) in[k] = t->in[l][k][c];
        for (int32_t o = 0; o < outs; o++) to[o] = delta[o * TILE + c];
    }
}

/* From t->delta[1] back to the first layer. */
static void run_backward(tile *t, batch *b, const weights *w, int32_t first, int32_t count)
{
    for (int32_t l = VLY_MLP_LAYERS - 1; l >= 0; l--) {
        int32_t ins = vly_mlp_ins(l), outs = vly_mlp_outs(l);
        const real *delta = t->delta[l % 2][0], *in = t->in[l][0];
        real *before = t->delta[(l + 1) % 2][0];
        store_layer(t, b, l, delta, first, count);
        if (l == 0) break;
        sum_up(w->machine, w->rows + rows_first(l), row_of(l), outs, ins, NULL, delta, TILE, before, TILE);
        for (int32_t i = 0; i < ins * TILE; i++) before[i] *= slope(w->activation, in[i]);
    }
}

enum { GRADIENT_TILES = FIRST_ROW / TILE + 5 * NEXT_ROW / TILE };

/* Layer and first column of the item-th tile of weights. */
static void place_gradient(int32_t item, int32_t *layer, int32_t *column)
{
    const int32_t first = FIRST_ROW / TILE, next = NEXT_ROW / TILE;
    *layer = item < first ? 0 : 1 + (item - first) / next;
    *column = TILE * (item < first ? item : (item - first) % next);
}

/* Derivatives of the batch's loss by the weights of a tile: gradient (outs, TILE). */
static void sum_gradient(real gradient[VLY_MLP_HIDDEN][TILE], const batch *b, int32_t layer, int32_t column,
                         int32_t samples)
{
    int32_t outs = vly_mlp_outs(layer), row = row_of(layer);
    sum_up(b->machine, b->delta[layer], outs, samples, outs, NULL, b->in[layer] + column, row, gradient[0], TILE);
}
