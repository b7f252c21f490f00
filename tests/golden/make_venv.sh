#!/usr/bin/env bash
# Makes the Python environment that Tutti is compared with (requirements.txt and PyTorch) in the user's cache folder.
# Safe to repeat: what is there already is used. ctest runs it before the tests that need it.
set -Eeuo pipefail

readonly HERE=$(cd "$(dirname "$0")" && pwd)
readonly CACHE=${XDG_CACHE_HOME:-$HOME/.cache}/tutti
readonly VENV=$CACHE/golden-venv
readonly STAMP=$VENV/requirements.txt
# PyTorch of the same wheel that tutti-train links, where deploy/setup.sh fetched it.
readonly TORCH_VENV=$CACHE/venv
readonly TORCH=$(sed -n 's/^readonly TORCH=//p' "$HERE/../../deploy/setup.sh")
# Debian's own interpreter: the one that python3-venv belongs to.
readonly PYTHON=/usr/bin/python3

if [ $# -gt 0 ]; then
  cat <<EOF
Usage: tests/golden/make_venv.sh

Makes $VENV with the packages of tests/golden/requirements.txt
(about 110 MB to download, 500 MB on disk) and $TORCH, taken from $TORCH_VENV if it is there.

Environment:
  TUTTI_PIP_ARGS  further arguments for pip, for example an index of your own

Example: tests/golden/make_venv.sh
EOF
  case $1 in
    -h | --help) exit 0 ;;
    *) echo "golden venv: unknown argument: $1" >&2; exit 2 ;;
  esac
fi

step='look at this machine'
remedy='read the lines above'
on_error() {
  echo >&2
  echo "golden venv: FAILED at: $step" >&2
  echo "golden venv: what to do: $remedy" >&2
}
trap on_error ERR

say() { echo "golden venv: $*"; }

pip_install() {
  # shellcheck disable=SC2086 # TUTTI_PIP_ARGS is a list of words on purpose
  "$VENV/bin/python" -m pip install --quiet --disable-pip-version-check ${TUTTI_PIP_ARGS:-} "$@"
}

works() {
  "$VENV/bin/python" - librosa safetensors sklearn soundfile tensorboard torch <<'EOF' 2>/dev/null
import importlib.util
import sys
sys.exit(any(importlib.util.find_spec(name) is None for name in sys.argv[1:]))
EOF
}

if cmp -s "$HERE/requirements.txt" "$STAMP" && works; then
  say "there, in $VENV"
  exit 0
fi

say "installing what tests/golden/requirements.txt names into $VENV (about 110 MB to download, 500 MB on disk)"
step="make the Python environment $VENV"
remedy="check that $CACHE can be written and has 1 GB of room; python3-venv is needed"
mkdir -p "$CACHE"
rm -f "$STAMP"
if ! "$VENV/bin/python" -m pip --version >/dev/null 2>&1; then
  rm -rf "$VENV"
  "$PYTHON" -m venv "$VENV"
fi
step='pip install -r tests/golden/requirements.txt'
remedy='check the network; name an index of your own by TUTTI_PIP_ARGS'
pip_install -r "$HERE/requirements.txt"

site=$("$VENV/bin/python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')
torch_site=$TORCH_VENV${site#"$VENV"}
rm -f "$site/tutti_torch.pth"
if [ -d "$torch_site/torch" ]; then
  say "PyTorch: the one in $TORCH_VENV"
  echo "$torch_site" >"$site/tutti_torch.pth"  # searched last: packages that both have are ours
else
  say "PyTorch: installing $TORCH (about 190 MB to download, 700 MB on disk for the CPU build)"
  step="pip install $TORCH"
  pip_install "$TORCH"
fi
step="import the packages with $VENV/bin/python"
remedy="read what Python says above; remove $VENV and run this script again"
"$VENV/bin/python" -c 'import librosa, safetensors, sklearn, soundfile, torch'
cp "$HERE/requirements.txt" "$STAMP"
say "done, in $VENV"
