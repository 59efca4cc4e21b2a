/* What a half cell starts with: laws of materials on a device, and the state at rest. */
#ifndef VLY_CELL_START_H
#define VLY_CELL_START_H

#include "support.h"

#include "cell/march.h"
#include "cell/materials_impl.h"

/* The default materials with so many changes by name; to be freed. */
static inline vly_materials *test_materials_with(const char *const (*changes)[2], int count)
{
    vly_materials *m;
    ck_assert_int_eq(vly_materials_create_default(&m), VLY_OK);
    for (int i = 0; i < count; i++)
        ck_assert_msg(vly_materials_set(m, changes[i][0], changes[i][1]) == VLY_OK, "%s", vly_error_message());
    return m;
}

static inline vly_cell_start start_of(vly_cell_laws *laws, vly_buffer *memory, vly_device *device,
                                      const vly_materials *m)
{
    const double salt = 1000.0;
    vly_cell_start start = {0.258, salt, 0.0, 0.0};
    ck_assert_int_eq(vly_materials_evaluate(&start.potential, NULL, m, "ocp", &start.stoichiometry, 1), VLY_OK);
    ck_assert_int_eq(vly_materials_evaluate(&start.transference, NULL, m, "transference", &salt, 1), VLY_OK);
    ck_assert_msg(vly_cell_laws_upload(laws, memory, device, m) == VLY_OK, "%s", vly_error_message());
    return start;
}

/* The same of materials that are changed by name, up to a NULL. */
static inline vly_cell_start changed(vly_cell_laws *laws, vly_buffer *memory, vly_device *device,
                                     const char *const (*change)[2])
{
    int count = 0;
    while (change[count][0]) count++;
    vly_materials *m = test_materials_with(change, count);
    const vly_cell_start start = start_of(laws, memory, device, m);
    vly_materials_free(m);
    return start;
}

#endif
