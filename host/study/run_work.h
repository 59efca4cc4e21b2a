/* What the pieces of run_kinds.c do, and what they tell the summary. Work leaves exactly the outputs that its row names. */
#ifndef VLY_RUN_WORK_H
#define VLY_RUN_WORK_H

#include "study/run_impl.h"

vly_status vly_work_histogram(vly_run *run, const vly_piece *piece);
vly_status vly_work_learn(vly_run *run, const vly_piece *piece);

/* The model that the piece's sample has learned; "" if it learns none. */
vly_status vly_run_learned(char model[VLY_PATH_BYTES], const vly_run *run, const vly_piece *piece);

vly_status vly_work_given(vly_run *run, const vly_piece *piece);
vly_status vly_work_segment(vly_run *run, const vly_piece *piece);
bool vly_describe_wanted(const vly_sample *sample);
vly_status vly_describe_possible(const vly_sample *sample);
vly_status vly_work_describe(vly_run *run, const vly_piece *piece);
vly_status vly_work_edx(vly_run *run, const vly_piece *piece);
vly_status vly_work_compare(vly_run *run, const vly_piece *piece);
vly_status vly_work_disagreement(vly_run *run, const vly_piece *piece);
vly_status vly_work_transport(vly_run *run, const vly_piece *piece);
vly_status vly_work_lithiate(vly_run *run, const vly_piece *piece);
vly_status vly_work_impedance(vly_run *run, const vly_piece *piece);
vly_status vly_work_fit(vly_run *run, const vly_piece *piece);
vly_status vly_work_fits(vly_run *run, const vly_piece *piece);
vly_status vly_work_bpx(vly_run *run, const vly_piece *piece);

/* What they take: run_estimate.c. */
void vly_estimate_histogram(vly_piece_cost *out, vly_run *run, const vly_piece *piece);
void vly_estimate_learn(vly_piece_cost *out, vly_run *run, const vly_piece *piece);
void vly_estimate_given(vly_piece_cost *out, vly_run *run, const vly_piece *piece);
void vly_estimate_segment(vly_piece_cost *out, vly_run *run, const vly_piece *piece);
void vly_estimate_describe(vly_piece_cost *out, vly_run *run, const vly_piece *piece);
void vly_estimate_compare(vly_piece_cost *out, vly_run *run, const vly_piece *piece);
void vly_estimate_transport(vly_piece_cost *out, vly_run *run, const vly_piece *piece);
void vly_estimate_lithiate(vly_piece_cost *out, vly_run *run, const vly_piece *piece);
void vly_estimate_impedance(vly_piece_cost *out, vly_run *run, const vly_piece *piece);
void vly_estimate_fit(vly_piece_cost *out, vly_run *run, const vly_piece *piece);
void vly_estimate_bpx(vly_piece_cost *out, vly_run *run, const vly_piece *piece);

void vly_summarise_learn(vly_summary *t, const vly_piece *piece, const vly_document *d);
void vly_summarise_segment(vly_summary *t, const vly_piece *piece, const vly_document *d);
void vly_summarise_describe(vly_summary *t, const vly_piece *piece, const vly_document *d);
void vly_summarise_compare(vly_summary *t, const vly_piece *piece, const vly_document *d);
void vly_summarise_disagreement(vly_summary *t, const vly_piece *piece, const vly_document *d);
void vly_summarise_transport(vly_summary *t, const vly_piece *piece, const vly_document *d);
void vly_summarise_lithiate(vly_summary *t, const vly_piece *piece, const vly_document *d);
void vly_summarise_fit(vly_summary *t, const vly_piece *piece, const vly_document *d);
void vly_summarise_impedance(vly_summary *t, const vly_piece *piece, const vly_document *d);

/* A line of summary.csv. cutout NULL: the window of the sample. A value that is not finite is left empty, and `flag` says
 * why. */
void vly_summary_add(vly_summary *t, const char *cutout, const char *trinarisation, const char *phase,
                     const char *quantity, double value, const char *unit, const char *flag);

#endif
