#include "coordinator/slurm/job_script.h"

namespace tutti {

// The profile is a right to enrol: it lies in Slurm's copy of the script, which only this user and
// Slurm's administrators can read, and on the node in a private folder that goes with the job.
std::string WriteJobScript(const JobScript& script) {
  return R"(#!/bin/bash
#SBATCH --signal=B:USR1@120
#SBATCH --output=/dev/null
set -u
umask 077
dir=$(mktemp -d "${SLURM_TMPDIR:-${TMPDIR:-/tmp}}/tutti-worker.XXXXXX") || exit 1
trap 'rm -rf "$dir"' EXIT
cat >"$dir/enrol.json" <<'TUTTI_PROFILE'
)" + script.profile +
         R"(
TUTTI_PROFILE
until=()
end=$(squeue --noheader --jobs="$SLURM_JOB_ID" --format=%e 2>/dev/null)
if stop=$(date --date="$end 2 minutes ago" +%Y-%m-%dT%H:%M 2>/dev/null); then until=(--until "$stop"); fi
)" + script.worker +
         R"( --profile "$dir/enrol.json" --dir "$dir/worker" --name "slurm-$SLURM_JOB_ID" --exit-when-idle )" +
         script.idle + R"( "${until[@]}" &
worker=$!
# Two minutes before its end Slurm tells this script alone. The TERM of scancel reaches the worker
# by itself; a second one would end it at once in place of letting it drain.
trap 'kill -TERM "$worker"' USR1
trap : TERM
code=0
while kill -0 "$worker" 2>/dev/null; do  # a trap ends a wait
  wait "$worker"
  code=$?
done
exit "$code"
)";
}

}  // namespace tutti
