#!/usr/bin/env bash
# Compiles every CUDA kernel for the oldest and the newest architectures and compares what each one needs with
# tests/bench/kernels.csv. A spill fails; so does a difference, until the table is made anew with --update.
set -euo pipefail
cd "$(dirname "$0")/.."
table=tests/bench/kernels.csv
nvcc=$(command -v nvcc || echo /usr/local/cuda/bin/nvcc)
[[ -x $nvcc ]] || { echo "check-kernels: no CUDA toolkit here, skipped"; exit 0; }
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

# one row per kernel and architecture out of what ptxas says
rows() {
    c++filt | awk '
        /Compiling entry function/ { split($0, q, "\047"); name = q[2]; sub(/\(.*/, "", name); arch = q[4] }
        /spill stores/ { spill = $5 + $9 }
        /Used [0-9]+ registers/ {
            shared = 0
            for (i = 1; i <= NF; i++) { if ($i == "registers,") registers = $(i - 1); if ($i ~ /^smem/) shared = $(i - 2) }
            printf "%s,%s,%d,%d,%d\n", name, arch, registers, spill, shared
        }'
}

for arch in 75 80 90; do
    for file in $(git ls-files 'kernels/*_cuda.cu'); do
        "$nvcc" -c -O3 --fmad=false -std=c++17 -Werror all-warnings -Xptxas -v -Iinclude -Ikernels \
            -gencode "arch=compute_$arch,code=sm_$arch" "$file" -o "$scratch/kernel.o" 2> "$scratch/said" ||
            { cat "$scratch/said"; exit 1; }
        rows < "$scratch/said"
    done
done | sort > "$scratch/rows"
compiler="# nvcc $("$nvcc" --version | grep -o 'release [0-9.]*')"
{ echo "$compiler"; echo "kernel,architecture,registers,spill_bytes,shared_bytes"; cat "$scratch/rows"; } > "$scratch/table"

awk -F, '$4 > 0 { print "check-kernels: " $1 " spills " $4 " bytes on " $2; bad = 1 } END { exit bad }' "$scratch/rows"
if [[ ${1:-} == --update ]]; then
    cp "$scratch/table" "$table"
elif [[ $(head -n 1 "$table") != "$compiler" ]]; then
    echo "check-kernels: another compiler than the table's, registers not compared"
else
    diff "$table" "$scratch/table" || { echo "check-kernels: differs from $table"; exit 1; }
fi
echo "check-kernels: $(wc -l < "$scratch/rows") kernels, no spills"
