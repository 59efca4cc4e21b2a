/* Laws made on the host. A law is kept in the words of whoever gave it (a number, an expression, a table, in the units of its
 * file), so that it can be written again, and built into what kernels evaluate when units and temperature are known. */
#ifndef VLY_CELL_LAW_H
#define VLY_CELL_LAW_H

#include "cell/law_voxel.h"

typedef enum vly_words_kind { VLY_WORDS_NUMBER, VLY_WORDS_EXPRESSION, VLY_WORDS_TABLE } vly_words_kind;

typedef struct vly_law_words {
    vly_words_kind kind;
    double number;
    char *expression; /* in x, and T in K */
    int32_t points;
    double *x, *y;     /* (points) x ascending */
    bool monotone;     /* table: cubic without overshoot (PCHIP); else linear */
    bool logarithmic;  /* table: between its points the logarithm of the value is interpolated */
    double low, high;  /* x is clipped to this */
    double activation; /* J/mol */
    char *source;      /* where it comes from */
} vly_law_words;

/* What surrounds the words. */
typedef struct vly_law_frame {
    double unit;        /* x of the words per argument of the law: 1000 from mol/m3 to mol/L */
    double scale;       /* factor on the value */
    double temperature; /* K */
    const char *what;   /* opens messages */
} vly_law_frame;

/* VLY_EDATA if an expression cannot be understood or a table is none: fewer than 2 points, x not ascending, not finite, not
 * above 0 where it is logarithmic. */
vly_status vly_law_build(vly_law *out, const vly_law_words *words, const vly_law_frame *frame);
void vly_law_free(vly_law *law);

/* slope: (pieces + 1) of monotone cubics at the knots of values y, one piece or more. */
void vly_law_slopes(double *slope, const double *knot, const double *y, int32_t pieces);

/* Postfix code of an expression, for vly_law_build. */
vly_status vly_law_compile(vly_law *out, const char *expression, const vly_law_frame *frame);

/* A program that is a polynomial of degree 3 or less becomes one piece of a cubic. */
vly_status vly_law_simplify(vly_law *program);

vly_status vly_law_words_copy(vly_law_words *out, const vly_law_words *from);
void vly_law_words_free(vly_law_words *words);

/* Makes room for a table. */
vly_status vly_law_words_reserve(vly_law_words *words, int32_t points);

#endif
