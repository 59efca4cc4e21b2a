/* voxelyte compare: how much label volumes agree. */
#include "cli.h"

#include <math.h>

/* The n x n matrix below `key`. */
static void print_matrix(const vly_document *document, const char *title, const char *key, int32_t count)
{
    printf("\n%s\n", title);
    for (int32_t i = 0; i < count; i++) {
        printf("  %2d", i + 1);
        for (int32_t j = 0; j < count; j++) {
            double value = cli_number(document, "%s.%d.%d", key, i, j);
            if (isnan(value))
                fputs("       -", stdout);
            else
                printf("  %6.4f", value);
        }
        putchar('\n');
    }
}

static void summary(const vly_document *document)
{
    int32_t count = vly_document_length(document, "names");
    for (int32_t i = 0; i < count; i++) {
        printf("  %2d  ", i + 1);
        cli_print_clean(stdout, cli_word(document, "names.%d", i));
        putchar('\n');
    }
    print_matrix(document, "equal voxels", "equal", count);
    print_matrix(document, "Jaccard index, am", "jaccard.am", count);
    print_matrix(document, "Jaccard index, cbd", "jaccard.cbd", count);
    print_matrix(document, "Jaccard index, pore", "jaccard.pore", count);
}

static vly_status run(cli_call *cli)
{
    return cli_do_job(cli, vly_job_compare, summary);
}

const cli_command cli_compare = {
    .name = "compare",
    .usage = "LABELS LABELS... [-o OUT.json] [OPTIONS]",
    .summary = "equal voxels and Jaccard index per phase of label volumes, each with each",
    .text = "Two to twelve label volumes of one extent. Voxels that any of them calls outside do not count.\n"
            "--disagreement says voxel by voxel how many of them are not of the commonest opinion.\n\n"
            "  voxelyte compare threshold.tif kmeans.tif -o compare.json\n"
            "  voxelyte compare a.tif b.tif --labels pore=0,am=85,cbd=170\n",
    .least = 2,
    .most = 12,
    .run = run,
};
