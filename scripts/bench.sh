#!/usr/bin/env bash
# bench.sh [STAGE...]      every stage against the bound of this machine, then beside numpy and scikit-learn where they can be had
# bench.sh pybamm [VENV]   discharges the half cell as a porous-electrode model in PyBaMM, installed there (half an hour)
# bench.sh large           thresholds a sparse volume of 13 Gvoxel within 2 GiB and checks every count (minutes; 3 GB of disk)
set -euo pipefail
cd "$(dirname "$0")/.."
scripts/install-deps.sh
cmake --preset release >/dev/null
cmake --build --preset release --target voxelyte_program

find_python() { # a virtual environment of our own with the peers; else one that has at least numpy
    local venv=out/bench/venv peers=(numpy scipy scikit-learn edt localthickness connected-components-3d dijkstra3d)
    if [ -d $venv ] || python3 -m venv $venv; then
        $venv/bin/pip -q install "${peers[@]}" && echo $venv/bin/python && return
    fi
    /usr/bin/python3 -c 'import numpy' && echo /usr/bin/python3
} 2>/dev/null

large_run() { # expected counts as in the result document, options of segment...
    local folder=out/bench/large expected=$1 kib
    shift
    /usr/bin/time -o $folder/time -f '%M %e' build/voxelyte segment $folder/grey.tif -o $folder/labels.tif --overwrite \
        --method threshold --memory-limit 2G --json "$@" >$folder/result.json
    tr -d ' \n' <$folder/result.json | grep -qF "\"counts\":{$expected}" ||
        { echo "wrong counts, expected $expected:" && cat $folder/result.json && exit 1; }
    read -r kib seconds <$folder/time
    echo "$*: counts $expected as expected, $seconds s, peak memory $((kib / 1024)) MiB"
    [ "$kib" -le $((2 << 20)) ] || { echo "more than 2 GiB" && exit 1; }
}

large() {
    local nx=2304 ny=2304 nz=2475 low high label
    mkdir -p out/bench/large
    read -r low high < <(scripts/bench/sparse_volume.sh out/bench/large/grey.tif $nx $ny $nz)
    large_run "\"am\":$high,\"cbd\":$low,\"pore\":$((nx * ny * nz - low - high))" --thresholds 10000,30000
    # labels on both sides of voxel 2^33: 1000 cbd before it, 700 am from it on
    build/voxelyte convert out/bench/large/labels.tif out/bench/large/pages.raw --overwrite --window 0:$nx,0:$ny,1618:1619
    for place in -1001=0 -1000=2 -1=2 0=1 699=1 700=0; do
        label=$(od -An -tu1 -N1 -j $(((1 << 33) - 1618 * nx * ny + ${place%=*})) out/bench/large/pages.raw)
        [ $((label)) -eq "${place#*=}" ] || { echo "label $label at voxel 2^33 + ${place%=*}, expected ${place#*=}" && exit 1; }
    done
    # zeros fill both thresholds: ties alone decide nearly every voxel
    large_run '"am":6569164800,"cbd":3941498880,"pore":2627665920' --fractions am=0.5,cbd=0.3,pore=0.2
}

if [ "${1:-}" = large ]; then
    scripts/install-deps.sh /usr/bin/time=time
    large
    exit
fi
if [ "${1:-}" = pybamm ]; then
    venv=${2:-out/bench/venv-pybamm}
    [ -d "$venv" ] || python3 -m venv "$venv"
    "$venv/bin/pip" -q install pybamm
    mkdir -p out/bench
    exec "$venv/bin/python" scripts/bench/pybamm_half_cell.py -o out/bench/pybamm.csv
fi
build/voxelyte bench "$@"
[ $# -eq 0 ] || exit 0
python=$(find_python) || true
if [ -n "$python" ]; then
    "$python" scripts/bench/peers.py build/voxelyte
else
    echo "numpy is not here and could not be installed: no comparison with them"
fi
