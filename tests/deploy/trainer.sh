#!/usr/bin/env bash
# deploy/setup.sh --install-trainer: built against this machine's LibTorch, laid where installed programs look, and it runs.
set -euo pipefail
cd "$(dirname "$0")/../.."
prefix=$(mktemp -d)
trap 'rm -rf "$prefix"' EXIT
said=$(deploy/setup.sh --install-trainer "$prefix")
echo "$said"
[[ $("$prefix/lib/tutti/tutti-train" --version) == *LibTorch* ]] || { echo 'trainer: it names no LibTorch' >&2; exit 1; }
if deploy/setup.sh --install-trainer relative/folder 2>/dev/null; then
  echo 'trainer: a prefix that is no absolute path was taken' >&2
  exit 1
fi
