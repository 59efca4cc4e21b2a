/* A study: a YAML file that names samples and methods, and a folder that gets everything. Work is cut into pieces keyed
 * by the hash of what they depend on: what is finished is never computed again, what was killed goes on, and several
 * processes may share one folder.
 *
 * The folder. A study of one sample keeps its files directly in it; a study of several gives each sample a folder of its
 * name with the files marked *, everything else stays at the top.
 *
 *   study.yaml               the study as it was understood: every key resolved, paths absolute; can be run again
 *   labels/<method>.tif    * u8, extent of the window: 0 pore, 1 am, 2 cbd, 255 outside
 *   segment/<method>.json  * result document of the trinarisation (contract: method, target, achieved, counts, ...);
 *                            inputs[0] is the grey volume: its path, xxh128, extent, voxel_size_um
 *   learn/                 * where nn-* methods learn their network from `fib`: composition.tif and model.safetensors, and
 *                            the result documents of compose and train beside them
 *   curves/histogram.csv   * header "grey,count": voxels of the region per u16 grey value, rows with count > 0 only
 *   describe/<method>.json * result document of its description: phases, interfaces, electrode, two_point, cutouts; and its curves
 *   curves/<method>-*.csv  * cpsd, intrusion, tortuosity, two-point, profile. Absent where quantities are none
 *   curves/edx-profile.csv * header "point,depth_um,intensity,error,fit,fit_error": what edx-closing was fitted to, and the
 *   curves/edx-closing.csv * line; "page,depth_um,weight,cbd_target,cbd_fraction,radius_um,tie_share,cbd_fraction_sd": what
 *                            every page got. Only with edx-closing.
 *   bpx/<method>.json      * with `bpx`: effective parameters measured in the labels, as BPX for porous-electrode models; where
 *   bpx/<method>.csv       *   nothing percolates only {"reason"}. "quantity,value,unit,how": the same numbers
 *   compare.json           * result document: names, equal (n x n), jaccard {am, cbd, pore} (n x n each; null where a phase
 *                            is in neither), and if the sample names a truth also
 *                            "truth": {"path", "accuracy": [n], "jaccard": {am, cbd, pore: [n]}}, in the order of names.
 *                            Absent if there is one method and no truth.
 *   disagreement.tif       * u8: how many trinarisations do not give a voxel its commonest label, 255 outside; disagreement.json
 *                            counts them. With three trinarisations or more.
 *   summary.csv              sample,cutout,trinarisation,phase,quantity,value,unit,flag; one number a line, all samples.
 *                            Quantities: voxels, volume_fraction, target_fraction, grey_threshold_lower, _upper, cost,
 *                            iterations; truth_accuracy and truth_jaccard; equal_fraction and jaccard of two trinarisations,
 *                            called "threshold+kmeans"; the keys of describe, with _ for their dots. cutout is the window,
 *                            "x0:x1 y0:y1 z0:z1", or "all", or "mean" over several; flag is empty where all is well.
 *   uncertainty.csv          each such quantity of a trinarisation over trinarisations, cut-outs and samples: mean, sd, range, the
 *                            bands over each, and which share of the variance each explains (of the sum of squares; they
 *                            add up to 1). One line a sample, and one, called "all", for several.
 *   report.html              self-contained
 *   log.txt                  what happened and when, appended
 *   pieces/<piece>.json      one record per finished piece: its key, what the key was made of, its outputs and their hashes
 *   manifest.json            written last: its presence means that the study is complete and belongs to the other files
 *
 * A piece is called segment.kmeans, or two_layer.segment.kmeans in a study of several samples.
 *
 * Events (--events FILE or fd:N), for who wants to follow a run: a JSON object a line, each with "t", seconds since the start,
 * and "ev". Keys may be added, none goes or changes its meaning.
 *
 *   run_start  command      the command line
 *   device     description  what computes
 *   piece      piece, state, done, total [, seconds, reason]
 *                           first each piece's state as it was found: missing, stale (reason says why) or finished; then
 *                           begins and, of the same piece, computed (seconds it took), failed (reason), or interrupted;
 *                           elsewhere (reason: who has it) and finished if another process has or had it. done of the
 *                           study's total pieces are computed or finished
 *   stage      stage, done, total, unit [, eta_s]
 *                           how far a piece is ("segment.kmeans: pass 3"), four times a second at most
 *   warning    message
 *   error      message      the line that stderr gets, before the end
 *   run_end    status, seconds
 *                           status: the exit code. A process that was killed writes none
 */
#ifndef VOXELYTE_STUDY_H
#define VOXELYTE_STUDY_H

#include "voxelyte/device.h"

#ifdef __cplusplus
extern "C" {
#endif

struct vly_settings; /* voxelyte/settings.h */

typedef struct vly_study_options {
    /* What the command line was given wins over the study file; NULL: nothing. Of these, `from` and `only` take pieces or
     * kinds of piece, comma-separated ("segment", "segment.kmeans"): `only` restricts the work to them and to what they
     * need, `from` computes them and all that follows from them again. `overwrite` starts afresh instead of continuing;
     * `dry-run` makes the plan and writes nothing, and reads no volume where no earlier run is to be looked at. */
    const struct vly_settings *given;
    const char *command; /* the command line, for the manifest; NULL: none */
} vly_study_options;

#define VLY_STUDY_OPTIONS_INIT ((vly_study_options){.given = NULL})

/* The settings that the study file makes for all its samples, with `given` (may be NULL) on top: enough to open the device. */
VLY_API vly_status vly_study_settings(struct vly_settings *out, const char *study_path,
                                      const struct vly_settings *given);

typedef enum vly_piece_state {
    VLY_PIECE_MISSING,  /* to be computed */
    VLY_PIECE_STALE,    /* to be computed again: an input changed, an output is damaged, or --from asks for it */
    VLY_PIECE_FINISHED, /* its record and outputs were there already */
    VLY_PIECE_COMPUTED, /* by this call */
    VLY_PIECE_ELSEWHERE /* another process works on it, or computed it meanwhile */
} vly_piece_state;

/* "missing", "stale", "finished", "computed", "elsewhere". */
VLY_API const char *vly_piece_state_name(vly_piece_state state);

typedef struct vly_study_piece {
    char *name;
    const char *kind; /* "segment" */
    char *reason;     /* why it is stale; "" else */
    vly_piece_state state;
    double seconds; /* it took, or took last time, or in a plan will about take; 0 if unknown */
    /* In a plan, of what is not done: bytes of memory it holds, and bytes that its arrays take through memory at least.
     * The latter over a GPU's bandwidth bound its seconds there from below; nothing of it was measured on one. */
    double host_bytes, moved_bytes;
} vly_study_piece;

typedef struct vly_study_result {
    vly_study_piece *pieces;
    int32_t count;
    bool complete;   /* everything is finished and the manifest is written */
    char run_id[33]; /* hash of inputs, settings and program format: the same study has the same */
} vly_study_result;

/* Runs, or continues, the study at `study_path` in `folder` (made if absent). What depends on a setting or an input that has
 * changed is computed again, and so is an output that is missing or damaged, with all that was made from it.
 * VLY_EUSAGE with `study.yaml:line:column` for a study that makes no sense; VLY_EOUTPUT with the reason if the folder holds
 * something else: files that are no study's, a piece that this study has not, another file under another path as the volume
 * or the labels of a sample. VLY_EAGAIN if interrupted, if nothing is left but what other processes are computing, or if these work with other
 * settings.
 * The result holds the plan as far as it came, also on failure. */
VLY_API vly_status vly_study_run(vly_study_result *out, vly_device *device, const char *study_path, const char *folder,
                                 const vly_study_options *options);
VLY_API void vly_study_result_free(vly_study_result *result);

/* What a comparison found, in words: one line a finding, the last a verdict. */
typedef struct vly_diff_result {
    char *words;
    int64_t differences; /* files, rows or voxels that differ */
} vly_diff_result;

/* Runs the study of manifest_path again in a temporary folder beside it and compares what comes out bit for bit, times and
 * paths aside. VLY_OK: the same. VLY_DIFFERENT: not, and words say where. */
VLY_API vly_status vly_study_verify(vly_diff_result *out, vly_device *device, const char *manifest_path);

/* Two study folders or two volumes. VLY_OK: the same. VLY_DIFFERENT: not, and words say where. */
VLY_API vly_status vly_diff(vly_diff_result *out, vly_device *device, const char *a, const char *b);
VLY_API void vly_diff_result_free(vly_diff_result *result);

#ifdef __cplusplus
}
#endif
#endif
