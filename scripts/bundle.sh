#!/usr/bin/env bash
# bundle.sh: out/bundle/voxelyte-VERSION and its .tar.gz, a folder that runs wherever glibc, and for a GPU the driver, is no older
# than here. It is checked in an empty root. DT_RPATH instead of RUNPATH, because it holds for libraries of libraries too.
set -euo pipefail
cd "$(dirname "$0")/.."
scripts/install-deps.sh
build=out/bundle/build version=$(sed -n 's/^project(voxelyte VERSION \([0-9.]*\) .*/\1/p' CMakeLists.txt)
bundle=$PWD/out/bundle/voxelyte-$version
system='^(linux-vdso|ld-linux.*|lib(c|m|dl|rt|pthread|resolv|util|cuda))\.so'

# tests that ask for a device and need nothing of the source tree
mapfile -t tests < <(grep -l 'test_device(' tests/test_*.c | xargs grep -LE 'VLY_SOURCE_DIR|"program.h"' |
    xargs -n 1 basename -s .c)

compile() {
    local targets=(voxelyte_program "${tests[@]}")
    # shellcheck disable=SC2016 # the loader's word
    cmake -S . -B $build -G Ninja -DCMAKE_BUILD_TYPE=Release -DCMAKE_INSTALL_LIBDIR=lib -DCMAKE_BUILD_RPATH='$ORIGIN/../lib' \
        -DCMAKE_EXE_LINKER_FLAGS=-Wl,--disable-new-dtags >/dev/null
    if cmake --build $build --target help | grep -q '^voxelyte_cuda:'; then
        targets+=(voxelyte_cuda)
    else
        echo "no nvcc here: the bundle has no CUDA plugin"
    fi
    cmake --build $build --target "${targets[@]}"
}

needed() { # "name path" of every shared library that a file of the bundle needs
    find "$bundle"/{bin,lib,tests} -type f -exec ldd {} \; | awk '$2 == "=>" { print $1, $3 } $1 ~ /^\// { n = split($1, p, "/"); print p[n], $1 }' |
        sort -u
}

copy_terms() { # of a library: under which terms it may be passed on, as its Debian package says
    local package
    package=$(dpkg -S "$(realpath "$1")" 2>/dev/null || dpkg -S "$1" 2>/dev/null) || package=
    package=${package%%:*}
    if [ -z "$package" ] || [ ! -f "/usr/share/doc/$package/copyright" ]; then
        echo "bundle.sh: the terms of $1 were not found: it belongs to no Debian package" >&2 && exit 1
    fi
    install -m 644 -D "/usr/share/doc/$package/copyright" "$bundle/licenses/$package"
}

fill() {
    local name path
    rm -rf "$bundle"
    cmake --install $build --strip --prefix "$bundle" >/dev/null
    rm -rf "$bundle/include" "$bundle/share"
    mkdir -p "$bundle/tests" "$bundle/scripts"
    cp scripts/gpu_check.sh "$bundle/scripts/"
    cp LICENSE "$bundle/"
    for name in "${tests[@]}"; do strip -o "$bundle/tests/$name" "$build/tests/$name"; done
    ln -s ../lib/voxelyte "$bundle/tests/voxelyte" # a program finds the plugin beside itself
    while read -r name path; do
        [ "$path" != not ] || { echo "bundle.sh: $name is needed and was not found" >&2 && exit 1; }
        if [[ $name =~ $system || $path == "$bundle"/* ]]; then continue; fi
        cp -L "$path" "$bundle/lib/$name"
        copy_terms "$path"
    done < <(needed)
    [ "$(du -sm "$bundle" | cut -f1)" -lt 60 ] || { echo "bundle.sh: more than 60 MiB" >&2 && exit 1; }
}

inside() { # a program of the bundle in a root that has glibc, /tmp and the bundle, and no environment
    env -i VLY_TEST_DEVICE=cpu "$(command -v chroot)" "$root" "/bundle/$1" "${@:2}"
}

check() {
    local name path
    if [ "$(id -u)" -ne 0 ]; then
        echo "not checked in an empty root: that takes root's rights"
        return
    fi
    root=$(mktemp -d)
    trap 'rm -rf "$root"' EXIT
    mkdir -p "$root"/{tmp,proc/self}
    ln -s /bundle/bin/voxelyte "$root/proc/self/exe" # where the loader looks up $ORIGIN; enough of /proc for it
    cp -a "$bundle" "$root/bundle"
    while read -r name path; do
        if [[ $path == /* && $name =~ $system ]]; then install -D "$(realpath "$path")" "$root$path"; fi
    done < <(needed)
    inside bin/voxelyte --version
    inside bin/voxelyte doctor
    inside bin/voxelyte synth -o /tmp/sample --size 32,32,32 --fib-ratio 0 --quiet >/dev/null
    inside bin/voxelyte segment /tmp/sample/grey.tif -o /tmp/labels --method all --quiet >/dev/null
    inside tests/test_threshold
    echo "checked in an empty root: $(find "$root/tmp/labels" -type f | wc -l) label files made"
}

compile
fill
check
tar -C out/bundle -czf "$bundle.tar.gz" "$(basename "$bundle")"
du -sh "$bundle" "$bundle.tar.gz"
