#!/usr/bin/env bash
# Installs with apt what the build, the tests and the demo need and what is not there yet; quiet when nothing is missing.
# Extra arguments "PROBE=PACKAGE" add commands to look for. This table is the only list of packages.
set -euo pipefail

commands=(cmake=cmake ninja=ninja-build pkg-config=pkg-config "$@")
libraries=(libtiff-4=libtiff-dev nlopt=libnlopt-dev jansson=libjansson-dev yaml-0.1=libyaml-dev libxxhash=libxxhash-dev
    zlib=zlib1g-dev check=check)

missing=()
# a compiler without the C library's headers is as good as none
echo '#include <stdlib.h>' | cc -E - >/dev/null 2>&1 || missing+=(build-essential)
for entry in "${commands[@]}"; do
    command -v "${entry%%=*}" >/dev/null || missing+=("${entry#*=}")
done
for entry in "${libraries[@]}"; do
    pkg-config --exists "${entry%%=*}" 2>/dev/null || missing+=("${entry#*=}")
done
[ ${#missing[@]} -gt 0 ] || exit 0

if ! command -v apt-get >/dev/null; then
    echo "install-deps.sh: missing ${missing[*]} (Debian's names): this system has no apt, install them with its own tool" >&2
    exit 1
fi
root=()
if [ "$(id -u)" -ne 0 ]; then
    if ! command -v sudo >/dev/null; then
        echo "install-deps.sh: not root and no sudo: run 'apt-get install --no-install-recommends ${missing[*]}' as root" >&2
        exit 1
    fi
    root=(sudo)
fi
echo "installing ${missing[*]}"
"${root[@]}" apt-get -qq update
"${root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -qq -o Dpkg::Use-Pty=0 install -y --no-install-recommends \
    "${missing[@]}" >/dev/null
