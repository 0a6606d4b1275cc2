#!/bin/sh
# SPDX-License-Identifier: MIT
# Explores with clang's libFuzzer, for people who have time for it:
#   tests/fuzz/run.sh [-t SECONDS] [-j PROCESSES] [-b FOLDER] [-k] [TARGET...]
# Builds the targets in FOLDER (build-fuzz) and runs each for SECONDS (60), two at once. What breaks one lies in
# FOLDER/found. -k keeps in tests/fuzz/corpus what covers something new, as few files as do. Exits 0; 1 when something
# was found; 77 where clang cannot do it.
set -eu
usage=$(sed -n '3,7s/^# \{0,1\}//p' "$0")
cd "$(dirname "$0")/../.."
top=$(pwd)
seconds=60 processes=2 build=build-fuzz keep=
while getopts t:j:b:k option; do
    case $option in
    t) seconds=$OPTARG ;;
    j) processes=$OPTARG ;;
    b) build=$OPTARG ;;
    k) keep=1 ;;
    *) echo "$usage"; exit 64 ;;
    esac
done
shift $((OPTIND - 1))
CC=${CLANG:-clang}
LARGEST=4096 # bytes of a file in the corpus

mkdir -p "$build/found"
cd "$build"
build=$(pwd)
echo 'int LLVMFuzzerTestOneInput(const char *p, long n); int LLVMFuzzerTestOneInput(const char *p, long n) { return p == 0 && n; }' |
    $CC -fsanitize=fuzzer,address,undefined -x c - -o can >/dev/null 2>&1 || {
    echo "run.sh: $CC has no libFuzzer (libclang-rt-14-dev)"
    exit 77
}
if [ ! -f Makefile ] || [ "$top/configure" -nt Makefile ]; then
    CC=$CC CFLAGS='-O1 -g' "$top/configure" -q --enable-libfuzzer
fi
make -s -j"$processes" fuzz-targets >make.log 2>&1 || { tail -n 40 make.log; exit 2; }
# shellcheck disable=SC2046
[ $# -gt 0 ] || set -- $(cd tests/fuzz && find . -maxdepth 1 -type f -perm -u+x | sed 's|^\./||' | sort)

# Files of targets lie in memory where there is room for that.
XDG_RUNTIME_DIR=$(mktemp -d -p /dev/shm fuzz.XXXXXX 2>/dev/null || mktemp -d)
trap 'rm -rf "$XDG_RUNTIME_DIR"' EXIT
top_srcdir=$top LC_ALL=C.UTF-8 TZ=UTC
export XDG_RUNTIME_DIR top_srcdir LC_ALL TZ

# The fewest of what was found that reach all of the code that was reached, then of these what the corpus lacks.
kept() {
    rm -rf "least/$1"
    mkdir -p "least/$1"
    "tests/fuzz/$1" -merge=1 -set_cover_merge=1 -use_counters=0 -max_len=$LARGEST "least/$1" "work/$1" >"$1.merge" 2>&1
    "tests/fuzz/$1" -merge=1 -use_counters=0 -max_len=$LARGEST "$2" "least/$1" >>"$1.merge" 2>&1
}

one() {
    name=$1 corpus=$top/tests/fuzz/corpus/$1 dict=$top/tests/fuzz/dict/$1.dict
    mkdir -p "$corpus" "work/$name"
    shift
    [ ! -f "$dict" ] || set -- "-dict=$dict"
    "tests/fuzz/$name" "$@" -max_total_time="$seconds" -max_len=$LARGEST -len_control=20 -timeout=20 \
        -rss_limit_mb=2500 -use_value_profile=1 -print_final_stats=1 -artifact_prefix="$build/found/$name-" \
        "work/$name" "$corpus" >"$name.log" 2>&1 || true
    [ -z "$keep" ] || kept "$name" "$corpus" || true
    awk -v name="$name" '/number_of_executed_units/ { n = $2 } /average_exec_per_sec/ { s = $2 }
        / cov: / { sub(/.* cov: /, ""); c = $1 }
        END { printf "%s: %d inputs, %d a second, %d edges\n", name, n, s, c }' "$name.log"
}

running=0
for target in "$@"; do
    one "$target" &
    running=$((running + 1))
    if [ "$running" -ge "$processes" ]; then
        wait
        running=0
    fi
done
wait
found=$(find found -type f ! -name '*slow-unit*' | sort)
[ -z "$found" ] || { echo "found:"; echo "$found"; exit 1; }
