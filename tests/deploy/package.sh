#!/usr/bin/env bash
# The Debian package, made, looked through, installed into a root of its own and used for a sweep there.
# Usage: tests/deploy/package.sh BUILD_DIR
set -euo pipefail

build=$(cd "$1" && pwd)
work=$(mktemp -d)
children=()
finish() {
  for child in "${children[@]}"; do kill "$child" 2>/dev/null && wait "$child" 2>/dev/null || true; done
  rm -rf "$work"
}
trap finish EXIT
fail() { echo "package: $*" >&2; exit 1; }

(cd "$work" && cpack --config "$build/CPackConfig.cmake" -B "$work/made" >cpack.log 2>&1) || { cat "$work/cpack.log" >&2; fail 'cpack failed'; }
deb=$(ls "$work"/made/tutti_*.deb)
dpkg-deb --field "$deb" Package Version Depends
! dpkg-deb --contents "$deb" | grep -q tutti-train || fail 'the trainer is in the package: it is linked to one LibTorch'

# A root of its own that knows what is installed here, so that dpkg itself checks what the package depends on.
root=$work/root
mkdir -p "$root/var/lib" "$root/bin" "$root/etc"
cp -r /var/lib/dpkg "$root/var/lib/dpkg"
rm -f "$root"/var/lib/dpkg/lock*
mkdir -p "$work/control"
dpkg-deb --control "$deb" "$work/control"
sh -n "$work/control/postinst"
own_users=$(sha256sum /etc/passwd)
dpkg --root="$root" --force-script-chrootless --no-triggers --install "$deb" >"$work/dpkg.log" 2>&1 ||
  { cat "$work/dpkg.log" >&2; fail 'dpkg refuses the package'; }
# The postinst ran with DPKG_ROOT: the services' users are in that root, and none is here.
for user in tutti tutti-worker; do
  grep -q "^$user:" "$root/etc/passwd" || fail "$root/etc/passwd: the package's postinst made no user $user"
done
[ "$own_users" = "$(sha256sum /etc/passwd)" ] || fail 'the postinst changed /etc/passwd of this machine, not of the root it was given'

# What one program's guides say: a man page that renders without a warning, and completions of three shells.
rendered() { # PAGE: as it is read; as it is written where nothing here renders it
  if ! command -v groff >/dev/null; then zcat "$1" | sed "s/\\\\-/-/g" && return; fi
  zcat "$1" | groff -k -man -ww -Tutf8 2>"$work/groff.log"
  [ ! -s "$work/groff.log" ] || fail "$1: $(head -n 3 "$work/groff.log")"
}
for name in tutti tutti-coordinator tutti-worker tutti-preprocess; do
  [ -x "$root/usr/bin/$name" ] || fail "usr/bin/$name: not installed"
  page=$root/usr/share/man/man1/$name.1.gz
  [ -s "$page" ] || fail "$name: no man page"
  if command -v lexgrog >/dev/null; then lexgrog "$page" >/dev/null || fail "$page: no NAME that man -k finds"; fi
  rendered "$page" >"$work/$name.txt"
  grep -q "Usage: $name " "$work/$name.txt" || fail "$page: it does not say how $name is called"
  bash -n "$root/usr/share/bash-completion/completions/$name"
  # zsh reads bash's rules (package/guides.py).
  zsh_rules=$root/usr/share/zsh/vendor-completions/_$name
  [ "$(head -n 1 "$zsh_rules")" = "#compdef $name" ] || fail "$zsh_rules: zsh would not load it for $name"
  bash -n "$zsh_rules"
  if command -v zsh >/dev/null; then zsh -n "$zsh_rules"; fi
  fish_rules=$root/usr/share/fish/vendor_completions.d/$name.fish
  grep -q "^complete -c $name .*-l version " "$fish_rules" || fail "$fish_rules: it does not complete --version"
  if command -v fish >/dev/null; then fish --no-execute "$fish_rules"; fi
done
commands=$("$root/usr/bin/tutti" --help | sed -n '/^Subcommands:/,$ s/^  \([a-z]\+\).*/\1/p')
grep -qx watch <<<"$commands" || fail "tutti --help lists no commands: $commands"
for command in $commands; do
  grep -q "Usage: tutti $command " "$work/tutti.txt" || fail "the man page does not tell of: tutti $command"
  grep -q "^complete -c tutti .*-a $command " "$root/usr/share/fish/vendor_completions.d/tutti.fish" || fail "fish: no $command"
  grep -q "^ *\"$command\") words=" "$root/usr/share/zsh/vendor-completions/_tutti" || fail "zsh: no $command"
done
(
  source "$root/usr/share/bash-completion/completions/tutti"
  COMP_WORDS=(tutti dataset fig) COMP_CWORD=2
  _tutti
  [ "${COMPREPLY[*]}" = figure ] || fail "completion of \"tutti dataset fig\": got \"${COMPREPLY[*]}\", expected \"figure\""
)

# The units, as they lie in the package. What they start and their manuals are looked for in this root.
for unit in "$root"/usr/lib/systemd/system/tutti-{coordinator,worker}.service; do
  local_unit=$work/$(basename "$unit")
  grep -qx 'ExecReload=/bin/kill -HUP $MAINPID' "$unit" || fail "$unit: systemctl reload does nothing"
  sed -e "s|^ExecStart=/usr|ExecStart=$root/usr|" -e '/^Documentation=/d' "$unit" >"$local_unit"
  systemd-analyze verify "$local_unit" || fail "$unit: systemd-analyze verify"
  # Tenths of the exposure that systemd counts, 0 to 100.
  systemd-analyze security --offline=true --threshold=40 "$local_unit" | tail -1
done

# A sweep by the installed programs alone: a user's own program as runner needs no LibTorch.
cat >"$work/sweep.yaml" <<'YAML'
name: packaged
runner:
  command: [sh, -c, 'echo "{\"event\":\"result\",\"metrics\":{\"twice\":$(($1 * 2))}}"', sh, "${number}"]
grid: {number: [2, 21]}
YAML
(cd "$work" && env -i PATH="$root/usr/bin:/usr/bin:/bin" HOME="$work" tutti local sweep.yaml --dir "$work/local")
env -i PATH="$root/usr/bin:/usr/bin:/bin" HOME="$work" tutti jobs packaged --dir "$work/local" --json >"$work/jobs.json"
completes() { # WORD...: what the last word may become
  (
    export PATH=$root/usr/bin:$PATH HOME=$work
    source "$root/usr/share/bash-completion/completions/tutti"
    COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
    _tutti
    echo "${COMPREPLY[*]}"
  )
}
names=$(completes tutti table --dir "$work/local" pack)
[ "$names" = packaged ] || fail "completion of a sweep's name: got \"$names\", expected \"packaged\""
jobs=$(completes tutti logs --dir "$work/local" '')
[[ " $jobs " == *' 1 2 '* ]] || fail "completion of a job's number: got \"$jobs\", expected 1 and 2 among them"
python3 - "$work/jobs.json" <<'PY'
import json, sys
jobs = json.load(open(sys.argv[1]))
assert [job["phase"] for job in jobs] == ["succeeded", "succeeded"], jobs
PY

# A trainer where deploy/setup.sh --install-trainer lays it (deploy.trainer builds one): a training sweep by installed programs.
install -D "$build/bin/tutti-train" "$root/usr/lib/tutti/tutti-train"
"$build/tests/tiny-music" "$work/music"
cat >"$work/tiny.yaml" <<'YAML'
name: tiny
dataset: tiny
grid: {model: [rnn], slice_seconds: [1], seed: [333]}
training: {epochs: 2, patience: 2}
features: {clip_seconds: 2}
YAML
(cd "$work" && env -i PATH="$root/usr/bin:/usr/bin:/bin" HOME="$work" \
  tutti local tiny.yaml --dataset music --dir "$work/trained" --json >table.json)
python3 -c 'import json, sys; cell = json.load(open(sys.argv[1]))["cells"][0]; assert cell["done"] == 1, cell' "$work/table.json"

# An invited worker, started as its unit starts it.
"$root/usr/bin/tutti-coordinator" --state "$work/state" --listen 127.0.0.1:0 --http none >"$work/coordinator.json" 2>"$work/coordinator.log" &
children+=($!)
ready() { # FILE: has its line
  local limit=$((SECONDS + 20))
  until [ -s "$1" ]; do
    [ "$SECONDS" -lt "$limit" ] || fail "$1: no ready line in 20 s: $(tail -n 5 "${1%.json}.log")"
    sleep 0.1
  done
}
ready "$work/coordinator.json"
"$root/usr/bin/tutti" invite worker --quiet --profile "$work/state/admin.json" |
  "$root/usr/bin/tutti-worker" join --dir "$work/tutti-worker" --name invited
unit=$root/usr/lib/systemd/system/tutti-worker.service
read -r -a start <<<"$(sed -n -e 's/^ExecStart=//p' "$unit" | sed -e "s|/usr/bin|$root/usr/bin|" -e "s|/var/lib|$work|" -e 's/ \$TUTTI_WORKER_OPTIONS//')"
env -i TUTTI_WORKER_NAME=invited "${start[@]}" >"$work/worker.json" 2>"$work/worker.log" &
children+=($!)
ready "$work/worker.json"
kill -HUP "${children[-1]}"
kill "${children[-1]}"
wait "${children[-1]}" || fail "the invited worker ended badly: $(tail -n 5 "$work/worker.log")"
echo 'package: built, installed, programs and trainings run, an invited worker started as its unit does'
