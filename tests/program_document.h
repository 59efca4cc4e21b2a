/* Documents that the program writes, and numbers in them. */
#ifndef VLY_PROGRAM_DOCUMENT_H
#define VLY_PROGRAM_DOCUMENT_H

#include "program.h"

#include "voxelyte/document.h"

/* To be freed. */
static inline vly_document *read_document(const char *path)
{
    vly_document *document = NULL;
    ck_assert_msg(vly_document_read(&document, path) == VLY_OK, "%s", vly_error_message());
    return document;
}

/* What stands on stdout; kept out of the folder that the program works in. */
static inline vly_document *document_of_output(void)
{
    return read_document(test_write_text("../document.json", program_out));
}

static inline double number(const vly_document *document, const char *path)
{
    const double value = vly_document_number(document, path);
    ck_assert_msg(value == value, "%s is missing", path);
    return value;
}

#endif
