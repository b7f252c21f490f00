#!/usr/bin/env bash
# The pictures of README.md (deploy/pictures): each page, light and dark, of the run that deploy/quickstart.sh has made.
#   tests/web/pictures.sh [WORK [DIR]]   default build/quickstart and deploy/pictures
# It starts a coordinator and a worker on WORK for as long as it takes; one that --open has left there must have ended.
set -Eeuo pipefail

readonly ROOT=$(cd "$(dirname "$0")/../.." && pwd)
readonly WORK=${1:-$ROOT/build/quickstart}
readonly DIR=${2:-$ROOT/deploy/pictures}
readonly STATE=$WORK/sweep/coordinator
readonly BIN=$ROOT/build/release/bin

if [ ! -e "$STATE/tutti.db" ]; then
  echo "pictures: no finished run in $WORK: deploy/quickstart.sh makes one" >&2
  exit 1
fi
"$ROOT/tests/web/make_modules.sh"

logs=$(mktemp -d)
pids=()
end() {
  if [ ${#pids[@]} -gt 0 ]; then kill "${pids[@]}" 2>/dev/null || true; wait "${pids[@]}" 2>/dev/null || true; fi
  rm -rf "$logs"
}
trap end EXIT

# Starts a daemon and waits for its ready line.
start() {
  local name=$1
  shift
  "$BIN/$name" "$@" >"$logs/$name.ready" 2>"$logs/$name.log" &
  pids+=($!)
  for _ in $(seq 300); do
    if [ -s "$logs/$name.ready" ]; then return; fi
    kill -0 "${pids[-1]}" 2>/dev/null || break
    sleep 0.1
  done
  cat "$logs/$name.log" >&2
  echo "pictures: $name did not start" >&2
  exit 1
}

start tutti-coordinator --state "$STATE" --listen 127.0.0.1:0 --http 127.0.0.1:0 --log-level warn
start tutti-worker --profile "$STATE/worker.json" --dir "$WORK/sweep/worker-1" --name demo --serve --log-level warn
address=$(python3 -c 'import json, sys; print(json.load(open(sys.argv[1]))["http"])' "$logs/tutti-coordinator.ready")
TUTTI_WEB_MODULES=${XDG_CACHE_HOME:-$HOME/.cache}/tutti/web-tests TUTTI_PICTURES=$DIR \
  node "$ROOT/tests/web/pictures.mjs" "$address" "$STATE/admin.json" quickstart "$DIR"
