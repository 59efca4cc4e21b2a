#!/usr/bin/env bash
# Breaks every rule of scripts/check-includes.sh in a copy of the tree and expects each break to be named.
set -euo pipefail
cd "$(dirname "$0")/.."

breaks() { # file|line that breaks a rule
    cat <<'END'
include/voxelyte/planted_a.h|#include <tiffio.h>
include/voxelyte/planted_b.h|#include "core/memory.h"
include/voxelyte/planted_c.h|#include <unistd.h>
kernels/core/planted_d.c|#include "core/memory.h"
kernels/core/planted_e.c|  #  include "voxelyte/volume.h"
kernels/core/planted_f_cpu.c|#include <cuda_runtime.h>
host/core/planted_g.c|#include "io/planted_h.h"
host/io/planted_h.h|#include "segment/planted_i.h"
host/segment/planted_i.h|#include "image/planted_j.h"
host/image/planted_j.h|#include "study/planted_k.h"
host/study/planted_k.h|#include <tiffio.h>
host/cli/planted_l.c|#include "core/memory.h"
host/cli/planted_m.c|#include <jansson.h>
host/core/planted_n.c|#include <zlib.h>
host/study/planted_o.c|#include <yaml.h>
host/io/planted_p.c|#include <nlopt.h>
host/image/planted_q.c|void *planted(void) { return malloc(1); }
host/image/planted_r.c|void planted(void) { fprintf(stderr, "planted"); }
kernels/core/planted_s.c|#include <stdint.h>
tests/planted_s.c|/* a name that stands elsewhere */
samples/planted_t.c|#include "core/file.h"
END
    echo "tests/planted_u.c|$(printf '\\n%.0s' {1..500})"
}

copy=$(mktemp -d)
trap 'rm -rf "$copy"' EXIT
cp -r include host kernels tests scripts "$copy"
while IFS='|' read -r file line; do
    mkdir -p "$(dirname "$copy/$file")"
    printf '%b\n' "$line" >"$copy/$file"
done < <(breaks)
said=$("$copy/scripts/check-includes.sh" 2>&1) && { echo "a tree full of broken rules passed" >&2 && exit 1; }
missed=0
while IFS='|' read -r file line; do
    grep -qE "check-includes: (.*/)?$(basename "$file")[ :]" <<<"$said" || { echo "not noticed: $file" >&2 && missed=1; }
done < <(breaks)
exit $missed
