#!/usr/bin/env bash
# Everything that must hold before work is called done. Without arguments: every step, a line for each, and what a failed
# step said; its whole output is kept in out/check. With arguments: these steps alone, in full (check.sh asan).
set -euo pipefail
cd "$(dirname "$0")/.."
steps=(format shells test gcc clang cppcheck tidy kernels asan tsan install demo)

sources() { find include host kernels tests samples -type f -name '*.[ch]' -print0; }

run_step() {
    local prefix=$PWD/out/check/prefix
    case $1 in
    format) sources | xargs -0 clang-format-14 --dry-run --Werror ;;
    shells) shellcheck .ci/run scripts/*.sh scripts/bench/*.sh scripts/slurm/*.s* tests/*.sh ;;
    test) scripts/test.sh ;;
    gcc) # warnings as errors, and the tests that take too long for the step above
        cmake -S . -B build-gcc -G Ninja -DCMAKE_C_COMPILER=gcc -DVLY_WERROR=ON -DVLY_CUDA=OFF -DVLY_EMULATE_LONG=ON
        cmake --build build-gcc
        ctest --test-dir build-gcc --no-tests=error --output-on-failure -j "$(nproc)" -L long ;;
    clang) # warnings as errors, and the tests again: results do not depend on the compiler
        cmake -S . -B build-clang -G Ninja -DCMAKE_C_COMPILER=clang -DVLY_WERROR=ON -DVLY_CUDA=OFF
        cmake --build build-clang
        ctest --test-dir build-clang --no-tests=error --output-on-failure -j "$(nproc)" -LE emulated ;;
    asan | tsan)
        cmake --preset "$1"
        cmake --build --preset "$1"
        ctest --preset "$1" -j "$(nproc)" ;;
    # constStatement minds "(void)a, (void)b", our way to name what a contract hands over and we leave alone; the emulator
    # does what it cannot follow (linker sections, memory that outlives its function, a call that does not return)
    cppcheck)
        cmake --preset debug
        cppcheck --project=build-debug/compile_commands.json --enable=warning,performance,portability \
            --suppress=constStatement '--suppress=*:*tests/cuemu/*' --error-exitcode=1 --quiet -j "$(nproc)" ;;
    tidy) # sees the asserts, and takes them for granted
        cmake --preset debug
        find host kernels -name '*.c' -print0 | xargs -0 -n 4 -P "$(nproc)" clang-tidy -p build-debug --quiet ;;
    kernels) scripts/check-kernels.sh ;;
    install) # what a package would hold, used from where it was installed
        cmake --preset release
        cmake --build --preset release
        rm -rf "$prefix"
        cmake --install build --prefix "$prefix"
        "$prefix/bin/voxelyte" --version
        "$prefix/bin/voxelyte" --help
        bash -n "$prefix/share/bash-completion/completions/voxelyte" ;;
    demo)
        rm -rf out/demo
        scripts/demo.sh
        test -s out/demo/report.html ;;
    *) echo "check.sh: no step '$1'; there are ${steps[*]}" >&2 && exit 2 ;;
    esac
}

if [ $# -gt 0 ]; then
    for step in "$@"; do run_step "$step"; done
    exit
fi
scripts/install-deps.sh gcc=gcc clang=clang clang-tidy=clang-tidy clang-format-14=clang-format-14 cppcheck=cppcheck \
    shellcheck=shellcheck
mkdir -p out/check
failed=0
for step in "${steps[@]}"; do
    begin=$SECONDS verdict=passed
    "$0" "$step" >"out/check/$step.log" 2>&1 || { verdict=FAILED && failed=1 && tail -n 40 "out/check/$step.log"; }
    printf '%-10s %s in %d s\n' "$step" "$verdict" $((SECONDS - begin))
done
exit $failed
