#!/usr/bin/env bash
# Tutti beside a plain PyTorch implementation of the same study on the same music: that both learn the same, and at what
# speed. Prints both curves side by side and both accuracies with their errors.
set -Eeuo pipefail

readonly ROOT=$(cd "$(dirname "$0")/../.." && pwd)

usage() {
  cat <<'EOF'
Usage: tests/bench/peer_pytorch.sh [--music DIR] [--build DIR] [--many] [OPTION …]

  --music DIR   a folder a class (default: a demo set of ten genres, 12 tracks of 6 s each, which is rendered)
  --build DIR   the build folder (default build/release); deploy/setup.sh and a build go before
  --many        1,000 tracks of 6 s, ten seeds, ten epochs, one thread, own random numbers alone: is the paired
                difference of the slice accuracies within two standard errors? Takes about an hour
  OPTION        of peer_compare.py: --models cnn crnn1d crnn2d rnn, --slice-seconds, --seeds, --epochs, --threads, …
                (default: --models crnn1d rnn --seeds 333 123 223 --epochs 30)

Example: tests/bench/peer_pytorch.sh --models crnn1d rnn --epochs 30 --seeds 333 123 223
EOF
}

music='' build=$ROOT/build/release many=''
options=()      # the user's
set_options=()  # of the demo set; the user's go before
while [ $# -gt 0 ]; do
  case $1 in
    --music) music=$2; shift 2 ;;
    --build) build=$2; shift 2 ;;
    --many) many=yes; shift ;;
    -h | --help) usage; exit 0 ;;
    *) options+=("$1"); shift ;;
  esac
done

for program in bin/tutti-train bin/tutti-preprocess tests/golden_split_probe tests/golden_order_probe; do
  if [ ! -x "$build/$program" ]; then
    echo "peer_pytorch: $build/$program is missing: run deploy/setup.sh, cmake --preset release, cmake --build --preset release" >&2
    exit 1
  fi
done
"$ROOT/tests/golden/make_venv.sh"
if [ -n "$many" ]; then
  music=$build/bench-music-many
  "$ROOT/deploy/demo/make.sh" "$music" --tracks 100 --seconds 6
  set_options=(--clip-seconds 6)
  options+=(--seeds 333 123 223 1 2 3 4 5 6 7 --epochs 10 --models crnn1d rnn)
elif [ -z "$music" ]; then
  music=$build/bench-music
  "$ROOT/deploy/demo/make.sh" "$music" --tracks 12 --seconds 6
  # A fifth for the test, a fifth of the rest to stop early: a tenth of so small a set would be one song a class.
  set_options=(--clip-seconds 6 --test 0.2 --validation 0.2)
fi
if [ ${#options[@]} -eq 0 ]; then
  options=(--models crnn1d rnn --seeds 333 123 223 --epochs 30)
fi

echo "machine: $(nproc) × $(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1), $(uname -sr)"
echo "commit: $(git -C "$ROOT" describe --always --dirty 2>/dev/null || echo unknown)"
export PYTHONDONTWRITEBYTECODE=1
compare() { "$ROOT/tests/golden/python.sh" "$ROOT/tests/bench/peer_compare.py" "$music" --build "$build" "${set_options[@]}" "${options[@]}" "$@"; }
if [ -z "$many" ]; then compare --exact; fi
compare
