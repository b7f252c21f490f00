#!/usr/bin/env bash
# Set-up, build, all tests but the slow ones. Arguments go on to ctest, for example: tests/run.sh -L unit
set -euo pipefail

cd "$(dirname "$0")/.."
start=$SECONDS
deploy/setup.sh --with-tests
set_up=$((SECONDS - start))

start=$SECONDS
cmake --preset release
cmake --build --preset release -- -j2
echo "run: set-up $set_up s, build $((SECONDS - start)) s; tests follow, their summary is the last thing printed"

# Two at a time: system tests wait for real processes, and more of them would wait for each other.
exec ctest --test-dir build/release -LE slow --output-on-failure -j2 "$@"
