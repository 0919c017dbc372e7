#!/usr/bin/env bash
# Tries the two commands of the README from a fresh clone in an empty folder, with every cache moved away.
# usage: tools/fresh_clone_check.sh [test|demo]...      (default: both)
set -uo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

git clone --quiet "$root" "$scratch/adze" || exit 1
# The shared data is looked for beside the clone.
[ -d "$root/../shared" ] && ln -s "$(realpath "$root/../shared")" "$scratch/shared"
mkdir "$scratch/home"

status=0
[ $# -gt 0 ] || set -- test demo
for target in "$@"; do
  start=$SECONDS
  env -u ADZE_CACHE -u XDG_CACHE_HOME HOME="$scratch/home" CCACHE_DIR="$scratch/ccache" NINJA_FLAGS=--quiet \
    make -C "$scratch/adze" --no-print-directory "$target" </dev/null
  result=$?
  printf '\nfresh clone: make %s ended with status %d after %d s\n' "$target" $result $((SECONDS - start))
  [ $result = 0 ] || status=1
done
exit $status
