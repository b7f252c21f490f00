#!/usr/bin/env bash
# Renders the demo set; make.py says how. --help shows the options.
set -euo pipefail
exec python3 "$(dirname "$0")/make.py" "$@"
