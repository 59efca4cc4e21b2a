/* voxelyte train: a network from a tomogram and its known composition. */
#include "cli.h"

#include <math.h>

static void summary(const vly_document *document)
{
    cli_print_clean(stdout, cli_word(document, "output"));
    printf(": %.0f voxels of %.4g um, best of %.0f epochs the %.0f.\n", cli_number(document, "table.voxels"),
           cli_number(document, "table.voxel_size_um"), cli_number(document, "epochs"),
           cli_number(document, "best_epoch"));
    printf("  mean squared error  training %.5f  validation %.5f  test %.5f (95 %%: %.5f to %.5f)\n",
           cli_number(document, "training_mse"), cli_number(document, "validation_mse"),
           cli_number(document, "test_mse"), cli_number(document, "test_mse_interval.0"),
           cli_number(document, "test_mse_interval.1"));
    if (!isnan(cli_number(document, "far_field_mse")))
        printf("  away from the training voxels %.5f", cli_number(document, "far_field_mse"));
    printf("  telling the mean composition %.5f\n", cli_number(document, "constant_mse"));
}

static vly_status run(cli_call *cli)
{
    return cli_do_job(cli, vly_job_train, summary);
}

const cli_command cli_train = {
    .name = "train",
    .usage = "mlp --grey GREY --composition COMP -o MODEL.safetensors [OPTIONS]",
    .summary = "a network that tells volume fractions from grey values, for segment --method nn-*",
    .text = "COMP holds the volume fractions of some of GREY's voxels, or of cubes of them, as compose writes it.\n"
            "Every voxel is learned from in its 48 turned and mirrored copies. The file can be read by Python's\n"
            "safetensors. The same seed gives the same bits for any number of threads.\n\n"
            "  voxelyte train mlp --grey sample/grey.tif --composition composition.tif -o model.safetensors\n"
            "  voxelyte segment sample/grey.tif -o labels/ --method all --model model.safetensors\n",
    .least = 1,
    .most = 1,
    .output = true,
    .run = run,
};
