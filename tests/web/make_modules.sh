#!/usr/bin/env bash
# Puts the node modules of tests/web/package-lock.json into the user's cache folder. Safe to repeat: what is there is used.
# deploy/setup.sh --with-tests runs it, and ctest before the web tests.
set -Eeuo pipefail

readonly HERE=$(cd "$(dirname "$0")" && pwd)
readonly TARGET=${XDG_CACHE_HOME:-$HOME/.cache}/tutti/web-tests

if cmp -s "$HERE/package-lock.json" "$TARGET/installed-lock.json"; then
  echo "web modules: there, in $TARGET"
  exit 0
fi
if ! command -v npm >/dev/null; then
  echo 'web modules: npm is missing: deploy/setup.sh --with-tests installs it' >&2
  exit 1
fi
echo "web modules: installing into $TARGET"
mkdir -p "$TARGET"
cp "$HERE/package.json" "$HERE/package-lock.json" "$TARGET/"
npm ci --silent --ignore-scripts --no-audit --no-fund --prefix "$TARGET"
cp "$TARGET/package-lock.json" "$TARGET/installed-lock.json"
