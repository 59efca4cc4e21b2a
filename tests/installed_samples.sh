#!/usr/bin/env bash
# What is installed serves a stranger: the programs in samples/c compiled against it by pkg-config alone and run, the page for
# man and the completion where they belong. Usage: installed_samples.sh BUILD_FOLDER
set -euo pipefail
build=$1
cd "$(dirname "$0")/.."
prefix=$(mktemp -d)
trap 'rm -rf "$prefix"' EXIT
cmake --install "$build" --prefix "$prefix" >/dev/null
PKG_CONFIG_PATH=$(dirname "$(find "$prefix" -name voxelyte.pc)")
export PKG_CONFIG_PATH
library=$(dirname "$(find "$prefix" -name libvoxelyte.so)")
for sample in samples/c/use_*.c; do
    # shellcheck disable=SC2046 # words
    "${CC:-cc}" -std=c11 -Wall -Wextra -Werror "$sample" $(pkg-config --cflags --libs voxelyte) \
        -Wl,-rpath,"$library" -o "$prefix/$(basename "$sample" .c)"
done
"$prefix/bin/voxelyte" convert samples/two_layer/grey.tif "$prefix/grey.tif" --window 0:50,0:40,0:40 --quiet
"$prefix/use_segment" "$prefix/grey.tif" "$prefix/labels.tif" am=0.5,cbd=0.3,pore=0.2 | grep -q '^am *40000 voxels'
"$prefix/use_transport" "$prefix/labels.tif" 0.12 | grep -c '^[xyz]: D_eff/D = 0\.' | grep -qx 3
"$prefix/use_describe" "$prefix/labels.tif" | grep -q '^pore fraction 0\.2000 '
grep -q '^\.SS segment' "$prefix"/share/man/man1/voxelyte.1
test -s "$prefix/share/bash-completion/completions/voxelyte"
