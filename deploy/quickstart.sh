#!/usr/bin/env bash
# From a fresh Debian 12 machine to a result table: set-up, build, a real sweep on music that is rendered here.
set -euo pipefail

readonly ROOT=$(cd "$(dirname "$0")/.." && pwd)
cd "$ROOT"

work=build/quickstart
open=no
while [ $# -gt 0 ]; do
  case $1 in
    --work)
      [ $# -ge 2 ] || { echo 'quickstart: --work needs a folder' >&2; exit 2; }
      work=$2
      shift 2
      ;;
    --open)
      open=yes
      shift
      ;;
    -h | --help)
      echo 'Usage: deploy/quickstart.sh [--work DIR] [--open]   (default build/quickstart; run again, it goes on where it was)'
      echo '  --open: leaves a coordinator and a worker running, with the pages in a browser'
      exit 0
      ;;
    *) echo "quickstart: unknown argument: $1 (see --help)" >&2; exit 2 ;;
  esac
done

say() { printf '\n== %s\n' "$*"; }

phase_seconds=()
# Runs a command and keeps how long it took.
phase() {
  local name=$1 start=$SECONDS
  shift
  say "$name"
  "$@"
  phase_seconds+=("$(printf '%-10s %4d s' "$name" $((SECONDS - start)))")
}

build() {
  cmake --preset release >"$work/configure.log" || { cat "$work/configure.log" >&2; return 1; }
  cmake --build --preset release -- -j"$(nproc)" tutti tutti-coordinator tutti-worker tutti-preprocess tutti-train
}

# For two cores; on a slower machine it is told, not refused.
readonly SWEEP_LIMIT_SECONDS=480
sweep_seconds=0

sweep() {
  local start=$SECONDS
  build/release/bin/tutti local deploy/demo/quickstart.yaml --dataset "$work/music" --dir "$work/sweep"
  sweep_seconds=$((SECONDS - start))
}

# A daemon that outlives this script; its ready line is waited for.
start_daemon() {
  local name=$1
  shift
  rm -f "$work/$name.ready"
  setsid nohup "build/release/bin/$name" "$@" >"$work/$name.ready" 2>"$work/$name.log" </dev/null &
  echo $! >"$work/$name.pid"
  for _ in $(seq 300); do
    if [ -s "$work/$name.ready" ]; then return; fi
    kill -0 "$(cat "$work/$name.pid")" 2>/dev/null || break
    sleep 0.1
  done
  cat "$work/$name.log" >&2
  echo "quickstart: $name did not start" >&2
  return 1
}

is_running() { [ -s "$work/$1.pid" ] && [ "$(cat "/proc/$(cat "$work/$1.pid")/comm" 2>/dev/null)" = "$(printf %.15s "$1")" ]; }

open_pages() {
  local state=$work/sweep/coordinator
  is_running tutti-coordinator || start_daemon tutti-coordinator --state "$state" --listen 127.0.0.1:0
  is_running tutti-worker || start_daemon tutti-worker --profile "$state/worker.json" --dir "$work/sweep/worker-1" --name demo --serve
  local address
  address=$(python3 -c 'import json, sys; print(json.load(open(sys.argv[1]))["http"])' "$work/tutti-coordinator.ready")
  cat <<EOF2

== the pages
$address
    log in with the content of $state/admin.json
    end both daemons: kill \$(cat $work/tutti-coordinator.pid $work/tutti-worker.pid)
EOF2
  if [ -n "${DISPLAY:-}${WAYLAND_DISPLAY:-}" ] && command -v xdg-open >/dev/null; then xdg-open "$address" >/dev/null 2>&1 || true; fi
}

mkdir -p "$work"
phase set-up deploy/setup.sh
phase build build
phase music deploy/demo/make.sh "$work/music"
phase sweep sweep

say 'checks'
build/release/bin/tutti table quickstart --dir "$work/sweep" --format json >"$work/table.json"
python3 - "$work/table.json" <<'EOF'
import json
import sys

cells = json.load(open(sys.argv[1], encoding="utf-8"))["cells"]
if not cells:
    sys.exit("quickstart: the table has no cell")
unfinished = [cell for cell in cells if cell["done"] != cell["planned"]]
if unfinished:
    sys.exit(f"quickstart: {len(unfinished)} of {len(cells)} cells are not finished")
best = max(cells, key=lambda cell: cell["average"])
print(f"every cell is finished; best average F1 {best['average']:.6f} "
      f"({best['model']}, {best['slice_seconds']:g} s)")
if best["average"] < 0.6:
    sys.exit("quickstart: expected a best average F1 of at least 0.6 (chance is 0.1)")
EOF

say 'wall time'
printf '%s\n' "${phase_seconds[@]}"
if [ "$sweep_seconds" -gt "$SWEEP_LIMIT_SECONDS" ]; then
  echo "The sweep took longer than the $SWEEP_LIMIT_SECONDS s that two free cores need at most ($(nproc) here, load $(cut -d' ' -f1 /proc/loadavg))."
fi
build/release/bin/tutti show quickstart --dir "$work/sweep"

cat <<EOF

== what to try next
build/release/bin/tutti sweeps --dir $work/sweep             what is stored there
build/release/bin/tutti jobs quickstart --dir $work/sweep    every run of the sweep
build/release/bin/tutti show 9 --dir $work/sweep             one job: attempts, curves, timings
cp deploy/demo/quickstart.yaml my.yaml                       change the grid, give it a name of its own, then
build/release/bin/tutti local my.yaml --dataset FOLDER       run it on your folder of class folders
README.md                                                    the same on several machines
EOF
if [ "$open" = yes ]; then open_pages; fi
