#!/usr/bin/env bash
# From nothing to a report: installs what is missing, builds, runs the whole paper small, names the file to open.
set -euo pipefail
cd "$(dirname "$0")/.."
scripts/install-deps.sh
cmake --preset release
cmake --build --preset release --target voxelyte_program
build/voxelyte run samples/paper_quick.yaml -o out/demo
echo
echo "Report: $PWD/out/demo/report.html"
