#!/usr/bin/env bash
# Plants faults, one at a time, and sees that the named test of each fails by an assertion.
#
#   tests/support/mutants.sh FOLDER     FOLDER/*.patch: what it breaks and why that matters, `target:` (a test program), `test:` (a
#                                       GoogleTest filter), then the change. Exit code 1: a test was red before, a patch does not
#                                       apply or build, or a fault was not caught.
#
# Works on a copy of the commit that is checked out; needs what deploy/setup.sh installs. ccache, where it is set, makes it quick.
set -Eeuo pipefail

if [ $# -ne 1 ] || [ ! -d "$1" ]; then
  sed -n '2,/^set/{/^#/s/^# \{0,1\}//p}' "$0" >&2
  exit 2
fi
readonly FOLDER=$(cd "$1" && pwd)
readonly ROOT=$(cd "$(dirname "$0")/../.." && pwd)
readonly SCRATCH=$(mktemp -d "${TMPDIR:-/tmp}/tutti-mutants-XXXXXX")
trap 'rm -rf "$SCRATCH"' EXIT
readonly SOURCE=$SCRATCH/source BUILD=$SCRATCH/source/build/release

field() { sed -n "s/^$2: //p" "$1" | head -n 1; }

build() { cmake --build "$BUILD" --target "$@" -- -j"$(nproc)" >"$SCRATCH/build.log" 2>&1; }

# Runs one patch's test; prints the number of failed and of run tests, or nothing where the program broke off. From what it prints:
# failures that quote bytes make reports that are no JSON.
run_test() {
  "$BUILD/tests/$(field "$1" target)" --gtest_filter="$(field "$1" test)" >"$SCRATCH/test.log" 2>&1 || true
  local tests
  tests=$(sed -nE 's/^\[==========\] ([0-9]+) tests? from .* ran\..*/\1/p' "$SCRATCH/test.log")
  [ -n "$tests" ] || return 0
  echo "$(sed -nE 's/^ *([0-9]+) FAILED TESTS?$/\1/p' "$SCRATCH/test.log" | grep . || echo 0) $tests"
}

mkdir "$SOURCE"
git -C "$ROOT" archive HEAD | tar -x -C "$SOURCE"
(cd "$SOURCE" && cmake --preset release >"$SCRATCH/build.log" 2>&1) || { cat "$SCRATCH/build.log" >&2; exit 1; }
mapfile -t targets < <(for patch in "$FOLDER"/*.patch; do field "$patch" target; done | sort -u)
echo "building ${targets[*]} as they are"
build "${targets[@]}" || { tail -n 30 "$SCRATCH/build.log" >&2; exit 1; }
for patch in "$FOLDER"/*.patch; do
  read -r failures tests < <(run_test "$patch") || true
  if [ "${failures:-x}" != 0 ] || [ "${tests:-0}" = 0 ]; then
    cat "$SCRATCH/test.log" >&2
    echo "mutants: $(field "$patch" test) of $(field "$patch" target) is not green before anything is broken" >&2
    exit 1
  fi
done

survivors=0
for patch in "$FOLDER"/*.patch; do
  name=$(basename "$patch" .patch)
  if ! (cd "$SOURCE" && git apply --verbose "$patch") >"$SCRATCH/patch.log" 2>&1; then
    verdict='DOES NOT APPLY'
    cat "$SCRATCH/patch.log" >&2
  elif ! build "$(field "$patch" target)"; then
    verdict='DOES NOT BUILD'
    grep -m 5 'error' "$SCRATCH/build.log" >&2 || true
  else
    read -r failures tests < <(run_test "$patch") || true
    if [ -z "${failures:-}" ]; then
      verdict='BROKE OFF'
    elif [ "$failures" -gt 0 ]; then
      verdict="caught by $(sed -nE 's/^\[  FAILED  \] ([^ ,]+).*/\1/p' "$SCRATCH/test.log" | head -n 1)"
    else
      verdict='SURVIVED'
    fi
  fi
  printf '%-34s %s\n' "$name" "$verdict"
  [[ $verdict = caught* ]] || survivors=$((survivors + 1))
  # Its files as they were, and newer than what was built of them.
  mapfile -t files < <(sed -n 's|^+++ b/||p' "$patch")
  git -C "$ROOT" archive HEAD -- "${files[@]}" | tar -x -m -C "$SOURCE"
  failures='' tests=''
done
if [ "$survivors" -gt 0 ]; then
  echo "mutants: $survivors of $(ls "$FOLDER"/*.patch | wc -l) were not caught by an assertion" >&2
  exit 1
fi
