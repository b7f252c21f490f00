#!/usr/bin/env bash
# The Debian package, made, looked through, installed into a root of its own and used for a sweep there.
# Usage: tests/deploy/package.sh BUILD_DIR
set -euo pipefail

build=$(cd "$1" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
fail() { echo "package: $*" >&2; exit 1; }

(cd "$work" && cpack --config "$build/CPackConfig.cmake" -B "$work/made" >cpack.log 2>&1) || { cat "$work/cpack.log" >&2; fail 'cpack failed'; }
deb=$(ls "$work"/made/tutti_*.deb)
dpkg-deb --field "$deb" Package Version Depends
! dpkg-deb --contents "$deb" | grep -q tutti-train || fail 'the trainer is in the package: it is linked to one LibTorch'

# A root of its own that knows what is installed here, so that dpkg itself checks what the package depends on.
root=$work/root
mkdir -p "$root/var/lib" "$root/bin"
cp -r /var/lib/dpkg "$root/var/lib/dpkg"
rm -f "$root"/var/lib/dpkg/lock*
# The postinst asks whether systemd runs, which it does not there; nothing else is needed of a shell.
mkdir -p "$work/control"
dpkg-deb --control "$deb" "$work/control"
sh -n "$work/control/postinst"
dpkg --root="$root" --force-script-chrootless --no-triggers --install "$deb" >"$work/dpkg.log" 2>&1 ||
  { cat "$work/dpkg.log" >&2; fail 'dpkg refuses the package'; }
for name in tutti tutti-coordinator tutti-worker tutti-preprocess; do
  [ -x "$root/usr/bin/$name" ] || fail "usr/bin/$name: not installed"
  [ -s "$root/usr/share/man/man1/$name.1.gz" ] || fail "$name: no man page"
  bash -n "$root/usr/share/bash-completion/completions/$name"
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
echo 'package: built, installed, a sweep of two runs done'
