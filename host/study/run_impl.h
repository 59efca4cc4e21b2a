/* A run: a study cut into pieces. What a piece is made of stands in one table (run_kinds.c); a new kind is a row there and a
 * function that works. Everything else (keys, records, locks, plan, manifest) follows from the row. */
#ifndef VLY_RUN_IMPL_H
#define VLY_RUN_IMPL_H

#include "core/digest.h"
#include "study/document_impl.h"
#include "study/piece_cost.h"
#include "study/study_impl.h"
#include "voxelyte/mlp.h"

/* Raised when the same inputs and settings would give other files than before: what is finished then counts as stale. */
enum { VLY_STUDY_FORMAT = 1 };

enum { VLY_PIECE_OUTPUTS = 6, VLY_REASON_BYTES = 240 };

enum {
    VLY_INPUT_GREY = 1,
    VLY_INPUT_MASK = 2,
    VLY_INPUT_TRUTH = 4,
    VLY_INPUT_MODEL = 8,
    VLY_INPUT_FIB = 16,
    VLY_INPUT_TRANSFORM = 32,
    VLY_INPUT_EDX = 64,
    VLY_INPUT_AM = 128,
    VLY_INPUT_GIVEN = 256, /* the labels of the piece's method */
    VLY_INPUT_MATERIALS = 512,
    VLY_INPUT_EXPERIMENT = 1024
};

typedef struct vly_piece vly_piece;
typedef struct vly_run vly_run;
typedef struct vly_summary vly_summary;
typedef struct vly_sight vly_sight;

typedef struct vly_piece_kind {
    const char *name;
    const char *command;                               /* options of this command (or these) are what it depends on, */
    const char *alone;                                 /* of them only these, separated by blanks; NULL: all */
    const char *without;                               /* but not these, which come with what it needs; NULL: none */
    const char *also;                                  /* and these, of the study alone; NULL: none */
    bool per_method;                                   /* one for each method of the sample, else one for the sample */
    enum { VLY_OF_ALL, VLY_OF_OURS, VLY_OF_GIVEN } of; /* methods it is for: all, those that we run, those given */
    bool per_curve;                                    /* and of those one for each cut-out and current */
    bool for_network;                                  /* of those that need it, only methods of the network do */
    bool of_closing;                                   /* of those it needs, only the edx-closing */
    uint32_t inputs;                                   /* VLY_INPUT_...: files of the sample that it depends on */
    const char *after;                                 /* kinds it needs, of the same sample, separated by blanks */
    const char *outputs;                      /* below the sample's folder, separated by blanks; '*' is the method, of
                                                 a curve METHOD_CUTOUT_CURRENT */
    bool (*wanted)(const vly_sample *sample); /* NULL: by every sample */
    uint32_t (*methods)(const vly_sample *sample);            /* bits of those it is for; NULL: all of the sample */
    vly_status (*possible)(const vly_sample *sample);         /* asked before any work begins; NULL: always */
    vly_status (*work)(vly_run *run, const vly_piece *piece); /* its outputs' folders are there */
    void (*estimate)(vly_piece_cost *out, vly_run *run, const vly_piece *piece); /* for the plan; out is all 0 */
    /* Adds what its document holds to summary.csv; NULL: nothing */
    void (*summarise)(vly_summary *summary, const vly_piece *piece, const vly_document *document);
} vly_piece_kind;

extern const vly_piece_kind vly_piece_kinds[];
extern const int32_t vly_piece_kind_count;

struct vly_piece {
    const vly_piece_kind *kind;
    const vly_sample *sample;
    int32_t method; /* vly_method; -1: none */
    int32_t cutout; /* of a curve, from 1 on; 0: none */
    double current; /* mA/cm2, of a curve */
    char *name;
    char *outputs[VLY_PIECE_OUTPUTS]; /* below the study's folder; NULL behind the last */
    json_t *depends;                  /* what the key is made of */
    char key[VLY_DIGEST_BYTES];
    bool asked; /* by --only, or needed by one that is */
    bool again; /* by --from, until it is computed */
    vly_piece_state state;
    char reason[VLY_REASON_BYTES];
    double seconds;
    vly_piece_cost cost; /* in a plan */
};

/* A file of a sample and its digest. */
typedef struct vly_run_input {
    const vly_sample *sample;
    const char *role; /* "grey", "mask", "truth", "model", "fib", "transform", "edx", "am", "parameters",
                 "experiment"; or "trinarised", */
    int32_t method;   /* of this method; else -1 */
    const char *path;
    int64_t bytes;
    char hex[VLY_DIGEST_BYTES];
} vly_run_input;

struct vly_run {
    vly_device *device;
    vly_study *study;
    const char *folder, *command;
    vly_piece *pieces; /* (count); a piece stands behind those it needs */
    int32_t count;
    vly_run_input *inputs; /* (input_count) */
    int32_t input_count;
    char run_id[VLY_DIGEST_BYTES];
    /* What the network has said of a sample: kept from one trinarisation by it to the next, which stand side by side. */
    vly_mlp_field *field;
    const vly_sample *field_of;
    const vly_sight *sight; /* what a plan knows of the sample at hand */
};

/* FOLDER/name in fresh memory. */
vly_status vly_run_path(char **out, const vly_run *run, const char *name);

/* ---- the list (run_list.c) ---- */
vly_status vly_run_list(vly_run *run);
vly_status vly_run_select(vly_run *run, const char *only, const char *from);
bool vly_piece_needs(const vly_piece *piece, const vly_piece *other);
/* The piece whose labels it looks at: the first that it needs. */
const vly_piece *vly_piece_labels(const vly_run *run, const vly_piece *piece);
/* Whether it closes the active material that the other one, k-means, finds. */
bool vly_piece_closes(const vly_piece *piece, const vly_piece *other);
/* Whether it is a trinarisation by the network. */
bool vly_piece_asks_network(const vly_piece *piece);
bool vly_piece_done(const vly_piece *piece); /* finished, here or elsewhere */
void vly_run_free(vly_run *run);

/* ---- keys (run_keys.c) ---- */

/* Reads every input once, for its digest. */
vly_status vly_run_keys(vly_run *run);

/* Whether all inputs are there, without a look into them. */
vly_status vly_run_find_inputs(const vly_run *run);

/* ---- the plan (run_estimate.c) ---- */

/* What every piece that is asked for and not done will take. VLY_ENOINPUT where there is no such volume. */
vly_status vly_run_estimate(vly_run *run);

/* ---- records (run_record.c) ---- */

/* Whether an input is of the piece's sample, and labels of its method. */
bool vly_run_reads(const vly_piece *piece, const vly_run_input *input);

/* Sets state, reason and seconds from what the folder holds. */
vly_status vly_piece_judge(const vly_run *run, vly_piece *piece);

/* Of all pieces; those that need one to be computed are to be computed too. */
vly_status vly_run_judge(vly_run *run);

/* Takes away the records of all that was made from it: it is about to be made anew. */
vly_status vly_run_forget_dependants(const vly_run *run, const vly_piece *piece);
vly_status vly_piece_record(const vly_run *run, const vly_piece *piece);

/* *out is NULL if there is none that can be read. */
vly_status vly_record_read(vly_document **out, const vly_run *run, const char *piece);

/* A string of an object; "" if there is none. */
const char *vly_json_text(const json_t *object, const char *key);

/* The first setting that has different values in two `depends`; NULL if there is none. */
const char *vly_record_setting(const json_t *before, const json_t *now);

/* ---- the folder (run_folder.c) ---- */

/* VLY_EOUTPUT with the reason if the folder holds files but no study, or (and not `overwrite`) another study than this. */
vly_status vly_run_refuse_foreign(const vly_run *run, bool overwrite);

/* Removes what runs have left in the folder, and nothing else. */
vly_status vly_run_wipe(const vly_run *run);

/* Removes the figures of the last report: the next one may have others. */
vly_status vly_run_wipe_figures(const vly_run *run);

/* Removes FOLDER/name if it is there. */
vly_status vly_run_remove(const vly_run *run, const char *name);

/* Makes the folders on the way to FOLDER/name and clears away what a killed process left of that file. */
vly_status vly_run_make_room(const vly_run *run, const char *name);

/* The same for every file of FOLDER/name, which need not be there. */
void vly_run_clear_parts(const vly_run *run, const char *name);

/* Makes the study's folder and those above it. */
vly_status vly_run_make_folder(const vly_run *run);

/* ---- the work (run.c) ---- */

/* Computes all that is asked for and not done. VLY_EAGAIN if what is left is in the hands of others. */
vly_status vly_run_work_off(vly_run *run);

/* Tells who listens what became of a piece. */
void vly_run_tell(const vly_run *run, const vly_piece *piece, const char *state, const char *reason);

/* Summary, report and, if *complete comes back true, the manifest. */
vly_status vly_run_finish(vly_run *run, bool *complete);

/* ---- the end (summary.c, manifest_write.c) ---- */
vly_status vly_summary_write(const vly_run *run);

/* The document among its outputs; *out is NULL if it has none. */
vly_status vly_document_of_piece(vly_document **out, const vly_run *run, const vly_piece *piece);
vly_status vly_manifest_write(const vly_run *run);

/* Whether the manifest is there, of this run, and true of every file it lists. */
bool vly_manifest_holds(const vly_run *run);

/* A line with the time to log.txt. */
vly_status vly_run_log(const vly_run *run, const char *format, ...) VLY_PRINTF(2, 3);

#endif
