#!/usr/bin/env bash
# Runs Python of the environment that make_venv.sh makes: python.sh SCRIPT ARGUMENTS
set -euo pipefail
python=${XDG_CACHE_HOME:-$HOME/.cache}/tutti/golden-venv/bin/python
if [ ! -x "$python" ]; then
  echo "golden: $python is missing: run tests/golden/make_venv.sh" >&2
  exit 1
fi
exec "$python" "$@"
