#!/usr/bin/env bash
# Installs what is missing, checks who includes whom and, where there is nvcc, what the kernels need on one architecture;
# builds, and runs every test. Arguments go to ctest (-R kmeans).
# VLY_DATA_DIR names a folder of real volumes; one beside the checkout is found alone, without one those tests are skipped.
set -euo pipefail
cd "$(dirname "$0")/.."
scripts/install-deps.sh
scripts/check-includes.sh
tests/planted_includes.sh
scripts/check-kernels.sh 80 # check.sh compiles for all of them
cmake --preset release
cmake --build --preset release
if [ -z "${VLY_DATA_DIR:-}" ] && [ -d ../shared/data ]; then
    VLY_DATA_DIR=$(cd ../shared/data && pwd)
    export VLY_DATA_DIR
fi
ctest --preset release -j "$(nproc)" "$@"
