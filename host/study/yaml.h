/* YAML, a strict subset: one document of scalars, sequences and mappings with plain keys. Anchors, aliases, tags and
 * duplicate keys are refused, and no type is guessed: `no` stays "no". JSON is part of the subset. Every node knows where it
 * stands, so that whoever reads the tree can say `study.yaml:12:7: ...`. */
#ifndef VLY_YAML_H
#define VLY_YAML_H

#include "voxelyte/base.h"

enum { VLY_YAML_BYTES_MAX = 1 << 20, VLY_YAML_DEPTH_MAX = 16, VLY_YAML_NODES_MAX = 10000 };

typedef enum vly_yaml_kind { VLY_YAML_SCALAR, VLY_YAML_SEQUENCE, VLY_YAML_MAPPING } vly_yaml_kind;

typedef struct vly_yaml vly_yaml;
struct vly_yaml {
    vly_yaml_kind kind;
    int32_t line, column; /* from 1; of the key if there is one */
    const char *path;     /* of the file, for messages */
    char *key;            /* of an entry of a mapping; NULL elsewhere */
    char *text;           /* of a scalar; NULL elsewhere */
    vly_yaml *first;      /* of the entries of a sequence or mapping, in the file's order */
    vly_yaml *next;       /* entry of the same parent */
};

/* VLY_ENOINPUT if the file is missing, VLY_EUSAGE with line and column if it is not in the subset. */
vly_status vly_yaml_read(vly_yaml **out, const char *path);

/* The same from memory; `path` opens the messages. */
vly_status vly_yaml_parse(vly_yaml **out, const char *text, int64_t bytes, const char *path);
void vly_yaml_free(vly_yaml *root);

/* The entry of a mapping, NULL if there is none. Borrowed. */
const vly_yaml *vly_yaml_find(const vly_yaml *mapping, const char *key);

/* VLY_EUSAGE with `path:line:column: ` before the message. */
vly_status vly_yaml_fail(const vly_yaml *at, const char *format, ...) VLY_PRINTF(2, 3);

#endif
