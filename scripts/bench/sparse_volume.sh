#!/usr/bin/env bash
# Makes a 16-bit ImageJ stack far larger than memory that takes next to no disk: zeros are holes, and only a few runs of bright
# voxels are written, on both sides of every power of two at which an index could wrap. One directory and all pages behind it,
# as ImageJ writes above 4 GB. Usage: sparse_volume.sh FILE NX NY NZ; prints how many voxels are 20046 and 40092.
set -euo pipefail
file=$1 nx=$2 ny=$3 nz=$4
voxels=$((nx * ny * nz))
header=4096

little() { # bytes of a number, lowest first
    local value=$2 i
    for ((i = 0; i < $1; i++)); do printf %b "\\x$(printf %02x $((value & 255)))" && value=$((value >> 8)); done
}
entry() { little 2 "$1" && little 2 "$2" && little 4 "$3" && little 4 "$4"; } # tag, type (2 text, 3 short, 4 long), count, value

text="ImageJ=1.54f
images=$nz
slices=$nz
unit=micron
spacing=0.642
loop=false
"
{
    printf 'II' && little 2 42 && little 4 8 && little 2 12
    entry 256 4 1 "$nx" && entry 257 4 1 "$ny" && entry 258 3 1 16 && entry 259 3 1 1 && entry 262 3 1 1
    entry 270 2 $((${#text} + 1)) 512 && entry 273 4 1 $header && entry 277 3 1 1 && entry 278 4 1 "$ny"
    entry 279 4 1 $((2 * nx * ny)) && entry 282 5 1 1024 && entry 283 5 1 1024
    little 4 0
} >"$file"
truncate -s 512 "$file" && printf '%s\0' "$text" >>"$file"
truncate -s 1024 "$file" && little 4 1000000 >>"$file" && little 4 642000 >>"$file"
truncate -s $((header + 2 * voxels)) "$file"

run() { # count, the character both bytes of a voxel hold, first voxel
    head -c $((2 * $1)) /dev/zero | tr '\0' "$2" |
        dd of="$file" bs=64K oflag=seek_bytes seek=$((header + 2 * $3)) conv=notrunc status=none
}
low=0 high=0
run 300 N 0 && low=$((low + 300))
for power in 28 29 30 31 32 33; do
    at=$((1 << power))
    [ $((at + 1000)) -le $voxels ] || continue
    run 1000 N $((at - 1000)) && low=$((low + 1000))
    run 700 '\234' "$at" && high=$((high + 700))
done
run 500 '\234' $((voxels - 500)) && high=$((high + 500))
echo "$low $high"
