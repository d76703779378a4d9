#!/bin/sh
# Installs what is missing, builds, runs all tests, and ends in ctest's summary.
#   sh tests/run.sh [--long] [--no-install] [--build-only] [--build DIR]
# --long        adds the tests that take longer than a few minutes, and a build in a bare Debian 13
# --no-install  takes the system as it is
# --build-only  stops before the tests
# --build DIR   builds in DIR (build/test)
# Three trees are built: a plain one that runs everything, and makes the packages; one with the address and
# undefined-behaviour sanitizers, built with clang, that runs the unit tests, the flows and the fuzzers' corpora; one
# with the thread sanitizer for what crosses threads. One ctest runs them all, so that its summary counts them all.
# DIR/skipped.txt lists what was skipped and why.
set -eu

source=$(cd "$(dirname "$0")/.." && pwd)
build=$source/build/test
install=yes
run=yes
exclude='^long$'
long=
while [ $# -gt 0 ]; do
    case $1 in
    --long)
        exclude='^none$'
        long=--long
        ;;
    --no-install) install=no ;;
    --build-only) run=no ;;
    --build)
        [ $# -ge 2 ] || { printf '%s\n' '--build: which folder?' >&2; exit 2; }
        mkdir -p "$2"
        build=$(cd "$2" && pwd)
        shift
        ;;
    *)
        printf 'usage: sh tests/run.sh [--long] [--no-install] [--build-only] [--build DIR]\n' >&2
        exit 2
        ;;
    esac
    shift
done

say() { printf '%s\n' "$*"; }
jobs=$(nproc 2>/dev/null || printf 2)

# name, what of its tests is run (an extended regular expression), cmake's options
trees() {
    cat <<'LIST'
plain   .                                     -DTIDINGS_SANITIZE= -DCMAKE_INSTALL_PREFIX=/usr
address ^(unit|flow|fuzz)[.]                  -DTIDINGS_SANITIZE=address,undefined -DCMAKE_C_COMPILER=clang
thread  ^(unit[.](store|fetch|api)|flow)[.]   -DTIDINGS_SANITIZE=thread
LIST
}

# Faults that come one at a time, a hundred thousand transfers and a hundred starts have nothing to do with threads, and
# the thread sanitizer makes them dear; of flows that are much alike one is enough there.
alone='^(unit[.]store[.](scenarios|memory|schema|faults|power)|unit[.]fetch[.]storm|flow[.](score|manners|cases|client|words))([^a-z]|$)'

# All faults one after the other are tried in the plain tree; unit.store.memory shows the same ways to the address
# sanitizer, too.
once='^unit[.]store[.](scenarios|schema)([^a-z]|$)'

# A tree's tests under names that begin with the tree's, as the lines of a CTestTestfile.cmake.
tests_of() {
    find "$build/$1" -name CTestTestfile.cmake -exec cat {} + | awk -v tree="$1" -v wanted="$2" -v alone="$alone" -v once="$once" '
        match($0, /^(add_test|set_tests_properties)\((\[=*\[)?/) {
            name = substr($0, RLENGTH + 1)
            head = substr($0, 1, RLENGTH)
            keep = name ~ wanted && !(tree == "thread" && name ~ alone) && !(tree == "address" && name ~ once)
            if (keep && tree != "plain") $0 = head tree ":" name
        }
        /^(subdirs|#)/ { keep = 0 }
        keep'
}

# What ctest did not run, by the list at its end, each with the last line that it wrote.
skipped() {
    awk '
        FNR == NR {
            if ($0 ~ /^\t *[0-9]+ - .* \((Skipped|Disabled)\)$/) {
                sub(/^\t *[0-9]+ - /, ""); sub(/ \([A-Za-z]*\)$/, "")
                left_out[$0] = ""
            }
            next
        }
        /^[0-9]+\/[0-9]+ Test: / { name = $0; sub(/^[^:]*: /, "", name); output = 0 }
        /^<end of output>/ { output = 0 }
        output && !/^-*$/ && (name in left_out) { left_out[name] = $0 }
        /^Output:$/ { output = 1 }
        END { for (name in left_out) printf "%s\t%s\n", name, left_out[name] }
        ' "$build/ctest.log" "$build/all/Testing/Temporary/LastTest.log" | sort
}

mkdir -p "$build/all"
: >"$build/build.log"
if [ $install = yes ]; then
    say '== Packages'
    sh "$source/config/install.sh" --log "$build/build.log" build package test
    say 'All packages are there.'
    sh "$source/tests/boot/prepare" $long >>"$build/build.log" 2>&1 || tail -n 1 "$build/build.log"
fi

: >"$build/all/CTestTestfile.cmake"
trees | while read -r tree wanted options; do
    say "== Building $build/$tree ($options)"
    # shellcheck disable=SC2086
    {
        cmake -S "$source" -B "$build/$tree" -G Ninja -DCMAKE_BUILD_TYPE=RelWithDebInfo -DTIDINGS_TESTS=ON $options &&
            cmake --build "$build/$tree" -j "$jobs"
    } >"$build/$tree.log" 2>&1 </dev/null || {
        grep -E '(error|warning): |Error' "$build/$tree.log" | head -n 20 || tail -n 20 "$build/$tree.log"
        say "The build failed; all of it stands in $build/$tree.log."
        exit 1
    }
    tests_of "$tree" "$wanted" >>"$build/all/CTestTestfile.cmake"
done
[ $run = yes ] || exit 0

# The thread sanitizer of these compilers cannot place its memory where the kernel scatters addresses too widely.
launch=
bits=$(cat /proc/sys/vm/mmap_rnd_bits 2>/dev/null || printf 28)
if [ "$bits" -gt 28 ] && setarch -R true 2>/dev/null; then
    launch='setarch -R'
fi

say "== Tests (their output: $build/all/Testing/Temporary/LastTest.log)"
rm -f "$build/status"
{
    status=0
    (cd "$build/all" && $launch ctest -j "$jobs" --output-on-failure --no-tests=error -LE "$exclude" \
        --output-log "$build/ctest.log") || status=$?
    printf '%s\n' "$status" >"$build/status"
} 2>&1 | sed -u '/^[0-9]*% tests passed, /,$d'

skipped >"$build/skipped.txt"
if [ -s "$build/skipped.txt" ]; then
    say '== Skipped, and why'
    sed 's/	/: /' "$build/skipped.txt"
else
    say '== Nothing was skipped'
fi
say ''
sed -n '/^[0-9]*% tests passed, /,$p' "$build/ctest.log"
exit "$(cat "$build/status")"
