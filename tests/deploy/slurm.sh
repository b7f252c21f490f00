#!/usr/bin/env bash
# Workers by Slurm: a real cluster of one node, started here and for this test alone, gives a coordinator its workers and takes
# them back. Usage: tests/deploy/slurm.sh BUILD_DIR
set -euo pipefail

build=$(cd "$1" && pwd)
bin=$build/bin
work=$(mktemp -d)
children=()
finish() {
  local code=$?
  if [ "$code" != 0 ]; then tail -n 20 "$work"/*.log >&2 || true; fi
  scancel --quiet --user="$(id -un)" 2>/dev/null || true
  for child in "${children[@]}"; do kill "$child" 2>/dev/null || true; done
  for child in "${children[@]}"; do wait "$child" 2>/dev/null || true; done
  rm -rf "$work"
  exit "$code"
}
trap finish EXIT
fail() { echo "slurm: $*" >&2; exit 1; }
until_true() { # SECONDS WHAT COMMAND...
  local limit=$((SECONDS + $1)) what=$2
  shift 2
  until "$@" >/dev/null 2>&1; do
    [ "$SECONDS" -lt "$limit" ] || fail "not in time: $what"
    sleep 0.2
  done
  echo "slurm: $what"
}
free_port() { python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }

for program in munged slurmctld slurmd sbatch; do
  command -v "$program" >/dev/null || fail "$program is missing: deploy/setup.sh --with-tests installs slurm-wlm and munge"
done
[ "$(id -u)" = 0 ] || fail 'slurmd starts jobs as their users, which only root may'

# The cluster: its own key, ports and folders.
export SLURM_CONF=$work/slurm.conf
host=$(hostname -s)
mkdir -m 755 "$work/munge"
mkdir "$work/ctld" "$work/d"
(umask 077; head -c 1024 /dev/urandom >"$work/munge/key")
munged --foreground --force --key-file="$work/munge/key" --socket="$work/munge/socket" --pid-file="$work/munge/pid" \
  --log-file="$work/munge.log" --seed-file="$work/munge/seed" 2>/dev/null &
children+=($!)
cat >"$SLURM_CONF" <<CONF
ClusterName=tutti
SlurmctldHost=$host(127.0.0.1)
SlurmctldPort=$(free_port)
SlurmdPort=$(free_port)
SlurmUser=root
AuthType=auth/munge
AuthInfo=socket=$work/munge/socket
StateSaveLocation=$work/ctld
SlurmdSpoolDir=$work/d
SlurmctldPidFile=$work/slurmctld.pid
SlurmdPidFile=$work/slurmd.pid
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
ReturnToService=2
KillWait=10
NodeName=$host NodeAddr=127.0.0.1 CPUs=$(nproc) State=UNKNOWN
PartitionName=all Nodes=ALL Default=YES MaxTime=INFINITE State=UP
CONF
until_true 20 'munge answers' test -S "$work/munge/socket"
slurmctld -D >"$work/slurmctld.log" 2>&1 &
children+=($!)
slurmd -D -N "$host" >"$work/slurmd.log" 2>&1 &
children+=($!)
until_true 60 'the node is idle' sh -c "sinfo --noheader --format=%T | grep -q idle"

# A coordinator that asks this cluster for its workers.
"$bin/tutti-coordinator" --state "$work/state" --listen 127.0.0.1:0 --http none --lease 10s --heartbeat 1s \
  --slurm '--ntasks=1 --time=30' --slurm-max 2 --slurm-idle 2s --slurm-look 1s \
  --slurm-worker "$bin/tutti-worker --allow-command --slots 1" >"$work/ready.json" 2>"$work/coordinator.log" &
children+=($!)
until_true 20 'the coordinator is ready' test -s "$work/ready.json"
export TUTTI_PROFILE=$work/state/admin.json
tutti() { "$bin/tutti" "$@"; }
allocations() { squeue --noheader --states="$1" --format=%i; }
is_empty() { [ -z "$(allocations PENDING,RUNNING,COMPLETING)" ]; }
# The worker of that allocation knows when it ends (in 30 minutes), less two minutes.
ends_in_time() { # ALLOCATION
  local arguments left until_option='--until ([-0-9T:]+) '
  arguments=$(tr '\0' ' ' <"/proc/$(pgrep --full --newest -- "--name slurm-$1 ")/cmdline")
  [[ $arguments =~ $until_option ]] || fail "the worker has no --until: $arguments"
  left=$(($(date --date="${BASH_REMATCH[1]}" +%s) - $(date +%s)))
  [ "$left" -gt 1500 ] && [ "$left" -le 1680 ] || fail "--until is $left s away, expected 28 minutes less a little"
}
[ -z "$(allocations all)" ] || fail 'an allocation before anything waits'

# A sweep: workers come, train, and go.
"$build/tests/tiny-music" "$work/music"
tutti dataset add tiny "$work/music" --quiet
cat >"$work/tiny.yaml" <<'YAML'
name: tiny
dataset: tiny
grid: {model: [rnn], slice_seconds: [1], seed: [333, 123]}
training: {epochs: 2, patience: 2}
features: {clip_seconds: 2}
YAML
tutti submit "$work/tiny.yaml" --quiet
until_true 60 'an allocation of ours runs' sh -c 'squeue --noheader --states=RUNNING --format=%j | grep -q "^tutti-"'
squeue
tutti watch tiny
tutti workers
tutti workers --json | grep -q '"name": "slurm-' || fail 'the workers are not those of Slurm'
until_true 60 'idle workers have given their allocations back' is_empty

# An allocation that is cancelled gives its job back, and another one does it.
cat >"$work/waits.yaml" <<YAML
name: waits
runner: {command: [sh, -c, 'while [ ! -e "\$1" ]; do sleep 0.1; done', sh, "$work/go"]}
grid: {number: [1]}
YAML
tutti submit "$work/waits.yaml" --quiet
phase() { tutti jobs waits --json | python3 -c 'import json, sys; print(json.load(sys.stdin)[0]["phase"])'; }
is_running() { [ "$(phase)" = running ]; }
until_true 60 'the job runs' is_running
first=$(allocations RUNNING)
ends_in_time "$first"
scancel "$first"
is_elsewhere() { is_running && [ -n "$(allocations RUNNING)" ] && [ "$(allocations RUNNING)" != "$first" ]; }
until_true 60 'the cancelled job runs in another allocation' is_elsewhere
touch "$work/go"
tutti watch waits
echo 'slurm: an allocation that was cancelled gave its job back'
tutti events waits
tutti show "$(tutti jobs waits --quiet)"
# Given back by its worker, not found to be lost when its lease ran out.
tutti show "$(tutti jobs waits --quiet)" --json | python3 -c '
import json, sys
attempts = json.load(sys.stdin)["attempts"]
first = attempts[0]
assert (first["outcome"], first["failure"]) == ("returned", "preempted"), first
assert attempts[-1]["outcome"] == "succeeded", attempts
' || fail 'the cancelled attempt was not given back'
until_true 60 'the last allocation is over' is_empty

# A worker that is busy is no reason to let others wait: two jobs that wait for each other need two workers.
cat >"$work/pair.yaml" <<YAML
name: pair
runner: {command: [sh, -c, 'touch "\$1/here-\$2"; while [ ! -e "\$1/here-1" ] || [ ! -e "\$1/here-2" ]; do sleep 0.1; done', sh, "$work", "\${number}"]}
grid: {number: [1]}
YAML
tutti submit "$work/pair.yaml" --quiet
until_true 60 'the first of two jobs runs' test -e "$work/here-1"
sed -i 's/number: \[1\]/number: [1, 2]/' "$work/pair.yaml"
tutti submit "$work/pair.yaml" --quiet
until_true 60 'the second one has a worker of its own' test -e "$work/here-2"
tutti watch pair
until_true 60 'all allocations are over' is_empty

# Four jobs that all wait, each for a worker of its own: no more allocations than --slurm-max, though others could pend.
cat >"$work/four.yaml" <<YAML
name: four
runner: {command: [sh, -c, 'touch "\$1/one-of-four-\$2"; while [ ! -e "\$1/go-four" ]; do sleep 0.1; done', sh, "$work", "\${number}"]}
grid: {number: [1, 2, 3, 4]}
YAML
tutti submit "$work/four.yaml" --quiet
begun() { find "$work" -maxdepth 1 -name 'one-of-four-*' | wc -l; }
have_begun() { [ "$(begun)" = "$1" ]; }
until_true 60 'two of four jobs run' have_begun 2
# Six more looks of the coordinator.
limit=$((SECONDS + 6))
while [ "$SECONDS" -lt "$limit" ]; do
  at_once=$(allocations PENDING,CONFIGURING,RUNNING,COMPLETING | wc -l)
  [ "$at_once" -le 2 ] || fail "$at_once allocations at a time, expected at most --slurm-max 2: $(squeue)"
  sleep 0.2
done
have_begun 2 || fail "$(begun) of four jobs have begun, expected as many as there are allocations"
touch "$work/go-four"
tutti watch four
until_true 60 'the allocations of four jobs are over' is_empty

# The script that an operator submits by hand.
worker_is() { # NAME True|False: whether a worker of that name is connected
  tutti workers --json | python3 -c '
import json, sys
connected = any(worker["connected"] for worker in json.load(sys.stdin) if worker["name"] == sys.argv[1])
sys.exit(str(connected) != sys.argv[2])
' "$1" "$2"
}
mkdir "$work/node"
by_hand=$(TUTTI_WORKER=$bin/tutti-worker TMPDIR=$work/node sbatch --parsable --ntasks=1 --time=30 --output="$work/by_hand.log" \
  "$(dirname "$0")/../../deploy/slurm/worker.sbatch" "$work/state/worker.json" --allow-command --slots 1)
until_true 60 'the worker of worker.sbatch is there' worker_is "slurm-$by_hand" True
ends_in_time "$by_hand"
cat >"$work/by_hand.yaml" <<YAML
name: by-hand
runner: {command: ['true']}
grid: {number: [1]}
YAML
tutti submit "$work/by_hand.yaml" --quiet
tutti watch by-hand
tutti show "$(tutti jobs by-hand --quiet)" --json | python3 -c '
import json, sys
worker = json.load(sys.stdin)["attempts"][-1]["worker"]
assert worker == sys.argv[1], worker
' "slurm-$by_hand" || fail 'another worker did the job of the one that was submitted by hand'
scancel "$by_hand"
until_true 60 'the worker of worker.sbatch is gone' worker_is "slurm-$by_hand" False
until_true 60 'and its allocation' is_empty
[ -z "$(ls -A "$work/node")" ] || fail "worker.sbatch left on its node: $(ls -A "$work/node")"
echo 'slurm: workers came for four sweeps, one by hand, and went'
