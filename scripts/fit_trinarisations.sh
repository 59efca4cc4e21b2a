#!/usr/bin/env bash
# How much gamma of the carbon-binder depends on the trinarisation: discharges the sample's true labels at a known gamma,
# calls that an experiment, and fits it with the labels that each method makes of the sample's tomogram. A crop of 10 takes
# about half an hour on two cores, and says little: wider ones are what counts.
#   scripts/fit_trinarisations.sh [FOLDER [CROP [GAMMA [CURRENT]]]]
set -euo pipefail
cd "$(dirname "$0")/.."
voxelyte=${VOXELYTE:-build/voxelyte}
out=${1:-out/fit} crop=${2:-10} gamma=${3:-0.06} current=${4:-6}
mkdir -p "$out"
sample=samples/two_layer
"$voxelyte" segment $sample/grey.tif -o "$out/labels" --method threshold,kmeans,edx-closing --edx $sample/edx.tif \
    --edx-background 2 --subsample 400000 --fractions am=0.599615625,cbd=0.228165104166667,pore=0.172219270833333 \
    --overwrite --quiet
"$voxelyte" lithiate $sample/truth.tif -o "$out/truth" --crop "$crop" --current "$current" --gamma-cbd "$gamma" --overwrite
for labels in $sample/truth.tif "$out"/labels/*.tif; do
    "$voxelyte" fit "$labels" --experiment "$out/truth/curve.csv" --crop "$crop" --current "$current" \
        -o "$out/$(basename "$labels" .tif).json" --overwrite
done
