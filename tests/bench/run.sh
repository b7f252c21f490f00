#!/usr/bin/env bash
# Tutti beside its peers, every figure a ratio of the same run; prints the table and appends it to RESULTS.md.
set -Eeuo pipefail

readonly HERE=$(cd "$(dirname "$0")" && pwd)
readonly ROOT=$(cd "$HERE/../.." && pwd)
readonly PYTHON=${XDG_CACHE_HOME:-$HOME/.cache}/tutti/golden-venv/bin/python

if [ "${1:-}" = -h ] || [ "${1:-}" = --help ]; then
  cat <<'EOT'
Usage: tests/bench/run.sh [ROW …] [--quick] [--rounds N]

  ROW        features-1 features-all · step-crnn2d step-cnn step-crnn1d step-rnn · sweep busy command ·
             dispatch latency metrics million tables · gpu-step gpu-grid (default: all)
             or a group of them: features, step, worker, coordinator, gpu
  --quick    one round, fewer repetitions; of features-1, step-crnn1d, step-rnn, command, dispatch, tables
             where no row is named: under five minutes
  --rounds   paired runs of each row (default 3)

Needs deploy/setup.sh --with-tests and a build of preset release, and a machine that does nothing else. Prints each row when
it is measured and appends the table to RESULTS.md. Exits 1 where a goal is not met or a row is missing.
What the rows mean: tests/bench/README.md.

Example: tests/bench/run.sh step-rnn million --rounds 5
EOT
  exit 0
fi
"$ROOT/tests/golden/make_venv.sh"
if ! "$PYTHON" -c 'import importlib.metadata as m; assert m.version("ray") == "2.60.0" and m.version("hyperqueue") == "0.27.0"' 2>/dev/null; then
  echo "bench: installing the peers that tests/bench/requirements.txt names (about 90 MB to download)"
  # shellcheck disable=SC2086 # TUTTI_PIP_ARGS is a list of words on purpose
  "$PYTHON" -m pip install --quiet --disable-pip-version-check ${TUTTI_PIP_ARGS:-} -r "$HERE/requirements.txt"
fi
export PYTHONDONTWRITEBYTECODE=1
exec "$PYTHON" "$HERE/run.py" --build "$ROOT/build/release" --results "$HERE/RESULTS.md" "$@"
