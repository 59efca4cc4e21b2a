/* Numbers from text and back, in the C locale whatever the program's. */
#ifndef VLY_NUMBER_H
#define VLY_NUMBER_H

#include "voxelyte/base.h"

enum { VLY_NUMBER_BYTES = 32 };

/* A decimal number at *at, which moves behind it. No nan, inf, hexadecimal or leading blank. */
bool vly_number_read(const char **at, double *out);

/* A whole number at *at, which moves behind it. */
bool vly_whole_read(const char **at, int64_t *out);

/* The shortest decimal that reads back to the same bits, whole numbers without exponent, to text (VLY_NUMBER_BYTES); its
 * length. */
int vly_number_write(char *text, double value);

/* Moves *at behind `what` if it is next. */
bool vly_skip(const char **at, char what);

#endif
