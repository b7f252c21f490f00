#!/usr/bin/env bash
# Installs what Tutti needs on Debian 12: packages, and LibTorch into the user's cache folder. Safe to repeat.
set -Eeuo pipefail

readonly TORCH=torch==2.13.0
readonly HERE=$(cd "$(dirname "$0")" && pwd)
readonly CACHE=${XDG_CACHE_HOME:-$HOME/.cache}/tutti
readonly LIBTORCH_LINK=$CACHE/libtorch
# Debian's own interpreter: the one that python3-venv belongs to.
readonly PYTHON=/usr/bin/python3

usage() {
  cat <<EOF
Usage: deploy/setup.sh [--without-trainer] [--with-tests]

  --without-trainer  no LibTorch: everything but tutti-train can be built
  --with-tests       also the tools that the tests use (into $CACHE/test-venv)

Environment:
  TUTTI_LIBTORCH_DIR  a LibTorch of your own (the folder with include/ and lib/); nothing is downloaded then
  TUTTI_PIP_ARGS      further arguments for pip, for example an index of your own

Example: deploy/setup.sh --with-tests
EOF
}

trainer=yes
tests=no
for argument in "$@"; do
  case $argument in
    --without-trainer) trainer=no ;;
    --with-tests) tests=yes ;;
    -h | --help) usage; exit 0 ;;
    *) usage >&2; echo "setup: unknown argument: $argument" >&2; exit 2 ;;
  esac
done

step='look at this machine'
remedy='read the lines above'
on_error() {
  echo >&2
  echo "setup: FAILED at: $step" >&2
  echo "setup: what to do: $remedy" >&2
}
trap on_error ERR

say() { echo "setup: $*"; }

as_root() {
  if [ "$(id -u)" -eq 0 ]; then
    "$@"
  elif command -v sudo >/dev/null; then
    sudo "$@"
  else
    echo "setup: this needs root: run it as root, or install sudo" >&2
    return 1
  fi
}

wanted_packages() { sed -e 's/#.*//' -e '/^[[:space:]]*$/d' "$HERE/packages.txt" | awk '{print $1}'; }

missing_packages() {
  local package
  for package in $(wanted_packages); do
    dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null | grep -qx installed || echo "$package"
  done
}

install_packages() {
  step='find missing Debian packages'
  remedy='Tutti is set up for Debian 12 (bookworm); elsewhere install the packages of deploy/packages.txt by hand'
  command -v dpkg-query >/dev/null
  local missing
  missing=$(missing_packages)
  if [ -z "$missing" ]; then
    say 'Debian packages: all there'
    return
  fi
  say "Debian packages: installing" $missing
  step='apt-get update'
  remedy='check the network and /etc/apt/sources.list, then run this script again'
  as_root apt-get update -q
  step="apt-get install $(echo $missing)"
  remedy='read what apt said above; on another release than Debian 12 some names differ (deploy/packages.txt)'
  as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends $missing
}

is_libtorch() { [ -f "$1/include/torch/csrc/api/include/torch/torch.h" ] && [ -f "$1/lib/libtorch_cpu.so" ]; }

# A venv that works; one that was left half made is made anew.
make_venv() {
  local venv=$1
  if ! "$venv/bin/python" -m pip --version >/dev/null 2>&1; then
    rm -rf "$venv"
    "$PYTHON" -m venv "$venv"
  fi
}

pip_install() {
  local venv=$1
  shift
  # shellcheck disable=SC2086 # TUTTI_PIP_ARGS is a list of words on purpose
  "$venv/bin/python" -m pip install --quiet --disable-pip-version-check ${TUTTI_PIP_ARGS:-} "$@"
}

install_libtorch() {
  if [ -n "${TUTTI_LIBTORCH_DIR:-}" ]; then
    step="use LibTorch in TUTTI_LIBTORCH_DIR=$TUTTI_LIBTORCH_DIR"
    remedy='name the folder that holds include/ and lib/libtorch_cpu.so, or unset TUTTI_LIBTORCH_DIR'
    is_libtorch "$TUTTI_LIBTORCH_DIR"
    say "LibTorch: yours, in $TUTTI_LIBTORCH_DIR"
    return
  fi
  if is_libtorch "$LIBTORCH_LINK"; then
    say "LibTorch: there, in $LIBTORCH_LINK"
    return
  fi
  say "LibTorch: installing $TORCH into $CACHE/venv (about 190 MB to download, 700 MB on disk for the CPU build;"
  say '          an index that gives a CUDA build under this name takes several GB: choose yours by TUTTI_PIP_ARGS)'
  step="make the Python environment $CACHE/venv"
  remedy="check that $CACHE can be written and has 1 GB of room; python3-venv is needed"
  mkdir -p "$CACHE"
  make_venv "$CACHE/venv"
  step="pip install $TORCH"
  remedy='check the network; name an index of your own by TUTTI_PIP_ARGS, a LibTorch of your own by TUTTI_LIBTORCH_DIR, or use --without-trainer'
  pip_install "$CACHE/venv" "$TORCH"
  local folder
  folder=$("$CACHE/venv/bin/python" -c 'import importlib.util, pathlib; print(pathlib.Path(importlib.util.find_spec("torch").origin).parent)')
  step="check LibTorch in $folder"
  remedy="remove $CACHE/venv and run this script again"
  is_libtorch "$folder"
  ln -sfn "$folder" "$LIBTORCH_LINK"
  say "LibTorch: $LIBTORCH_LINK"
}

install_test_tools() {
  local venv=$CACHE/test-venv
  if [ -x "$venv/bin/buf" ]; then
    say 'test tools: there'
    return
  fi
  step='install the test tools'
  remedy='check the network; name an index of your own by TUTTI_PIP_ARGS'
  say "test tools: installing buf into $venv"
  mkdir -p "$CACHE"
  make_venv "$venv"
  pip_install "$venv" buf-bin
}

install_packages
if [ "$trainer" = yes ]; then install_libtorch; fi
if [ "$tests" = yes ]; then install_test_tools; fi
say 'done'
