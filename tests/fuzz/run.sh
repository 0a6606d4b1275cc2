#!/bin/sh
# SPDX-License-Identifier: MIT
# Explores with clang's libFuzzer, for people who have time for it. From the top of the tree:
#   tests/fuzz/run.sh [-t SECONDS] [-j PROCESSES] [-b FOLDER] [TARGET...]
# Builds all targets in FOLDER (build-fuzz), runs each for SECONDS (60), and keeps in tests/fuzz/corpus the least that
# covers what was found, small files first. What breaks a target lies in FOLDER/found. Exits 1 when there is some.
set -eu
cd "$(dirname "$0")/../.."
top=$(pwd)
seconds=60 processes=2 build=build-fuzz
while getopts t:j:b: option; do
    case $option in
    t) seconds=$OPTARG ;;
    j) processes=$OPTARG ;;
    b) build=$OPTARG ;;
    *) sed -n '4,6s/^# //p' "$0"; exit 64 ;;
    esac
done
shift $((OPTIND - 1))
LARGEST=4096 # bytes of a file in the corpus

mkdir -p "$build/found"
cd "$build"
build=$(pwd)
if [ ! -f Makefile ] || [ "$top/configure" -nt Makefile ]; then
    CC=${CLANG:-clang} CFLAGS='-O1 -g' "$top/configure" -q --enable-libfuzzer
fi
make -s -j"$processes" fuzz-targets >make.log 2>&1 || { tail -n 40 make.log; exit 2; }
[ $# -gt 0 ] || set -- $(cd "$build/tests/fuzz" && find . -maxdepth 1 -type f -perm -u+x | sed 's|^\./||' | sort)

# Files of targets lie in memory where there is room for that.
TMPDIR=$(mktemp -d -p /dev/shm fuzz.XXXXXX 2>/dev/null || mktemp -d)
XDG_RUNTIME_DIR=$TMPDIR
trap 'rm -rf "$TMPDIR"' EXIT
export TMPDIR XDG_RUNTIME_DIR top_srcdir="$top" LC_ALL=C.UTF-8 TZ=UTC

one() {
    corpus=$top/tests/fuzz/corpus/$1 work=$build/work/$1 dict=$top/tests/fuzz/dict/$1.dict
    mkdir -p "$corpus" "$work" "$build/least/$1"
    [ ! -f "$dict" ] || set -- "$1" "-dict=$dict"
    name=$1
    shift
    "tests/fuzz/$name" "$@" -max_total_time="$seconds" -max_len=$LARGEST -len_control=20 -timeout=20 -rss_limit_mb=2500 \
        -report_slow_units=1 -use_value_profile=1 -print_final_stats=1 -artifact_prefix="$build/found/$name-" \
        "$work" "$corpus" >"$name.log" 2>&1 || true
    # What was in the corpus first, then what adds something.
    rm -f "$build/least/$name"/*
    "tests/fuzz/$name" -merge=1 -max_len=$LARGEST -timeout=20 "$build/least/$name" "$corpus" "$work" >"$name.merge" 2>&1 || true
    awk -v name="$name" '/number_of_executed_units/ { n = $2 } /average_exec_per_sec/ { s = $2 }
        / cov: / { sub(/.* cov: /, ""); c = $1 }
        END { printf "%s: %d inputs, %d a second, %d edges\n", name, n, s, c }' "$name.log"
}

running=0
for target in "$@"; do
    one "$target" &
    running=$((running + 1))
    if [ "$running" -ge "$processes" ]; then wait; running=0; fi
done
wait
found=$(find "$build/found" -type f ! -name '*slow-unit*' | sort)
[ -z "$found" ] || { echo "found:"; echo "$found"; exit 1; }
