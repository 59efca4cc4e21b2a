/* The report of a study: what `voxelyte run` left in its folder, as one page that a person reads and prints. */
#ifndef VOXELYTE_REPORT_H
#define VOXELYTE_REPORT_H

#include "voxelyte/base.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Makes FOLDER/report.html, self-contained and without scripts, from the files described in voxelyte/study.h, and each of
 * its figures as FOLDER/figures/NAME.svg. Replaces what an earlier report left. What the study has not computed, or
 * volumes that have moved away, are left out; the page says which volumes it could not read.
 * VLY_ENOINPUT if `folder` holds no trinarisation; VLY_EDATA if one of its documents is damaged; VLY_EOUTPUT, VLY_EIO. */
VLY_API vly_status vly_report_write(const char *folder);

#ifdef __cplusplus
}
#endif
#endif
