#!/usr/bin/env bash
# check-kernels.sh [ARCH...]: compiles every CUDA kernel for the architectures (75 80 90: from the oldest to the newest) and
# compares what each one needs with tests/bench/kernels.csv. A spill fails; so does a difference, until the table is made
# anew with --update.
set -euo pipefail
cd "$(dirname "$0")/.."
table=tests/bench/kernels.csv
nvcc=$(command -v nvcc || echo /usr/local/cuda/bin/nvcc)
[[ -x $nvcc ]] || { echo "check-kernels: no CUDA toolkit here, skipped"; exit 0; }
update=no
[[ ${1:-} != --update ]] || { update=yes && set --; }
architectures=("$@")
[ $# -gt 0 ] || architectures=(75 80 90)
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

compile() { # nvcc, scratch, architecture, file: what ptxas says of it
    local out
    out=$2/$(basename "$4").$3
    "$1" -c -O3 --fmad=false -std=c++17 -Werror all-warnings -Xptxas -v -Iinclude -Ikernels \
        -gencode "arch=compute_$3,code=sm_$3" "$4" -o "$out.o" >"$out.said" 2>&1 || { cat "$out.said" && exit 255; }
}
export -f compile

# one row per kernel and architecture out of that; templates with their arguments, "(type)" before a number left out
rows() {
    cat "$scratch"/*.said | c++filt | awk '
        /Compiling entry function/ {
            split($0, q, "\047"); name = q[2]; arch = q[4]
            sub(/^void /, "", name); gsub(/\([a-z_0-9]+\)/, "", name); sub(/\(.*/, "", name); gsub(/, */, " ", name)
        }
        /spill stores/ { spill = $5 + $9 }
        /Used [0-9]+ registers/ {
            shared = 0
            for (i = 1; i <= NF; i++) { if ($i == "registers,") registers = $(i - 1); if ($i ~ /^smem/) shared = $(i - 2) }
            printf "%s,%s,%d,%d,%d\n", name, arch, registers, spill, shared
        }' | LC_ALL=C sort
}

for architecture in "${architectures[@]}"; do git ls-files 'kernels/*_cuda.cu' | sed "s/^/$architecture /"; done |
    xargs -P "$(nproc)" -L 1 bash -c 'compile "$@"' _ "$nvcc" "$scratch"
rows >"$scratch/rows"
awk -F, '$4 > 0 { print "check-kernels: " $1 " spills " $4 " bytes on " $2; bad = 1 } END { exit bad }' "$scratch/rows"

compiler="# nvcc $("$nvcc" --version | grep -o 'release [0-9.]*')"
head='kernel,architecture,registers,spill_bytes,shared_bytes'
if [[ $update == yes ]]; then
    { echo "$compiler" && echo "$head" && cat "$scratch/rows"; } >"$table"
elif [[ $(head -n 1 "$table") != "$compiler" ]]; then
    echo "check-kernels: another compiler than the table's, registers not compared"
else
    grep -E ",sm_($(IFS='|' && echo "${architectures[*]}"))," "$table" | diff - "$scratch/rows" ||
        { echo "check-kernels: differs from $table"; exit 1; }
fi
echo "check-kernels: $(wc -l <"$scratch/rows") kernels, no spills"
