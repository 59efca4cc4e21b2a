/* The kinds of value an option can have: how each is read from text and written back. */
#ifndef VLY_SETTINGS_IMPL_H
#define VLY_SETTINGS_IMPL_H

#include "voxelyte/settings.h"

typedef enum vly_kind {
    VLY_KIND_TEXT,
    VLY_KIND_SWITCH,
    VLY_KIND_CHOICE,
    VLY_KIND_SET,
    VLY_KIND_INTEGER,
    VLY_KIND_INTEGER64,
    VLY_KIND_SEED,
    VLY_KIND_REAL,
    VLY_KIND_BYTES,
    VLY_KIND_PAIR,
    VLY_KIND_LENGTHS,
    VLY_KIND_SIZE,
    VLY_KIND_BOX,
    VLY_KIND_LABELS,
    VLY_KIND_METHODS,
    VLY_KIND_FRACTIONS,
    VLY_KIND_CONDUCT,
    VLY_KIND_NUMBERS,
    VLY_KINDS
} vly_kind;

typedef struct vly_option_row {
    vly_option option;
    vly_kind kind;
    size_t offset, size; /* of the field in vly_settings, bytes */
    double low, high;
} vly_option_row;

/* Reads a value into its field, which is cleared: VLY_EUSAGE with what is expected; the caller puts the option's name before it. */
typedef vly_status vly_value_read(const vly_option_row *row, void *field, const char *text);
/* Writes it as text (VLY_PATH_BYTES). */
typedef void vly_value_write(const vly_option_row *row, const void *field, char *text);

/* VLY_EUSAGE outside the range of the row. */
vly_status vly_option_in_range(const vly_option_row *row, double value);

extern vly_value_read vly_read_text, vly_read_switch, vly_read_choice, vly_read_set, vly_read_integer,
    vly_read_integer64, vly_read_seed, vly_read_real, vly_read_bytes, vly_read_pair, vly_read_lengths, vly_read_size,
    vly_read_box, vly_read_labels, vly_read_methods, vly_read_fractions, vly_read_conduct, vly_read_numbers;
extern vly_value_write vly_write_text, vly_write_switch, vly_write_choice, vly_write_set, vly_write_integer,
    vly_write_integer64, vly_write_seed, vly_write_real, vly_write_pair, vly_write_lengths, vly_write_size,
    vly_write_box, vly_write_labels, vly_write_methods, vly_write_fractions, vly_write_conduct, vly_write_numbers;

#endif
