#!/usr/bin/env bash
# The rooms of the house and who may include whom, checked; CONTRIBUTING.md words the same rules for people.
# tests/planted_includes.sh breaks every rule and expects each break to be named.
set -euo pipefail
cd "$(dirname "$0")/.."
rooms=(include host kernels tests scripts)
[ ! -d samples ] || rooms+=(samples)
sources=(-type f '(' -name '*.[ch]' -o -name '*.cu' -o -name '*.cuh' -o -name '*.sh' -o -name '*.py' ')')
broken=0

complain() {
    echo "check-includes: $1" >&2
    broken=1
}

owners() { # of a system header: who may include it
    case $1 in
    tiff*.h) echo '^(host/io/tiff|tests/)' ;;
    yaml.h) echo '^host/study/yaml\.c$' ;;
    nlopt.h) echo '^host/segment/' ;;
    jansson.h) echo '^(host/(core|io|image|segment|cell|study|report)/|tests/)' ;;
    xxhash.h) echo '^host/(core|io)/' ;;
    zlib.h) echo '^(host/(io|report)/|tests/)' ;;
    hdf5.h) echo '^host/io/hdf5\.c$' ;;
    mpi.h) echo '^host/core/comm_mpi\.c$' ;;
    cu*.h | cooperative_groups.h | cub/* | mma.h) echo '^(kernels/.*_cuda\.|host/core/device_cuda\.c$|tests/cuemu/|tests/test_cuemu_)' ;;
    check.h) echo '^tests/' ;;
    *intrin.h) echo '^kernels/' ;;
    pthread.h) echo '^(kernels|host|tests)/' ;;
    voxelyte/*) echo '^samples/' ;; # elsewhere in quotes
    assert.h | complex.h | ctype.h | errno.h | float.h | inttypes.h | limits.h | math.h | stdalign.h | stdarg.h | \
        stdatomic.h | stdbool.h | stddef.h | stdint.h | stdio.h | stdlib.h | string.h | time.h) echo '' ;;
    *) echo '^(host|tests)/' ;; # POSIX: files, processes, clocks
    esac
}

floor() { # of a room of host/
    case $1 in
    core) echo 1 ;; io) echo 2 ;; morphology | transport) echo 3 ;; image | segment | cell) echo 4 ;; study) echo 5 ;; report) echo 6 ;; *) echo 9 ;;
    esac
}

quoted() { # file, header
    local file=$1 header=$2 room=${1#host/}
    case $file in
    tests/*) return ;;
    include/* | samples/*) [[ $header == voxelyte/* ]] || complain "$file includes $header: only voxelyte/*.h is known here" ;;
    host/cli/*) [[ $header == voxelyte/* ]] || [ -f "host/cli/${header#cli/}" ] ||
        complain "$file includes $header: the program knows voxelyte/*.h only" ;;
    kernels/*) [ "$header" = voxelyte/base.h ] || [ -f "kernels/$header" ] ||
        complain "$file includes $header: kernels know voxelyte/base.h and each other" ;;
    host/*)
        if [ -f "include/$header" ] || [ -f "kernels/$header" ]; then return; fi
        [ -f "host/$header" ] || complain "$file includes $header: name it by its path below host/ or kernels/"
        room=${room%%/*}
        [ "$room" = "${header%%/*}" ] || [ "$(floor "${header%%/*}")" -lt "$(floor "$room")" ] ||
            complain "$file includes $header: that room is not below host/$room" ;;
    esac
}

check_tree() {
    local file header count
    while IFS=: read -r file header; do
        case $header in
        '"'*) header=${header#\"} && quoted "$file" "${header%%\"*}" ;;
        *) header=${header#<} header=${header%%>*}
            [[ $file =~ $(owners "$header") ]] || complain "$file includes <$header>: not the business of its room" ;;
        esac
    done < <(grep -rHE '^ *# *include' --include='*.[ch]' --include='*.cu' --include='*.cuh' "${rooms[@]}" |
        sed -E 's/: *# *include */:/')
    count=$({ grep -rlE '# *include *<nlopt.h>' host || true; } | wc -l)
    [ "$count" -le 1 ] || complain "nlopt.h is included by $count files: one calls the optimiser"
    # memory and files go through core/memory.h and core/file.h, where faults are planted; the library never prints or exits
    while IFS= read -r file; do complain "$file: beside core/memory.h and core/file.h, or prints or exits"; done < <(
        grep -rnE '(^|[^a-zA-Z0-9_>.])([mc]alloc|realloc|free|v?asprintf|strn?dup|f?d?open|v?f?printf|puts|_?exit|abort) ?\(' \
            host kernels --include='*.[ch]' --include='*.cu' | grep -vE '^host/(cli/|core/(memory|file)\.c)' | cut -d: -f1,2)
    while read -r file; do complain "$file: this file name exists twice"; done < <(
        find "${rooms[@]}" "${sources[@]}" -printf '%f\n' | sort | uniq -d)
    while read -r count file; do
        [ "$file" = total ] || [ "$count" -le 500 ] || complain "$file: $count lines, 500 is the limit"
    done < <(find "${rooms[@]}" "${sources[@]}" -exec wc -l {} +)
}

check_tree
exit $broken
