/* A study as it is understood: samples, each with its inputs and every setting resolved. Defaults give way to the study's
 * settings, these to the sample's, and those to what the command line was given. */
#ifndef VLY_STUDY_IMPL_H
#define VLY_STUDY_IMPL_H

#include "study/suspensions.h"
#include "voxelyte/settings.h"
#include "voxelyte/study.h"

enum { VLY_STUDY_SAMPLES_MAX = 1000, VLY_NAME_MAX = 64 };

typedef struct vly_sample {
    char *name;   /* letters, digits, '_' and '-' */
    char *folder; /* of its files below the study's: "", or "NAME/" where there are several samples */
    char *grey;   /* absolute path, as vly_source_open takes it; NULL: all trinarisations are given */
    char *truth;  /* absolute path of a label volume; NULL if there is none */
    char *given[VLY_TRINARISATIONS]; /* absolute paths of labels that are there already, by method; NULL: to be made */
    vly_coating coating;
    vly_settings settings; /* its methods are all that there are to be, given ones among them */
} vly_sample;

/* Bits of the methods that run on the grey volume. */
uint32_t vly_sample_methods(const vly_sample *sample);

/* How many of its cut-outs get half cells. */
int32_t vly_sample_cell_cutouts(const vly_sample *sample);

/* What the sample is known by: its grey volume, or the first labels. */
const char *vly_sample_volume(const vly_sample *sample);

typedef struct vly_study {
    vly_settings settings; /* of the top level */
    vly_suspensions suspensions;
    vly_sample *samples; /* (count) */
    int32_t count;
} vly_study;

/* given: from the command line; NULL: nothing. VLY_EUSAGE with `path:line:column` for what makes no sense. */
vly_status vly_study_read(vly_study **out, const char *path, const vly_settings *given);
void vly_study_free(vly_study *study);

/* The study as YAML that reads back to the same samples, wherever it is put. */
vly_status vly_study_text(char **out, const vly_study *study);

/* What it says of suspensions, as lines of its text: the study, and a sample. Nothing where it says nothing. */
void vly_suspensions_text(vly_text *to, const vly_suspensions *suspensions);
void vly_coating_text(vly_text *to, const vly_coating *coating);

/* Up to VLY_NAME_MAX letters, digits, '_' and '-'. */
bool vly_is_name(const char *text);

/* An option that says how the work is done or told, not what comes out. */
bool vly_option_is_machine(const char *key);

/* An option that names a file, of which the contents count and not the name. */
bool vly_option_is_input(const char *key);

/* An option that one of these ways to trinarise (bits) reads. */
bool vly_option_concerns(const char *key, uint32_t methods);

/* Whether the word is one of these, which blanks separate. */
bool vly_listed(const char *words, const char *word);

#endif
