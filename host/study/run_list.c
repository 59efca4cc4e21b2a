/* Which pieces a study has, what needs what, and which of them --only and --from mean. */
#include "study/run_work.h"

#include "core/memory.h"
#include "core/number.h"

#include <stdio.h>
#include <string.h>

vly_status vly_run_path(char **out, const vly_run *run, const char *name)
{
    return vly_format(out, "%s/%s", run->folder, name);
}

/* ---- making ---- */

/* "kmeans", or of a curve "kmeans_1_6". */
static void star_of(char text[VLY_NAME_MAX + VLY_NUMBER_BYTES], const vly_piece *piece)
{
    char number[VLY_NUMBER_BYTES];
    const char *method = piece->method >= 0 ? vly_method_name((vly_method)piece->method) : "";
    vly_number_write(number, piece->current);
    if (piece->cutout > 0)
        snprintf(text, VLY_NAME_MAX + VLY_NUMBER_BYTES, "%s_%d_%s", method, piece->cutout, number);
    else
        snprintf(text, VLY_NAME_MAX + VLY_NUMBER_BYTES, "%s", method);
}

/* The outputs' names: "labels/" "*" ".tif" of method kmeans in folder b/ is b/labels/kmeans.tif. */
static vly_status name_outputs(vly_piece *piece)
{
    char method[VLY_NAME_MAX + VLY_NUMBER_BYTES];
    star_of(method, piece);
    const char *at = piece->kind->outputs;
    for (int32_t i = 0; *at && i < VLY_PIECE_OUTPUTS; i++) {
        int length = (int)strcspn(at, " "), star = (int)strcspn(at, "* ");
        const char *rest = at + star + (at[star] == '*');
        VLY_TRY(vly_format(&piece->outputs[i], "%s%.*s%s%.*s", piece->sample->folder, star, at,
                           at[star] == '*' ? method : "", (int)(at + length - rest), rest));
        at += length + (at[length] == ' ');
    }
    return VLY_OK;
}

static vly_status add_piece(vly_run *run, const vly_piece_kind *kind, const vly_sample *sample, int32_t method,
                            int32_t cutout, double current)
{
    vly_piece *piece = &run->pieces[run->count++];
    *piece = (vly_piece){
        .kind = kind, .sample = sample, .method = method, .cutout = cutout, .current = current, .asked = true};
    char star[VLY_NAME_MAX + VLY_NUMBER_BYTES];
    star_of(star, piece);
    bool alone = !*sample->folder;
    VLY_TRY(vly_format(&piece->name, "%s%s%s%s%s", alone ? "" : sample->name, alone ? "" : ".", kind->name,
                       method >= 0 ? "." : "", star));
    return name_outputs(piece);
}

static vly_status add_method(vly_run *run, const vly_piece_kind *kind, const vly_sample *sample, int32_t method)
{
    const vly_list *currents = &sample->settings.currents;
    if (!kind->per_curve) return add_piece(run, kind, sample, method, 0, 0.0);
    for (int32_t cutout = 1; cutout <= vly_sample_cell_cutouts(sample); cutout++)
        for (int32_t i = 0; i < currents->count; i++)
            VLY_TRY(add_piece(run, kind, sample, method, cutout, currents->at[i]));
    return VLY_OK;
}

static int64_t most_pieces(const vly_run *run)
{
    int64_t most = 0;
    for (int32_t s = 0; s < run->study->count; s++) {
        const vly_sample *sample = &run->study->samples[s];
        most += (int64_t)VLY_TRINARISATIONS *
                (vly_piece_kind_count + vly_sample_cell_cutouts(sample) * (int64_t)sample->settings.currents.count);
    }
    return most;
}

vly_status vly_run_list(vly_run *run)
{
    VLY_TRY(VLY_NEW(&run->pieces, most_pieces(run), "pieces"));
    for (int32_t s = 0; s < run->study->count; s++) {
        const vly_sample *sample = &run->study->samples[s];
        for (int32_t k = 0; k < vly_piece_kind_count; k++) {
            const vly_piece_kind *kind = &vly_piece_kinds[k];
            if (kind->wanted && !kind->wanted(sample)) continue;
            if (!kind->per_method) VLY_TRY(add_piece(run, kind, sample, -1, 0, 0.0));
            const uint32_t methods = kind->methods ? kind->methods(sample) : sample->settings.methods;
            for (int32_t m = 0; kind->per_method && m < VLY_TRINARISATIONS; m++)
                if (methods >> m & 1 &&
                    (kind->of == VLY_OF_ALL || (kind->of == VLY_OF_GIVEN) == (sample->given[m] != NULL)))
                    VLY_TRY(add_method(run, kind, sample, m));
        }
    }
    return VLY_OK;
}

void vly_run_free(vly_run *run)
{
    for (int32_t i = 0; i < run->count; i++) {
        vly_free(run->pieces[i].name);
        for (int32_t k = 0; k < VLY_PIECE_OUTPUTS; k++) vly_free(run->pieces[i].outputs[k]);
        json_decref(run->pieces[i].depends);
    }
    vly_free(run->pieces);
    vly_free(run->inputs);
    vly_study_free(run->study);
    vly_mlp_field_free(run->field);
    *run = (vly_run){.device = NULL};
}

/* ---- what needs what ---- */

bool vly_piece_closes(const vly_piece *piece, const vly_piece *other)
{
    return piece->kind->of == VLY_OF_OURS && other->kind->of != VLY_OF_ALL && piece->sample == other->sample &&
           piece->method == VLY_METHOD_EDX_CLOSING && other->method == VLY_METHOD_KMEANS &&
           !*piece->sample->settings.am_labels;
}

bool vly_piece_needs(const vly_piece *piece, const vly_piece *other)
{
    const char *name = other->kind->name;
    size_t length = strlen(name);
    if (piece->sample != other->sample) return false;
    if (vly_piece_closes(piece, other)) return true;
    if (piece->kind->per_method && other->kind->per_method && piece->method != other->method) return false;
    if (piece->kind->of_closing && other->method != VLY_METHOD_EDX_CLOSING) return false;
    if (other->kind->for_network && piece->method >= 0 && piece->method < (int32_t)VLY_METHOD_NN) return false;
    for (const char *at = piece->kind->after; *at; at += strcspn(at, " ") + (at[strcspn(at, " ")] == ' '))
        if (strncmp(at, name, length) == 0 && (at[length] == ' ' || at[length] == 0)) return true;
    return false;
}

const vly_piece *vly_piece_labels(const vly_run *run, const vly_piece *piece)
{
    const vly_piece *other = run->pieces;
    while (!vly_piece_needs(piece, other)) other++;
    return other;
}

bool vly_piece_asks_network(const vly_piece *piece)
{
    return piece->kind->work == vly_work_segment && piece->method >= (int32_t)VLY_METHOD_NN;
}

bool vly_piece_done(const vly_piece *piece)
{
    return piece->state == VLY_PIECE_FINISHED || piece->state == VLY_PIECE_COMPUTED;
}

/* ---- --only and --from ---- */

/* "segment", "segment.kmeans", "kmeans", a sample's name, that and a stage ("b.segment"), or all of it: b.segment.kmeans. */
static bool means(const char *word, size_t length, const vly_piece *piece)
{
    const char *sample = piece->sample->name, *kind = piece->kind->name;
    const char *method = piece->method >= 0 ? vly_method_name((vly_method)piece->method) : "-";
    char both[80], of_sample[VLY_PATH_BYTES];
    snprintf(both, sizeof both, "%s.%s", kind, method);
    snprintf(of_sample, sizeof of_sample, "%s.%s", sample, kind);
    const char *names[] = {piece->name, sample, kind, method, both, of_sample};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strlen(names[i]) == length && memcmp(names[i], word, length) == 0) return true;
    return false;
}

static vly_status refuse_word(const vly_run *run, const char *option, const char *word, size_t length)
{
    char hint[96], said[64], words[1024] = "";
    snprintf(said, sizeof said, "%.*s", (int)length, word);
    for (int32_t i = 0; i < run->count; i++) {
        const vly_piece *piece = &run->pieces[i];
        size_t at = strlen(words);
        snprintf(words + at, sizeof words - at, "%s %s ", piece->kind->name, piece->name);
    }
    return vly_fail(VLY_EUSAGE, "%s %s: is no piece of this study%s", option, said, vly_word_hint(hint, said, words));
}

/* Marks what the words of `text` mean: for --from as `again`, for --only as `asked`. */
static vly_status mark(vly_run *run, const char *option, const char *text, bool from)
{
    while (*text) {
        size_t length = strcspn(text, ", ");
        bool found = length == 0;
        for (int32_t i = 0; i < run->count && length > 0; i++) {
            if (!means(text, length, &run->pieces[i])) continue;
            found = true;
            if (from)
                run->pieces[i].again = true;
            else
                run->pieces[i].asked = true;
        }
        if (!found) return refuse_word(run, option, text, length);
        text += length + (text[length] != 0);
    }
    return VLY_OK;
}

/* Whether a piece before it has asked whether it is possible: that opens the volume. */
static bool same_question(const vly_run *run, int32_t i)
{
    const vly_piece *piece = &run->pieces[i];
    for (const vly_piece *other = run->pieces; other < piece; other++)
        if (other->asked && other->sample == piece->sample && other->kind->possible == piece->kind->possible)
            return true;
    return false;
}

vly_status vly_run_select(vly_run *run, const char *only, const char *from)
{
    for (int32_t i = 0; i < run->count; i++) run->pieces[i].asked = !*only;
    VLY_TRY(mark(run, "--only", only, false));
    VLY_TRY(mark(run, "--from", from, true));
    for (int32_t i = run->count - 1; i >= 0; i--) /* what is needed stands before what needs it */
        for (int32_t k = 0; k < i && run->pieces[i].asked; k++)
            if (vly_piece_needs(&run->pieces[i], &run->pieces[k])) run->pieces[k].asked = true;
    for (int32_t i = 0; i < run->count; i++)
        if (run->pieces[i].asked && !same_question(run, i) && run->pieces[i].kind->possible)
            VLY_TRY(run->pieces[i].kind->possible(run->pieces[i].sample));
    for (int32_t i = 0; i < run->count; i++)
        for (int32_t k = 0; k < i; k++)
            if (run->pieces[k].again && vly_piece_needs(&run->pieces[i], &run->pieces[k])) run->pieces[i].again = true;
    return VLY_OK;
}
