#!/usr/bin/env bash
# Makes the pieces of music that the page "Listen" offers (coordinator/http/static/example-GENRE.ogg), which are committed: a build needs
# neither synthesizer nor encoder. They come from the demo's own generator, by a seed that no demo set has, so that no model was trained on
# them. Needs vorbis-tools beside what deploy/setup.sh installs.
set -Eeuo pipefail

readonly HERE=$(cd "$(dirname "$0")" && pwd)
readonly TARGET=$HERE/../../coordinator/http/static
readonly SEED=7 SECONDS_EACH=12 GENRES="blues jazz reggae"

if ! command -v oggenc >/dev/null; then
  echo 'examples: oggenc is missing: install vorbis-tools' >&2
  exit 1
fi
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"$HERE/make.sh" "$folder/music" --seed $SEED --tracks 1 --seconds $SECONDS_EACH
for genre in $GENRES; do
  # The serial number is chosen by chance where none is given.
  oggenc --quiet --quality 2 --resample 22050 --serial 1 -o "$TARGET/example-$genre.ogg" "$folder/music/$genre/$genre.00000.wav"
done
ls -l "$TARGET"/example-*.ogg
