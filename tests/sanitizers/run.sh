#!/usr/bin/env bash
# Builds one sanitizer's preset in its own folder (build/asan, build/tsan), runs its tests, and fails on any report, also one of a
# program that a test started and did not look at.
#
#   tests/sanitizers/run.sh asan | tsan
set -euo pipefail
cd "$(dirname "$0")/../.."
preset=${1:-}
[[ $preset == asan || $preset == tsan ]] || { echo "usage: tests/sanitizers/run.sh asan | tsan" >&2; exit 2; }

reports=$PWD/build/$preset/reports
rm -rf "$reports"
mkdir -p "$reports"
export ASAN_OPTIONS=log_path=$reports/address UBSAN_OPTIONS=log_path=$reports/undefined:print_stacktrace=1
export TSAN_OPTIONS=log_path=$reports/thread
code=0
cmake --workflow --preset "$preset" || code=$?
found=("$reports"/*)
if [[ -e ${found[0]} ]]; then
  tail -n 60 "${found[@]}"
  echo "$preset: ${#found[@]} reports in $reports" >&2
  exit 1
fi
[[ $code == 0 ]] || exit "$code"
echo "$preset: no report"
