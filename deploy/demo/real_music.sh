#!/usr/bin/env bash
# Makes a set of recorded music from Debian packages; real_music.py says how. --help shows the options.
set -euo pipefail
exec python3 "$(dirname "$0")/real_music.py" "$@"
