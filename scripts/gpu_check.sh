#!/usr/bin/env bash
# gpu_check.sh: on a machine with a GPU, from a bundle or behind a build: does the GPU give the processor's bits, and how fast.
# A table, its JSON and every step's log go to $OUT (out/gpu_check). Exit code 1 if a step failed, 77 if there is no GPU.
set -euo pipefail
cd "$(dirname "$0")/.."
program=$PWD/bin/voxelyte tests=$PWD/tests
if [ ! -x "$program" ]; then
    program=$PWD/build/voxelyte tests=$PWD/build/tests/cuda # as CTest's <subject>.cuda
    [ -x "$program" ] || { echo "gpu_check.sh: $program: build first" >&2 && exit 2; }
    export VLY_PROGRAM=$program VLY_SOURCE_DIR=$PWD
fi
mkdir -p "${OUT:-out/gpu_check}"
out=$(cd "${OUT:-out/gpu_check}" && pwd) deadline=$((SECONDS + 460)) failed=0 work=$(mktemp -d)
read -ra sides <<<"${VLY_CHECK_SIDES:-128 256}" # voxels, smaller for a trial
trap 'rm -rf "$work"' EXIT

if ! "$program" doctor --device cuda >"$out/doctor.log" 2>&1; then
    echo "gpu_check.sh: nothing to check: $(tail -n 1 "$out/doctor.log")"
    exit 77
fi

row() { # step, verdict, seconds, what was seen
    local seen=${4//[^[:print:]]/ }
    seen=${seen//[\"\\]/\'}
    printf '%-34s %-9s %7.2f s  %s\n' "$1" "$2" "$3" "${seen:0:150}" | tee -a "$out/table.txt"
    printf '%s{"step": "%s", "verdict": "%s", "seconds": %s, "seen": "%s"}' "$comma" "$1" "$2" "$3" "$seen" >>"$out/rows"
    comma=$',\n'
    [ "$2" != FAILED ] || failed=1
}

# Runs a command into a log within `most` seconds and what is left of the whole; sets code and spent.
timed() { # log, most, command...
    local log=$out/$1.log left=$((deadline - SECONDS)) begin=$EPOCHREALTIME
    [ "$left" -lt "$2" ] || left=$2
    code=124
    if [ "$left" -gt 0 ]; then code=0 && timeout -k 5 "$left" "${@:3}" >"$log" 2>&1 || code=$?; else echo "no time left" >"$log"; fi
    spent=$(awk -v a="$begin" -v b="$EPOCHREALTIME" 'BEGIN { printf "%.3f", b - a }')
}

step() { # log, most, command...: a row by the exit code, with the last line that was said
    timed "$@"
    if [ $code -eq 0 ]; then row "$1" passed "$spent" "$(tail -n 1 "$out/$1.log")"; fi
    if [ $code -ne 0 ]; then row "$1" FAILED "$spent" "exit code $code: $(tail -n 1 "$out/$1.log")"; fi
}

# One volume and method on both devices; a device limit that the program calls too small is refused, which is no difference.
both() { # side, method
    local log=$2-$1-cpu expected limit verdict seen
    local segment=("$program" segment "$work/$1/grey.tif" --overwrite --no-compress --method "$2" -o "$work/labels.tif")
    rm -f "$work/labels.tif"
    step "$log" 120 "${segment[@]}" --device cpu
    [ $code -eq 0 ] || return 0
    expected=$(sha256sum "$work/labels.tif")
    for limit in auto 1G 256M 64M; do
        log=$2-$1-cuda-$limit verdict=FAILED
        timed "$log" 120 "${segment[@]}" --device cuda --device-memory-limit "$limit"
        seen="exit code $code: $(tail -n 1 "$out/$log.log")"
        [ $code-$limit = 71-auto ] || [ $code -ne 71 ] || verdict=refused
        if [ $code -eq 0 ]; then
            seen=$(sha256sum "$work/labels.tif")
            [ "$seen" != "$expected" ] || verdict=equal
            seen="labels ${seen:0:16}, cpu ${expected:0:16}"
        fi
        row "$log" $verdict "$spent" "$seen"
    done
}

sanitize() { # tool: a small volume; where it cannot run (rights, an old driver) that is said, and is no failure
    timed "sanitizer-$1" 90 compute-sanitizer --tool "$1" "$program" segment "$work/small/grey.tif" -o "$work/small.tif" \
        --overwrite --method threshold --device cuda
    local seen verdict=skipped
    seen=$(grep -oE '(ERROR|RACECHECK) SUMMARY: .*' "$out/sanitizer-$1.log" | tail -n 1) || true
    case $seen in *': 0 '*) [ $code -eq 0 ] && verdict=passed || verdict=FAILED ;; ?*) verdict=FAILED ;; esac
    row "sanitizer-$1" $verdict "$spent" "${seen:-does not work here: $(tail -n 1 "$out/sanitizer-$1.log")}"
}

rm -f "$out"/{rows,table.txt,bench.json,gpu_check.json}
comma='' # before the next row of the JSON
gpu=$(nvidia-smi --query-gpu=name,driver_version,memory.total --format=csv,noheader 2>/dev/null | head -n 1) || gpu="no nvidia-smi"
row nvidia-smi seen 0 "$gpu"
row doctor passed 0 "$(grep '^cuda:0' "$out/doctor.log")"
step synth-small 60 "$program" synth -o "$work/small" --size 40,40,40 --fib-ratio 0 --seed 5 --device cpu
for side in "${sides[@]}"; do
    step "synth-$side" 120 "$program" synth -o "$work/$side" --size "$side,$side,$side" --fib-ratio 0 --seed 5 --device cpu
    for method in threshold kmeans; do both "$side" $method; done
done
for test in "$tests"/test_*; do
    VLY_TEST_DEVICE=cuda step "$(basename "$test")" 60 "$test"
done
if command -v compute-sanitizer >/dev/null; then for tool in memcheck racecheck; do sanitize $tool; done; fi
step bench 240 "$program" bench --device cuda --side "${VLY_CHECK_BENCH_SIDE:-696}" -o "$out/bench.json"
cat "$out/bench.log"
{
    printf '{"gpu": "%s", "version": "%s", "date": "%s", "rows": [\n' "$gpu" "$("$program" --version | head -n 1)" "$(date -uI)"
    cat "$out/rows"
    printf '],\n"bench": %s}\n' "$(cat "$out/bench.json" 2>/dev/null || echo null)"
} >"$out/gpu_check.json"
echo "$SECONDS s; table, JSON and logs: $out"
exit $failed
